//! The store on MariaDB, 10.6 or newer; on MySQL it is not tested.
//!
//! `READ COMMITTED` throughout. Keys are bytes, because texts are compared without regard to case and to spaces at
//! their end. `NOW()` tells when its statement began, which may be long before a lock was got: whatever decides
//! something locks its row by a statement of its own, and the next statement reads the clock.

mod door;
mod leases;
mod runs;
mod tickets;
mod values;

use std::{collections::HashMap, str::FromStr as _};

use sqlx::{
    Connection as _, MySqlConnection, MySqlPool, MySqlTransaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
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

/// The oldest MariaDB, as numbers and in words.
const OLDEST: ([u32; 2], &str) = ([10, 6], "10.6");
/// An index of this name is there already.
const DUPLICATE_INDEX: u16 = 1061;

/// The time: that of a given clock, which is its one parameter, or the server's.
macro_rules! now {
    () => {
        "COALESCE(?, CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))"
    };
}
use now;

/// The same as a table of one row, `clock.ms`, for statements that need it more than once.
macro_rules! clock {
    () => {
        concat!("(SELECT ", $crate::store::mysql::now!(), " AS ms) AS clock")
    };
}
use clock;

/// Settings of each connection. A connection that died while it held a lock is ended by the server, and its locks
/// with it. What is too long for its column is an error.
const SESSION: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION autocommit = 1, innodb_lock_wait_timeout = 3, wait_timeout = 120,
         sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')",
];

/// The store on MariaDB.
#[derive(Debug, Clone)]
pub struct MySql {
    pool: MySqlPool,
    address: MySqlConnectOptions,
    server: String,
    clock: StoreClock,
    migrations: &'static [Migration],
}

/// What a server says of itself.
#[derive(Debug)]
struct Facts {
    version: String,
    variables: HashMap<String, String>,
    cluster_size: u32,
}

impl Facts {
    async fn of(connection: &mut MySqlConnection) -> Result<Self, StoreError> {
        let version = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut *connection).await?;
        let variables: Vec<(String, String)> = sqlx::query_as(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN
                 ('read_only', 'innodb_read_only', 'wsrep_on', 'innodb_flush_log_at_trx_commit')",
        )
        .fetch_all(&mut *connection)
        .await?;
        let size: Option<(String, String)> = sqlx::query_as("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'")
            .fetch_optional(&mut *connection)
            .await?;
        let cluster_size = size.and_then(|(_, size)| size.parse().ok()).unwrap_or(0);
        Ok(Self { version, variables: variables.into_iter().collect(), cluster_size })
    }

    fn is(&self, variable: &str, value: &str) -> bool {
        self.variables.get(variable).is_some_and(|set| set.eq_ignore_ascii_case(value))
    }

    fn check(&self, server: &str) -> Result<(), StoreError> {
        if self.version.contains("MariaDB") {
            let mut numbers = self.version.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
            let version = [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
            if version < OLDEST.0 {
                let version = self.version.clone();
                return Err(StoreError::TooOld { product: "MariaDB", version, oldest: OLDEST.1 });
            }
        } else {
            tracing::warn!(server, version = self.version, "MySQL is not tested; MariaDB is");
        }
        if self.is("wsrep_on", "ON") && self.cluster_size > 1 {
            return Err(StoreError::Cluster(self.cluster_size));
        }
        let may_write =
            |variable| self.variables.get(variable).is_none_or(|set| set.eq_ignore_ascii_case("OFF"));
        if !may_write("read_only") || !may_write("innodb_read_only") {
            return Err(StoreError::ReadOnly { server: server.to_owned() });
        }
        if !self.is("innodb_flush_log_at_trx_commit", "1") {
            tracing::warn!(
                server,
                "innodb_flush_log_at_trx_commit is not 1: a power cut can lose what was written last"
            );
        }
        Ok(())
    }
}

impl MySql {
    /// Opens a database. Nothing is migrated.
    ///
    /// # Errors
    /// When the address is none, the server cannot be reached, or it or the database is not one that we can use.
    pub async fn open_with(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let address = MySqlConnectOptions::from_str(url).map_err(|_| StoreError::Address)?;
        let server = format!("MariaDB at {}:{}", address.get_host(), address.get_port());
        let mut first: MySqlConnection = connect(&address, &server).await?;
        let facts = Facts::of(&mut first).await?;
        facts.check(&server)?;
        applied(&mut first).await?;
        tracing::debug!(server, version = facts.version, "opened the database");
        drop(first);
        let pool = MySqlPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .after_connect(|connection, _| Box::pin(prepare(connection)))
            .connect_lazy_with(address.clone());
        let (clock, migrations) = (options.clock, known(options.migrations_max));
        Ok(Self { pool, address, server, clock, migrations })
    }

