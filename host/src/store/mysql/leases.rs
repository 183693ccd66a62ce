//! Leases and due jobs.

use super::{MySql, check_fence, clock, locked_epoch, now, to_text};
use crate::{
    base::job::Job,
    store::{
        error::StoreError,
        port::{
            future::StoreFuture,
            lease::{Fence, LEASE_AHEAD_MAX_MS, LeaseAnswer, LeaseRequest, Leases},
        },
        server::Tries,
    },
};

impl MySql {
    /// Without a lock: a look that is true at this moment.
    async fn is_held(&self, connection: &str) -> Result<bool, StoreError> {
        let held: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT 1 FROM leases, ",
            clock!(),
            " WHERE connection = ? AND expires_at_ms > clock.ms AND expires_at_ms <= clock.ms + ?"
        ))
        .bind(self.clock.given_ms())
        .bind(connection.as_bytes())
        .bind(LEASE_AHEAD_MAX_MS)
        .fetch_optional(&self.pool)
        .await?;
        Ok(held.is_some())
    }

    async fn try_take(&self, request: LeaseRequest<'_>) -> Result<LeaseAnswer, StoreError> {
        let LeaseRequest { connection, job, note_due, holder, ttl_ms } = request;
        let mut transaction = self.pool.begin().await?;
        let known = locked_epoch(&mut transaction, connection).await?;
        if known.is_none() {
            sqlx::query(
                "INSERT INTO leases (connection, fencing_token, holder, expires_at_ms) VALUES (?, 0, '', 0)",
            )
            .bind(connection.as_bytes())
            .execute(&mut *transaction)
            .await?;
        }
        let epoch = known.unwrap_or(0) + 1;
        let taken = sqlx::query(concat!(
            "UPDATE leases, ",
            clock!(),
            " SET fencing_token = ?, holder = ?, expires_at_ms = clock.ms + ?
             WHERE connection = ? AND (expires_at_ms <= clock.ms OR expires_at_ms > clock.ms + ?)"
        ))
        .bind(self.clock.given_ms())
        .bind(epoch)
        .bind(holder.as_bytes())
        .bind(ttl_ms)
        .bind(connection.as_bytes())
        .bind(LEASE_AHEAD_MAX_MS)
        .execute(&mut *transaction)
        .await?;
        let is_taken = taken.rows_affected() > 0;
        if is_taken {
            sqlx::query("DELETE FROM due_jobs WHERE connection = ? AND job = ?")
                .bind(connection.as_bytes())
                .bind(job.name().as_bytes())
                .execute(&mut *transaction)
                .await?;
        } else if note_due {
            sqlx::query(concat!(
                "INSERT INTO due_jobs (connection, job, noted_at_ms) VALUES (?, ?, ",
                now!(),
                ") ON DUPLICATE KEY UPDATE noted_at_ms = noted_at_ms"
            ))
            .bind(connection.as_bytes())
            .bind(job.name().as_bytes())
            .bind(self.clock.given_ms())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(if is_taken {
            LeaseAnswer::Taken(Fence { connection: connection.to_owned(), epoch })
        } else {
            LeaseAnswer::Held
        })
    }

    async fn try_take_due_or_release(&self, fence: &Fence) -> Result<Vec<Job>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        check_fence(&mut transaction, fence).await?;
        let names: Vec<Vec<u8>> = sqlx::query_scalar("SELECT job FROM due_jobs WHERE connection = ?")
            .bind(fence.connection.as_bytes())
            .fetch_all(&mut *transaction)
            .await?;
        let names: Vec<String> = names.into_iter().map(to_text).collect::<Result<_, _>>()?;
        let jobs = Job::of_names(&names);
        // The row of the connection is locked, so none has come since.
        sqlx::query("DELETE FROM due_jobs WHERE connection = ?")
            .bind(fence.connection.as_bytes())
            .execute(&mut *transaction)
            .await?;
        if jobs.is_empty() {
            sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = ?")
                .bind(fence.connection.as_bytes())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(jobs)
    }
}

impl Leases for MySql {
    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer> {
        Box::pin(async move {
            if !request.note_due && self.is_held(request.connection).await? {
                return Ok(LeaseAnswer::Held);
            }
            let mut tries = Tries::default();
            loop {
                match self.try_take(request).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn renew_lease<'a>(&'a self, fence: &'a Fence, ttl_ms: i64) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let renewed = sqlx::query(concat!(
                "UPDATE leases, ",
                clock!(),
                " SET expires_at_ms = clock.ms + ? WHERE connection = ? AND fencing_token = ?"
            ))
            .bind(self.clock.given_ms())
            .bind(ttl_ms)
            .bind(fence.connection.as_bytes())
            .bind(fence.epoch)
            .execute(&self.pool)
            .await?;
            Ok(renewed.rows_affected() > 0)
        })
    }

    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let epoch: Option<i64> =
                sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = ?")
                    .bind(fence.connection.as_bytes())
                    .fetch_optional(&self.pool)
                    .await?;
            Ok(epoch == Some(fence.epoch))
        })
    }

    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.try_take_due_or_release(fence).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = ? AND fencing_token = ?")
                .bind(fence.connection.as_bytes())
                .bind(fence.epoch)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}
