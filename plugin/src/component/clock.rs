//! Time over `wasi:clocks`.

use super::{
    bindings::wasi::clocks::{monotonic_clock, wall_clock},
    polling::Reactor,
};
use crate::ports::{Clock, LocalFuture};

/// Nanoseconds of a millisecond.
const NANOSECONDS: u64 = 1_000_000;

/// Both clocks of the host.
pub(super) struct WasiClock<'r> {
    reactor: &'r Reactor,
}

impl<'r> WasiClock<'r> {
    pub(super) fn new(reactor: &'r Reactor) -> Self {
        Self { reactor }
    }
}

impl Clock for WasiClock<'_> {
    fn now_ms(&self) -> i64 {
        let now = wall_clock::now();
        let seconds = i64::try_from(now.seconds).unwrap_or(i64::MAX);
        seconds.saturating_mul(1000).saturating_add(i64::from(now.nanoseconds / 1_000_000))
    }

    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NANOSECONDS
    }

    fn sleep(&self, duration_ms: u64) -> LocalFuture<'_, ()> {
        Box::pin(sleep(self.reactor, duration_ms))
    }
}

/// Waits without stopping the other parts of the run.
pub(super) async fn sleep(reactor: &Reactor, duration_ms: u64) {
    reactor.ready(monotonic_clock::subscribe_duration(nanoseconds(duration_ms))).await;
}

/// Milliseconds as a `duration` of WASI.
pub(super) fn nanoseconds(duration_ms: u64) -> u64 {
    duration_ms.saturating_mul(NANOSECONDS)
}
