//! The key-value data.

use std::collections::BTreeMap;

use sqlx::{MySqlTransaction, QueryBuilder, Row, mysql::MySqlRow};

use super::{MySql, check_fence, now, to_text};
use crate::store::{
    changes::last_of_each,
    error::StoreError,
    migrations::MIGRATIONS,
    port::{
        future::StoreFuture,
        kv::{Change, Values, Versioned},
        lease::Fence,
    },
    server::Tries,
};

/// What one statement takes: a server accepts 65,535 parameters and, as it comes, packets of 16 MiB.
const KEYS_AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 4 << 20;

impl MySql {
    /// All who write values lock one row: in common those who try for the first time, alone those who met another one.
    /// The record of the first migration is a row that is always there.
    async fn begin_write(
        &self,
        tries: &Tries,
        fence: &Fence,
    ) -> Result<MySqlTransaction<'static>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let lock = if tries.is_alone() {
            "SELECT 1 FROM schema_migrations WHERE name = ? FOR UPDATE"
        } else {
            "SELECT 1 FROM schema_migrations WHERE name = ? LOCK IN SHARE MODE"
        };
        let first = MIGRATIONS.first().map_or("", |migration| migration.name);
        sqlx::query(lock).bind(first.as_bytes()).execute(&mut *transaction).await?;
        check_fence(&mut transaction, fence).await?;
        Ok(transaction)
    }

    async fn try_write(
        &self,
        tries: &Tries,
        fence: &Fence,
        scope: &str,
        changes: &BTreeMap<&str, Option<&[u8]>>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_write(tries, fence).await?;
        let removed: Vec<&str> =
            changes.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key).collect();
        for keys in removed.chunks(KEYS_AT_ONCE) {
            let mut delete = QueryBuilder::new("DELETE FROM kv WHERE scope = ");
            delete.push_bind(scope.as_bytes()).push(" AND `key` IN ");
            push_list(&mut delete, keys);
            delete.build().persistent(false).execute(&mut *transaction).await?;
        }
        let set: Vec<(&str, &[u8])> =
            changes.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
        let mut rest = set.as_slice();
        while !rest.is_empty() {
            let (some, others) = rest.split_at(at_once(rest));
            self.set(&mut transaction, scope, some).await?;
            rest = others;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes values whatever is there.
    async fn set(
        &self,
        transaction: &mut MySqlTransaction<'_>,
        scope: &str,
        values: &[(&str, &[u8])],
    ) -> Result<(), StoreError> {
        let now_ms = self.clock.given_ms();
        let mut insert = QueryBuilder::new("INSERT INTO kv (scope, `key`, value, version, updated_at_ms) ");
        insert.push_values(values, |mut row, (key, value)| {
            row.push_bind(scope.as_bytes()).push_bind(key.as_bytes()).push_bind(*value).push("1");
            row.push("COALESCE(").push_bind_unseparated(now_ms);
            row.push_unseparated(", CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED))");
        });
        insert.push(
            " ON DUPLICATE KEY UPDATE
              value = VALUES(value), version = version + 1, updated_at_ms = VALUES(updated_at_ms)",
        );
        insert.build().persistent(false).execute(&mut **transaction).await?;
        Ok(())
    }

    /// Writes one value of a key whose row is locked, or was not there. What is there by now is not overwritten.
    async fn put(
        &self,
        transaction: &mut MySqlTransaction<'_>,
        scope: &str,
        key: &str,
        value: &[u8],
        is_known: bool,
    ) -> Result<(), StoreError> {
        let statement = if is_known {
            concat!(
                "UPDATE kv SET value = ?, version = version + 1, updated_at_ms = ",
                now!(),
                " WHERE scope = ? AND `key` = ?"
            )
        } else {
            concat!(
                "INSERT INTO kv (value, version, updated_at_ms, scope, `key`) VALUES (?, 1, ",
                now!(),
                ", ?, ?)"
            )
        };
        sqlx::query(statement)
            .bind(value)
            .bind(self.clock.given_ms())
            .bind(scope.as_bytes())
            .bind(key.as_bytes())
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    async fn try_increment(
        &self,
        tries: &Tries,
        fence: &Fence,
        scope: &str,
        key: &str,
        delta: i64,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.begin_write(tries, fence).await?;
        let old = locked(&mut transaction, scope, key).await?;
        let is_known = old.is_some();
        let old = match old {
            None => 0,
            Some(old) => i64::from_le_bytes(old.value.try_into().map_err(|_| StoreError::NotACounter)?),
        };
        let new = old.wrapping_add(delta);
        self.put(&mut transaction, scope, key, &new.to_le_bytes(), is_known).await?;
        transaction.commit().await?;
        Ok(new)
    }

    async fn try_swap(
        &self,
        tries: &Tries,
        fence: &Fence,
        scope: &str,
        key: &str,
        seen: Option<&Versioned>,
        value: &[u8],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin_write(tries, fence).await?;
        if locked(&mut transaction, scope, key).await?.as_ref() != seen {
            return Ok(false);
        }
        self.put(&mut transaction, scope, key, value, seen.is_some()).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// How many of some values one statement takes; one at least.
fn at_once(values: &[(&str, &[u8])]) -> usize {
    let mut bytes = 0;
    let fits = values.iter().take(KEYS_AT_ONCE).take_while(|(key, value)| {
        bytes += key.len() + value.len();
        bytes <= BYTES_AT_ONCE
    });
    fits.count().max(1)
}

fn push_list(query: &mut QueryBuilder<sqlx::MySql>, keys: &[impl AsRef<str>]) {
    query.push("(");
    let mut list = query.separated(", ");
    for key in keys {
        list.push_bind(key.as_ref().as_bytes().to_vec());
    }
    query.push(")");
}

async fn locked(
    transaction: &mut MySqlTransaction<'_>,
    scope: &str,
    key: &str,
) -> Result<Option<Versioned>, StoreError> {
    let row = sqlx::query("SELECT value, version FROM kv WHERE scope = ? AND `key` = ? FOR UPDATE")
        .bind(scope.as_bytes())
        .bind(key.as_bytes())
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_ref().map(to_versioned).transpose()
}

fn to_versioned(row: &MySqlRow) -> Result<Versioned, StoreError> {
    Ok(Versioned { value: row.try_get(0)?, version: row.try_get(1)? })
}

impl Values for MySql {
    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for keys in keys.chunks(KEYS_AT_ONCE) {
                let mut select = QueryBuilder::new("SELECT `key`, value FROM kv WHERE scope = ");
                select.push_bind(scope.as_bytes()).push(" AND `key` IN ");
                push_list(&mut select, keys);
                for row in select.build().persistent(false).fetch_all(&self.pool).await? {
                    found.push((to_text(row.try_get(0)?)?, row.try_get(1)?));
                }
            }
            Ok(found)
        })
    }

    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT value, version FROM kv WHERE scope = ? AND `key` = ?")
                .bind(scope.as_bytes())
                .bind(key.as_bytes())
                .fetch_optional(&self.pool)
                .await?;
            row.as_ref().map(to_versioned).transpose()
        })
    }

    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>> {
        Box::pin(async move {
            let keys: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT `key` FROM kv WHERE scope = ? AND `key` > ? ORDER BY `key` LIMIT ?",
            )
            .bind(scope.as_bytes())
            .bind(after.as_bytes())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
            keys.into_iter().map(to_text).collect()
        })
    }

    fn write<'a>(&'a self, fence: &'a Fence, scope: &'a str, changes: &'a [Change]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if changes.is_empty() {
                return Ok(());
            }
            let changes = last_of_each(changes);
            let mut tries = Tries::default();
            loop {
                match self.try_write(&tries, fence, scope, &changes).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
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
            let mut tries = Tries::default();
            loop {
                match self.try_increment(&tries, fence, scope, key, delta).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
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
            let mut tries = Tries::default();
            loop {
                match self.try_swap(&tries, fence, scope, key, seen, value).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }
}
