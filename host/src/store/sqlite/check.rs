//! Whether a file is whole.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::super::error::StoreError;

/// Reads the whole file and looks for damage; changes nothing. Answers whether it is whole.
///
/// # Errors
/// When the file cannot be read at all.
pub async fn quick_check(file: &Path) -> Result<bool, StoreError> {
    const NOT_A_DATABASE: &str = "26";
    const DAMAGED: &str = "11";
    let failed = |error: sqlx::Error| StoreError::Database(Box::new(error));
    let is_damage = |error: &sqlx::Error| {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code == NOT_A_DATABASE || code == DAMAGED)
    };
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let answer = async {
        let mut connection = options.connect().await?;
        let answer: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(answer)
    };
    match answer.await {
        Ok(answer) => Ok(answer == "ok"),
        Err(error) if is_damage(&error) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}
