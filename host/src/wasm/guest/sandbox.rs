//! What one call of the component may use of this machine.

use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder, component::ResourceTableError};
use wasmtime_wasi_http::FieldMapError;

const MIB: usize = 1 << 20;

/// The limits of one call. The defaults leave a backlog of ten thousand orders in one call ample room.
///
/// What is refused with an error the component can read, and what stops it, is said at each field. A call that was
/// stopped takes its instance along: nothing of it is used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Bytes of all linear memories together; more stops the call.
    pub memory_bytes: usize,
    /// Elements of one table; more stops the call.
    pub table_elements: usize,
    /// Core instances, memories and tables, each; more stops the call.
    pub instances: usize,
    /// Things of the host that the component holds at once: requests, headers, streams, timers, buckets; more stops
    /// the call.
    pub resources: usize,
    /// Bytes that one call from the component into the host may carry, in strings and lists; more stops the call.
    /// Also what one look into the store may answer, and what all open compare-and-swap handles may hold; more is
    /// refused.
    pub call_bytes: usize,
    /// Bytes of random data in one piece; more stops the call.
    pub random_bytes: u64,
    /// Bytes of the headers of one request, as they lie in memory; more stops the call. Of one answer, as they are sent;
    /// more is refused.
    pub header_bytes: usize,
    /// Bytes of the body of one request; more is refused.
    pub request_bytes: usize,
    /// Bytes of the body of one answer; more is refused. All answers that the component keeps at once may have four
    /// times as many.
    pub answer_bytes: usize,
    /// Requests under way, answers that the component has not dropped included; more are refused.
    pub requests_at_once: usize,
    /// Requests of one call, refused ones included; more are refused.
    pub requests: u64,
    /// Bytes of a key of the store; longer ones are refused.
    pub key_bytes: usize,
    /// Bytes of a value of the store; longer ones are refused.
    pub value_bytes: usize,
    /// Keys in one look or change; more are refused.
    pub keys_at_once: usize,
    /// Bytes of all keys and values that one call writes; more are refused, so that no call fills the disk.
    pub written_bytes: u64,
    /// Bytes of an answer, written out; a longer one is not used. Texts in errors of the component are cut to a thousand
    /// characters.
    pub report_bytes: usize,
    /// How much longer a call may take than the component was told; then it is stopped, whatever it does or waits for.
    pub grace: Duration,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            table_elements: 20_000,
            instances: 32,
            resources: 1_024,
            call_bytes: 32 * MIB,
            random_bytes: 64 << 10,
            header_bytes: 64 << 10,
            request_bytes: 16 * MIB,
            answer_bytes: 16 * MIB,
            requests_at_once: 64,
            requests: 100_000,
            key_bytes: 1_024,
            value_bytes: 4 * MIB,
            keys_at_once: 1_000,
            written_bytes: 1 << 30,
            report_bytes: 8 * MIB,
            grace: Duration::from_secs(90),
        }
    }
}

impl Sandbox {
    /// Nothing is limited but the time: for measuring what the limits cost.
    pub fn unlimited() -> Self {
        const NONE: usize = u32::MAX as usize;
        Self {
            memory_bytes: NONE,
            table_elements: NONE,
            instances: NONE,
            resources: NONE,
            call_bytes: NONE,
            random_bytes: u64::MAX,
            header_bytes: NONE,
            request_bytes: NONE,
            answer_bytes: NONE,
            requests_at_once: 1_000_000,
            requests: u64::MAX,
            key_bytes: NONE,
            value_bytes: NONE,
            keys_at_once: NONE,
            written_bytes: u64::MAX,
            report_bytes: NONE,
            grace: Duration::from_secs(3_600),
        }
    }

    pub(crate) fn limiter(&self) -> Limiter {
        let others = StoreLimitsBuilder::new()
            .table_elements(self.table_elements)
            .instances(self.instances)
            .memories(self.instances)
            .tables(self.instances)
            .build();
        Limiter { memory_bytes: 0, memory_bytes_max: self.memory_bytes, others }
    }
}

/// A limit that stopped a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`Sandbox::memory_bytes`].
    #[error("its memory")]
    Memory,
    /// [`Sandbox::table_elements`].
    #[error("the size of its tables")]
    Table,
    /// The stack, which has the size that the engine gives it.
    #[error("the depth of its calls")]
    Stack,
    /// [`Sandbox::resources`].
    #[error("the number of things it may hold of the host")]
    Resources,
    /// [`Sandbox::call_bytes`].
    #[error("the bytes of one call into the host")]
    CallBytes,
    /// [`Sandbox::header_bytes`].
    #[error("the size of its headers")]
    Headers,
    /// [`Sandbox::report_bytes`].
    #[error("the size of its report")]
    Report,
}

impl Limit {
    /// The limit that an error of wasmtime speaks of, if it is one.
    pub(crate) fn of(error: &wasmtime::Error) -> Option<Self> {
        if let Some(limit) = error.downcast_ref::<Self>() {
            return Some(*limit);
        }
        if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
            return Some(Self::Resources);
        }
        if matches!(error.downcast_ref(), Some(wasmtime::Trap::StackOverflow)) {
            return Some(Self::Stack);
        }
        if let Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields) = error.downcast_ref() {
            return Some(Self::Headers);
        }
        // Its type is private.
        let root = error.root_cause().to_string();
        root.starts_with("too much data is being copied").then_some(Self::CallBytes)
    }
}

/// Memories are counted together; wasmtime's own limiter counts each alone.
pub(crate) struct Limiter {
    memory_bytes: usize,
    memory_bytes_max: usize,
    others: StoreLimits,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.memory_bytes + desired.saturating_sub(current);
        // Stopped instead of told "no": what a program does without memory is its end anyway, and says less.
        if all > self.memory_bytes_max {
            return Err(Limit::Memory.into());
        }
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        if fits {
            self.memory_bytes = all;
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = self.others.table_growing(current, desired, maximum)?;
        if !fits && maximum.is_none_or(|maximum| desired <= maximum) {
            return Err(Limit::Table.into());
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        self.others.instances()
    }

    fn tables(&self) -> usize {
        self.others.tables()
    }

    fn memories(&self) -> usize {
        self.others.memories()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = Sandbox { memory_bytes: 100, ..Sandbox::default() }.limiter();
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, Some(40)).unwrap());
        assert!(!limiter.memory_growing(60, 60, Some(50)).unwrap(), "more than the memory allows itself");
        let error = limiter.memory_growing(40, 41, None).unwrap_err();
        assert_eq!(Limit::of(&error), Some(Limit::Memory));
    }

    #[test]
    fn a_batch_of_the_component_fits_into_one_call() {
        let sandbox = Sandbox::default();
        assert!(sandbox.keys_at_once >= 5 * 200, "five times what the component asks for at once");
        assert!(sandbox.value_bytes >= 4 * MIB && sandbox.call_bytes >= 4 * sandbox.value_bytes);
    }
}
