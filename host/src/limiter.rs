//! The tickets of one amoCRM account.
//!
//! The account accepts seven requests a second. A request needs one of seven tickets, and a ticket comes back one
//! second after its answer was received. So between two uses of a ticket at least a second passes at the other side
//! too, however long the network takes, and no second ever sees an eighth request. The times are in the store, which
//! all processes share, and by its clock.

mod memory;

use std::{fmt, sync::Arc, time::Duration};

pub use memory::{MemoryTickets, QuietTickets};
use tokio::sync::{Mutex, Notify};

use crate::{
    clock::millis,
    store::{StoreError, Ticket, TicketAnswer, Tickets},
};

/// From the answer to the next use. One millisecond more than a second, because clocks are read in whole ones.
const REST_MS: i64 = 1001;
/// A request that timed out may still be under way.
const TIMEOUT_REST_MS: i64 = 5000;
/// Another process may give a ticket back earlier than it said; longest time until we look again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an answer or an error.
    Received,
    /// Without one, at its deadline.
    TimedOut,
}

/// Hands out the tickets of one account.
pub struct Limiter {
    tickets: Arc<dyn Tickets>,
    account: String,
    count: u32,
    /// The one that asks the store; the others wait in line behind it, first come first served.
    line: Mutex<()>,
    returned: Notify,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("account", &self.account)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Limiter {
    /// Tickets of an account (`host:port`).
    pub fn new(tickets: Arc<dyn Tickets>, account: String, count: u32) -> Self {
        Self { tickets, account, count, line: Mutex::default(), returned: Notify::new() }
    }

    /// Waits for a ticket for a request that takes at most `deadline`.
    ///
    /// If the ticket is never given back, it is free again 5 s after that.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take(&self, deadline: Duration) -> Result<Ticket, StoreError> {
        let _turn = self.line.lock().await;
        loop {
            let hold_ms = millis(deadline) + TIMEOUT_REST_MS;
            let returned = self.returned.notified();
            match self.tickets.take_ticket(&self.account, self.count, hold_ms).await? {
                TicketAnswer::Taken(ticket) => return Ok(ticket),
                TicketAnswer::FreeIn(ms) => {
                    let wait = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
                    tokio::select! {
                        () = tokio::time::sleep(wait.min(LOOK_AGAIN)) => {}
                        () = returned => {}
                    }
                }
            }
        }
    }

    /// Gives a ticket back: it can be used again after its rest.
    ///
    /// # Errors
    /// When the store fails; the ticket is free later then.
    pub async fn give_back(&self, ticket: &Ticket, ended: Ended) -> Result<(), StoreError> {
        let rest_ms = match ended {
            Ended::Received => REST_MS,
            Ended::TimedOut => TIMEOUT_REST_MS,
        };
        self.tickets.return_ticket(ticket, rest_ms).await?;
        self.returned.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::store::StoreClock;

    /// Tickets in the virtual time of the tests.
    fn table(start: Instant) -> Arc<MemoryTickets> {
        Arc::new(MemoryTickets::new(StoreClock::given(move || 1_000_000 + millis(start.elapsed()))))
    }

    fn limiter(table: &Arc<MemoryTickets>) -> Arc<Limiter> {
        Arc::new(Limiter::new(table.clone(), "acme:443".to_owned(), 7))
    }

    /// Arrival times at the other side of `requests` requests over several processes.
    async fn arrivals(seed: u64, processes: usize, requests: u64, latency_ms_max: u64) -> Vec<u128> {
        let start = Instant::now();
        let table = table(start);
        let limiters: Vec<_> = (0..processes).map(|_| limiter(&table)).collect();
        let mut running = tokio::task::JoinSet::new();
        for request in 0..requests {
            let limiter = limiters[usize::try_from(request).unwrap() % processes].clone();
            let random = move |salt: u64| {
                let mut x = ((seed + 1) * 0x9E37_79B9) ^ ((request * 31 + salt) * 0x85EB_CA6B);
                x ^= x >> 13;
                x.wrapping_mul(0xC2B2_AE35) >> 7
            };
            running.spawn(async move {
                tokio::time::sleep(Duration::from_millis(random(0) % 2000)).await;
                let ticket = limiter.take(Duration::from_secs(60)).await.unwrap();
                // There and back take their time, each its own.
                tokio::time::sleep(Duration::from_millis(random(1) % (latency_ms_max + 1))).await;
                let arrived = start.elapsed().as_millis();
                tokio::time::sleep(Duration::from_millis(random(2) % (latency_ms_max + 1))).await;
                limiter.give_back(&ticket, Ended::Received).await.unwrap();
                arrived
            });
        }
        let mut arrived = running.join_all().await;
        arrived.sort_unstable();
        arrived
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_an_eighth_request() {
        for seed in 0..20 {
            for (processes, latency) in [(1, 0), (1, 300), (3, 40), (5, 900)] {
                let arrived = arrivals(seed, processes, 60, latency).await;
                assert_eq!(arrived.len(), 60);
                for window in arrived.windows(8) {
                    assert!(window[7] - window[0] >= 1000, "seed {seed}, {processes} processes: {window:?}");
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_account_is_used_to_the_full() {
        let arrived = arrivals(1, 1, 70, 0).await;
        // Seventy requests in ten rounds; what is above nine seconds and the start is waste.
        assert!(*arrived.last().unwrap() <= 11_100, "{:?}", arrived.last());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_ticket_comes_back_after_its_deadline() {
        let start = Instant::now();
        let table = table(start);
        let limiter = limiter(&table);
        for _ in 0..7 {
            limiter.take(Duration::from_secs(10)).await.unwrap();
        }
        limiter.take(Duration::from_secs(10)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_rests_longer() {
        let start = Instant::now();
        let table = table(start);
        let limiter = limiter(&table);
        let mut last = None;
        for _ in 0..7 {
            last = Some(limiter.take(Duration::from_secs(60)).await.unwrap());
        }
        limiter.give_back(&last.unwrap(), Ended::TimedOut).await.unwrap();
        limiter.take(Duration::from_secs(60)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
