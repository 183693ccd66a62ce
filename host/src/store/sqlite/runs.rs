//! The schedule and past runs.

use sqlx::{Row, sqlite::SqliteRow};

use super::Sqlite;
use crate::{
    base::job::Job,
    store::{
        error::StoreError,
        port::{
            future::StoreFuture,
            runs::{Blocker, LastRuns, RUNS_KEPT_MS, RunRecord, Runs, Span},
            schedule::{Claim, PERIODS_AHEAD_MAX, Schedule},
        },
    },
};

impl Schedule for Sqlite {
    fn claim_tick<'a>(&'a self, connection: &'a str, job: Job, every_ms: i64) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let now_ms = self.clock.machine_ms();
            let claimed = sqlx::query(
                "INSERT INTO schedule (connection, job, due_at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (connection, job) DO UPDATE SET due_at_ms = excluded.due_at_ms
                 WHERE schedule.due_at_ms <= ?4 OR schedule.due_at_ms > ?5",
            )
            .bind(connection)
            .bind(job.name())
            .bind(now_ms + every_ms)
            .bind(now_ms)
            .bind(now_ms + PERIODS_AHEAD_MAX * every_ms)
            .execute(&mut *transaction)
            .await?;
            let due_ms: i64 =
                sqlx::query_scalar("SELECT due_at_ms FROM schedule WHERE connection = ?1 AND job = ?2")
                    .bind(connection)
                    .bind(job.name())
                    .fetch_one(&mut *transaction)
                    .await?;
            transaction.commit().await?;
            Ok(if claimed.rows_affected() > 0 { Claim::Yours } else { Claim::DueIn(due_ms - now_ms) })
        })
    }

    fn retry_tick<'a>(&'a self, connection: &'a str, job: Job, in_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "UPDATE schedule SET due_at_ms = ?3 WHERE connection = ?1 AND job = ?2 AND due_at_ms > ?3",
            )
            .bind(connection)
            .bind(job.name())
            .bind(self.clock.machine_ms() + in_ms)
            .execute(&mut *transaction)
            .await?;
            Ok(transaction.commit().await?)
        })
    }

    fn due_in<'a>(&'a self, connection: &'a str, job: Job) -> StoreFuture<'a, Option<i64>> {
        Box::pin(async move {
            let due_ms: Option<i64> =
                sqlx::query_scalar("SELECT due_at_ms FROM schedule WHERE connection = ?1 AND job = ?2")
                    .bind(connection)
                    .bind(job.name())
                    .fetch_optional(&self.data)
                    .await?;
            Ok(due_ms.map(|due_ms| due_ms - self.clock.machine_ms()))
        })
    }
}

impl Runs for Sqlite {
    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO runs (connection, job, started_at_ms, duration_ms, report, error, blocker)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .bind(&run.connection)
            .bind(run.job.name())
            .bind(run.started_ms)
            .bind(run.took_ms)
            .bind(&run.report)
            .bind(&run.error)
            .bind(run.blocker.map(Blocker::name))
            .execute(&self.data)
            .await?;
            sqlx::query("DELETE FROM runs WHERE connection = ?1 AND started_at_ms < ?2")
                .bind(&run.connection)
                .bind(run.started_ms - RUNS_KEPT_MS)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }

    fn last_runs<'a>(&'a self, connection: &'a str) -> StoreFuture<'a, Vec<LastRuns>> {
        Box::pin(async move {
            let mut all = Vec::new();
            for job in Job::ALL {
                let rows = sqlx::query(
                    "SELECT * FROM (
                         SELECT started_at_ms, duration_ms, report, error, blocker FROM runs
                         WHERE connection = ?1 AND job = ?2 ORDER BY started_at_ms DESC, id DESC LIMIT 1)
                     UNION ALL SELECT * FROM (
                         SELECT started_at_ms, duration_ms, report, error, blocker FROM runs
                         WHERE connection = ?1 AND job = ?2 AND error IS NULL
                         ORDER BY started_at_ms DESC, id DESC LIMIT 1)",
                )
                .bind(connection)
                .bind(job.name())
                .fetch_all(&self.data)
                .await?;
                let runs: Result<Vec<_>, _> = rows.iter().map(|row| to_run(connection, job, row)).collect();
                all.extend(LastRuns::of(runs?));
            }
            Ok(all)
        })
    }

    fn runs<'a>(&'a self, connection: &'a str, span: Span, limit: u32) -> StoreFuture<'a, Vec<RunRecord>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT started_at_ms, duration_ms, report, error, blocker, job FROM runs
                 WHERE connection = ?1 AND started_at_ms >= ?2 AND started_at_ms < ?3
                 ORDER BY started_at_ms DESC, id DESC LIMIT ?4",
            )
            .bind(connection)
            .bind(span.from_ms)
            .bind(span.before_ms)
            .bind(limit)
            .fetch_all(&self.data)
            .await?;
            let mut runs = Vec::with_capacity(rows.len());
            for row in &rows {
                // A job that is none of ours came from another version.
                if let Some(job) = Job::of(row.try_get(5)?) {
                    runs.push(to_run(connection, job, row)?);
                }
            }
            Ok(runs)
        })
    }
}

fn to_run(connection: &str, job: Job, row: &SqliteRow) -> Result<RunRecord, StoreError> {
    Ok(RunRecord {
        connection: connection.to_owned(),
        job,
        started_ms: row.try_get(0)?,
        took_ms: row.try_get(1)?,
        report: row.try_get(2)?,
        error: row.try_get(3)?,
        blocker: row.try_get::<Option<String>, _>(4)?.map(|name| Blocker::of(&name)),
    })
}
