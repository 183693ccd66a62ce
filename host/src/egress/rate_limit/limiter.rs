//! Hands out the tickets of one account, and takes them back.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::fair_queue::{Line, Urgency};
use crate::{
    base::clock::millis,
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
    /// One asks the store, the others wait in line behind it.
    line: Arc<Line>,
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
        Self { tickets, account, count, line: Arc::default(), returned: Notify::new() }
    }

    /// What a connection has of it.
    pub fn share(self: &Arc<Self>, connection: &str, urgency: Urgency) -> Share {
        Share { limiter: self.clone(), connection: connection.into(), urgency }
    }

    /// How many of the tickets may be used for something. Backfill leaves a quarter alone, so that live orders of
    /// other hosts, which stand in no line with it, find a ticket within a second.
    fn usable(&self, urgency: Urgency) -> u32 {
        match urgency {
            Urgency::Live => self.count,
            Urgency::Backfill => (self.count - self.count.div_ceil(4)).max(1),
        }
    }

    async fn take(
        &self,
        connection: &Arc<str>,
        urgency: Urgency,
        deadline: Duration,
    ) -> Result<Ticket, StoreError> {
        let _turn = self.line.turn(connection, urgency).await;
        let count = self.usable(urgency);
        loop {
            let hold_ms = millis(deadline) + TIMEOUT_REST_MS;
            let returned = self.returned.notified();
            match self.tickets.take_ticket(&self.account, count, hold_ms).await? {
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

    async fn give_back(&self, ticket: &Ticket, ended: Ended) -> Result<(), StoreError> {
        let rest_ms = match ended {
            Ended::Received => REST_MS,
            Ended::TimedOut => TIMEOUT_REST_MS,
        };
        self.tickets.return_ticket(ticket, rest_ms).await?;
        self.returned.notify_waiters();
        Ok(())
    }
}

/// A connection's share of the tickets of its account: as large as everybody else's who wants one.
#[derive(Debug, Clone)]
pub struct Share {
    limiter: Arc<Limiter>,
    connection: Arc<str>,
    urgency: Urgency,
}

impl Share {
    /// Waits for a ticket for a request that takes at most `deadline`.
    ///
    /// If the ticket is never given back, it is free again 5 s after that.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take(&self, deadline: Duration) -> Result<Ticket, StoreError> {
        self.limiter.take(&self.connection, self.urgency, deadline).await
    }

    /// Gives a ticket back: it can be used again after its rest.
    ///
    /// # Errors
    /// When the store fails; the ticket is free later then.
    pub async fn give_back(&self, ticket: &Ticket, ended: Ended) -> Result<(), StoreError> {
        self.limiter.give_back(ticket, ended).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::{egress::rate_limit::MemoryTickets, store::StoreClock};

    /// Tickets in the virtual time of the tests.
    fn table(start: Instant) -> Arc<MemoryTickets> {
        Arc::new(MemoryTickets::new(StoreClock::given(move || 1_000_000 + millis(start.elapsed()))))
    }

    fn limiter(table: &Arc<MemoryTickets>) -> Share {
        Arc::new(Limiter::new(table.clone(), "acme:443".to_owned(), 7)).share("default", Urgency::Live)
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

    #[tokio::test(start_paused = true)]
    async fn one_with_much_to_do_leaves_the_others_their_share() {
        let start = Instant::now();
        let busy = limiter(&table(start));
        let mut running = tokio::task::JoinSet::new();
        for n in 0..150 {
            // Two connections ask for one request after the other, one for all of its at once.
            let share = match n {
                0 | 1 => busy.limiter.share(&format!("shop {n}"), Urgency::Live),
                _ => busy.clone(),
            };
            running.spawn(async move {
                let turns = if n < 2 { 10 } else { 1 };
                for _ in 0..turns {
                    let ticket = share.take(Duration::from_secs(60)).await.unwrap();
                    share.give_back(&ticket, Ended::Received).await.unwrap();
                }
                (n, start.elapsed())
            });
        }
        let ended = running.join_all().await;
        let last = |of: fn(&usize) -> bool| ended.iter().filter(|(n, _)| of(n)).map(|(_, at)| *at).max();
        // Thirty turns of three connections, seven a second.
        assert!(last(|n| *n < 2).unwrap() <= Duration::from_secs(6), "{ended:?}");
        assert!(last(|n| *n >= 2).unwrap() >= Duration::from_secs(20), "all of them share seven a second");
    }

    #[tokio::test(start_paused = true)]
    async fn backfill_of_another_host_leaves_tickets_to_live_orders() {
        let start = Instant::now();
        let table = table(start);
        let backfill = limiter(&table).limiter.share("default", Urgency::Backfill);
        let live = limiter(&table);
        for _ in 0..5 {
            backfill.take(Duration::from_secs(60)).await.unwrap();
        }
        live.take(Duration::from_secs(60)).await.unwrap();
        live.take(Duration::from_secs(60)).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        backfill.take(Duration::from_secs(60)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 65, "no further ticket before one of its own comes back");
    }
}
