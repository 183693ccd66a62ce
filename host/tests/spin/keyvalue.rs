//! `wasi:keyvalue` with the habits of Spin's stores.

use std::collections::BTreeMap;

use wasmtime::component::Resource;

use super::{
    Guest,
    bindings::wasi::keyvalue::{
        atomics::{self, CasError},
        batch,
        store::{self, Error, KeyResponse},
    },
};

/// Which of Spin's stores stands behind the label `default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// `type = "spin"`, the default: a SQLite file.
    Sqlite,
    /// `type = "redis"`.
    Redis,
}

/// What outlives an instance.
pub(crate) struct Stores {
    backend: Backend,
    values: BTreeMap<String, Vec<u8>>,
    /// A call panicked while it had the connection: none works any more.
    is_poisoned: bool,
}

impl Stores {
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend, values: BTreeMap::new(), is_poisoned: false }
    }

    pub(super) fn values(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.values
    }

    /// As `increment` has it: SQLite eight bytes, Redis decimal text.
    fn increment(&mut self, key: String, delta: i64) -> wasmtime::Result<Result<i64, Error>> {
        let old = match (self.backend, self.values.get(&key)) {
            (_, None) => 0,
            (Backend::Sqlite, Some(value)) => match <[u8; 8]>::try_from(value.as_slice()) {
                Ok(bytes) => i64::from_le_bytes(bytes),
                Err(_) => {
                    self.is_poisoned = true;
                    wasmtime::bail!("called `Result::unwrap()` on an `Err` value: TryFromSliceError(())");
                }
            },
            (Backend::Redis, Some(value)) => {
                match std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()) {
                    Some(old) => old,
                    None => return Ok(Err(Error::Other("value is not an integer or out of range".into()))),
                }
            }
        };
        let new = old + delta;
        let value = match self.backend {
            Backend::Sqlite => new.to_le_bytes().to_vec(),
            Backend::Redis => new.to_string().into_bytes(),
        };
        self.values.insert(key, value);
        Ok(Ok(new))
    }

    /// Whether it is told as done. SQLite compares only with a value that `current` has shown.
    fn swap(&mut self, cas: &Cas, value: Vec<u8>) -> bool {
        let is_same = match &cas.shown {
            Some(shown) => self.values.get(&cas.key) == Some(shown),
            None => true,
        };
        if is_same {
            self.values.insert(cas.key.clone(), value);
        }
        is_same && self.backend == Backend::Sqlite
    }
}

/// An open bucket.
#[expect(unreachable_pub, reason = "generated code passes it on")]
pub struct Bucket;

/// A handle for compare-and-swap.
#[expect(unreachable_pub, reason = "generated code passes it on")]
pub struct Cas {
    key: String,
    /// What `current` has shown; `None` before it was asked, and where there was nothing.
    shown: Option<Vec<u8>>,
}

impl Guest {
    /// The store, unless it is broken.
    fn stores(&self) -> wasmtime::Result<std::sync::MutexGuard<'_, Stores>> {
        let stores = self.stores.lock().unwrap();
        if stores.is_poisoned {
            wasmtime::bail!("called `Result::unwrap()` on an `Err` value: PoisonError {{ .. }}");
        }
        Ok(stores)
    }
}

impl store::Host for Guest {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        if identifier != "default" {
            return Ok(Err(Error::AccessDenied));
        }
        Ok(Ok(self.table.push(Bucket)?))
    }
}

impl store::HostBucket for Guest {
    async fn get(
        &mut self,
        _: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(Ok(self.stores()?.values.get(&key).cloned()))
    }

    async fn set(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.stores()?.values.insert(key, value);
        Ok(Ok(()))
    }

    async fn delete(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.stores()?.values.remove(&key);
        Ok(Ok(()))
    }

    async fn exists(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        Ok(Ok(self.stores()?.values.contains_key(&key)))
    }

    async fn list_keys(
        &mut self,
        _: Resource<Bucket>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        if cursor.is_some() {
            return Ok(Err(Error::Other("list_keys: cursor not supported".into())));
        }
        let keys = self.stores()?.values.keys().rev().cloned().collect();
        Ok(Ok(KeyResponse { keys, cursor: None }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl batch::Host for Guest {
    /// Only what there is, and in an order of its own. On Redis Spin sends a command for patterns of keys: for several
    /// keys Redis refuses it, for one that there is Spin 4.0.2 panics (seen in the program).
    async fn get_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, Error>> {
        let stores = self.stores()?;
        if stores.backend == Backend::Redis {
            match keys.as_slice() {
                [key] if stores.values.contains_key(key) => {
                    wasmtime::bail!("internal error: entered unreachable code")
                }
                [_] => {}
                _ => return Ok(Err(Error::Other("wrong number of arguments for 'keys' command".into()))),
            }
        }
        let found = keys.into_iter().rev().filter_map(|key| {
            let value = stores.values.get(&key)?.clone();
            Some((key, Some(value)))
        });
        Ok(Ok(found.collect()))
    }

    async fn set_many(
        &mut self,
        _: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.stores()?.values.extend(key_values);
        Ok(Ok(()))
    }

    async fn delete_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let mut stores = self.stores()?;
        keys.iter().for_each(|key| drop(stores.values.remove(key)));
        Ok(Ok(()))
    }
}

impl atomics::Host for Guest {
    async fn increment(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        self.stores()?.increment(key, delta)
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let cas = self.table.delete(cas)?;
        if self.stores()?.swap(&cas, value) {
            return Ok(Ok(()));
        }
        let shown = self.stores()?.values.get(&cas.key).cloned();
        Ok(Err(CasError::CasFailed(self.table.push(Cas { key: cas.key, shown })?)))
    }
}

impl atomics::HostCas for Guest {
    async fn new(
        &mut self,
        _: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        Ok(Ok(self.table.push(Cas { key, shown: None })?))
    }

    async fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let key = self.table.get(&cas)?.key.clone();
        let shown = self.stores()?.values.get(&key).cloned();
        self.table.get_mut(&cas)?.shown.clone_from(&shown);
        Ok(Ok(shown))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}
