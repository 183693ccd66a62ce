//! The durable record of every order and of every open attempt to create something.
//!
//! Two realms: a **shop**'s own (orders, watermark), under `shop/<connection>/`, and what belongs to the **amoCRM
//! account**, under `amo/<account id>/`, which shops of one account share (contacts, products, leads by code, open
//! attempts) and work on under its lock.
//! Values are JSON with a version; what is not understood is reported, never overwritten.
//! Only the payload of an order has personal data; it is a record of its own and is removed once the order is settled.
//! What is private ([`is_private`]) reaches the store sealed.

mod account;
mod index;
mod record;
mod row;
mod shop;
mod visits;

pub use account::{AccountLedger, Attempt, Attempts, Effect, LeadEntry, Tail};
pub use index::Index;
pub use record::{Note, Parts, Record, Trouble, Written, tombstones};
pub use shop::{AccountPin, Loaded, Meta, Settled, ShopLedger, Unreadable};
pub use visits::{Visit, Visits};

use serde::{Serialize, de::DeserializeOwned};

use crate::ports::{Store, StoreError};

/// Whether the value of a key holds secrets or personal data, and is therefore sealed (`seal.rs`): tokens, payloads,
/// and the salt without which the hashes of phones tell nothing.
pub fn is_private(key: &str) -> bool {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        ["oauth", ..] => true,
        ["shop", _, part, ..] => *part == "payload",
        ["amo", _, part, ..] => *part == "salt",
        _ => false,
    }
}

/// Pairs that are written together.
pub type Pairs = Vec<(String, Vec<u8>)>;

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
