//! All ports together.

use std::fmt;

use super::{chance::Chance, clock::Clock, config::Config, http::Http, store::Store};

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Requests to Kaspi and amoCRM.
    pub http: &'a dyn Http,
    /// The ledger's home.
    pub store: &'a dyn Store,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub chance: &'a dyn Chance,
    /// Settings.
    pub config: &'a dyn Config,
}

impl fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
