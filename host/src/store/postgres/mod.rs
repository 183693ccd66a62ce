//! The store on PostgreSQL, 9.2 or newer.
//!
//! `READ COMMITTED` throughout. Whatever decides something locks its row first; the clock is read by a later
//! expression, so it counts from after the wait. The SQL keeps to the grammar of 9.2: there is no `ON CONFLICT`, so a
//! row that may be new is updated, and inserted where there was none; whoever loses that race begins anew.

mod door;
mod leases;
mod runs;
mod tickets;
mod values;

use std::str::FromStr as _;

use sqlx::{
    PgConnection, PgPool, PgTransaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    clock::StoreClock,
    error::StoreError,
    migrations::{
        FIRST_VERSION, GENERATION, Migration, RECORD_TABLE, check_generation, is_ours, known, missing,
    },
    options::StoreOptions,
    port::{Store, future::StoreFuture, lease::Fence, schema::Schema},
    server::{CONNECT_TIMEOUT, CONNECTIONS_MAX, IDLE_TIMEOUT, connect},
};

/// The oldest server, as `server_version_num` and in words.
const OLDEST: (i32, &str) = (90_200, "9.2");
/// Held by whoever migrates. Any number will do that nothing else in the database uses.
const MIGRATION_LOCK: i64 = 0x006b_6173_7069_616d;

/// The time: that of a given clock, which is always the first parameter, or the server's. `clock_timestamp()` tells it
/// anew each time, also after a wait for a lock; `now()` would tell when the transaction began.
macro_rules! now {
    () => {
        "COALESCE($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
    };
}
use now;

/// Settings of each connection. Those that the server is too old for are left out; a server that waits longer for the
/// disk or for its standbys than `on` asks for goes on doing so. A connection that died while it held a lock is found
/// out and its locks are given back.
const SESSION: &str = "
    SELECT set_config(wanted.name, wanted.value, false)
    FROM (VALUES
        ('default_transaction_isolation', 'read committed'),
        ('synchronous_commit', 'on'),
        ('statement_timeout', '30s'),
        ('idle_in_transaction_session_timeout', '30s'),
        ('tcp_keepalives_idle', '30'),
        ('tcp_keepalives_interval', '10')
    ) AS wanted (name, value)
    JOIN pg_settings ON pg_settings.name = wanted.name
    WHERE wanted.name <> 'synchronous_commit' OR pg_settings.setting = 'off'";

/// The store on PostgreSQL.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
    clock: StoreClock,
    migrations: &'static [Migration],
}

/// What a server says of itself.
#[derive(Debug)]
struct Facts {
    version_number: i32,
    version: String,
    read_only: String,
    encoding: String,
    fsync: String,
}

impl Facts {
    async fn of(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let (version_number, version, read_only, encoding, fsync) = sqlx::query_as(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                    current_setting('transaction_read_only'), current_setting('server_encoding'),
                    current_setting('fsync')",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self { version_number, version, read_only, encoding, fsync })
    }

    fn check(&self, server: &str) -> Result<(), StoreError> {
        if self.version_number < OLDEST.0 {
            let version = self.version.clone();
            return Err(StoreError::TooOld { product: "PostgreSQL", version, oldest: OLDEST.1 });
        }
        if self.read_only != "off" {
            return Err(StoreError::ReadOnly { server: server.to_owned() });
        }
        if self.encoding != "UTF8" {
            return Err(StoreError::Encoding(self.encoding.clone()));
        }
        if self.fsync != "on" {
            tracing::warn!(server, "fsync is off: a power cut can damage the database");
        }
        Ok(())
    }
}

impl Postgres {
    /// Opens a database. Nothing is migrated.
    ///
    /// # Errors
    /// When the address is none, the server cannot be reached, or it or the database is not one that we can use.
    pub async fn open_with(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let address = PgConnectOptions::from_str(url).map_err(|_| StoreError::Address)?;
        let address = address.application_name("kaspi-amocrm");
        let server = format!("PostgreSQL at {}:{}", address.get_host(), address.get_port());
        let mut first: PgConnection = connect(&address, &server).await?;
        let facts = Facts::of(&mut first).await?;
        facts.check(&server)?;
        applied(&mut first).await?;
        tracing::debug!(server, version = facts.version, "opened the database");
        drop(first);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(SESSION).execute(connection).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(address);
        Ok(Self { pool, clock: options.clock, migrations: known(options.migrations_max) })
    }

    /// Applies the next migration, if there is one: its statement and its row in one transaction.
    async fn migrate_once(&self) -> Result<Option<&'static str>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(MIGRATION_LOCK)
            .execute(&mut *transaction)
            .await?;
        let applied = applied(&mut transaction).await?;
        let missing = missing(self.migrations, &applied)?;
        let Some(&&Migration { name, postgres: statement, .. }) = missing.first() else { return Ok(None) };
        let failed = |error: sqlx::Error| StoreError::Migration { name, source: Box::new(error) };
        if applied.is_empty() {
            make_records(&mut transaction).await.map_err(failed)?;
        }
        sqlx::raw_sql(statement).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query(concat!("INSERT INTO schema_migrations (name, applied_at_ms) VALUES ($2, ", now!(), ")"))
            .bind(self.clock.given_ms())
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(name))
    }
}

