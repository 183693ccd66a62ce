//! The lock of an amoCRM account, for the shops that work with it.

use std::cell::RefCell;

use super::limits::WRITE_DEADLINE_MS;
use crate::ports::{
    Ports, Store, StoreError,
    document::encode,
    lock::{Lock, is_held, owner_number, owner_of, stamp, stored},
};

/// How long the lock of a shop that died holds the others up.
const TTL_MS: i64 = 60_000;
/// What is left of it at least when a request is sent: longer than any request lasts, with room for clocks that
/// differ.
const LEFT_MS_MIN: i64 = 40_000;
const _: () = assert!(LEFT_MS_MIN > WRITE_DEADLINE_MS as i64 && TTL_MS > LEFT_MS_MIN);
/// Between two looks at a lock that somebody else has.
const LOOK_AGAIN_MS: u64 = 500;
/// How long a run waits: not long, for its slice is to end, and not too short to get a turn at all.
const WAIT_MS: std::ops::RangeInclusive<u64> = 5_000..=20_000;
/// A waiting shop that has not looked for so long is not let through first.
const FRESH_MS: i64 = 3_000;
/// It keeps its place for so long, because its next slice may take a while to come.
const PLACE_MS: i64 = 60_000;

/// Who had the lock before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nobody since this connection gave it back: what it knows of the account holds.
    Undisturbed,
    /// Another connection, or a run that died: what is known of the account has to be read again.
    AfterOthers,
}

/// Lets one run at a time look up and make what belongs to an amoCRM account, whichever shop it is of.
///
/// Leases exclude runs of one connection only. Two shops of one account that looked for the same buyer at the same
/// time would both find nobody, and both make the contact. So a unit of work, from the first look to the last note,
/// is done under this lock.
///
/// **A holder that is paused** (`SIGSTOP`, a suspended machine) past the end of its lock makes nothing twice. Its
/// attempt is durable first, then the lock is renewed by compare-and-swap, then the request is sent. If somebody took
/// the lock before the renewal, nothing is sent. If somebody takes it after the renewal, the attempt is there to be
/// read, and what an open attempt may have made is in doubt: nobody makes it until it is settled, and it settles
/// only from the attempt's deadline on. The request cannot come after that: the host sends no byte of a request whose
/// total deadline is over, and at the moment it is handed over the lock lasts longer than this deadline. So a lock
/// that has ended also means that no request is on its way any more.
///
/// **Turns.** Shops that wait stand in line, by the moment at which they began to wait; who finds the lock free lets
/// those go first who wait longer and still look. So shops that always have work take turns, and one that comes back
/// in its next slice has kept its place.
///
/// The lock of the tokens is only ever taken inside of this one, never the other way round.
pub(crate) struct AccountLock<'a> {
    ports: Ports<'a>,
    owner: i64,
    /// `None` while it is not taken.
    held: RefCell<Option<Lock>>,
}

impl<'a> AccountLock<'a> {
    /// The lock as it concerns one connection; not taken.
    pub(crate) fn new(ports: Ports<'a>, connection: &str) -> Self {
        Self { ports, owner: owner_number(connection), held: RefCell::default() }
    }

