//! The key-value store.

use kaspi_amocrm_contract::{Finding, Message, MessageId};
use std::fmt;
/// The store failed. The run stops: what cannot be recorded must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// It does not answer, or answers nonsense.
    Failed(String),
    /// A stored value cannot be used: damaged, moved, or sealed with another key.
    Unusable(Box<Finding>),
    /// It does not keep counters as they have to be kept.
    Uncounting {
        /// Where that was seen.
        key: String,
    },
    /// The run has lost its connection to another one and may not write any more.
    Lost,
}

impl StoreError {
    /// For people.
    pub fn message(&self) -> Message {
        match self {
            Self::Failed(detail) => Message::new(MessageId::StoreFailed, [("detail", detail)]),
            Self::Unusable(finding) => finding.message(),
            Self::Uncounting { key } => Message::new(MessageId::StoreKeepsNoCounters, [("key", key)]),
            Self::Lost => MessageId::ConnectionLost.into(),
        }
    }
}

impl From<Finding> for StoreError {
    fn from(finding: Finding) -> Self {
        Self::Unusable(Box::new(finding))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for StoreError {}

/// Some of the keys of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<String>,
    /// What to ask for the next page with; `None` at the end.
    pub cursor: Option<String>,
}

/// A durable key-value store. What belongs to a shop has one writer at a time (its lease sees to that); what shops of
/// an account share is worked on under the lock of the account.
pub trait Store {
    /// Values of the keys, in the order of the keys.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Writes all pairs in the order given, durable on return. Many pairs may be written in several steps, and a
    /// host may die between them: what others rely on comes last.
    ///
    /// # Errors
    /// When anything could not be written.
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError>;

    /// Removes keys; those that do not exist are no error.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError>;

    /// Adds to a counter, an `i64` of eight little-endian bytes that is made with 0 where it is missing, in one step
    /// with whatever others do. A key that is counted with is never set otherwise: some hosts fail for good on it.
    ///
    /// # Errors
    /// When the store fails.
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError>;

    /// Writes a value if the key still holds exactly `seen`, in one step. Answers whether it did. Only for keys that
    /// exist: some hosts write without looking where there is no value yet.
    ///
    /// # Errors
    /// When the store fails.
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// One page of all keys, in no particular order: the first one, or the one that follows another. Keys that come or
    /// go meanwhile may be missing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError>;

    /// Value of one key.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get_many(&[key.to_owned()])?.pop().flatten())
    }
}
