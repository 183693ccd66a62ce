//! The key-value data.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgTransaction, Row, postgres::PgRow};

use super::{Postgres, check_fence, now};
use crate::store::{
    changes::last_of_each,
    error::StoreError,
    port::{
        future::StoreFuture,
        kv::{Change, Values, Versioned},
        lease::Fence,
    },
    server::Tries,
};

/// Held by all who write values: shared by those who try for the first time, alone by those who met another one.
const WRITE_LOCK: i64 = 0x006b_6173_7069_6b76;

impl Postgres {
    async fn begin_write(&self, tries: &Tries, fence: &Fence) -> Result<PgTransaction<'static>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let lock = if tries.is_alone() {
            "SELECT pg_advisory_xact_lock($1)"
        } else {
            "SELECT pg_advisory_xact_lock_shared($1)"
        };
        sqlx::query(lock).bind(WRITE_LOCK).execute(&mut *transaction).await?;
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
        // In the order of the keys: connections of one account share keys, and must not wait for each other in a ring.
        let keys: Vec<&str> = changes.keys().copied().collect();
        let known: Vec<String> = sqlx::query_scalar(
            "SELECT key FROM kv WHERE scope = $1 AND key = ANY($2) ORDER BY key FOR UPDATE",
        )
        .bind(scope)
        .bind(&keys)
        .fetch_all(&mut *transaction)
        .await?;
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        let removed: Vec<&str> =
            keys.into_iter().filter(|key| changes[key].is_none() && known.contains(key)).collect();
        if !removed.is_empty() {
            sqlx::query("DELETE FROM kv WHERE scope = $1 AND key = ANY($2)")
                .bind(scope)
                .bind(&removed)
                .execute(&mut *transaction)
                .await?;
        }
        let set = changes.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        let (old, new): (Vec<_>, Vec<_>) = set.partition(|(key, _)| known.contains(key));
        self.update(&mut transaction, scope, old).await?;
        self.insert(&mut transaction, scope, new).await?;
        Ok(transaction.commit().await?)
    }

    /// Two lists in one row each are as long as each other, so they are walked in step.
    async fn update(
        &self,
        transaction: &mut PgTransaction<'_>,
        scope: &str,
        values: Vec<(&str, &[u8])>,
    ) -> Result<(), StoreError> {
        if values.is_empty() {
            return Ok(());
        }
        let (keys, values): (Vec<&str>, Vec<&[u8]>) = values.into_iter().unzip();
        sqlx::query(concat!(
            "UPDATE kv SET value = new.value, version = kv.version + 1, updated_at_ms = ",
            now!(),
            " FROM (SELECT unnest($3::text[]) AS key, unnest($4::bytea[]) AS value) AS new
             WHERE kv.scope = $2 AND kv.key = new.key"
        ))
        .bind(self.clock.given_ms())
        .bind(scope)
        .bind(keys)
        .bind(values)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    async fn insert(
        &self,
        transaction: &mut PgTransaction<'_>,
        scope: &str,
        values: Vec<(&str, &[u8])>,
    ) -> Result<(), StoreError> {
        if values.is_empty() {
            return Ok(());
        }
        let (keys, values): (Vec<&str>, Vec<&[u8]>) = values.into_iter().unzip();
        sqlx::query(concat!(
            "INSERT INTO kv (scope, key, value, version, updated_at_ms) SELECT $2, new.key, new.value, 1, ",
            now!(),
            " FROM (SELECT unnest($3::text[]) AS key, unnest($4::bytea[]) AS value) AS new"
        ))
        .bind(self.clock.given_ms())
        .bind(scope)
        .bind(keys)
        .bind(values)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    /// Writes one value of a key whose row is locked, or was not there.
    async fn put(
        &self,
        transaction: &mut PgTransaction<'_>,
        scope: &str,
        key: &str,
        value: &[u8],
        is_known: bool,
    ) -> Result<(), StoreError> {
        let values = vec![(key, value)];
        if is_known {
            self.update(transaction, scope, values).await
        } else {
            self.insert(transaction, scope, values).await
        }
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

async fn locked(
    transaction: &mut PgTransaction<'_>,
    scope: &str,
    key: &str,
) -> Result<Option<Versioned>, StoreError> {
    let row = sqlx::query("SELECT value, version FROM kv WHERE scope = $1 AND key = $2 FOR UPDATE")
        .bind(scope)
        .bind(key)
        .fetch_optional(&mut **transaction)
        .await?;
    row.as_ref().map(to_versioned).transpose()
}

fn to_versioned(row: &PgRow) -> Result<Versioned, StoreError> {
    Ok(Versioned { value: row.try_get(0)?, version: row.try_get(1)? })
}

impl Values for Postgres {
    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT key, value FROM kv WHERE scope = $1 AND key = ANY($2)")
                .bind(scope)
                .bind(keys)
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
        })
    }

    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT value, version FROM kv WHERE scope = $1 AND key = $2")
                .bind(scope)
                .bind(key)
                .fetch_optional(&self.pool)
                .await?;
            row.as_ref().map(to_versioned).transpose()
        })
    }

    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>> {
        Box::pin(async move {
            let keys =
                sqlx::query_scalar("SELECT key FROM kv WHERE scope = $1 AND key > $2 ORDER BY key LIMIT $3")
                    .bind(scope)
                    .bind(after)
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await?;
            Ok(keys)
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
