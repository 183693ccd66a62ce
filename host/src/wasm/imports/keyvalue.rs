//! `wasi:keyvalue`: one bucket, `default`, on the store of this host.

use wasmtime::component::Resource;

use crate::{
    base::bucket::BUCKET,
    store::Change,
    wasm::guest::{
        Bucket, Cas, Guest,
        bindings::wasi::keyvalue::{
            atomics::{self, CasError},
            batch,
            store::{self, Error, KeyResponse},
        },
        failed,
    },
};

/// Keys of one answer to `list-keys`.
const LIST_KEYS_MAX: u32 = 1000;

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
