//! How a store is opened.

use super::clock::StoreClock;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The clock it goes by.
    pub clock: StoreClock,
    /// How many of the migrations it knows: fewer than all make it an older program.
    pub migrations_max: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { clock: StoreClock::Database, migrations_max: usize::MAX }
    }
}
