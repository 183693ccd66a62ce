//! The store port: key-value data of the component, leases, tickets and past runs.
//!
//! Only the files of this folder know SQL. A further database is one more file that implements [`Store`] and
//! [`Tickets`], a folder of migrations with the same names, and a scheme in [`open`].

mod migrations;
mod sqlite;

use std::{error::Error, fmt, future::Future, path::PathBuf, pin::Pin, sync::Arc};

pub use migrations::SQLITE as SQLITE_MIGRATIONS;
pub use sqlite::{SQLITE_VERSION_MIN, Sqlite};

use crate::job::Job;

/// An answer of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What the store cannot do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The run's lease was taken by another run: it must not write any more.
    #[error("another run has taken this connection")]
    Fenced,
    /// `increment` on a value that is no counter.
    #[error("the value is not a counter")]
    NotACounter,
    /// The address names a database that this build does not speak.
    #[error("{0} databases are not built yet")]
    NotBuilt(&'static str),
    /// The address names no database.
    #[error("DATABASE_URL must begin with sqlite://")]
    Address,
    /// Migrations are missing.
    #[error("the database is older than this program")]
    Older,
    /// A migration is recorded that this program does not know.
    #[error("the database is newer than this program: it has the migration {0}")]
    Newer(String),
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
        matches!(self, Self::NotBuilt(_) | Self::Address | Self::Newer(_) | Self::Older)
    }
}

/// Proof of holding a connection: writes carry it and are refused once another run has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The connection.
    pub connection: String,
    /// Which run of it; rises with every run.
    pub epoch: i64,
}

/// A value with its version, for compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Vec<u8>,
    /// Rises with every write of the key.
    pub version: i64,
}

/// One change of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes a value.
    Set(String, Vec<u8>),
    /// Removes the key, if it is there.
    Delete(String),
}

/// Answer to [`Store::take_lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The connection is ours.
    Taken(Fence),
    /// Another run has it; if the job was to be noted as due, that run will do it.
    Held,
}

/// Who wants a connection, and for what.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest<'a> {
    /// The connection.
    pub connection: &'a str,
    /// The job. Where the connection is taken, it is due no more.
    pub job: Job,
    /// Whether the job is noted as due where the connection is held.
    pub note_due: bool,
    /// For people who look into the table.
    pub holder: &'a str,
    /// Now, milliseconds since 1970.
    pub now_ms: i64,
    /// When the lease ends unless it is renewed.
    pub until_ms: i64,
}

/// A past run.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The connection.
    pub connection: String,
    /// The job.
    pub job: Job,
    /// When it began, milliseconds since 1970.
    pub started_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// The report (JSON), if there is one.
    pub report: Option<String>,
    /// How it ended otherwise.
    pub error: Option<String>,
}

/// A ticket for one request to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The account.
    pub account: String,
    /// Which of its tickets.
    pub slot: i64,
    /// How often it was used.
    pub uses: i64,
}

/// Answer to [`Tickets::take_ticket`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketAnswer {
    /// A request may be sent.
    Taken(Ticket),
    /// None is free; the next one will be at this time, milliseconds since 1970, or earlier.
    FreeAt(i64),
}

/// The tickets of the accounts, shared by all processes of one database.
pub trait Tickets: Send + Sync {
    /// Takes one of the first `count` tickets of an account, if one is free at `now_ms`.
    ///
    /// It counts as gone until `until_ms`, which holds if nobody gives it back: the process may die.
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        now_ms: i64,
        until_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer>;

    /// Says when a ticket is free again.
    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, free_at_ms: i64) -> StoreFuture<'a, ()>;
}

/// Everything that is stored.
pub trait Store: Tickets {
    /// Brings the schema up to date and answers with the names of the migrations that were applied.
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>>;

    /// When all tickets of an account are free, milliseconds since 1970; 0 where it never had any.
    fn tickets_free_at<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64>;

    /// Names of the migrations that are missing.
    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>>;

    /// Values of those keys that exist, in any order.
    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>>;

    /// One value with its version.
    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>>;

    /// At most `limit` keys after `after`, in order.
    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>>;

    /// Makes all changes or none.
    fn write<'a>(&'a self, fence: &'a Fence, scope: &'a str, changes: &'a [Change]) -> StoreFuture<'a, ()>;

    /// Adds to a counter (stored as a little-endian `i64`), which is 0 where it does not exist.
    fn increment<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        delta: i64,
    ) -> StoreFuture<'a, i64>;

    /// Writes a value if the key still holds exactly what was seen. Answers whether it did.
    fn swap<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        seen: Option<&'a Versioned>,
        value: &'a [u8],
    ) -> StoreFuture<'a, bool>;

    /// Takes a connection that nobody holds, or notes the job as due where that is wanted.
    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer>;

    /// Moves the end of a lease. Answers whether it is still ours.
    fn renew_lease<'a>(&'a self, fence: &'a Fence, until_ms: i64) -> StoreFuture<'a, bool>;

    /// Whether no other run has taken the connection.
    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool>;

    /// Takes the jobs that became due while the connection was held, and gives the connection back if there are none.
    /// Both in one step, so that no job is left behind.
    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>>;

    /// Gives the connection back at once; due jobs stay noted.
    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()>;

    /// Records a run.
    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()>;
}

/// Opens the database of an address. Nothing is migrated.
///
/// # Errors
/// When the address names no database that we speak, or the database cannot be opened.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match url.split(':').next().unwrap_or_default() {
        "sqlite" => Ok(Arc::new(Sqlite::open(&sqlite_path(url)?).await?)),
        "postgres" | "postgresql" => Err(StoreError::NotBuilt("PostgreSQL")),
        "mysql" | "mariadb" => Err(StoreError::NotBuilt("MySQL and MariaDB")),
        _ => Err(StoreError::Address),
    }
}

fn sqlite_path(url: &str) -> Result<String, StoreError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    let path = path.split('?').next().unwrap_or_default();
    // What is kept in memory only would not outlive the run that needs it.
    if path.is_empty() || path.starts_with(':') { Err(StoreError::Address) } else { Ok(path.to_owned()) }
}

/// The file of a SQLite database; `None` for databases without one.
pub fn file_of(url: &str) -> Option<PathBuf> {
    url.starts_with("sqlite").then(|| sqlite_path(url).ok()).flatten().map(PathBuf::from)
}

impl fmt::Debug for dyn Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

#[cfg(test)]
mod contract;
