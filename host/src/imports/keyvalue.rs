//! `wasi:keyvalue`: one bucket, `default`, on the store of this host. Every write carries the run's fence; a call
//! without one only reads.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::{
    Guest,
    bindings::wasi::keyvalue::{
        atomics::{self, CasError},
        batch,
        store::{self, Error, KeyResponse},
    },
};
use crate::store::{Change, Fence, Store, StoreError, Versioned};

/// The only bucket there is; hosts of other kinds offer no other without configuration.
const BUCKET: &str = "default";
/// Keys of one answer to `list-keys`.
const LIST_KEYS_MAX: u32 = 1000;

/// An open bucket.
#[derive(Debug)]
pub struct Bucket;

/// A value as it was seen, to be replaced if it is still the same.
#[derive(Debug)]
pub struct Cas {
    key: String,
    seen: Option<Versioned>,
}

fn failed(error: &StoreError) -> Error {
    tracing::warn!("the store refused the component: {error}");
    Error::Other(error.to_string())
}

fn answer<T>(result: Result<T, StoreError>) -> wasmtime::Result<Result<T, Error>> {
    Ok(result.map_err(|error| failed(&error)))
}

/// The store, and the run's right to write into it.
pub(super) struct Keyvalue {
    pub(super) store: Arc<dyn Store>,
    pub(super) fence: Option<Fence>,
}

impl Keyvalue {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = self.store.get_many(BUCKET, &[key.to_owned()]).await?;
        Ok(found.pop().map(|(_, value)| value))
    }

    /// What a write has to carry.
    fn fence(&self) -> Result<&Fence, Error> {
        self.fence.as_ref().ok_or(Error::AccessDenied)
    }

    async fn write(&self, changes: &[Change]) -> Result<(), Error> {
        self.store.write(self.fence()?, BUCKET, changes).await.map_err(|error| failed(&error))
    }
}

impl store::Host for Guest {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        if identifier != BUCKET {
            return Ok(Err(Error::NoSuchStore));
        }
        Ok(Ok(self.table.push(Bucket)?))
    }
}

impl store::HostBucket for Guest {
    async fn get(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        answer(self.keyvalue.read(&key).await)
    }

    async fn set(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.keyvalue.write(&[Change::Set(key, value)]).await)
    }

    async fn delete(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.keyvalue.write(&[Change::Delete(key)]).await)
    }

    async fn exists(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        answer(self.keyvalue.read(&key).await.map(|value| value.is_some()))
    }

    async fn list_keys(
        &mut self,
        _bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let after = cursor.unwrap_or_default();
        let keys = self.keyvalue.store.list_keys(BUCKET, &after, LIST_KEYS_MAX).await;
        answer(keys.map(|keys| {
            let full = u32::try_from(keys.len()).is_ok_and(|found| found == LIST_KEYS_MAX);
            let cursor = full.then(|| keys.last().cloned()).flatten();
            KeyResponse { keys, cursor }
        }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        _bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, Error>> {
        let found = self.keyvalue.store.get_many(BUCKET, &keys).await;
        answer(found.map(|found| found.into_iter().map(|(key, value)| (key, Some(value))).collect()))
    }

    async fn set_many(
        &mut self,
        _bucket: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let changes: Vec<Change> =
            key_values.into_iter().map(|(key, value)| Change::Set(key, value)).collect();
        Ok(self.keyvalue.write(&changes).await)
    }

    async fn delete_many(
        &mut self,
        _bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let changes: Vec<Change> = keys.into_iter().map(Change::Delete).collect();
        Ok(self.keyvalue.write(&changes).await)
    }
}

impl atomics::Host for Guest {
    async fn increment(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        match self.keyvalue.fence() {
            Ok(fence) => answer(self.keyvalue.store.increment(fence, BUCKET, &key, delta).await),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let Cas { key, seen } = self.table.delete(cas)?;
        let fence = match self.keyvalue.fence() {
            Ok(fence) => fence,
            Err(error) => return Ok(Err(CasError::StoreError(error))),
        };
        match self.keyvalue.store.swap(fence, BUCKET, &key, seen.as_ref(), &value).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => {
                // The caller gets what is there now, to decide again.
                match self.keyvalue.store.get_versioned(BUCKET, &key).await {
                    Ok(seen) => Ok(Err(CasError::CasFailed(self.table.push(Cas { key, seen })?))),
                    Err(error) => Ok(Err(CasError::StoreError(failed(&error)))),
                }
            }
            Err(error) => Ok(Err(CasError::StoreError(failed(&error)))),
        }
    }
}

impl atomics::HostCas for Guest {
    async fn new(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        match self.keyvalue.store.get_versioned(BUCKET, &key).await {
            Ok(seen) => Ok(Ok(self.table.push(Cas { key, seen })?)),
            Err(error) => Ok(Err(failed(&error))),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let cas = self.table.get(&cas)?;
        Ok(Ok(cas.seen.as_ref().map(|seen| seen.value.clone())))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sqlite;

    #[tokio::test]
    async fn without_a_fence_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("x.sqlite").display().to_string()).await.unwrap();
        store.migrate().await.unwrap();
        let keyvalue = Keyvalue { store: Arc::new(store), fence: None };
        let change = Change::Set("key".to_owned(), b"value".to_vec());
        assert!(matches!(keyvalue.write(&[change]).await, Err(Error::AccessDenied)));
        assert_eq!(keyvalue.read("key").await.unwrap(), None);
    }
}
