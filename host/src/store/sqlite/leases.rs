//! Leases and due jobs.

use super::Sqlite;
use crate::{
    base::job::Job,
    store::port::{
        future::StoreFuture,
        lease::{Fence, LEASE_AHEAD_MAX_MS, LeaseAnswer, LeaseRequest, Leases},
    },
};

impl Leases for Sqlite {
    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer> {
        Box::pin(async move {
            let LeaseRequest { connection, job, note_due, holder, ttl_ms } = request;
            let mut transaction = self.begin().await?;
            let now_ms = self.clock.machine_ms();
            let epoch: Option<i64> = sqlx::query_scalar(
                "INSERT INTO leases (connection, fencing_token, holder, expires_at_ms) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT (connection) DO UPDATE
                 SET fencing_token = leases.fencing_token + 1, holder = excluded.holder, expires_at_ms = excluded.expires_at_ms
                 WHERE leases.expires_at_ms <= ?4 OR leases.expires_at_ms > ?5
                 RETURNING fencing_token",
            )
            .bind(connection)
            .bind(holder)
            .bind(now_ms + ttl_ms)
            .bind(now_ms)
            .bind(now_ms + LEASE_AHEAD_MAX_MS)
            .fetch_optional(&mut *transaction)
            .await?;
            let statement = match epoch {
                Some(_) => Some("DELETE FROM due_jobs WHERE connection = ?1 AND job = ?2"),
                None if note_due => Some(
                    "INSERT INTO due_jobs (connection, job, noted_at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                ),
                None => None,
            };
            if let Some(statement) = statement {
                let statement = sqlx::query(statement).bind(connection).bind(job.name()).bind(now_ms);
                statement.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(match epoch {
                Some(epoch) => LeaseAnswer::Taken(Fence { connection: connection.to_owned(), epoch }),
                None => LeaseAnswer::Held,
            })
        })
    }

    fn renew_lease<'a>(&'a self, fence: &'a Fence, ttl_ms: i64) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let renewed = sqlx::query(
                "UPDATE leases SET expires_at_ms = ?3 WHERE connection = ?1 AND fencing_token = ?2",
            )
            .bind(&fence.connection)
            .bind(fence.epoch)
            .bind(self.clock.machine_ms() + ttl_ms)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(renewed.rows_affected() > 0)
        })
    }

    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let epoch: Option<i64> =
                sqlx::query_scalar("SELECT fencing_token FROM leases WHERE connection = ?1")
                    .bind(&fence.connection)
                    .fetch_optional(&self.data)
                    .await?;
            Ok(epoch == Some(fence.epoch))
        })
    }

    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let mut transaction = self.fenced(fence).await?;
            let names: Vec<String> =
                sqlx::query_scalar("DELETE FROM due_jobs WHERE connection = ?1 RETURNING job")
                    .bind(&fence.connection)
                    .fetch_all(&mut *transaction)
                    .await?;
            let jobs = Job::of_names(&names);
            if jobs.is_empty() {
                sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = ?1")
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
            sqlx::query("UPDATE leases SET expires_at_ms = 0 WHERE connection = ?1 AND fencing_token = ?2")
                .bind(&fence.connection)
                .bind(fence.epoch)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }
}
