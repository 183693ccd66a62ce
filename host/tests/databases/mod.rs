//! Databases of their own for tests, on the servers that the environment names.
//!
//! Included by the tests of the library and by those of the program, which see nothing of each other.

use std::{
    env,
    io::Write as _,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, SqliteConnection};

/// What a database runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file.
    Sqlite,
    /// The server in `KASPI_AMOCRM_TEST_POSTGRES`.
    Postgres,
    /// The server in `KASPI_AMOCRM_TEST_MARIADB`.
    Mariadb,
}

/// An empty database, gone when dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    /// What it runs on.
    pub(crate) kind: Kind,
    /// Its address, as in `DATABASE_URL`.
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
    server_url: String,
    name: String,
}

impl TestDatabase {
    /// A new one. `None` where the environment says that the server is absent.
    pub(crate) async fn make(kind: Kind) -> Option<Self> {
        let variable = match kind {
            Kind::Sqlite => return Some(Self::file()),
            Kind::Postgres => "KASPI_AMOCRM_TEST_POSTGRES",
            Kind::Mariadb => "KASPI_AMOCRM_TEST_MARIADB",
        };
        let server_url = match env::var(variable) {
            Ok(url) if url == "absent" => return None,
            Ok(url) => url,
            Err(_) => panic!(
                "run the tests with `cargo xtask test`, or set {variable} to the URL of a server on which \
                 databases may be made, or to `absent`"
            ),
        };
        let name = unique_name();
        let url = with_database(&server_url, &name);
        let made = execute(kind, &server_url, &[format!("CREATE DATABASE {name}")]).await;
        made.unwrap_or_else(|error| panic!("cannot make a database on the server of {variable}: {error}"));
        tell_version(kind, &server_url).await;
        Some(Self { kind, url, _folder: None, server_url, name })
    }

    fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.sqlite").display());
        let (server_url, name) = (String::new(), String::new());
        Self { kind: Kind::Sqlite, url, _folder: Some(folder), server_url, name }
    }

    /// Makes the tables that an unreleased version would have made, up to 0.1.0, as far as its first `migrations` go:
    /// its record of them, too, and a value.
    pub(crate) async fn make_unreleased(&self, migrations: usize) {
        let tables = match self.kind {
            Kind::Sqlite => include_str!("unreleased/sqlite.sql"),
            Kind::Postgres => include_str!("unreleased/postgres.sql"),
            Kind::Mariadb => include_str!("unreleased/mariadb.sql"),
        };
        let mut statements = Vec::new();
        for table in tables.split(";\n").take(1 + migrations) {
            let name = table.lines().find_map(|line| line.strip_prefix("-- 00"));
            statements.push(table.to_owned());
            statements
                .extend(name.map(|name| format!("INSERT INTO schema_migrations VALUES ('00{name}', 1)")));
        }
        if migrations > 0 {
            let value = if self.kind == Kind::Postgres { "'\\x7b7d'" } else { "x'7b7d'" };
            statements.push(format!("INSERT INTO kv VALUES ('default', 'shop/default/meta', {value}, 1, 1)"));
        }
        self.execute(&statements).await;
    }

    /// Runs statements in it.
    pub(crate) async fn execute(&self, statements: &[String]) {
        execute(self.kind, &self.url, statements).await.unwrap();
    }

    /// Its tables with their columns, and the migrations of its record, if there is one.
    pub(crate) async fn picture(&self) -> Vec<String> {
        let columns = match self.kind {
            Kind::Sqlite => "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1",
            Kind::Postgres => {
                "SELECT table_name || '.' || column_name FROM information_schema.columns
                 WHERE table_schema = current_schema() ORDER BY 1"
            }
            Kind::Mariadb => {
                "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
                 WHERE table_schema = DATABASE() ORDER BY 1"
            }
        };
        let mut picture = texts(self.kind, &self.url, columns).await.unwrap();
        // There may be no such table.
        let names = "SELECT CAST(name AS CHAR(64)) FROM schema_migrations ORDER BY 1";
        picture.extend(texts(self.kind, &self.url, names).await.unwrap_or_default());
        picture
    }

    /// Ends all connections to it, as a server does that restarts.
    pub(crate) async fn disconnect_all(&self) {
        disconnect_all(self.kind, &self.server_url, &self.name).await.unwrap();
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.kind == Kind::Sqlite {
            return;
        }
        // A thread of its own: the runtime of the test may be ending, and must not be waited for inside of itself.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let dropped = runtime.block_on(drop_database(self.kind, &self.server_url, &self.name));
                if let Err(error) = dropped {
                    // A second panic would end the process and hide the first one.
                    tracing::error!("a test database is left behind: {error}");
                }
            });
        });
    }
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("kaspi_amocrm_test_{now}_{process}_{count}")
}