    /// The server ends a transaction with each change of a table, so a migration may be done and not recorded. All of
    /// them can be repeated.
    async fn apply(
        &self,
        connection: &mut MySqlConnection,
        migration: &'static Migration,
    ) -> Result<(), sqlx::Error> {
        match sqlx::raw_sql(migration.mysql).execute(&mut *connection).await {
            // MySQL knows no `CREATE INDEX IF NOT EXISTS`.
            Err(error) if number(&error) == Some(DUPLICATE_INDEX) => {}
            answer => {
                answer?;
            }
        }
        sqlx::query(concat!("INSERT INTO schema_migrations (name, applied_at_ms) VALUES (?, ", now!(), ")"))
            .bind(migration.name.as_bytes())
            .bind(self.clock.given_ms())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// The names of the migrations that were applied.
async fn applied(connection: &mut MySqlConnection) -> Result<Vec<String>, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
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
    let names: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT name FROM schema_migrations ORDER BY name").fetch_all(connection).await?;
    names.into_iter().map(to_text).collect()
}

/// The tables that tell what a database is. The server makes one after the other, so each may be there already.
pub(super) const RECORDS: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS schema_format (
         generation BIGINT NOT NULL PRIMARY KEY, first_version VARBINARY(64) NOT NULL
     ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC",
    "CREATE TABLE IF NOT EXISTS schema_migrations (
         name VARBINARY(255) NOT NULL PRIMARY KEY, applied_at_ms BIGINT NOT NULL
     ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC",
];

async fn make_records(connection: &mut MySqlConnection) -> Result<(), StoreError> {
    for statement in RECORDS {
        sqlx::raw_sql(statement).execute(&mut *connection).await?;
    }
    sqlx::query("INSERT IGNORE INTO schema_format (generation, first_version) VALUES (?, ?)")
        .bind(GENERATION)
        .bind(FIRST_VERSION.as_bytes())
        .execute(connection)
        .await?;
    Ok(())
}

async fn prepare(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    for statement in SESSION {
        sqlx::raw_sql(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Locks the row of a connection.
async fn locked_epoch(
    transaction: &mut MySqlTransaction<'_>,
    connection: &str,
) -> Result<Option<i64>, StoreError> {
    let epoch = sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = ? FOR UPDATE")
        .bind(connection.as_bytes())
        .fetch_optional(&mut **transaction)
        .await?;
    Ok(epoch)
}

/// Goes on if a run still holds its connection. Nobody can take it before the transaction ends.
async fn check_fence(transaction: &mut MySqlTransaction<'_>, fence: &Fence) -> Result<(), StoreError> {
    let epoch = locked_epoch(transaction, &fence.connection).await?;
    if epoch == Some(fence.epoch) { Ok(()) } else { Err(StoreError::Fenced) }
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()?.number())
}

/// A text that is kept as bytes.
fn to_text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|error| StoreError::Database(Box::new(error)))
}

impl Schema for MySql {
    fn migrate(&self) -> StoreFuture<'_, Vec<&'static str>> {
        Box::pin(async move {
            // A connection of its own: the lock ends with it, also where this future is dropped half-way.
            let mut connection: MySqlConnection = connect(&self.address, &self.server).await?;
            prepare(&mut connection).await?;
            let is_locked: Option<i64> =
                sqlx::query_scalar("SELECT GET_LOCK(CONCAT('kaspi-amocrm ', MD5(DATABASE())), 60)")
                    .fetch_one(&mut connection)
                    .await?;
            if is_locked != Some(1) {
                return Err(StoreError::Database("another process is migrating it".into()));
            }
            let applied = applied(&mut connection).await?;
            if applied.is_empty() {
                make_records(&mut connection).await?;
            }
            let missing = missing(self.migrations, &applied)?;
            let mut done = Vec::new();
            for migration in missing {
                let name = migration.name;
                let failed = |error: sqlx::Error| StoreError::Migration { name, source: Box::new(error) };
                self.apply(&mut connection, migration).await.map_err(failed)?;
                done.push(name);
            }
            connection.close().await?;
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

impl Store for MySql {
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

    fn facts(version: &str, variables: &[(&str, &str)]) -> Facts {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Facts { version: version.to_owned(), variables: variables.collect(), cluster_size: 3 }
    }

    #[test]
    fn servers_that_cannot_be_used_are_refused() {
        let usable = [("read_only", "OFF"), ("wsrep_on", "OFF"), ("innodb_flush_log_at_trx_commit", "1")];
        for version in ["10.6.0-MariaDB", "10.11.19-MariaDB-0+deb12u1", "11.4.2-MariaDB", "8.0.36"] {
            assert!(facts(version, &usable).check("MariaDB at h:1").is_ok(), "{version}");
        }
        let new = "10.11.19-MariaDB";
        for (facts, text) in [
            (
                facts("10.5.29-MariaDB-log", &[]),
                "MariaDB 10.5.29-MariaDB-log is too old: version 10.6 or newer is needed",
            ),
            (
                facts(new, &[("wsrep_on", "ON")]),
                "a Galera cluster of 3 nodes cannot be used: its nodes do not share their locks",
            ),
            (facts(new, &[("read_only", "ON")]), "MariaDB at h:1 is read-only"),
            (facts(new, &[("innodb_read_only", "ON")]), "MariaDB at h:1 is read-only"),
        ] {
            let error = facts.check("MariaDB at h:1").unwrap_err();
            assert_eq!(error.to_string(), text);
            assert!(error.is_config());
        }
        let single = Facts { cluster_size: 1, ..facts(new, &[("wsrep_on", "ON")]) };
        assert!(single.check("MariaDB at h:1").is_ok(), "a cluster of one");
    }
}
