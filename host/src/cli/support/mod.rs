//! What the commands share.

pub(crate) mod begin;
pub(crate) mod output;
pub(crate) mod table;
