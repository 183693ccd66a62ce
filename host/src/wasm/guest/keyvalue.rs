//! The part of the store that one instance works on, within its limits. Every write carries the run's fence; without one
//! it only reads.

use std::sync::Arc;

use super::{bindings::wasi::keyvalue::store::Error, resources::Cas, sandbox::Sandbox};
use crate::{
    base::bucket::BUCKET,
    store::{Change, Fence, Store, StoreError},
};

/// Keys of one statement: values come into memory together, and only then is known how large they are.
const READ_KEYS_MAX: usize = 50;
/// What a change costs beside its key and value, in bytes.
const CHANGE_BYTES: u64 = 64;

pub(crate) fn failed(error: &StoreError) -> Error {
    tracing::warn!("the store refused the component: {error}");
    Error::Other(error.to_string())
}

/// The store, the run's right to write into it, and how much of it is used.
pub(crate) struct Keyvalue {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fence: Option<Fence>,
    sandbox: Sandbox,
    written_bytes: u64,
    pub(crate) held_bytes: usize,
    has_refused: bool,
}

impl Keyvalue {
    pub(crate) fn new(store: Arc<dyn Store>, fence: Option<Fence>, sandbox: &Sandbox) -> Self {
        let sandbox = sandbox.clone();
        Self { store, fence, sandbox, written_bytes: 0, held_bytes: 0, has_refused: false }
    }

    /// What a write has to carry.
    fn fence(&self) -> Result<&Fence, Error> {
        self.fence.as_ref().ok_or(Error::AccessDenied)
    }

    pub(crate) fn limit(&mut self, sandbox: &Sandbox) {
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

    pub(crate) fn check_keys<'k>(
        &mut self,
        keys: impl ExactSizeIterator<Item = &'k String>,
    ) -> Result<(), Error> {
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

    pub(crate) async fn read(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, Error> {
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

    pub(crate) async fn read_one(&mut self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.read(&[key]).await?.pop().map(|(_, value)| value))
    }

    pub(crate) async fn write(&mut self, changes: &[Change]) -> Result<(), Error> {
        self.spend(changes.iter().map(|change| match change {
            Change::Set(key, value) => (key, value.len()),
            Change::Delete(key) => (key, 0),
        }))?;
        self.store.write(self.fence()?, BUCKET, changes).await.map_err(|error| failed(&error))
    }

    pub(crate) async fn increment(&mut self, key: &String, delta: i64) -> Result<i64, Error> {
        self.spend([(key, size_of::<i64>())].into_iter())?;
        self.store.increment(self.fence()?, BUCKET, key, delta).await.map_err(|error| failed(&error))
    }

    /// The value as it is, kept for as long as the handle.
    pub(crate) async fn see(&mut self, key: String) -> Result<Cas, Error> {
        self.check_keys([&key].into_iter())?;
        let seen = self.store.get_versioned(BUCKET, &key).await.map_err(|error| failed(&error))?;
        let cas = Cas { key, seen };
        if self.held_bytes + cas.bytes() > self.sandbox.call_bytes {
            return Err(self.refuse("too many bytes in open compare-and-swap handles"));
        }
        self.held_bytes += cas.bytes();
        Ok(cas)
    }

    pub(crate) async fn swap(&mut self, cas: &Cas, value: &[u8]) -> Result<bool, Error> {
        self.held_bytes -= cas.bytes();
        self.spend([(&cas.key, value.len())].into_iter())?;
        let Cas { key, seen } = cas;
        self.store
            .swap(self.fence()?, BUCKET, key, seen.as_ref(), value)
            .await
            .map_err(|error| failed(&error))
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
