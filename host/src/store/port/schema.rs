//! The tables.

use super::future::StoreFuture;

/// The tables.
pub trait Schema: Send + Sync {
    /// Brings the schema up to date and answers with the names of the migrations that were applied.
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>>;

    /// Names of the migrations that are missing.
    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>>;
}
