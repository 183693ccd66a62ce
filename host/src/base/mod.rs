//! What every room may use and what knows of no room: the calendar, the wish to end, how the program fails.

pub(crate) mod bucket;
pub mod calendar;
pub mod failure;
pub(crate) mod percent;
pub(crate) mod recent_log;
pub mod shutdown;
