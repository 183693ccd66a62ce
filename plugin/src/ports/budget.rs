//! The time of one slice of a run.

use super::bundle::Ports;

/// Time for a slice where the host names none.
pub(crate) const MAX_MS: u64 = 25_000;

/// The time of a slice.
pub(crate) struct Budget<'a> {
    ports: Ports<'a>,
    began_ms: u64,
    max_ms: u64,
}

impl<'a> Budget<'a> {
    /// A slice that begins at this moment.
    pub(crate) fn new(ports: Ports<'a>, max_ms: u64) -> Self {
        Self { ports, began_ms: ports.clock.monotonic_ms(), max_ms }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    pub(crate) fn took_ms(&self) -> u64 {
        self.ports.clock.monotonic_ms() - self.began_ms
    }

    /// Reading leaves the other half to amoCRM.
    pub(crate) fn is_half_spent(&self) -> bool {
        self.took_ms() * 2 >= self.max_ms
    }

    /// What is left of it.
    pub(crate) fn left_ms(&self) -> u64 {
        self.max_ms.saturating_sub(self.took_ms())
    }

    /// Whether no new unit should begin.
    pub(crate) fn is_spent(&self) -> bool {
        self.took_ms() >= self.max_ms
    }
}
