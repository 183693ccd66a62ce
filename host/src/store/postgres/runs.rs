//! The schedule and past runs.

use sqlx::{Row, postgres::PgRow};

use super::{Postgres, now};
use crate::{
    base::job::Job,
    store::{
        error::StoreError,
        port::{
            future::StoreFuture,
            runs::{Blocker, LastRuns, RUNS_KEPT_MS, RunRecord, Runs, Span},
            schedule::{Claim, PERIODS_AHEAD_MAX, Schedule},
        },
        server::Tries,
    },
};

impl Postgres {
    async fn try_claim(&self, connection: &str, job: Job, every_ms: i64) -> Result<Claim, StoreError> {
        let claimed = sqlx::query(concat!(
            "UPDATE schedule SET due_at_ms = $4 + ",
            now!(),
            " WHERE connection = $2 AND job = $3 AND (due_at_ms <= ",
            now!(),
            " OR due_at_ms > $5 + ",
            now!(),
            ")"
        ))
        .bind(self.clock.given_ms())
        .bind(connection)
        .bind(job.name())
        .bind(every_ms)
        .bind(PERIODS_AHEAD_MAX * every_ms)
        .execute(&self.pool)
        .await?;
        if claimed.rows_affected() > 0 {
            return Ok(Claim::Yours);
        }
        if let Some(due_in_ms) = self.due_in(connection, job).await? {
            return Ok(Claim::DueIn(due_in_ms.max(0)));
        }
        sqlx::query(concat!(
            "INSERT INTO schedule (connection, job, due_at_ms) VALUES ($2, $3, $4 + ",
            now!(),
            ")"
        ))
        .bind(self.clock.given_ms())
        .bind(connection)
        .bind(job.name())
        .bind(every_ms)
        .execute(&self.pool)
        .await?;
        Ok(Claim::Yours)
    }
}

impl Schedule for Postgres {
    fn claim_tick<'a>(&'a self, connection: &'a str, job: Job, every_ms: i64) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.try_claim(connection, job, every_ms).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn retry_tick<'a>(&'a self, connection: &'a str, job: Job, in_ms: i64) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "UPDATE schedule SET due_at_ms = $4 + ",
                now!(),
                " WHERE connection = $2 AND job = $3 AND due_at_ms > $4 + ",
                now!()
            ))
            .bind(self.clock.given_ms())
            .bind(connection)
            .bind(job.name())
            .bind(in_ms)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn due_in<'a>(&'a self, connection: &'a str, job: Job) -> StoreFuture<'a, Option<i64>> {
        Box::pin(async move {
            let due_in_ms = sqlx::query_scalar(concat!(
                "SELECT due_at_ms - ",
                now!(),
                " FROM schedule WHERE connection = $2 AND job = $3"
            ))
            .bind(self.clock.given_ms())
            .bind(connection)
            .bind(job.name())
            .fetch_optional(&self.pool)
            .await?;
            Ok(due_in_ms)
        })
    }
}

impl Runs for Postgres {
    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO runs (connection, job, started_at_ms, duration_ms, report, error, blocker)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&run.connection)
            .bind(run.job.name())
            .bind(run.started_ms)
            .bind(run.took_ms)
            .bind(&run.report)
            .bind(&run.error)
            .bind(run.blocker.map(Blocker::name))
            .execute(&self.pool)
            .await?;
            sqlx::query("DELETE FROM runs WHERE connection = $1 AND started_at_ms < $2")
                .bind(&run.connection)
                .bind(run.started_ms - RUNS_KEPT_MS)
                .execute(&self.pool)
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
                         WHERE connection = $1 AND job = $2 ORDER BY started_at_ms DESC, id DESC LIMIT 1) AS latest
                     UNION ALL SELECT * FROM (
                         SELECT started_at_ms, duration_ms, report, error, blocker FROM runs
                         WHERE connection = $1 AND job = $2 AND error IS NULL
                         ORDER BY started_at_ms DESC, id DESC LIMIT 1) AS good",
                )
                .bind(connection)
                .bind(job.name())
                .fetch_all(&self.pool)
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
                 WHERE connection = $1 AND started_at_ms >= $2 AND started_at_ms < $3
                 ORDER BY started_at_ms DESC, id DESC LIMIT $4",
            )
            .bind(connection)
            .bind(span.from_ms)
            .bind(span.before_ms)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
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

fn to_run(connection: &str, job: Job, row: &PgRow) -> Result<RunRecord, StoreError> {
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
