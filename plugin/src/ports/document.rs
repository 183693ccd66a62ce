//! Documents in the store: JSON, and an error that names the key of one that cannot be read.

use kaspi_amocrm_contract::{Finding, Message, MessageId};
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
        let problem = Message::new(
            MessageId::ValueUnreadable,
            [("key", &key), ("kind", &format!("{kind:?}")), ("column", &column)],
        );
        Finding::new("DATABASE_URL", problem, MessageId::RestoreOrUseOtherVersion).into()
    })
}
