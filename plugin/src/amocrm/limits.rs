//! Limits of the API, and of the time that a request may take.

/// Rows of a page, amoCRM's maximum (docs/apis/amocrm.md 2.2).
pub(crate) const PAGE_SIZE: usize = 250;
/// Total time of a read and of a write, with the official client's 20 s and room for batches (2.2).
pub(super) const READ_DEADLINE_MS: u64 = 20_000;
pub(crate) const WRITE_DEADLINE_MS: u64 = 30_000;
