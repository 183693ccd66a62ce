//! Tickets.

use sqlx::{Row, SqliteConnection, SqlitePool};

use super::Sqlite;
use crate::store::{
    error::StoreError,
    port::{
        future::StoreFuture,
        permits::{TICKET_AHEAD_MAX_MS, TICKET_RESET_MS, Ticket, TicketAnswer, Tickets},
    },
};

impl Tickets for Sqlite {
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
            // Most answers are "none is free", and readers wait for nobody.
            let now_ms = self.clock.machine_ms();
            if let Some(free_in_ms) = wait_ms(&self.tickets, account, count, now_ms).await? {
                return Ok(TicketAnswer::FreeIn(free_in_ms));
            }
            let mut transaction = self.tickets.begin_with("BEGIN IMMEDIATE").await?;
            let now_ms = self.clock.machine_ms();
            let mut taken = take(&mut transaction, account, count, now_ms, hold_ms).await?;
            if taken.is_none() {
                make_ready(&mut transaction, account, count, now_ms).await?;
                taken = take(&mut transaction, account, count, now_ms, hold_ms).await?;
            }
            transaction.commit().await?;
            match taken {
                Some(ticket) => Ok(TicketAnswer::Taken(ticket)),
                None => {
                    let free_in_ms = wait_ms(&self.tickets, account, count, now_ms).await?;
                    Ok(TicketAnswer::FreeIn(free_in_ms.unwrap_or(0)))
                }
            }
        })
    }

    fn return_ticket<'a>(&'a self, ticket: &'a Ticket, rest_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut transaction = self.tickets.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("UPDATE permits SET free_at_ms = ?4 WHERE account = ?1 AND slot = ?2 AND uses = ?3")
                .bind(&ticket.account)
                .bind(ticket.slot)
                .bind(ticket.uses)
                .bind(self.clock.machine_ms() + rest_ms)
                .execute(&mut *transaction)
                .await?;
            Ok(transaction.commit().await?)
        })
    }

    fn tickets_free_in<'a>(&'a self, account: &'a str) -> StoreFuture<'a, i64> {
        Box::pin(async move {
            let now_ms = self.clock.machine_ms();
            let free_at_ms: Option<i64> = sqlx::query_scalar(
                "SELECT MAX(free_at_ms) FROM permits WHERE account = ?1 AND free_at_ms <= ?2",
            )
            .bind(account)
            .bind(now_ms + TICKET_AHEAD_MAX_MS)
            .fetch_one(&self.tickets)
            .await?;
            Ok(free_at_ms.map_or(0, |free_at_ms| (free_at_ms - now_ms).max(0)))
        })
    }
}

/// How long none of the tickets is free; `None` where one may be, or where some are missing or absurd.
async fn wait_ms(
    tickets: &SqlitePool,
    account: &str,
    count: u32,
    now_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let (known, first_ms, last_ms): (u32, Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT COUNT(*), MIN(free_at_ms), MAX(free_at_ms) FROM permits WHERE account = ?1 AND slot < ?2",
    )
    .bind(account)
    .bind(count)
    .fetch_one(tickets)
    .await?;
    let is_sane = known == count && last_ms.is_some_and(|last_ms| last_ms <= now_ms + TICKET_AHEAD_MAX_MS);
    Ok(first_ms.map(|first_ms| first_ms - now_ms).filter(|wait_ms| is_sane && *wait_ms > 0))
}

async fn take(
    connection: &mut SqliteConnection,
    account: &str,
    count: u32,
    now_ms: i64,
    hold_ms: i64,
) -> Result<Option<Ticket>, StoreError> {
    let row = sqlx::query(
        "UPDATE permits SET free_at_ms = ?4, uses = uses + 1
         WHERE account = ?1 AND slot = (
             SELECT slot FROM permits
             WHERE account = ?1 AND slot < ?2 AND free_at_ms <= ?3
             ORDER BY free_at_ms, slot LIMIT 1)
         RETURNING slot, uses",
    )
    .bind(account)
    .bind(count)
    .bind(now_ms)
    .bind(now_ms + hold_ms)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok(Ticket { account: account.to_owned(), slot: row.try_get(0)?, uses: row.try_get(1)? }))
        .transpose()
}

/// Makes the tickets that an account lacks, and sets those right that were written under another clock.
async fn make_ready(
    connection: &mut SqliteConnection,
    account: &str,
    count: u32,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < ?2)
         INSERT OR IGNORE INTO permits (account, slot, free_at_ms, uses) SELECT ?1, slot, 0, 0 FROM slots",
    )
    .bind(account)
    .bind(count)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE permits SET free_at_ms = ?2 WHERE account = ?1 AND free_at_ms > ?3")
        .bind(account)
        .bind(now_ms + TICKET_RESET_MS)
        .bind(now_ms + TICKET_AHEAD_MAX_MS)
        .execute(&mut *connection)
        .await?;
    Ok(())
}
