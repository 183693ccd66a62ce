//! What a database has to do: a trait for each concern, with its nouns, and [`Store`] for all of them.

pub(super) mod audit;
pub(super) mod auth;
pub(super) mod future;
pub(super) mod kv;
pub(super) mod lease;
pub(super) mod permits;
pub(super) mod runs;
pub(super) mod schedule;
pub(super) mod schema;

use std::fmt;

use audit::Audit;
use auth::{Attempts, Passwords, Sessions};
use future::StoreFuture;
use kv::Values;
use lease::Leases;
use permits::Tickets;
use runs::Runs;
use schedule::Schedule;
use schema::Schema;

/// Everything that is stored.
pub trait Store:
    Schema + Values + Leases + Tickets + Schedule + Runs + Sessions + Passwords + Attempts + Audit
{
    /// The time by the clock of the store, milliseconds since 1970. What the store answers in durations is measured
    /// by it.
    fn now_ms(&self) -> StoreFuture<'_, i64>;
}

impl fmt::Debug for dyn Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
