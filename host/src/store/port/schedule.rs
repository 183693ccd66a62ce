//! Whose turn it is to run a job.

use super::future::StoreFuture;
use crate::base::job::Job;

/// Answer to [`Schedule::claim_tick`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The job is to be run now, by whoever asked.
    Yours,
    /// Somebody else ran it; it is due again after so many milliseconds.
    DueIn(i64),
}

/// Whose turn it is to run a job: hosts that share a database run each job once a period, not once each.
pub trait Schedule: Send + Sync {
    /// Claims the next run of a job that runs every `every_ms`, if it is due.
    fn claim_tick<'a>(&'a self, connection: &'a str, job: Job, every_ms: i64) -> StoreFuture<'a, Claim>;

    /// Makes a job due again in `in_ms`, or earlier if it is: the one who claimed it could not run it.
    fn retry_tick<'a>(&'a self, connection: &'a str, job: Job, in_ms: i64) -> StoreFuture<'a, ()>;

    /// In how many milliseconds a job is due; negative where it is late, `None` where nobody has ever claimed it.
    fn due_in<'a>(&'a self, connection: &'a str, job: Job) -> StoreFuture<'a, Option<i64>>;
}

/// A job that is due later than this many periods was scheduled under another clock; it counts as due.
pub(in crate::store) const PERIODS_AHEAD_MAX: i64 = 2;
