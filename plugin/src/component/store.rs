//! The ledger's home over `wasi:keyvalue`.

use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
};

use super::bindings::wasi::keyvalue::{
    atomics::{self, Cas, CasError},
    batch,
    store::{self, Bucket, Error},
};
use crate::ports::{KeyPage, Store, StoreError};

/// The one label that Spin offers without configuration, so all keys live in it behind prefixes.
const BUCKET: &str = "default";

/// Keys of one call. A longer list becomes several calls in the order given; a host that writes a call in one
/// transaction therefore writes that many in one.
const KEYS_MAX: usize = 200;

/// The bucket, opened at first use.
#[derive(Default)]
pub(super) struct WasiStore {
    bucket: OnceCell<Bucket>,
    /// The store failed a `get-many` whose keys it then answered singly.
    reads_singly: Cell<bool>,
}

impl WasiStore {
    fn bucket(&self) -> Result<&Bucket, StoreError> {
        if let Some(bucket) = self.bucket.get() {
            return Ok(bucket);
        }
        let bucket =
            store::open(BUCKET).map_err(|error| failed("cannot open the bucket `default`", error))?;
        Ok(self.bucket.get_or_init(|| bucket))
    }

    /// Some hosts answer only the keys that exist, and in any order: matched by key.
    fn read(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let bucket = self.bucket()?;
        let are_several = keys.len() > 1;
        // Not for one key: on Redis Spin 4.0 asks for all keys that look like it, and panics where there is one.
        if are_several && !self.reads_singly.get() {
            match batch::get_many(bucket, keys) {
                Ok(found) => {
                    let found: BTreeMap<String, Option<Vec<u8>>> = found.into_iter().collect();
                    return Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect());
                }
                // Spin's Redis store sends a command that Redis refuses; single reads work there.
                Err(Error::Other(_)) => {}
                Err(error) => return Err(failed("cannot read", error)),
            }
        }
        let values = keys
            .iter()
            .map(|key| bucket.get(key).map_err(|error| failed("cannot read", error)))
            .collect::<Result<_, _>>()?;
        if are_several {
            self.reads_singly.set(true);
        }
        Ok(values)
    }
}

impl Store for WasiStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_MAX) {
            values.append(&mut self.read(keys)?);
        }
        Ok(values)
    }

    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let bucket = self.bucket()?;
        pairs.chunks(KEYS_MAX).try_for_each(|pairs| {
            batch::set_many(bucket, pairs).map_err(|error| failed("cannot write", error))
        })
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        let bucket = self.bucket()?;
        keys.chunks(KEYS_MAX).try_for_each(|keys| {
            batch::delete_many(bucket, keys).map_err(|error| failed("cannot delete", error))
        })
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        atomics::increment(self.bucket()?, key, delta).map_err(|error| failed("cannot count", error))
    }

    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let failed = |error| failed("cannot swap", error);
        let cas = Cas::new(self.bucket()?, key).map_err(failed)?;
        // Spin compares with what `current` has shown, so it has to be asked even where the answer is known.
        if cas.current().map_err(failed)?.as_deref() != Some(seen) {
            return Ok(false);
        }
        match atomics::swap(cas, value) {
            Ok(()) => Ok(true),
            Err(CasError::CasFailed(_)) => Ok(false),
            Err(CasError::StoreError(error)) => Err(failed(error)),
        }
    }

    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        let page = self.bucket()?.list_keys(cursor).map_err(|error| failed("cannot list keys", error))?;
        Ok(KeyPage { keys: page.keys, cursor: page.cursor })
    }
}

fn failed(what: &str, error: Error) -> StoreError {
    StoreError::Failed(match error {
        Error::NoSuchStore => format!("{what}: the host has no store of that name"),
        Error::AccessDenied => {
            format!("{what}: the host denies access, on Spin list `{BUCKET}` under key_value_stores")
        }
        Error::Other(why) => format!("{what}: {why}"),
    })
}