/// The names of the migrations that were applied.
async fn applied(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND pg_table_is_visible(oid)",
    )
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
async fn make_records(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS schema_format (
             generation BIGINT NOT NULL PRIMARY KEY, first_version TEXT NOT NULL
         );
         CREATE TABLE IF NOT EXISTS schema_migrations (
             name TEXT COLLATE \"C\" NOT NULL PRIMARY KEY, applied_at_ms BIGINT NOT NULL
         )",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO schema_format (generation, first_version)
         SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM schema_format)",
    )
    .bind(GENERATION)
    .bind(FIRST_VERSION)
    .execute(connection)
    .await?;
    Ok(())
}

/// Goes on if a run still holds its connection. Nobody can take it before the transaction ends.
async fn check_fence(transaction: &mut PgTransaction<'_>, fence: &Fence) -> Result<(), StoreError> {
    let epoch: Option<i64> =
        sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = $1 FOR UPDATE")
            .bind(&fence.connection)
            .fetch_optional(&mut **transaction)
            .await?;
    if epoch == Some(fence.epoch) { Ok(()) } else { Err(StoreError::Fenced) }
}

impl Schema for Postgres {
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            let mut done = Vec::new();
            while let Some(name) = self.migrate_once().await? {
                done.push(name);
            }
            Ok(done)
        })
    }

    fn pending_migrations(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            let applied = applied(&mut *self.pool.acquire().await?).await?;
            let missing = missing(self.migrations, &applied)?;
            Ok(missing.into_iter().map(|migration| migration.name).collect())
        })
    }
}

impl Store for Postgres {
    fn now_ms(&self) -> StoreFuture<'_, i64> {
        Box::pin(async move {
            let now = sqlx::query_scalar(concat!("SELECT ", now!())).bind(self.clock.given_ms());
            Ok(now.fetch_one(&self.pool).await?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            version_number: 90_200,
            version: "9.2".to_owned(),
            read_only: "off".to_owned(),
            encoding: "UTF8".to_owned(),
            fsync: "on".to_owned(),
        }
    }

    #[test]
    fn servers_that_cannot_be_used_are_refused() {
        assert!(facts().check("PostgreSQL at h:1").is_ok());
        let old = Facts { version_number: 90_124, version: "9.1.24".to_owned(), ..facts() };
        let standby = Facts { read_only: "on".to_owned(), ..facts() };
        let latin = Facts { encoding: "LATIN1".to_owned(), ..facts() };
        for (facts, text) in [
            (old, "PostgreSQL 9.1.24 is too old: version 9.2 or newer is needed"),
            (standby, "PostgreSQL at h:1 is read-only"),
            (latin, "the database keeps text as LATIN1, not as UTF8"),
        ] {
            let error = facts.check("PostgreSQL at h:1").unwrap_err();
            assert_eq!(error.to_string(), text);
            assert!(error.is_config());
        }
    }

    /// Servers of 9.2 are not at hand: words that came later must not stand in the SQL.
    #[test]
    fn the_sql_is_that_of_the_oldest_server() {
        let sources = [
            include_str!("mod.rs"),
            include_str!("door.rs"),
            include_str!("leases.rs"),
            include_str!("runs.rs"),
            include_str!("tickets.rs"),
            include_str!("values.rs"),
        ];
        let code = sources.map(|source| source.split("#[cfg(test)]").next().unwrap_or_default());
        let code = code.iter().flat_map(|source| source.lines());
        let migrations =
            super::super::migrations::MIGRATIONS.iter().flat_map(|migration| migration.postgres.lines());
        for line in code.chain(migrations) {
            let line = line.trim_start();
            if line.starts_with("//") || line.starts_with("--") {
                continue;
            }
            let line = line.to_uppercase();
            for word in [
                "ON CONFLICT",
                "SKIP LOCKED",
                "JSONB",
                "INDEX IF NOT EXISTS",
                "GENERATED ",
                "IDENTITY",
                "FILTER (",
                "LATERAL",
                "ROWS FROM",
                "ORDINALITY",
                "MERGE INTO",
                "TO_REGCLASS",
                "MATERIALIZED",
                "MAKE_INTERVAL",
                "LOCK_TIMEOUT",
                "], $",
                "::TEXT[], ",
                "PROCEDURE",
                "GROUPING SETS",
                "TABLESAMPLE",
                "INCLUDE (",
            ] {
                assert!(!line.contains(word), "{word} is newer than 9.2: {line}");
            }
        }
    }
}
