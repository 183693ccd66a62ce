//! The store on SQLite.
//!
//! Two connections per process: one for everything that must survive a power cut (`synchronous=FULL`), one for
//! tickets, which mean nothing a second later (`synchronous=NORMAL`, no wait for the disk). SQLite allows one writer
//! at a time, so more connections would only wait for each other.
//!
//! A file belongs to one machine, so the machine's clock is the store's. It is read once the write lock is held: what
//! is taken counts from then on, however long the lock took.

mod check;
mod door;
mod leases;
mod runs;
mod tickets;
mod values;

pub use check::quick_check;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool, SqliteTransaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    clock::StoreClock,
    error::StoreError,
    migrations::{
        FIRST_VERSION, GENERATION, Migration, RECORD_TABLE, check_generation, is_ours, known, missing,
    },
    options::StoreOptions,
    port::{Store, future::StoreFuture, lease::Fence, schema::Schema},
};

/// The oldest SQLite whose write-ahead log is free of the resets that could lose data.
pub const SQLITE_VERSION_MIN: [u32; 3] = [3, 51, 3];
/// A waiting writer gives up after this.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a database that another process is just making.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// The store on SQLite.
#[derive(Debug, Clone)]
pub struct Sqlite {
    data: SqlitePool,
    tickets: SqlitePool,
    clock: StoreClock,
    migrations: &'static [Migration],
}

impl Sqlite {
    /// Opens a database file and makes it where it does not exist, with its folder. Nothing is migrated.
    ///
    /// # Errors
    /// When the folder or the file cannot be made or opened, or the database is not ours.
    pub async fn open(path: &str) -> Result<Self, StoreError> {
        Self::open_with(path, StoreOptions::default()).await
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As those of [`open`](Self::open).
    pub async fn open_with(path: &str, options: StoreOptions) -> Result<Self, StoreError> {
        make_private(Path::new(path)).map_err(|error| StoreError::Database(Box::new(error)))?;
        let file =
            SqliteConnectOptions::new().filename(path).create_if_missing(true).busy_timeout(BUSY_TIMEOUT);
        let [data, tickets] = connect(file).await?;
        let migrations = known(options.migrations_max);
        let store = Self { data, tickets, clock: options.clock, migrations };
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

    async fn missing_migrations(&self) -> Result<Vec<&'static Migration>, StoreError> {
        missing(self.migrations, &applied(&mut *self.data.acquire().await?).await?)
    }

    /// Applies the next migration, if there is one: its statement and its row in one transaction.
    async fn migrate_once(&self) -> Result<Option<&'static str>, StoreError> {
        let mut transaction = self.begin().await?;
        let applied = applied(&mut transaction).await?;
        let missing = missing(self.migrations, &applied)?;
        let Some(&&Migration { name, sqlite: statement, .. }) = missing.first() else { return Ok(None) };
        let failed = |error: sqlx::Error| StoreError::Migration { name, source: Box::new(error) };
        if applied.is_empty() {
            make_records(&mut transaction).await.map_err(failed)?;
        }
        sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query("INSERT INTO schema_migrations (name, applied_at_ms) VALUES (?1, ?2)")
            .bind(name)
            .bind(self.clock.machine_ms())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(name))
    }

    /// A transaction that is sure to be allowed to write.
    async fn begin(&self) -> Result<SqliteTransaction<'static>, StoreError> {
        Ok(self.data.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The same, of a run that still holds its connection.
    async fn fenced(&self, fence: &Fence) -> Result<SqliteTransaction<'static>, StoreError> {
        let mut transaction = self.begin().await?;
        let epoch: Option<i64> = sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = ?1")
            .bind(&fence.connection)
            .fetch_optional(&mut *transaction)
            .await?;
        if epoch == Some(fence.epoch) { Ok(transaction) } else { Err(StoreError::Fenced) }
    }
}

/// The names of the migrations that were applied.
async fn applied(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            .fetch_all(&mut *connection)
            .await?;
    if !is_ours(&tables)? {
        return Ok(Vec::new());
    }
    let generation = sqlx::query_scalar("SELECT MAX(generation) FROM schema_format");
    check_generation(generation.fetch_one(&mut *connection).await?)?;
    if tables.iter().all(|table| table != RECORD_TABLE) {
        return Ok(Vec::new());
    }
    let names = sqlx::query_scalar("SELECT name FROM schema_migrations ORDER BY name");
    Ok(names.fetch_all(connection).await?)
}

/// The tables that tell what a database is.
async fn make_records(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS schema_format (
             generation INTEGER NOT NULL PRIMARY KEY, first_version TEXT NOT NULL
         ) STRICT",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT OR IGNORE INTO schema_format (generation, first_version) VALUES (?1, ?2)")
        .bind(GENERATION)
        .bind(FIRST_VERSION)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             name TEXT NOT NULL PRIMARY KEY, applied_at_ms INTEGER NOT NULL
         ) STRICT",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The two pools. Several processes may make a new database at once: while one of them switches it to the write-ahead
/// log, SQLite turns the others away at once, whatever their busy timeout.
async fn connect(file: SqliteConnectOptions) -> Result<[SqlitePool; 2], StoreError> {
    let give_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        match try_connect(file.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < give_up => tokio::time::sleep(BUSY_PAUSE).await,
            answer => return answer,
        }
    }
}

async fn try_connect(file: SqliteConnectOptions) -> Result<[SqlitePool; 2], StoreError> {
    // A look first, without settings that would change the file: it may not be ours.
    let mut connection = file.connect().await?;
    let applied = applied(&mut connection).await;
    connection.close().await?;
    applied?;
    let file = file.journal_mode(SqliteJournalMode::Wal).foreign_keys(true);
    let pool = || SqlitePoolOptions::new().max_connections(1).acquire_timeout(3 * BUSY_TIMEOUT);
    let data = pool().connect_with(file.clone().synchronous(SqliteSynchronous::Full)).await?;
    let tickets = pool().connect_with(file.synchronous(SqliteSynchronous::Normal)).await?;
    Ok([data, tickets])
}

/// Primary result code `SQLITE_BUSY`; the extended ones hold it in their low byte.
fn is_busy(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    let Some(error) = error.downcast_ref::<sqlx::Error>() else { return false };
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

impl Schema for Sqlite {
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            let mut done = Vec::new();
            // Without the write lock, which another process may hold.
            if self.missing_migrations().await?.is_empty() {
                return Ok(done);
            }
            while let Some(name) = self.migrate_once().await? {
                done.push(name);
            }
            Ok(done)
        })
    }

    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            Ok(self.missing_migrations().await?.into_iter().map(|migration| migration.name).collect())
        })
    }
}

impl Store for Sqlite {
    fn now_ms(&self) -> StoreFuture<'_, i64> {
        Box::pin(async move { Ok(self.clock.machine_ms()) })
    }
}
