//! Tickets without a database: for calls that must not leave a trace in one.

use std::sync::{Arc, Mutex, PoisonError};

use crate::store::{Store, StoreFuture, Ticket, TicketAnswer, Tickets};

/// Tickets of one account, in memory.
#[derive(Debug, Default)]
pub struct MemoryTickets(Mutex<Vec<(i64, i64)>>);

impl Tickets for MemoryTickets {
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        now_ms: i64,
        until_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            rows.resize(count as usize, (0, 0));
            let Some((slot, row)) = rows.iter_mut().enumerate().min_by_key(|(_, row)| row.0) else {
                return Ok(TicketAnswer::FreeAt(until_ms));
            };
            if row.0 > now_ms {
                return Ok(TicketAnswer::FreeAt(row.0));
            }
            *row = (until_ms, row.1 + 1);
            let slot = i64::try_from(slot).unwrap_or(i64::MAX);
            Ok(TicketAnswer::Taken(Ticket { account: account.to_owned(), slot, uses: row.1 }))
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, free_at_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let row = usize::try_from(ticket.slot).ok().and_then(|slot| rows.get_mut(slot));
            if let Some(row) = row.filter(|row| row.1 == ticket.uses) {
                row.0 = free_at_ms;
            }
            Ok(())
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
        now_ms: i64,
        until_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            let free_at = self.others.tickets_free_at(account).await?;
            if free_at > now_ms && free_at < until_ms {
                return Ok(TicketAnswer::FreeAt(free_at));
            }
            self.own.take_ticket(account, count, now_ms, until_ms).await
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, free_at_ms: i64) -> StoreFuture<'a, ()> {
        self.own.return_ticket(ticket, free_at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn others_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("x.sqlite").display());
        let store = crate::store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let quiet = QuietTickets::new(store.clone());
        let taken = quiet.take_ticket("acme:443", 7, 1_000, 60_000).await.unwrap();
        assert!(matches!(taken, TicketAnswer::Taken(_)), "nobody else is there");

        let others = loop {
            if let TicketAnswer::Taken(ticket) =
                store.take_ticket("acme:443", 7, 2_000, 50_000).await.unwrap()
            {
                break ticket;
            }
        };
        let answer = async |now_ms| quiet.take_ticket("acme:443", 7, now_ms, now_ms + 60_000).await.unwrap();
        assert_eq!(answer(2_000).await, TicketAnswer::FreeAt(50_000), "one is out");
        store.return_ticket(&others, 3_001).await.unwrap();
        assert_eq!(answer(3_000).await, TicketAnswer::FreeAt(3_001), "it rests");
        assert!(matches!(answer(3_001).await, TicketAnswer::Taken(_)));
    }
}
