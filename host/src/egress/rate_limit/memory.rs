//! Tickets without a database: for calls that must not leave a trace in one.

use std::sync::{Arc, Mutex, PoisonError};

use crate::store::{Store, StoreClock, StoreFuture, Ticket, TicketAnswer, Tickets};

/// Tickets of one account, in memory.
#[derive(Debug, Default)]
pub struct MemoryTickets {
    rows: Mutex<Vec<Row>>,
    clock: StoreClock,
}

#[derive(Debug, Default, Clone, Copy)]
struct Row {
    free_at_ms: i64,
    uses: i64,
}

impl MemoryTickets {
    /// By a clock.
    pub fn new(clock: StoreClock) -> Self {
        Self { rows: Mutex::default(), clock }
    }
}

impl Tickets for MemoryTickets {
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        hold_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            let now_ms = self.clock.machine_ms();
            rows.resize(count as usize, Row::default());
            let Some((slot, row)) = rows.iter_mut().enumerate().min_by_key(|(_, row)| row.free_at_ms) else {
                return Ok(TicketAnswer::FreeIn(hold_ms));
            };
            if row.free_at_ms > now_ms {
                return Ok(TicketAnswer::FreeIn(row.free_at_ms - now_ms));
            }
            *row = Row { free_at_ms: now_ms + hold_ms, uses: row.uses + 1 };
            let slot = i64::try_from(slot).unwrap_or(i64::MAX);
            Ok(TicketAnswer::Taken(Ticket { account: account.to_owned(), slot, uses: row.uses }))
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            let row = usize::try_from(ticket.slot).ok().and_then(|slot| rows.get_mut(slot));
            if let Some(row) = row.filter(|row| row.uses == ticket.uses) {
                row.free_at_ms = self.clock.machine_ms() + rest_ms;
            }
            Ok(())
        })
    }

    fn tickets_free_in<'a>(&'a self, _account: &'a str) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            let free_at_ms = rows.iter().map(|row| row.free_at_ms).max().unwrap_or(0);
            Ok((free_at_ms - self.clock.machine_ms()).max(0))
        })
    }
}

/// Tickets of a call that stores nothing: its own, and only while nobody else has one of the account's out or
/// resting. So it keeps out of the way of real runs; one that begins in the same second may meet its last requests.
#[derive(Debug)]
pub struct QuietTickets {
    others: Arc<dyn Store>,
    own: MemoryTickets,
}

impl QuietTickets {
    /// Beside what the store says of other runs.
    pub fn new(others: Arc<dyn Store>) -> Self {
        Self { others, own: MemoryTickets::default() }
    }
}

impl Tickets for QuietTickets {
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        hold_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            match self.others.tickets_free_in(account).await? {
                0 => self.own.take_ticket(account, count, hold_ms).await,
                free_in_ms => Ok(TicketAnswer::FreeIn(free_in_ms)),
            }
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()> {
        self.own.return_ticket(ticket, rest_ms)
    }

    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64> {
        self.others.tickets_free_in(account)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::store::StoreOptions;

    #[tokio::test]
    async fn others_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("x.sqlite").display());
        let time = Arc::new(AtomicI64::new(1_000));
        let at = |now_ms| time.store(now_ms, Ordering::Relaxed);
        let clock = StoreClock::given({
            let time = time.clone();
            move || time.load(Ordering::Relaxed)
        });
        let options = StoreOptions { clock: clock.clone(), ..StoreOptions::default() };
        let store = crate::store::open_with(&url, options).await.unwrap();
        store.migrate().await.unwrap();
        let quiet = QuietTickets { others: store.clone(), own: MemoryTickets::new(clock) };
        let answer = async || quiet.take_ticket("acme:443", 7, 60_000).await.unwrap();
        assert!(matches!(answer().await, TicketAnswer::Taken(_)), "nobody else is there");

        at(2_000);
        let TicketAnswer::Taken(others) = store.take_ticket("acme:443", 7, 48_000).await.unwrap() else {
            panic!("all are free")
        };
        assert_eq!(answer().await, TicketAnswer::FreeIn(48_000), "one is out");
        store.return_ticket(&others, 1_001).await.unwrap();
        at(3_000);
        assert_eq!(answer().await, TicketAnswer::FreeIn(1), "it rests");
        at(3_001);
        assert!(matches!(answer().await, TicketAnswer::Taken(_)));
    }
}
