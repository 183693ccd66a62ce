//! A lock that processes share through the store.
//!
//! Its key holds the time at which the lock ends, so the lock of a process that died ends by itself. Nothing but
//! this file may write to such a key: see [`Store::increment`].

use crate::ports::{Store, StoreError};

/// A lock that seems to last longer than this was written under another clock and counts as ended.
const AHEAD_MS_MAX: i64 = 3_600_000;

/// A lock that is ours until it ends.
#[must_use = "a lock that is not released holds others up until it ends"]
pub struct Lock<'a> {
    store: &'a dyn Store,
    key: &'a str,
    until_ms: i64,
}

impl<'a> Lock<'a> {
    /// Takes the lock if nobody has it. `ttl_ms` is longer than whatever is done under it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn try_take(
        store: &'a dyn Store,
        key: &'a str,
        now_ms: i64,
        ttl_ms: i64,
    ) -> Result<Option<Self>, StoreError> {
        // Makes the key where it is missing: a compare-and-swap is only safe on one that exists.
        let seen_ms = store.increment(key, 0)?;
        if now_ms < seen_ms && seen_ms < now_ms + AHEAD_MS_MAX {
            return Ok(None);
        }
        let until_ms = now_ms + ttl_ms;
        let is_ours = store.swap(key, &seen_ms.to_le_bytes(), &until_ms.to_le_bytes())?;
        Ok(is_ours.then_some(Self { store, key, until_ms }))
    }

    /// When it ends.
    pub fn until_ms(&self) -> i64 {
        self.until_ms
    }

    /// Gives it back. One that somebody took over meanwhile stays theirs.
    ///
    /// # Errors
    /// When the store fails; the lock ends by itself then.
    pub fn release(self) -> Result<(), StoreError> {
        self.store.swap(self.key, &self.until_ms.to_le_bytes(), &0_i64.to_le_bytes()).map(drop)
    }
}
