//! Kaspi's pages into the records.
//!
//! Every order of a window is recorded before the watermark moves over it, and nothing is sent to amoCRM from here.

pub(crate) mod changed_orders;
pub(crate) mod new_orders;
pub(crate) mod problems;
mod recording;
