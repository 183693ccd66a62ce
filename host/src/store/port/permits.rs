//! How many requests an account is sent at a time.

use super::future::StoreFuture;

/// A ticket for one request to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The account.
    pub account: String,
    /// Which of its tickets.
    pub slot: i64,
    /// How often it was used.
    pub uses: i64,
}

/// Answer to [`Tickets::take_ticket`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketAnswer {
    /// A request may be sent.
    Taken(Ticket),
    /// None is free; the next one will be in so many milliseconds, or earlier.
    FreeIn(i64),
}

/// The tickets of the accounts, shared by all processes of one database.
pub trait Tickets: Send + Sync {
    /// Takes one of the first `count` tickets of an account, if one is free.
    ///
    /// It counts as gone for `hold_ms`, which holds if nobody gives it back: the process may die.
    fn take_ticket<'a>(&'a self, account: &'a str, count: u32, hold_ms: i64)
    -> StoreFuture<'a, TicketAnswer>;

    /// Gives a ticket back; it is free again after `rest_ms`.
    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()>;

    /// In how many milliseconds all tickets of an account are free; 0 where they are, or where it never had any.
    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64>;
}

/// A ticket that ends later than this was written under another clock; it counts as ended.
pub(in crate::store) const TICKET_AHEAD_MAX_MS: i64 = 180_000;
/// When such a ticket is free again: the real answers are at most a second old.
pub(in crate::store) const TICKET_RESET_MS: i64 = 1_000;
