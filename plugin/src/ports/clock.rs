//! Time.

use super::future::LocalFuture;

/// Time.
pub trait Clock {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds of a clock that never goes back; only differences mean anything.
    fn monotonic_ms(&self) -> u64;

    /// Waits.
    fn sleep(&self, duration_ms: u64) -> LocalFuture<'_, ()>;
}
