//! The key-value data.

use sqlx::{Row, SqliteTransaction, sqlite::SqliteRow};

use super::Sqlite;
use crate::store::{
    changes::last_of_each,
    error::StoreError,
    port::{
        future::StoreFuture,
        kv::{Change, Values, Versioned},
        lease::Fence,
    },
};

async fn set(
    transaction: &mut SqliteTransaction<'_>,
    scope: &str,
    key: &str,
    value: &[u8],
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO kv (scope, key, value, version, updated_at_ms) VALUES (?1, ?2, ?3, 1, ?4)
         ON CONFLICT (scope, key) DO UPDATE
         SET value = excluded.value, version = kv.version + 1, updated_at_ms = excluded.updated_at_ms",
    )
    .bind(scope)
    .bind(key)
    .bind(value)
    .bind(now_ms)
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

impl Values for Sqlite {
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
            let now_ms = self.clock.machine_ms();
            for (key, value) in last_of_each(changes) {
                match value {
                    Some(value) => set(&mut transaction, scope, key, value, now_ms).await?,
                    None => {
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
            set(&mut transaction, scope, key, &new.to_le_bytes(), self.clock.machine_ms()).await?;
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
            set(&mut transaction, scope, key, value, self.clock.machine_ms()).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }
}
