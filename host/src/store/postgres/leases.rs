//! Leases and due jobs.

use super::{Postgres, check_fence, now};
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

impl Postgres {
    /// Without a lock: a look that is true at this moment.
    async fn is_held(&self, connection: &str) -> Result<bool, StoreError> {
        let held: Option<i32> = sqlx::query_scalar(concat!(
            "SELECT 1 FROM leases WHERE connection = $2 AND expires_at_ms > ",
            now!(),
            " AND expires_at_ms <= $3 + ",
            now!()
        ))
        .bind(self.clock.given_ms())
        .bind(connection)
        .bind(LEASE_AHEAD_MAX_MS)
        .fetch_optional(&self.pool)
        .await?;
        Ok(held.is_some())
    }

    async fn try_take(&self, request: LeaseRequest<'_>) -> Result<LeaseAnswer, StoreError> {
        let LeaseRequest { connection, job, note_due, holder, ttl_ms } = request;
        let mut transaction = self.pool.begin().await?;
        let known: Option<i64> =
            sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = $1 FOR UPDATE")
                .bind(connection)
                .fetch_optional(&mut *transaction)
                .await?;
        if known.is_none() {
            sqlx::query(
                "INSERT INTO leases (connection, fencing_token, holder, expires_at_ms) VALUES ($1, 0, '', 0)",
            )
            .bind(connection)
            .execute(&mut *transaction)
            .await?;
        }
        let epoch: Option<i64> = sqlx::query_scalar(concat!(
            "UPDATE leases SET fencing_token = fencing_token + 1, holder = $3, expires_at_ms = $4 + ",
            now!(),
            " WHERE connection = $2 AND (expires_at_ms <= ",
            now!(),
            " OR expires_at_ms > $5 + ",
            now!(),
            ") RETURNING fencing_token"
        ))
        .bind(self.clock.given_ms())
        .bind(connection)
        .bind(holder)
        .bind(ttl_ms)
        .bind(LEASE_AHEAD_MAX_MS)
        .fetch_optional(&mut *transaction)
        .await?;
        if epoch.is_some() {
            sqlx::query("DELETE FROM due_jobs WHERE connection = $1 AND job = $2")
                .bind(connection)
                .bind(job.name())
                .execute(&mut *transaction)
                .await?;
        } else if note_due {
            sqlx::query(concat!(
                "INSERT INTO due_jobs (connection, job, noted_at_ms) SELECT $2::text, $3::text, ",
                now!(),
                " WHERE NOT EXISTS (SELECT 1 FROM due_jobs WHERE connection = $2 AND job = $3)"
            ))
            .bind(self.clock.given_ms())
            .bind(connection)
            .bind(job.name())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(match epoch {
            Some(epoch) => LeaseAnswer::Taken(Fence { connection: connection.to_owned(), epoch }),
            None => LeaseAnswer::Held,
        })
    }
}

impl Leases for Postgres {
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
                "UPDATE leases SET expires_at_ms = $4 + ",
                now!(),
                " WHERE connection = $2 AND fencing_token = $3"
            ))
            .bind(self.clock.given_ms())
            .bind(&fence.connection)
            .bind(fence.epoch)
            .bind(ttl_ms)
            .execute(&self.pool)
            .await?;
            Ok(renewed.rows_affected() > 0)
        })
    }

    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let epoch: Option<i64> =
                sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = $1")
                    .bind(&fence.connection)
                    .fetch_optional(&self.pool)
                    .await?;
            Ok(epoch == Some(fence.epoch))
        })
    }

    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let mut transaction = self.pool.begin().await?;
            check_fence(&mut transaction, fence).await?;
            let names: Vec<String> =
                sqlx::query_scalar("DELETE FROM due_jobs WHERE connection = $1 RETURNING job")
                    .bind(&fence.connection)
                    .fetch_all(&mut *transaction)
                    .await?;
            let jobs = Job::of_names(&names);
            if jobs.is_empty() {
                sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = $1")
                    .bind(&fence.connection)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(jobs)
        })
    }

    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = $1 AND fencing_token = $2")
                .bind(&fence.connection)
                .bind(fence.epoch)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}
