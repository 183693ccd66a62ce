//! Documents in the store: JSON, and an error that names the key of one that cannot be read.

use serde::{Serialize, de::DeserializeOwned};

use super::store::{Store, StoreError};

pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("ledger values are plain data with text keys")
}

/// Reads a document of the ledger that everything depends on; one that cannot be read stops the run.
pub(crate) fn read<T: DeserializeOwned>(store: &dyn Store, key: &str) -> Result<Option<T>, StoreError> {
    store.get(key)?.map(|bytes| decode(key, &bytes)).transpose()
}

pub(crate) fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (kind, column) = (error.classify(), error.column());
        StoreError::Unusable(format!(
            "DATABASE_URL: the value of {key} cannot be read ({kind:?} error at column {column}); restore the database \
             from a backup, or use the version of this program that wrote it / значение {key} не читается; \
             восстановите базу из резервной копии или используйте версию программы, которая его записала"
        ))
    })
}
