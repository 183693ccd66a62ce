//! Tickets.

use sqlx::Row;

use super::{Postgres, now};
use crate::store::{
    error::StoreError,
    port::{
        future::StoreFuture,
        permits::{TICKET_AHEAD_MAX_MS, TICKET_RESET_MS, Ticket, TicketAnswer, Tickets},
    },
    server::Tries,
};

impl Postgres {
    /// The row is locked by the inner statement, which goes on to the next free one where somebody else was quicker.
    async fn try_take_ticket(
        &self,
        account: &str,
        count: u32,
        hold_ms: i64,
    ) -> Result<Option<Ticket>, StoreError> {
        let row = sqlx::query(concat!(
            "UPDATE permits SET free_at_ms = $4 + ",
            now!(),
            ", uses = uses + 1
             WHERE account = $2 AND slot = (
                 SELECT slot FROM permits WHERE account = $2 AND slot < $3 AND free_at_ms <= ",
            now!(),
            "    ORDER BY free_at_ms, slot LIMIT 1 FOR UPDATE)
             AND free_at_ms <= ",
            now!(),
            " RETURNING slot, uses"
        ))
        .bind(self.clock.given_ms())
        .bind(account)
        .bind(i64::from(count))
        .bind(hold_ms)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Ticket { account: account.to_owned(), slot: row.try_get(0)?, uses: row.try_get(1)? })
        })
        .transpose()
    }

    /// How long none of the tickets is free. `None` where some are missing, or were written under another clock.
    async fn wait_ms(&self, account: &str, count: u32) -> Result<Option<i64>, StoreError> {
        let (known, first_in_ms, last_in_ms): (i64, Option<i64>, Option<i64>) = sqlx::query_as(concat!(
            "SELECT count(*), min(free_at_ms) - ",
            now!(),
            ", max(free_at_ms) - ",
            now!(),
            " FROM permits WHERE account = $2 AND slot < $3"
        ))
        .bind(self.clock.given_ms())
        .bind(account)
        .bind(i64::from(count))
        .fetch_one(&self.pool)
        .await?;
        let is_sane = known == i64::from(count)
            && last_in_ms.is_some_and(|last_in_ms| last_in_ms <= TICKET_AHEAD_MAX_MS);
        Ok(first_in_ms.filter(|_| is_sane).map(|first_in_ms| first_in_ms.max(0)))
    }

    /// Makes the tickets that an account lacks, and sets those right that were written under another clock.
    async fn make_ready(&self, account: &str, count: u32) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO permits (account, slot, free_at_ms, uses)
             SELECT $1, slots.slot, 0, 0 FROM generate_series(0, $2 - 1) AS slots (slot)
             WHERE NOT EXISTS (
                 SELECT 1 FROM permits WHERE permits.account = $1 AND permits.slot = slots.slot)",
        )
        .bind(account)
        .bind(i64::from(count))
        .execute(&self.pool)
        .await?;
        sqlx::query(concat!(
            "UPDATE permits SET free_at_ms = $3 + ",
            now!(),
            " WHERE account = $2 AND free_at_ms > $4 + ",
            now!()
        ))
        .bind(self.clock.given_ms())
        .bind(account)
        .bind(TICKET_RESET_MS)
        .bind(TICKET_AHEAD_MAX_MS)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tickets for Postgres {
    fn take_ticket<'a>(
        &'a self,
        account: &'a str,
        count: u32,
        hold_ms: i64,
    ) -> StoreFuture<'a, TicketAnswer> {
        Box::pin(async move {
            if count == 0 {
                return Ok(TicketAnswer::FreeIn(hold_ms));
            }
            let mut tries = Tries::default();
            loop {
                if let Some(ticket) = self.try_take_ticket(account, count, hold_ms).await? {
                    return Ok(TicketAnswer::Taken(ticket));
                }
                if let Some(free_in_ms) = self.wait_ms(account, count).await? {
                    return Ok(TicketAnswer::FreeIn(free_in_ms));
                }
                match self.make_ready(account, count).await {
                    Err(error) if !tries.again(&error) => return Err(error),
                    _ => {}
                }
            }
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "UPDATE permits SET free_at_ms = $5 + ",
                now!(),
                " WHERE account = $2 AND slot = $3 AND uses = $4"
            ))
            .bind(self.clock.given_ms())
            .bind(&ticket.account)
            .bind(ticket.slot)
            .bind(ticket.uses)
            .bind(rest_ms)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let free_in_ms: Option<i64> = sqlx::query_scalar(concat!(
                "SELECT max(free_at_ms) - ",
                now!(),
                " FROM permits WHERE account = $2 AND free_at_ms <= $3 + ",
                now!()
            ))
            .bind(self.clock.given_ms())
            .bind(account)
            .bind(TICKET_AHEAD_MAX_MS)
            .fetch_one(&self.pool)
            .await?;
            Ok(free_in_ms.unwrap_or(0).max(0))
        })
    }
}
