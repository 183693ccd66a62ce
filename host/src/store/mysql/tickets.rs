//! Tickets.

use sqlx::{QueryBuilder, Row};

use super::{MySql, clock, now};
use crate::store::{
    error::StoreError,
    port::{
        future::StoreFuture,
        permits::{TICKET_AHEAD_MAX_MS, TICKET_RESET_MS, Ticket, TicketAnswer, Tickets},
    },
    server::Tries,
};

/// How soon a ticket is free.
enum Outlook {
    /// One is free now.
    Free,
    /// The first one is free in so many milliseconds.
    FreeIn(i64),
    /// Some are missing, or were written under another clock.
    NotReady,
}

impl MySql {
    async fn outlook(&self, account: &str, count: u32) -> Result<Outlook, StoreError> {
        let (known, first_in_ms, last_in_ms): (i64, Option<i64>, Option<i64>) = sqlx::query_as(concat!(
            "SELECT COUNT(*), MIN(free_at_ms - clock.ms), MAX(free_at_ms - clock.ms) FROM permits, ",
            clock!(),
            " WHERE account = ? AND slot < ?"
        ))
        .bind(self.clock.given_ms())
        .bind(account.as_bytes())
        .bind(count)
        .fetch_one(&self.pool)
        .await?;
        let is_ready = known == i64::from(count)
            && last_in_ms.is_some_and(|last_in_ms| last_in_ms <= TICKET_AHEAD_MAX_MS);
        Ok(match first_in_ms {
            Some(first_in_ms) if first_in_ms <= 0 => Outlook::Free,
            Some(first_in_ms) if is_ready => Outlook::FreeIn(first_in_ms),
            _ => Outlook::NotReady,
        })
    }

    async fn try_take_ticket(
        &self,
        account: &str,
        count: u32,
        hold_ms: i64,
    ) -> Result<Option<Ticket>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(concat!(
            "SELECT slot, uses FROM permits WHERE account = ? AND slot < ? AND free_at_ms <= ",
            now!(),
            " ORDER BY free_at_ms, slot LIMIT 1 FOR UPDATE"
        ))
        .bind(account.as_bytes())
        .bind(count)
        .bind(self.clock.given_ms())
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let uses: i64 = row.try_get(1)?;
        let ticket = Ticket { account: account.to_owned(), slot: row.try_get(0)?, uses: uses + 1 };
        sqlx::query(concat!(
            "UPDATE permits, ",
            clock!(),
            " SET free_at_ms = clock.ms + ?, uses = uses + 1 WHERE account = ? AND slot = ?"
        ))
        .bind(self.clock.given_ms())
        .bind(hold_ms)
        .bind(account.as_bytes())
        .bind(ticket.slot)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Some(ticket))
    }

    /// Makes the tickets that an account lacks, and sets those right that were written under another clock.
    async fn make_ready(&self, account: &str, count: u32) -> Result<(), StoreError> {
        let mut insert = QueryBuilder::new("INSERT INTO permits (account, slot, free_at_ms, uses) ");
        insert.push_values(0..count, |mut row, slot| {
            row.push_bind(account.as_bytes()).push_bind(slot).push("0").push("0");
        });
        insert.push(" ON DUPLICATE KEY UPDATE slot = VALUES(slot)");
        insert.build().persistent(false).execute(&self.pool).await?;
        sqlx::query(concat!(
            "UPDATE permits, ",
            clock!(),
            " SET free_at_ms = clock.ms + ? WHERE account = ? AND free_at_ms > clock.ms + ?"
        ))
        .bind(self.clock.given_ms())
        .bind(TICKET_RESET_MS)
        .bind(account.as_bytes())
        .bind(TICKET_AHEAD_MAX_MS)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Tickets for MySql {
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
                // Most answers are "none is free", and a look waits for nobody.
                let tried = match self.outlook(account, count).await? {
                    Outlook::FreeIn(ms) => return Ok(TicketAnswer::FreeIn(ms)),
                    Outlook::NotReady => self.make_ready(account, count).await,
                    Outlook::Free => match self.try_take_ticket(account, count, hold_ms).await {
                        Ok(Some(ticket)) => return Ok(TicketAnswer::Taken(ticket)),
                        // Somebody else was quicker.
                        Ok(None) => Ok(()),
                        Err(error) => Err(error),
                    },
                };
                match tried {
                    Err(error) if !tries.again(&error) => return Err(error),
                    _ => {}
                }
            }
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "UPDATE permits, ",
                clock!(),
                " SET free_at_ms = clock.ms + ? WHERE account = ? AND slot = ? AND uses = ?"
            ))
            .bind(self.clock.given_ms())
            .bind(rest_ms)
            .bind(ticket.account.as_bytes())
            .bind(ticket.slot)
            .bind(ticket.uses)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let free_in_ms: Option<i64> = sqlx::query_scalar(concat!(
                "SELECT MAX(free_at_ms - clock.ms) FROM permits, ",
                clock!(),
                " WHERE account = ? AND free_at_ms <= clock.ms + ?"
            ))
            .bind(self.clock.given_ms())
            .bind(account.as_bytes())
            .bind(TICKET_AHEAD_MAX_MS)
            .fetch_one(&self.pool)
            .await?;
            Ok(free_in_ms.unwrap_or(0).max(0))
        })
    }
}
