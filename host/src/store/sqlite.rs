//! The store on SQLite.
//!
//! Two connections per process: one for everything that must survive a power cut (`synchronous=FULL`), one for
//! tickets, which mean nothing a second later (`synchronous=NORMAL`, no wait for the disk). SQLite allows one writer
//! at a time, so more connections would only wait for each other.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    Row, SqlitePool, SqliteTransaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{
    Change, Fence, LeaseAnswer, LeaseRequest, RunRecord, Store, StoreError, StoreFuture, Ticket,
    TicketAnswer, Tickets, Versioned, migrations::SQLITE,
};
use crate::{clock::now_ms, job::Job};

/// The oldest SQLite whose write-ahead log is free of the resets that could lose data.
pub const SQLITE_VERSION_MIN: [u32; 3] = [3, 51, 3];
/// A waiting writer gives up after this.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a database that another process is just making.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// A lease or ticket that ends later than this was written under another clock; it counts as ended.
const LEASE_AHEAD_MAX_MS: i64 = 3_600_000;
const TICKET_AHEAD_MAX_MS: i64 = 180_000;
/// Past runs are kept for 30 days.
const RUNS_KEPT_MS: i64 = 30 * 86_400_000;

/// The store on SQLite.
#[derive(Debug, Clone)]
pub struct Sqlite {
    data: SqlitePool,
    tickets: SqlitePool,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

impl Sqlite {
    /// Opens a database file and makes it where it does not exist, with its folder. Nothing is migrated.
    ///
    /// # Errors
    /// When the folder or the file cannot be made or opened.
    pub async fn open(path: &str) -> Result<Self, StoreError> {
        make_private(Path::new(path)).map_err(|error| StoreError::Database(Box::new(error)))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let data = connect(&options).await?;
        let tickets = connect(&options.synchronous(SqliteSynchronous::Normal)).await?;
        let store = Self { data, tickets };
        let version = store.version().await?;
        if parse_version(&version) < SQLITE_VERSION_MIN {
            tracing::warn!(version, "the SQLite in this program is older than the one it was tested with");
        }
        Ok(store)
    }

    /// Version of the SQLite library.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn version(&self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.data).await?)
    }

    async fn applied(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL
             ) STRICT",
        )
        .execute(&self.data)
        .await?;
        let applied: Vec<String> = sqlx::query_scalar("SELECT name FROM schema_migrations ORDER BY name")
            .fetch_all(&self.data)
            .await?;
        match applied.iter().find(|name| SQLITE.iter().all(|(known, _)| known != name)) {
            Some(name) => Err(StoreError::Newer(name.clone())),
            None => Ok(applied),
        }
    }

    /// A transaction that is sure to be allowed to write, of a run that still holds its connection.
    async fn fenced(&self, fence: &Fence) -> Result<SqliteTransaction<'static>, StoreError> {
        let mut transaction = self.data.begin_with("BEGIN IMMEDIATE").await?;
        let epoch: Option<i64> = sqlx::query_scalar("SELECT epoch FROM leases WHERE connection = ?1")
            .bind(&fence.connection)
            .fetch_optional(&mut *transaction)
            .await?;
        if epoch == Some(fence.epoch) { Ok(transaction) } else { Err(StoreError::Fenced) }
    }
}

/// Several processes may make a new database at once: while one of them switches it to the write-ahead log, SQLite
/// turns the others away at once, whatever their busy timeout.
async fn connect(options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let give_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(3 * BUSY_TIMEOUT);
        match pool.connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < give_up => tokio::time::sleep(BUSY_PAUSE).await,
            answer => return answer,
        }
    }
}

/// Primary result code `SQLITE_BUSY`; the extended ones hold it in their low byte.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Data of buyers is in the file: nobody but its owner may read it.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent)?;
    }
    file.write(true).create(true).truncate(false).open(path)?;
    Ok(())
}

fn parse_version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

async fn set(
    transaction: &mut SqliteTransaction<'_>,
    scope: &str,
    key: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kv (scope, key, value, version, updated_at) VALUES (?1, ?2, ?3, 1, ?4)
         ON CONFLICT (scope, key) DO UPDATE
         SET value = excluded.value, version = kv.version + 1, updated_at = excluded.updated_at",
    )
    .bind(scope)
    .bind(key)
    .bind(value)
    .bind(now_ms())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn versioned(
    transaction: &mut SqliteTransaction<'_>,
    scope: &str,
    key: &str,
) -> Result<Option<Versioned>, StoreError> {
    let row = sqlx::query("SELECT value, version FROM kv WHERE scope = ?1 AND key = ?2")
        .bind(scope)
        .bind(key)
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_ref().map(to_versioned).transpose()
}

fn to_versioned(row: &SqliteRow) -> Result<Versioned, StoreError> {
    Ok(Versioned { value: row.try_get(0)?, version: row.try_get(1)? })
}

