//! The migrations, embedded, and what tells whose database it is.
//!
//! One statement each and safe to repeat: a migration that failed half-way is simply run again. A migration that was
//! released is history and is never edited. A version applies its migrations to the databases of the version before;
//! the first that was released is 0.2.0.

use super::error::StoreError;

/// A step from one schema to the next.
#[derive(Debug)]
pub struct Migration {
    /// Its file name without ending, the same for every database.
    pub name: &'static str,
    /// Its one statement for SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
    /// For MariaDB and MySQL.
    pub mysql: &'static str,
}

macro_rules! migrations {
    ($($name:literal)*) => {
        &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
            mysql: include_str!(concat!("../../../migrations/mysql/", $name, ".sql")),
        }),*]
    };
}

/// All of them, oldest first.
pub static MIGRATIONS: &[Migration] = migrations!(
    "0001_kv"
    "0002_leases"
    "0003_due_jobs"
    "0004_schedule"
    "0005_permits"
    "0006_runs"
    "0007_runs_by_start"
    "0008_runs_by_job"
    "0009_sessions"
    "0010_passwords"
    "0011_login_attempts"
    "0012_audit_events"
);

/// The generation of the tables. It rises where a database of before cannot be migrated.
pub(super) const GENERATION: i64 = 1;
/// The first version whose tables are of this generation.
pub(super) const FIRST_VERSION: &str = "0.2.0";
/// The table that holds both. It is made before all others, so a database without it has nothing of ours.
const FORMAT_TABLE: &str = "schema_format";
/// The table of the migrations that were applied.
pub(super) const RECORD_TABLE: &str = "schema_migrations";
/// The other tables: ours, and those that only unreleased versions made. A database that has one of them is not empty.
const TABLES: [&str; 13] = [
    "kv",
    "leases",
    "due_jobs",
    "schedule",
    "permits",
    "runs",
    "sessions",
    "passwords",
    "login_attempts",
    "audit_events",
    "tickets",
    "attempts",
    "acts",
];

/// Whether a database with these tables is ours. One without any of ours is empty; one with a table that nothing
/// says to be ours is left alone.
pub(super) fn is_ours(tables: &[String]) -> Result<bool, StoreError> {
    if tables.iter().any(|table| table == FORMAT_TABLE) {
        return Ok(true);
    }
    let is_known = |table: &&String| table.as_str() == RECORD_TABLE || TABLES.contains(&table.as_str());
    tables.iter().find(is_known).map_or(Ok(false), |table| Err(StoreError::Foreign(table.clone())))
}

/// `None` where a program died before it could say.
pub(super) fn check_generation(generation: Option<i64>) -> Result<(), StoreError> {
    match generation {
        Some(generation) if generation != GENERATION => Err(StoreError::NewerGeneration(generation)),
        _ => Ok(()),
    }
}

/// The first `max` migrations: those that a program knows.
pub(super) fn known(max: usize) -> &'static [Migration] {
    &MIGRATIONS[..max.min(MIGRATIONS.len())]
}

/// Those that are not applied yet. A database with one that is not known belongs to a newer program.
pub(super) fn missing(
    known: &'static [Migration],
    applied: &[String],
) -> Result<Vec<&'static Migration>, StoreError> {
    match applied.iter().find(|applied| known.iter().all(|migration| migration.name != applied.as_str())) {
        Some(name) => Err(StoreError::Newer(name.clone())),
        None => {
            let is_missing = |migration: &&Migration| applied.iter().all(|applied| applied != migration.name);
            Ok(known.iter().filter(is_missing).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_every_folder_is_embedded_in_order() {
        for dialect in ["sqlite", "postgres", "mysql"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(dialect);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .map(|name| name.strip_suffix(".sql").expect("only .sql files").to_owned())
                .collect();
            files.sort();
            let names: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
            assert_eq!(files, names, "{dialect}");
        }
    }

    #[test]
    fn every_table_is_known() {
        for migration in MIGRATIONS {
            let made = migration.sqlite.split_once("CREATE TABLE IF NOT EXISTS ");
            let Some((table, _)) = made.and_then(|(_, rest)| rest.split_once(' ')) else { continue };
            assert!(TABLES.contains(&table), "{table}");
        }
    }

    #[test]
    fn each_is_one_statement() {
        for migration in MIGRATIONS {
            for statement in [migration.sqlite, migration.postgres, migration.mysql] {
                let mut code = statement.lines().filter(|line| !line.starts_with("--"));
                assert!(code.all(|line| !line.contains(';')), "{}: {statement}", migration.name);
            }
        }
    }
}
