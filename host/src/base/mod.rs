//! What every room may use and what knows of no room: clock and calendar, the two jobs, the wish to end, how
//! the program fails.

pub(crate) mod bucket;
pub mod calendar;
pub mod clock;
pub mod failure;
pub mod job;
pub(crate) mod percent;
pub(crate) mod recent_log;
pub mod shutdown;