impl Store for Sqlite {
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            let applied = self.applied().await?;
            let mut done = Vec::new();
            for &(name, statement) in
                SQLITE.iter().filter(|(name, _)| applied.iter().all(|done| done != name))
            {
                let failed = |error: sqlx::Error| StoreError::Migration { name, source: Box::new(error) };
                let mut transaction = self.data.begin_with("BEGIN IMMEDIATE").await?;
                sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
                // Another process may have been quicker; its row stays.
                let added = sqlx::query(
                    "INSERT INTO schema_migrations (name, applied_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )
                .bind(name)
                .bind(now_ms())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
                transaction.commit().await.map_err(failed)?;
                if added.rows_affected() > 0 {
                    done.push(name);
                }
            }
            Ok(done)
        })
    }

    fn tickets_free_at<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let free_at: Option<i64> =
                sqlx::query_scalar("SELECT MAX(free_at_ms) FROM tickets WHERE account = ?1")
                    .bind(account)
                    .fetch_one(&self.tickets)
                    .await?;
            Ok(free_at.unwrap_or(0))
        })
    }

    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            let applied = self.applied().await?;
            let names = SQLITE.iter().map(|(name, _)| *name);
            Ok(names.filter(|name| applied.iter().all(|done| done != name)).collect())
        })
    }

    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>> {
        Box::pin(async move {
            // A list as one value: one statement for any number of keys.
            let list = serde_json::to_string(keys).map_err(|error| StoreError::Database(Box::new(error)))?;
            let rows = sqlx::query(
                "SELECT key, value FROM kv WHERE scope = ?1 AND key IN (SELECT value FROM json_each(?2))",
            )
            .bind(scope)
            .bind(list)
            .fetch_all(&self.data)
            .await?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
        })
    }

    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT value, version FROM kv WHERE scope = ?1 AND key = ?2")
                .bind(scope)
                .bind(key)
                .fetch_optional(&self.data)
                .await?;
            row.as_ref().map(to_versioned).transpose()
        })
    }

    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>> {
        Box::pin(async move {
            let keys =
                sqlx::query_scalar("SELECT key FROM kv WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT ?3")
                    .bind(scope)
                    .bind(after)
                    .bind(limit)
                    .fetch_all(&self.data)
                    .await?;
            Ok(keys)
        })
    }

    fn write<'a>(&'a self, fence: &'a Fence, scope: &'a str, changes: &'a [Change]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if changes.is_empty() {
                return Ok(());
            }
            let mut transaction = self.fenced(fence).await?;
            for change in changes {
                match change {
                    Change::Set(key, value) => set(&mut transaction, scope, key, value).await?,
                    Change::Delete(key) => {
                        sqlx::query("DELETE FROM kv WHERE scope = ?1 AND key = ?2")
                            .bind(scope)
                            .bind(key)
                            .execute(&mut *transaction)
                            .await?;
                    }
                }
            }
            Ok(transaction.commit().await?)
        })
    }

    fn increment<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        delta: i64,
    ) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let mut transaction = self.fenced(fence).await?;
            let old = match versioned(&mut transaction, scope, key).await? {
                None => 0,
                Some(old) => i64::from_le_bytes(old.value.try_into().map_err(|_| StoreError::NotACounter)?),
            };
            let new = old.wrapping_add(delta);
            set(&mut transaction, scope, key, &new.to_le_bytes()).await?;
            transaction.commit().await?;
            Ok(new)
        })
    }

    fn swap<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        seen: Option<&'a Versioned>,
        value: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.fenced(fence).await?;
            if versioned(&mut transaction, scope, key).await?.as_ref() != seen {
                return Ok(false);
            }
            set(&mut transaction, scope, key, value).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer> {
        Box::pin(async move {
            let LeaseRequest { connection, job, note_due, holder, now_ms, until_ms } = request;
            let mut transaction = self.data.begin_with("BEGIN IMMEDIATE").await?;
            let epoch: Option<i64> = sqlx::query_scalar(
                "INSERT INTO leases (connection, epoch, holder, until_ms) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT (connection) DO UPDATE
                 SET epoch = leases.epoch + 1, holder = excluded.holder, until_ms = excluded.until_ms
                 WHERE leases.until_ms <= ?4 OR leases.until_ms > ?5
                 RETURNING epoch",
            )
            .bind(connection)
            .bind(holder)
            .bind(until_ms)
            .bind(now_ms)
            .bind(now_ms + LEASE_AHEAD_MAX_MS)
            .fetch_optional(&mut *transaction)
            .await?;
            let statement = match epoch {
                Some(_) => Some("DELETE FROM due_jobs WHERE connection = ?1 AND job = ?2"),
                None if note_due => Some(
                    "INSERT INTO due_jobs (connection, job, since_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                ),
                None => None,
            };
            if let Some(statement) = statement {
                let statement = sqlx::query(statement).bind(connection).bind(job.name()).bind(now_ms);
                statement.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(match epoch {
                Some(epoch) => LeaseAnswer::Taken(Fence { connection: connection.to_owned(), epoch }),
                None => LeaseAnswer::Held,
            })
        })
    }

    fn renew_lease<'a>(&'a self, fence: &'a Fence, until_ms: i64) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let renewed = sqlx::query("UPDATE leases SET until_ms = ?3 WHERE connection = ?1 AND epoch = ?2")
                .bind(&fence.connection)
                .bind(fence.epoch)
                .bind(until_ms)
                .execute(&self.data)
                .await?;
            Ok(renewed.rows_affected() > 0)
        })
    }

    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let epoch: Option<i64> = sqlx::query_scalar("SELECT epoch FROM leases WHERE connection = ?1")
                .bind(&fence.connection)
                .fetch_optional(&self.data)
                .await?;
            Ok(epoch == Some(fence.epoch))
        })
    }

    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let mut transaction = self.fenced(fence).await?;
            let names: Vec<String> =
                sqlx::query_scalar("DELETE FROM due_jobs WHERE connection = ?1 RETURNING job")
                    .bind(&fence.connection)
                    .fetch_all(&mut *transaction)
                    .await?;
            // A name that is none of ours came from another version; it is dropped.
            let mut jobs: Vec<Job> = names.iter().filter_map(|name| Job::of(name)).collect();
            jobs.sort();
            if jobs.is_empty() {
                sqlx::query("UPDATE leases SET until_ms = 0 WHERE connection = ?1")
                    .bind(&fence.connection)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(jobs)
        })
    }

    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.renew_lease(fence, 0).await?;
            Ok(())
        })
    }

    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO runs (connection, job, started_ms, took_ms, report, error)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .bind(&run.connection)
            .bind(run.job.name())
            .bind(run.started_ms)
            .bind(run.took_ms)
            .bind(&run.report)
            .bind(&run.error)
            .execute(&self.data)
            .await?;
            sqlx::query("DELETE FROM runs WHERE connection = ?1 AND started_ms < ?2")
                .bind(&run.connection)
                .bind(run.started_ms - RUNS_KEPT_MS)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }
}

