//! The key-value data of the component.

use super::{future::StoreFuture, lease::Fence};

/// A value with its version, for compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Vec<u8>,
    /// Rises with every write of the key.
    pub version: i64,
}

/// One change of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes a value.
    Set(String, Vec<u8>),
    /// Removes the key, if it is there.
    Delete(String),
}

/// The key-value data of the component.
pub trait Values: Send + Sync {
    /// Values of those keys that exist, in any order.
    fn get_many<'a>(&'a self, scope: &'a str, keys: &'a [String]) -> StoreFuture<'a, Vec<(String, Vec<u8>)>>;

    /// One value with its version.
    fn get_versioned<'a>(&'a self, scope: &'a str, key: &'a str) -> StoreFuture<'a, Option<Versioned>>;

    /// At most `limit` keys after `after`, in the order of their bytes.
    fn list_keys<'a>(&'a self, scope: &'a str, after: &'a str, limit: u32) -> StoreFuture<'a, Vec<String>>;

    /// Makes all changes or none. Of several changes of a key the last one counts.
    fn write<'a>(&'a self, fence: &'a Fence, scope: &'a str, changes: &'a [Change]) -> StoreFuture<'a, ()>;

    /// Adds to a counter (stored as a little-endian `i64`), which is 0 where it does not exist.
    fn increment<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        delta: i64,
    ) -> StoreFuture<'a, i64>;

    /// Writes a value if the key still holds exactly what was seen. Answers whether it did.
    fn swap<'a>(
        &'a self,
        fence: &'a Fence,
        scope: &'a str,
        key: &'a str,
        seen: Option<&'a Versioned>,
        value: &'a [u8],
    ) -> StoreFuture<'a, bool>;
}
