//! Locks that processes share through the store.
//!
//! Its key holds the time at which the lock ends, so the lock of a process that died ends by itself, and a short hash
//! of its owner. Owners are connections, of which the lease lets only one run through: a lock that a connection finds
//! to be its own was left behind by a run that died. A lease is a lock without an owner. Nothing but this module may
//! write to such a key: see [`Store::increment`].

use std::cell::Cell;

use super::store::{Store, StoreError};
use crate::domain::hash::hash;

/// A lock that seems to last longer than this was written under another clock and counts as ended.
const AHEAD_MS_MAX: i64 = 3_600_000;

/// Low bits of the stored number that name the owner; the others are milliseconds since 1970, for 4,000 years.
const OWNER_BITS: u32 = 16;

/// A lock that is ours until it ends.
#[must_use = "a lock that is not released holds others up until it ends"]
pub(crate) struct Lock {
    key: String,
    held: Cell<i64>,
}

impl Lock {
    /// Takes the lock if no other owner has it; without an owner, if nobody has. `ttl_ms` is longer than whatever is
    /// done under it, or until it is renewed.
    ///
    /// # Errors
    /// When the store fails, or cannot keep a lock.
    pub(crate) fn try_take(
        store: &dyn Store,
        key: &str,
        owner: Option<&str>,
        now_ms: i64,
        ttl_ms: i64,
    ) -> Result<Option<Self>, StoreError> {
        // Makes the key where it is missing: a compare-and-swap is only safe on one that exists.
        let seen = store.increment(key, 0)?;
        let owner = owner.map(owner_number);
        if is_held(seen, now_ms) && owner != Some(owner_of(seen)) {
            return Ok(None);
        }
        Self::replace(store, key, seen, stamp(now_ms + ttl_ms, owner.unwrap_or_default()))
    }

    /// Takes the lock if its key still holds `seen`.
    pub(crate) fn replace(
        store: &dyn Store,
        key: &str,
        seen: i64,
        held: i64,
    ) -> Result<Option<Self>, StoreError> {
        let is_ours = store.swap(key, &seen.to_le_bytes(), &held.to_le_bytes())?;
        Ok(is_ours.then(|| Self { key: key.to_owned(), held: Cell::new(held) }))
    }

    /// How long somebody has it from now on; 0: nobody has.
    ///
    /// # Errors
    /// When the store fails, or cannot keep a lock.
    pub(crate) fn left_ms(store: &dyn Store, key: &str, now_ms: i64) -> Result<i64, StoreError> {
        let seen = stored(key, store.get(key)?)?.unwrap_or_default();
        Ok(if is_held(seen, now_ms) { (seen >> OWNER_BITS) - now_ms } else { 0 })
    }

    /// When it ends.
    pub(crate) fn until_ms(&self) -> i64 {
        self.held.get() >> OWNER_BITS
    }

    /// Makes it last until `ttl_ms` from now; answers whether it is still ours.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn renew(&self, store: &dyn Store, now_ms: i64, ttl_ms: i64) -> Result<bool, StoreError> {
        let held = self.held.get();
        let next = stamp(now_ms + ttl_ms, owner_of(held));
        let is_ours = store.swap(&self.key, &held.to_le_bytes(), &next.to_le_bytes())?;
        if is_ours {
            self.held.set(next);
        }
        Ok(is_ours)
    }

    /// Sees to it that it lasts for `duration_ms` from now, and renews it where that is due; answers whether it does. One
    /// that was lost never does.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn lasts(
        &self,
        store: &dyn Store,
        duration_ms: i64,
        now_ms: i64,
        ttl_ms: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.until_ms() - now_ms >= duration_ms || self.renew(store, now_ms, ttl_ms)?)
    }

    /// Gives it back, with the name of who had it last. One that somebody took over meanwhile stays theirs.
    ///
    /// # Errors
    /// When the store fails; the lock ends by itself then.
    pub(crate) fn release(self, store: &dyn Store) -> Result<(), StoreError> {
        self.release_at(store, 0)
    }

    /// Lets it end at that moment; 0: at once.
    ///
    /// # Errors
    /// As for [`release`](Self::release).
    pub(crate) fn release_at(&self, store: &dyn Store, until_ms: i64) -> Result<(), StoreError> {
        let held = self.held.get();
        let end = stamp(until_ms, owner_of(held));
        store.swap(&self.key, &held.to_le_bytes(), &end.to_le_bytes()).map(drop)
    }
}

