//! What people did.

use super::future::StoreFuture;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub who: String,
    /// What, as a word for programs.
    pub act: String,
    /// To what; empty where that goes without saying.
    pub subject: String,
    /// When, by the clock of the store, milliseconds since 1970.
    pub at_ms: i64,
}

/// What people did, kept for 400 days. No personal data.
pub trait Audit: Send + Sync {
    /// Adds what somebody has done.
    fn note_act<'a>(&'a self, who: &'a str, act: &'a str, subject: &'a str) -> StoreFuture<'a, ()>;

    /// The latest ones, newest first.
    fn acts(&self, limit: u32) -> StoreFuture<'_, Vec<Act>>;
}

/// What was done is kept for 400 days.
pub(in crate::store) const ACTS_KEPT_MS: i64 = 400 * 86_400_000;
