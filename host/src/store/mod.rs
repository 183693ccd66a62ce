//! The store port: key-value data of the component, leases, tickets and past runs; and who may look at them.
//!
//! Only the files of this folder know SQL. A further database is one more folder that implements [`Store`] and what
//! belongs to it, a folder of migrations with the same names, and a scheme in [`open`].

mod changes;
mod clock;
mod door;
mod error;
mod migrations;
mod mysql;
mod postgres;
mod server;
mod sqlite;

use std::{fmt, future::Future, path::PathBuf, pin::Pin, sync::Arc};

pub use clock::StoreClock;
pub use door::{Act, Attempt, Attempts, Audit, Pace, Passwords, Session, SessionData, Sessions};
pub use error::StoreError;
pub use migrations::{MIGRATIONS, Migration};
pub use mysql::MySql;
pub use postgres::Postgres;
pub use sqlite::{SQLITE_VERSION_MIN, Sqlite, quick_check};

use crate::base::job::Job;

/// An answer of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

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

/// Answer to [`Leases::take_lease`].
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
    /// How long the lease lasts unless it is renewed.
    pub ttl_ms: i64,
}

/// Answer to [`Schedule::claim_tick`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The job is to be run now, by whoever asked.
    Yours,
    /// Somebody else ran it; it is due again after so many milliseconds.
    DueIn(i64),
}

/// A past run.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// From one moment to another, milliseconds since 1970: the first is part of it, the last is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from_ms: i64,
    /// The first one after it.
    pub before_ms: i64,
}

/// The newest runs of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRuns {
    /// The latest one.
    pub latest: RunRecord,
    /// The latest one without an error.
    pub latest_good: Option<RunRecord>,
}

impl LastRuns {
    /// From the latest run and, if there is one, the latest without an error. `None` where nothing ever ran.
    fn of(runs: Vec<RunRecord>) -> Option<Self> {
        let latest_good = runs.iter().find(|run| run.error.is_none()).cloned();
        let latest = runs.into_iter().next()?;
        Some(Self { latest, latest_good })
    }
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
    /// None is free; the next one will be in so many milliseconds, or earlier.
    FreeIn(i64),
}

/// The tickets of the accounts, shared by all processes of one database.
pub trait Tickets: Send + Sync {
    /// Takes one of the first `count` tickets of an account, if one is free.
    ///
    /// It counts as gone for `hold_ms`, which holds if nobody gives it back: the process may die.
    fn take_ticket<'a>(&'a self, account: &'a str, count: u32, hold_ms: i64)
    -> StoreFuture<'a, TicketAnswer>;

    /// Gives a ticket back; it is free again after `rest_ms`.
    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()>;

    /// In how many milliseconds all tickets of an account are free; 0 where they are, or where it never had any.
    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64>;
}

/// The tables.
pub trait Schema: Send + Sync {
    /// Brings the schema up to date and answers with the names of the migrations that were applied.
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>>;

    /// Names of the migrations that are missing.
    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>>;
}

/// The key-value data of the component.
pub trait Values: Send + Sync {
    /// Values of those keys that exist, in any order.
    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>>;

    /// One value with its version.
    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>>;

    /// At most `limit` keys after `after`, in the order of their bytes.
    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>>;

    /// Makes all changes or none. Of several changes of a key the last one counts.
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
}

/// Who holds which connection, and which jobs wait for it.
pub trait Leases: Send + Sync {
    /// Takes a connection that nobody holds, or notes the job as due where that is wanted.
    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer>;

    /// Makes a lease last `ttl_ms` from now. Answers whether it is still ours.
    fn renew_lease<'a>(&'a self, fence: &'a Fence, ttl_ms: i64) -> StoreFuture<'a, bool>;

    /// Whether no other run has taken the connection.
    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool>;

    /// Takes the jobs that became due while the connection was held, and gives the connection back if there are none.
    /// Both in one step, so that no job is left behind.
    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>>;

    /// Gives the connection back at once; due jobs stay noted.
    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()>;
}

/// Whose turn it is to run a job: hosts that share a database run each job once a period, not once each.
pub trait Schedule: Send + Sync {
    /// Claims the next run of a job that runs every `every_ms`, if it is due.
    fn claim_tick<'a>(&'a self, connection: &'a str, job: Job, every_ms: i64) -> StoreFuture<'a, Claim>;

    /// Makes a job due again in `in_ms`, or earlier if it is: the one who claimed it could not run it.
    fn retry_tick<'a>(&'a self, connection: &'a str, job: Job, in_ms: i64) -> StoreFuture<'a, ()>;

    /// In how many milliseconds a job is due; negative where it is late, `None` where nobody has ever claimed it.
    fn due_in<'a>(&'a self, connection: &'a str, job: Job) -> StoreFuture<'a, Option<i64>>;
}

/// Past runs.
pub trait Runs: Send + Sync {
    /// Records a run.
    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()>;

    /// The newest runs of each job that ever ran for a connection.
    fn last_runs<'a>(&'a self, connection: &'a str) -> StoreFuture<'a, Vec<LastRuns>>;

    /// At most `limit` runs of a connection that began within a span, newest first.
    fn runs<'a>(&'a self, connection: &'a str, span: Span, limit: u32) -> StoreFuture<'a, Vec<RunRecord>>;
}

/// Everything that is stored.
pub trait Store:
    Schema + Values + Leases + Tickets + Schedule + Runs + Sessions + Passwords + Attempts + Audit
{
    /// The time by the clock of the store, milliseconds since 1970. What the store answers in durations is measured
    /// by it.
    fn now_ms(&self) -> StoreFuture<'_, i64>;
}

/// A lease or ticket that ends later than this was written under another clock; it counts as ended.
const LEASE_AHEAD_MAX_MS: i64 = 3_600_000;
const TICKET_AHEAD_MAX_MS: i64 = 180_000;
/// When such a ticket is free again: the real answers are at most a second old.
const TICKET_RESET_MS: i64 = 1_000;
/// A job that is due later than this many periods was scheduled under another clock; it counts as due.
const PERIODS_AHEAD_MAX: i64 = 2;
/// Past runs are kept for 30 days.
const RUNS_KEPT_MS: i64 = 30 * 86_400_000;

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

/// Opens the database of an address. Nothing is migrated.
///
/// # Errors
/// When the address names no database that we speak, or the database cannot be opened.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    open_with(url, StoreOptions::default()).await
}

/// As [`open`], with options.
///
/// # Errors
/// As those of [`open`].
pub async fn open_with(url: &str, options: StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    match url.split(':').next().unwrap_or_default() {
        "sqlite" => Ok(Arc::new(Sqlite::open_with(&sqlite_path(url)?, options).await?)),
        "postgres" | "postgresql" => Ok(Arc::new(Postgres::open_with(url, options).await?)),
        "mysql" | "mariadb" => Ok(Arc::new(MySql::open_with(url, options).await?)),
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
