//! From an address to its database.

use std::{path::PathBuf, sync::Arc};

use super::{
    error::StoreError, mysql::MySql, options::StoreOptions, port::Store, postgres::Postgres, sqlite::Sqlite,
};

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