/// The address of another database of the same server.
fn with_database(server_url: &str, name: &str) -> String {
    let (url, query) =
        server_url.split_once('?').map_or((server_url, None), |(url, query)| (url, Some(query)));
    let (scheme, rest) = url.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}/{name}{query}")
}

/// Says once, past the capture of test outputs, what the tests really ran on.
async fn tell_version(kind: Kind, server_url: &str) {
    static IS_TOLD: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];
    if IS_TOLD[usize::from(kind == Kind::Mariadb)].swap(true, Ordering::Relaxed) {
        return;
    }
    let version: String = match kind {
        Kind::Sqlite => return,
        Kind::Postgres => {
            let mut connection = PgConnection::connect(server_url).await.unwrap();
            sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await.unwrap()
        }
        Kind::Mariadb => {
            let mut connection = MySqlConnection::connect(server_url).await.unwrap();
            sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await.unwrap()
        }
    };
    let _ = writeln!(std::io::stderr(), "tests run on {kind:?} {version}");
}

/// The answers of a query, a text each.
async fn texts(kind: Kind, url: &str, query: &'static str) -> Result<Vec<String>, sqlx::Error> {
    match kind {
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await?;
            let answers = sqlx::query_scalar(query).fetch_all(&mut connection).await;
            // Its files beside the database are gone when this is over, not some time later.
            connection.close().await?;
            answers
        }
        Kind::Postgres => sqlx::query_scalar(query).fetch_all(&mut PgConnection::connect(url).await?).await,
        Kind::Mariadb => sqlx::query_scalar(query).fetch_all(&mut MySqlConnection::connect(url).await?).await,
    }
}

async fn execute(kind: Kind, url: &str, statements: &[String]) -> Result<(), sqlx::Error> {
    match kind {
        // Nothing to connect to where there is nothing to do.
        Kind::Sqlite if statements.is_empty() => {}
        Kind::Sqlite => {
            let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await?;
            // As every version has it.
            sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut connection).await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await?;
            }
            connection.close().await?;
        }
        Kind::Postgres => {
            let mut connection = PgConnection::connect(url).await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await?;
            }
            connection.close().await?;
        }
        Kind::Mariadb => {
            let mut connection = MySqlConnection::connect(url).await?;
            for statement in statements {
                sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await?;
            }
            connection.close().await?;
        }
    }
    Ok(())
}

async fn disconnect_all(kind: Kind, server_url: &str, name: &str) -> Result<(), sqlx::Error> {
    let kills = match kind {
        Kind::Sqlite => Vec::new(),
        Kind::Postgres => {
            vec![format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")]
        }
        Kind::Mariadb => {
            let mut connection = MySqlConnection::connect(server_url).await?;
            let ids: Vec<u64> = sqlx::query_scalar(
                "SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE db = ?",
            )
            .bind(name)
            .fetch_all(&mut connection)
            .await?;
            // One that has ended by itself is no error.
            for id in ids {
                let _ = sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}"))).execute(&mut connection).await;
            }
            connection.close().await?;
            Vec::new()
        }
    };
    execute(kind, server_url, &kills).await
}

async fn drop_database(kind: Kind, server_url: &str, name: &str) -> Result<(), sqlx::Error> {
    let mut tries = 0;
    loop {
        disconnect_all(kind, server_url, name).await?;
        match execute(kind, server_url, &[format!("DROP DATABASE IF EXISTS {name}")]).await {
            // PostgreSQL drops no database with connections, and they take a moment to end.
            Err(_) if tries < 100 => tokio::time::sleep(Duration::from_millis(20)).await,
            answer => return answer,
        }
        tries += 1;
    }
}