/// The number that a store holds for a lock.
///
/// # Errors
/// When it is none: some stores count in decimal text and answer every compare-and-swap with a failure, also where it
/// has written.
pub(crate) fn stored(key: &str, value: Option<Vec<u8>>) -> Result<Option<i64>, StoreError> {
    let number = |bytes: Vec<u8>| {
        <[u8; 8]>::try_from(bytes)
            .map(i64::from_le_bytes)
            .map_err(|_| StoreError::Uncounting { key: key.to_owned() })
    };
    value.map(number).transpose()
}

/// Who of several owners came first: the same answer for all who ever ask, also for those that stood still meanwhile.
/// With an owner it is them if nobody was before; without one it may be nobody.
pub(crate) fn first(store: &dyn Store, key: &str, owner: Option<&str>) -> Result<Option<i64>, StoreError> {
    let nobody = 0_i64.to_le_bytes();
    if let Some(owner) = owner {
        store.increment(key, 0)?;
        store.swap(key, &nobody, &stamp(1, owner_number(owner)).to_le_bytes())?;
    }
    let seen = stored(key, store.get(key)?)?;
    Ok(seen.filter(|seen| *seen != 0).map(owner_of))
}

/// A moment and an owner in one number; in order of the moments.
pub(crate) fn stamp(moment_ms: i64, owner: i64) -> i64 {
    (moment_ms << OWNER_BITS) | owner
}

pub(crate) fn owner_number(owner: &str) -> i64 {
    i64::from_str_radix(&hash(&[owner])[..4], 16).expect("a hash is hexadecimal")
}

pub(crate) fn owner_of(stamp: i64) -> i64 {
    stamp & ((1 << OWNER_BITS) - 1)
}

/// Whether a stored number says that somebody has the lock.
pub(crate) fn is_held(seen: i64, now_ms: i64) -> bool {
    let until_ms = seen >> OWNER_BITS;
    now_ms < until_ms && until_ms < now_ms + AHEAD_MS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{overlay::Overlay, store::KeyPage};

    /// A store that has nothing; what is written stays in the overlay.
    struct Nothing;

    impl Store for Nothing {
        fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
            Ok(vec![None; keys.len()])
        }
        fn set_many(&self, _: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
            unreachable!("the overlay keeps it")
        }
        fn delete_many(&self, _: &[String]) -> Result<(), StoreError> {
            unreachable!("the overlay keeps it")
        }
        fn increment(&self, _: &str, _: i64) -> Result<i64, StoreError> {
            unreachable!("the overlay keeps it")
        }
        fn swap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<bool, StoreError> {
            unreachable!("the overlay keeps it")
        }
        fn list_keys(&self, _: Option<&str>) -> Result<KeyPage, StoreError> {
            Ok(KeyPage::default())
        }
    }

    #[test]
    fn one_owner_at_a_time_until_it_is_given_back_or_ends() {
        let store = Overlay::new(&Nothing);
        let take = |owner, now_ms| Lock::try_take(&store, "lock/x", Some(owner), now_ms, 500).unwrap();
        let first = take("one", 1_000).expect("nobody has it");
        assert_eq!(first.until_ms(), 1_500);
        assert!(take("two", 1_000).is_none() && take("two", 1_499).is_none());
        first.release(&store).unwrap();
        let second = take("two", 1_001).expect("given back");
        assert!(take("one", 1_500).is_none());
        let third = take("one", 1_501).expect("the second one has ended");
        second.release(&store).unwrap();
        assert!(take("two", 1_502).is_none(), "who comes late gives nothing back that is not theirs");
        third.release(&store).unwrap();
    }

    #[test]
    fn what_a_dead_run_of_the_same_connection_left_is_taken_over() {
        let store = Overlay::new(&Nothing);
        let take = |owner, now_ms| Lock::try_take(&store, "lock/x", Some(owner), now_ms, 500).unwrap();
        let dead = take("one", 1_000).expect("nobody has it");
        let next = take("one", 1_001).expect("its own");
        dead.release(&store).unwrap();
        assert!(take("two", 1_002).is_none(), "the dead one holds nothing any more");
        next.release(&store).unwrap();
    }

    #[test]
    fn a_lock_of_another_clock_is_no_lock() {
        let store = Overlay::new(&Nothing);
        let _far =
            Lock::try_take(&store, "lock/x", Some("one"), 5 * AHEAD_MS_MAX, 500).unwrap().expect("free");
        assert!(Lock::try_take(&store, "lock/x", Some("two"), 1_000, 500).unwrap().is_some());
    }
}