impl Tickets for Sqlite {
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        now_ms: i64,
        until_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            // One statement is one transaction: two processes never take the same ticket.
            let taken = sqlx::query(
                "UPDATE tickets SET free_at_ms = ?4, uses = uses + 1
                 WHERE account = ?1 AND slot = (
                     SELECT slot FROM tickets
                     WHERE account = ?1 AND slot < ?2 AND free_at_ms <= ?3
                     ORDER BY free_at_ms LIMIT 1)
                 RETURNING slot, uses",
            )
            .bind(account)
            .bind(count)
            .bind(now_ms)
            .bind(until_ms)
            .fetch_optional(&self.tickets)
            .await?;
            if let Some(row) = taken {
                let ticket =
                    Ticket { account: account.to_owned(), slot: row.try_get(0)?, uses: row.try_get(1)? };
                return Ok(TicketAnswer::Taken(ticket));
            }
            let (known, free_at): (u32, Option<i64>) = sqlx::query_as(
                "SELECT COUNT(*), MIN(free_at_ms) FROM tickets WHERE account = ?1 AND slot < ?2",
            )
            .bind(account)
            .bind(count)
            .fetch_one(&self.tickets)
            .await?;
            if known < count {
                sqlx::query(
                    "WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < ?2)
                     INSERT OR IGNORE INTO tickets (account, slot, free_at_ms, uses) SELECT ?1, slot, 0, 0 FROM slots",
                )
                .bind(account)
                .bind(count)
                .execute(&self.tickets)
                .await?;
                return Ok(TicketAnswer::FreeAt(now_ms));
            }
            let free_at = free_at.unwrap_or(now_ms);
            if free_at > now_ms + TICKET_AHEAD_MAX_MS {
                // The clock was set back; the real answers are at most a second old.
                sqlx::query("UPDATE tickets SET free_at_ms = ?2 WHERE account = ?1 AND free_at_ms > ?3")
                    .bind(account)
                    .bind(now_ms + 1000)
                    .bind(now_ms + TICKET_AHEAD_MAX_MS)
                    .execute(&self.tickets)
                    .await?;
                return Ok(TicketAnswer::FreeAt(now_ms + 1000));
            }
            Ok(TicketAnswer::FreeAt(free_at))
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, free_at_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("UPDATE tickets SET free_at_ms = ?4 WHERE account = ?1 AND slot = ?2 AND uses = ?3")
                .bind(&ticket.account)
                .bind(ticket.slot)
                .bind(ticket.uses)
                .bind(free_at_ms)
                .execute(&self.tickets)
                .await?;
            Ok(())
        })
    }
}
