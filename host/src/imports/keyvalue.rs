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
use crate::{
    base::bucket::BUCKET,
    runtime::Sandbox,
    store::{Change, Fence, Store, StoreError, Versioned},
};

/// Keys of one answer to `list-keys`.
const LIST_KEYS_MAX: u32 = 1000;

/// Keys of one statement: values come into memory together, and only then is known how large they are.
const READ_KEYS_MAX: usize = 50;
/// What a change costs beside its key and value, in bytes.
const CHANGE_BYTES: u64 = 64;

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

/// The store, the run's right to write into it, and how much of it is used.
pub(super) struct Keyvalue {
    pub(super) store: Arc<dyn Store>,
    pub(super) fence: Option<Fence>,
    sandbox: Sandbox,
    written_bytes: u64,
    held_bytes: usize,
    has_refused: bool,
}

impl Keyvalue {
    pub(super) fn new(store: Arc<dyn Store>, fence: Option<Fence>, sandbox: &Sandbox) -> Self {
        let sandbox = sandbox.clone();
        Self { store, fence, sandbox, written_bytes: 0, held_bytes: 0, has_refused: false }
    }

    /// What a write has to carry.
    fn fence(&self) -> Result<&Fence, Error> {
        self.fence.as_ref().ok_or(Error::AccessDenied)
    }

    pub(super) fn limit(&mut self, sandbox: &Sandbox) {
        self.sandbox = sandbox.clone();
    }

    /// Says it once in the log, without the key: it may be anything.
    fn refuse(&mut self, why: &str) -> Error {
        if !self.has_refused {
            tracing::warn!("the component asked too much of the store: {why}");
        }
        self.has_refused = true;
        Error::Other(why.to_owned())
    }

    fn check_keys<'k>(&mut self, keys: impl ExactSizeIterator<Item = &'k String>) -> Result<(), Error> {
        if keys.len() > self.sandbox.keys_at_once {
            return Err(self.refuse("too many keys in one call"));
        }
        let key_bytes = self.sandbox.key_bytes;
        if keys.into_iter().any(|key| key.len() > key_bytes) {
            return Err(self.refuse("a key is too long"));
        }
        Ok(())
    }

    /// Counts what is about to be written.
    fn spend<'c>(
        &mut self,
        changes: impl ExactSizeIterator<Item = (&'c String, usize)>,
    ) -> Result<(), Error> {
        let changes: Vec<_> = changes.collect();
        self.check_keys(changes.iter().map(|(key, _)| *key))?;
        if changes.iter().any(|(_, value_bytes)| *value_bytes > self.sandbox.value_bytes) {
            return Err(self.refuse("a value is too large"));
        }
        let cost: u64 =
            changes.iter().map(|(key, value_bytes)| CHANGE_BYTES + (key.len() + value_bytes) as u64).sum();
        if self.written_bytes.saturating_add(cost) > self.sandbox.written_bytes {
            return Err(self.refuse("too many bytes written in one call"));
        }
        self.written_bytes += cost;
        Ok(())
    }

    async fn read(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, Error> {
        self.check_keys(keys.iter())?;
        let mut found = Vec::new();
        let mut bytes = 0;
        for keys in keys.chunks(READ_KEYS_MAX) {
            let values = self.store.get_many(BUCKET, keys).await.map_err(|error| failed(&error))?;
            bytes += values.iter().map(|(_, value)| value.len()).sum::<usize>();
            if bytes > self.sandbox.call_bytes {
                return Err(self.refuse("the values are too large for one answer"));
            }
            found.extend(values);
        }
        Ok(found)
    }

    async fn read_one(&mut self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.read(&[key]).await?.pop().map(|(_, value)| value))
    }

    async fn write(&mut self, changes: &[Change]) -> Result<(), Error> {
        self.spend(changes.iter().map(|change| match change {
            Change::Set(key, value) => (key, value.len()),
            Change::Delete(key) => (key, 0),
        }))?;
        self.store.write(self.fence()?, BUCKET, changes).await.map_err(|error| failed(&error))
    }

    async fn increment(&mut self, key: &String, delta: i64) -> Result<i64, Error> {
        self.spend([(key, size_of::<i64>())].into_iter())?;
        self.store.increment(self.fence()?, BUCKET, key, delta).await.map_err(|error| failed(&error))
    }

    /// The value as it is, kept for as long as the handle.
    async fn see(&mut self, key: String) -> Result<Cas, Error> {
        self.check_keys([&key].into_iter())?;
        let seen = self.store.get_versioned(BUCKET, &key).await.map_err(|error| failed(&error))?;
        let cas = Cas { key, seen };
        if self.held_bytes + cas.bytes() > self.sandbox.call_bytes {
            return Err(self.refuse("too many bytes in open compare-and-swap handles"));
        }
        self.held_bytes += cas.bytes();
        Ok(cas)
    }

    async fn swap(&mut self, cas: &Cas, value: &[u8]) -> Result<bool, Error> {
        self.held_bytes -= cas.bytes();
        self.spend([(&cas.key, value.len())].into_iter())?;
        let Cas { key, seen } = cas;
        self.store
            .swap(self.fence()?, BUCKET, key, seen.as_ref(), value)
            .await
            .map_err(|error| failed(&error))
    }
}

impl Cas {
    fn bytes(&self) -> usize {
        self.key.len() + self.seen.as_ref().map_or(0, |seen| seen.value.len())
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
        Ok(self.keyvalue.read_one(key).await)
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
        Ok(self.keyvalue.read_one(key).await.map(|value| value.is_some()))
    }

    async fn list_keys(
        &mut self,
        _bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let after = cursor.unwrap_or_default();
        if let Err(error) = self.keyvalue.check_keys([&after].into_iter()) {
            return Ok(Err(error));
        }
        let keys = self.keyvalue.store.list_keys(BUCKET, &after, LIST_KEYS_MAX).await;
        Ok(keys.map_err(|error| failed(&error)).map(|keys| {
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
        let found = self.keyvalue.read(&keys).await;
        Ok(found.map(|found| found.into_iter().map(|(key, value)| (key, Some(value))).collect()))
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
        Ok(self.keyvalue.increment(&key, delta).await)
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let cas = self.table.delete(cas)?;
        match self.keyvalue.swap(&cas, &value).await {
            Ok(true) => Ok(Ok(())),
            // The caller gets what is there now, to decide again.
            Ok(false) => match self.keyvalue.see(cas.key).await {
                Ok(cas) => Ok(Err(CasError::CasFailed(self.table.push(cas)?))),
                Err(error) => Ok(Err(CasError::StoreError(error))),
            },
            Err(error) => Ok(Err(CasError::StoreError(error))),
        }
    }
}

impl atomics::HostCas for Guest {
    async fn new(
        &mut self,
        _bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        match self.keyvalue.see(key).await {
            Ok(cas) => Ok(Ok(self.table.push(cas)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let cas = self.table.get(&cas)?;
        Ok(Ok(cas.seen.as_ref().map(|seen| seen.value.clone())))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.keyvalue.held_bytes -= self.table.delete(cas)?.bytes();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Schema as _, Sqlite};

    #[tokio::test]
    async fn without_a_fence_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("x.sqlite").display().to_string()).await.unwrap();
        store.migrate().await.unwrap();
        let mut keyvalue = Keyvalue::new(Arc::new(store), None, &Sandbox::default());
        let change = Change::Set("key".to_owned(), b"value".to_vec());
        assert!(matches!(keyvalue.write(&[change]).await, Err(Error::AccessDenied)));
        assert_eq!(keyvalue.read_one("key".to_owned()).await.unwrap(), None);
    }
}
