//! The shapes of requests and answers that all addresses share.

pub(crate) mod answer;
pub(crate) mod body;