    /// Takes the lock of an account; `None` if others had it all the time. Waits for `wait_ms`, within reason.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn take(&self, account_id: i64, wait_ms: u64) -> Result<Option<Taken>, StoreError> {
        let wait_ms = wait_ms.clamp(*WAIT_MS.start(), *WAIT_MS.end());
        let key = format!("lock/amo/{account_id}");
        let clock = self.ports.clock;
        let began_ms = clock.monotonic_ms();
        let mut place = None;
        loop {
            if let Some(taken) = self.try_take(&key, &mut place)? {
                return Ok(Some(taken));
            }
            if clock.monotonic_ms() - began_ms >= wait_ms {
                return Ok(None);
            }
            clock.sleep(LOOK_AGAIN_MS).await;
        }
    }

    /// `place` is the moment and the owner by which this connection stands in line.
    fn try_take(&self, key: &str, place: &mut Option<i64>) -> Result<Option<Taken>, StoreError> {
        let (store, now_ms) = (self.ports.store, self.ports.clock.now_ms());
        let line_key = format!("{key}/line");
        let mut values = store.get_many(&[key.to_owned(), line_key.clone()])?.into_iter();
        let seen = match stored(key, values.next().flatten())? {
            Some(seen) => seen,
            // Makes the key where it is missing: a compare-and-swap is only safe on one that exists.
            None => store.increment(key, 0)?,
        };
        let line = Line::read(values.next().flatten(), now_ms);
        let own = line.places.iter().find(|(place, _)| owner_of(*place) == self.owner);
        let place = *place.get_or_insert(own.map_or(stamp(now_ms, self.owner), |(place, _)| *place));
        let is_held = is_held(seen, now_ms);
        // One that is our own was left behind by a run that died; nobody else could take it now.
        let is_turn = if is_held { owner_of(seen) == self.owner } else { line.lets_through(place, now_ms) };
        if is_turn && let Some(lock) = Lock::replace(store, key, seen, stamp(now_ms + TTL_MS, self.owner))? {
            self.held.replace(Some(lock));
            if own.is_some() {
                line.leave(store, &line_key, self.owner)?;
            }
            let is_undisturbed = seen == stamp(0, self.owner);
            return Ok(Some(if is_undisturbed { Taken::Undisturbed } else { Taken::AfterOthers }));
        }
        line.stand(store, &line_key, place, now_ms)?;
        Ok(None)
    }

    /// Renews it; answers whether it is still ours.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn renew(&self) -> Result<bool, StoreError> {
        let (store, now_ms) = (self.ports.store, self.ports.clock.now_ms());
        self.held.borrow().as_ref().map_or(Ok(false), |lock| lock.renew(store, now_ms, TTL_MS))
    }

    /// Sees to it that the lock, where it was taken, ends later than a request that is sent now; answers whether it
    /// does. One that was lost never does.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn outlasts_a_request(&self) -> Result<bool, StoreError> {
        let (store, now_ms) = (self.ports.store, self.ports.clock.now_ms());
        self.held.borrow().as_ref().map_or(Ok(true), |lock| lock.lasts(store, LEFT_MS_MIN, now_ms, TTL_MS))
    }

    /// Gives it back, with the name of who had it last. One that somebody took over stays theirs.
    ///
    /// # Errors
    /// When the store fails; the lock ends by itself then.
    pub(crate) fn release(&self) -> Result<(), StoreError> {
        self.held.take().map_or(Ok(()), |lock| lock.release(self.ports.store))
    }
}

/// Who waits: since when and who, in one number, and when it last looked. Only a courtesy: the lock is safe without.
struct Line {
    places: Vec<(i64, i64)>,
    stored: Option<Vec<u8>>,
}

impl Line {
    /// Without those that have given up.
    fn read(stored: Option<Vec<u8>>, now_ms: i64) -> Self {
        let places = stored.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut places: Vec<(i64, i64)> = places.unwrap_or_default();
        places.retain(|(_, looked_ms)| (now_ms - looked_ms).abs() < PLACE_MS);
        Self { places, stored }
    }

    /// Whether nobody waits longer.
    fn lets_through(&self, place: i64, now_ms: i64) -> bool {
        self.places.iter().all(|(other, looked_ms)| *other >= place || now_ms - looked_ms >= FRESH_MS)
    }

    /// Notes that the owner of a place has just looked.
    fn stand(mut self, store: &dyn Store, key: &str, place: i64, now_ms: i64) -> Result<(), StoreError> {
        let own = self.places.iter().find(|(other, _)| owner_of(*other) == owner_of(place));
        if own.is_some_and(|(_, looked_ms)| now_ms - looked_ms < FRESH_MS / 3) {
            return Ok(());
        }
        self.places.retain(|(other, _)| owner_of(*other) != owner_of(place));
        self.places.push((place, now_ms));
        self.write(store, key)
    }

    /// Takes an owner out.
    fn leave(mut self, store: &dyn Store, key: &str, owner: i64) -> Result<(), StoreError> {
        self.places.retain(|(other, _)| owner_of(*other) != owner);
        self.write(store, key)
    }

    /// If others write at the same time, the next look does it again.
    fn write(self, store: &dyn Store, key: &str) -> Result<(), StoreError> {
        let value = encode(&self.places);
        match &self.stored {
            Some(stored) => store.swap(key, stored, &value).map(drop),
            None => store.set_many(&[(key.to_owned(), value)]),
        }
    }
}
