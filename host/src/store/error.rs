//! What the store cannot do.

use std::error::Error;

/// What the store cannot do. No text names a user or a password, or the address that holds them.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The run's lease was taken by another run: it must not write any more.
    #[error("another run has taken this connection")]
    Fenced,
    /// `increment` on a value that is no counter.
    #[error("the value is not a counter")]
    NotACounter,
    /// The address names no database that we speak.
    #[error("DATABASE_URL is not the address of a database")]
    Address,
    /// The server cannot be reached, or cannot take us just now.
    #[error("cannot reach {server}: {source}")]
    Unreachable {
        /// Its kind, host and port.
        server: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server knows the user, the password or the database not.
    #[error("{server} refuses the user, the password or the database of DATABASE_URL")]
    Refused {
        /// Its kind, host and port.
        server: String,
    },
    /// A server without something that the store needs.
    #[error("{product} {version} is too old: version {oldest} or newer is needed")]
    TooOld {
        /// What it is.
        product: &'static str,
        /// Its version.
        version: String,
        /// The oldest that will do.
        oldest: &'static str,
    },
    /// Several servers write at once; a lock that one of them gives is not one with the others.
    #[error("a Galera cluster of {0} nodes cannot be used: its nodes do not share their locks")]
    Cluster(u32),
    /// A standby, or a server that was set so.
    #[error("{server} is read-only")]
    ReadOnly {
        /// Its kind, host and port.
        server: String,
    },
    /// The database could not keep every text.
    #[error("the database keeps text as {0}, not as UTF8")]
    Encoding(String),
    /// Migrations are missing.
    #[error("the database is older than this program")]
    Older,
    /// A migration is recorded that this program does not know.
    #[error("the database is newer than this program: it has the migration {0}")]
    Newer(String),
    /// The tables are of a later generation than those of this program.
    #[error("the database is newer than this program: its tables are of generation {0}")]
    NewerGeneration(i64),
    /// It has a table of ours, or one named like it, and no record that a released version made it.
    #[error(
        "the database is not one of version 0.2.0 or newer: it has the table {0} and no `schema_format`, so an \
         unreleased version or another program made it"
    )]
    Foreign(String),
    /// A migration failed; it is tried again next time.
    #[error("migration {name} failed")]
    Migration {
        /// Its file name.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Whether a person has to change something before it can work.
    pub fn is_config(&self) -> bool {
        match self {
            Self::Address
            | Self::Refused { .. }
            | Self::TooOld { .. }
            | Self::Cluster(_)
            | Self::ReadOnly { .. }
            | Self::Encoding(_)
            | Self::Older
            | Self::Newer(_)
            | Self::NewerGeneration(_)
            | Self::Foreign(_) => true,
            Self::Fenced
            | Self::NotACounter
            | Self::Unreachable { .. }
            | Self::Migration { .. }
            | Self::Database(_) => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Box::new(error))
    }
}
