//! Lets one run of a connection through at a time, on hosts that do not see to it themselves.
//!
//! The lease is a [`Lock`] of its own, made anew for each call. Whatever a call does goes through it: nothing is sent
//! that could still be on its way when the lease ends, and nothing is written once it has ended. So a run that stood
//! still for longer than its lease (a suspended machine) finds the next one at work and stops, and does not write what
//! it knew over what the other has done.
use crate::contract::types;

use std::cell::Cell;

use super::{cooldown::REST_MS, error::RunError};
use crate::{
    amocrm::WRITE_DEADLINE_MS,
    ports::{
        Http, HttpError, HttpRequest, HttpResponse, KeyPage, LocalFuture, Ports, Store, StoreError,
        lock::Lock,
    },
};

/// How long a run that died keeps its connection.
const TTL_MS: i64 = 60_000;
/// What is left of the lease when the deadline of a request is over, for clocks that differ.
const MARGIN_MS: i64 = 5_000;
const _: () = assert!(TTL_MS > WRITE_DEADLINE_MS as i64 + MARGIN_MS);
/// Tries of somebody who finds a lease that is just ending, or is beaten to it.
const TRIES_MAX: u32 = 3;
/// Between two of them at least.
const LOOK_AGAIN_MS: i64 = 50;

/// The right of one call to change what belongs to a connection, given back when it is dropped.
#[must_use = "without it another run may do the same work"]
pub(crate) struct Guard<'a> {
    ports: Ports<'a>,
    /// `None` where the host lets only one run through.
    lease: Option<Lease<'a>>,
}

impl<'a> Guard<'a> {
    /// For a connection, with who sees to its lease.
    ///
    /// # Errors
    /// [`RunError::Busy`] when another run has the connection; [`RunError::Config`] for a store on which no lease can
    /// be kept.
    pub(crate) async fn begin(
        ports: Ports<'a>,
        connection: &str,
        lease: types::Lease,
    ) -> Result<Self, RunError> {
        let lease = match lease {
            types::Lease::Host => None,
            types::Lease::Component => Some(Lease::take(ports, connection).await?),
        };
        Ok(Self { ports, lease })
    }

    /// What the call works with.
    pub(crate) fn ports(&self) -> Ports<'_> {
        match &self.lease {
            Some(lease) => Ports { http: lease, store: lease, ..self.ports },
            None => self.ports,
        }
    }

    /// Whether the host leaves it to us, and with it everything else that our own host does around a run.
    pub(crate) fn is_own(&self) -> bool {
        self.lease.is_some()
    }
}

/// Whether leases can be kept on a store, as far as can be told without taking one.
pub(crate) fn check(store: &dyn Store, connection: &str) -> Result<(), StoreError> {
    Lock::left_ms(store, &key(connection), 0).map(drop)
}

fn key(connection: &str) -> String {
    format!("lease/{connection}")
}

struct Lease<'a> {
    ports: Ports<'a>,
    lock: Lock,
    /// When the last answer came.
    answered_ms: Cell<Option<i64>>,
}

impl<'a> Lease<'a> {
    async fn take(ports: Ports<'a>, connection: &str) -> Result<Self, RunError> {
        let key = key(connection);
        for _ in 0..TRIES_MAX {
            let now_ms = ports.clock.now_ms();
            if let Some(lock) = Lock::try_take(ports.store, &key, None, now_ms, TTL_MS)? {
                return Ok(Self { ports, lock, answered_ms: Cell::new(None) });
            }
            let left_ms = Lock::left_ms(ports.store, &key, ports.clock.now_ms())?;
            // The rest after a run's last request, or one that is over just now.
            if left_ms > REST_MS {
                return Err(RunError::Busy);
            }
            ports.clock.sleep(left_ms.max(LOOK_AGAIN_MS).unsigned_abs()).await;
        }
        Err(RunError::Busy)
    }

    /// Whether it lasts so long from now on, renewed where that is due.
    fn lasts(&self, duration_ms: i64) -> Result<bool, StoreError> {
        self.lock.lasts(self.ports.store, duration_ms, self.ports.clock.now_ms(), TTL_MS)
    }

    fn may_write(&self) -> Result<&dyn Store, StoreError> {
        if self.lasts(MARGIN_MS)? { Ok(self.ports.store) } else { Err(StoreError::Lost) }
    }
}

impl Drop for Lease<'_> {
    /// The next run must not add its requests to those of the second before.
    fn drop(&mut self) {
        let rests_until_ms = self.answered_ms.get().map_or(0, |answered_ms| answered_ms + REST_MS);
        let until_ms = if rests_until_ms > self.ports.clock.now_ms() { rests_until_ms } else { 0 };
        // It ends by itself where the store fails.
        let _ = self.lock.release_at(self.ports.store, until_ms);
    }
}

impl Http for Lease<'_> {
    /// A run that has lost its connection sends nothing, as when its host ends.
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let duration_ms = i64::try_from(request.deadline_ms).unwrap_or(i64::MAX / 2) + MARGIN_MS;
            if !self.lasts(duration_ms).is_ok_and(|lasts| lasts) {
                return Err(HttpError::Ending);
            }
            let result = self.ports.http.send(request).await;
            self.answered_ms.set(Some(self.ports.clock.now_ms()));
            result
        })
    }
}

impl Store for Lease<'_> {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.ports.store.get_many(keys)
    }

    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.may_write()?.set_many(pairs)
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.may_write()?.delete_many(keys)
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.may_write()?.increment(key, delta)
    }

    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.may_write()?.swap(key, seen, value)
    }

    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.ports.store.list_keys(cursor)
    }
}
