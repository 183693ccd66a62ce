//! Which clock a store goes by.

use std::{fmt, sync::Arc};

/// The clock of a store. Hosts whose own clocks differ share a database, so only the database may say what is over.
#[derive(Clone, Default)]
pub enum StoreClock {
    /// The database's own; of a file or of memory the machine's.
    #[default]
    Database,
    /// A given one, in milliseconds since 1970: for tests.
    Given(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl StoreClock {
    /// A clock that is read by calling a function.
    pub fn given(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self::Given(Arc::new(now_ms))
    }

    /// The time of a given clock. Statements take it, or else the time of their server.
    pub(super) fn given_ms(&self) -> Option<i64> {
        match self {
            Self::Database => None,
            Self::Given(now_ms) => Some(now_ms()),
        }
    }

    /// The time where there is no server that could tell it.
    pub fn machine_ms(&self) -> i64 {
        self.given_ms().unwrap_or_else(crate::base::clock::now_ms)
    }
}

impl fmt::Debug for StoreClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "Database",
            Self::Given(_) => "Given",
        })
    }
}
