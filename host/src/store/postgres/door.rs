//! Sessions, passwords, attempts and acts.

use super::{Postgres, now};
use crate::store::{
    error::StoreError,
    port::{
        audit::{ACTS_KEPT_MS, Act, Audit},
        auth::{Attempt, Attempts, Pace, Passwords, SESSION_AHEAD_MAX_MS, Session, SessionData, Sessions},
        future::StoreFuture,
    },
    server::Tries,
};

impl Sessions for Postgres {
    fn keep_session<'a>(&'a self, session: &'a Session<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "DELETE FROM sessions WHERE expires_at_ms <= ",
                now!(),
                " OR started_at_ms > $2 + ",
                now!()
            ))
            .bind(self.clock.given_ms())
            .bind(SESSION_AHEAD_MAX_MS)
            .execute(&self.pool)
            .await?;
            sqlx::query(concat!(
                "INSERT INTO sessions (token_digest, purpose, data, started_at_ms, last_seen_at_ms, expires_at_ms)
                 SELECT $2, $3, $4, clock.ms, clock.ms, clock.ms + $5 FROM (SELECT ",
                now!(),
                " AS ms) AS clock"
            ))
            .bind(self.clock.given_ms())
            .bind(session.digest)
            .bind(session.purpose)
            .bind(session.data)
            .bind(session.until_in_ms)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<SessionData>> {
        Box::pin(async move {
            let row: Option<(String, i64, i64)> = sqlx::query_as(concat!(
                "SELECT data, GREATEST(clock.ms - last_seen_at_ms, 0), GREATEST(clock.ms - started_at_ms, 0)
                 FROM sessions, (SELECT ",
                now!(),
                " AS ms) AS clock
                 WHERE token_digest = $2 AND purpose = $3 AND expires_at_ms > clock.ms AND started_at_ms <= clock.ms + $4"
            ))
            .bind(self.clock.given_ms())
            .bind(digest)
            .bind(purpose)
            .bind(SESSION_AHEAD_MAX_MS)
            .fetch_optional(&self.pool)
            .await?;
            Ok(row.map(|(data, idle_ms, age_ms)| SessionData { data, idle_ms, age_ms }))
        })
    }

    fn touch_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "UPDATE sessions SET last_seen_at_ms = ",
                now!(),
                " WHERE token_digest = $2"
            ))
            .bind(self.clock.given_ms())
            .bind(digest)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn take_session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let data = sqlx::query_scalar(concat!(
                "DELETE FROM sessions WHERE token_digest = $2 AND purpose = $3 AND expires_at_ms > ",
                now!(),
                " AND started_at_ms <= $4 + ",
                now!(),
                " RETURNING data"
            ))
            .bind(self.clock.given_ms())
            .bind(digest)
            .bind(purpose)
            .bind(SESSION_AHEAD_MAX_MS)
            .fetch_optional(&self.pool)
            .await?;
            Ok(data)
        })
    }

    fn end_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE token_digest = $1")
                .bind(digest)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn end_sessions<'a>(&'a self, purpose: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE purpose = $1").bind(purpose).execute(&self.pool).await?;
            Ok(())
        })
    }
}

impl Postgres {
    /// Whether the row is new. Whoever loses a race for it fails, and tries again.
    async fn add_password(&self, name: &str, phc: &str) -> Result<bool, StoreError> {
        let added = sqlx::query(concat!(
            "INSERT INTO passwords (name, phc, changed_at_ms) SELECT $2::text, $3::text, ",
            now!(),
            " WHERE NOT EXISTS (SELECT 1 FROM passwords WHERE name = $2)"
        ))
        .bind(self.clock.given_ms())
        .bind(name)
        .bind(phc)
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() > 0)
    }

    async fn try_set_password(&self, name: &str, phc: &str) -> Result<(), StoreError> {
        let changed = sqlx::query(concat!(
            "UPDATE passwords SET phc = $3, changed_at_ms = ",
            now!(),
            " WHERE name = $2"
        ))
        .bind(self.clock.given_ms())
        .bind(name)
        .bind(phc)
        .execute(&self.pool)
        .await?;
        if changed.rows_affected() == 0 {
            self.add_password(name, phc).await?;
        }
        Ok(())
    }

    async fn try_attempt(&self, network: &str, pace: Pace) -> Result<Attempt, StoreError> {
        let counted = sqlx::query(concat!(
            "UPDATE login_attempts
             SET busy_until_ms = $3 + CASE WHEN busy_until_ms > $4 + ",
            now!(),
            " THEN ",
            now!(),
            " ELSE GREATEST(busy_until_ms, ",
            now!(),
            ") END
             WHERE network = $2 AND (busy_until_ms <= $5 + ",
            now!(),
            " OR busy_until_ms > $4 + ",
            now!(),
            ")"
        ))
        .bind(self.clock.given_ms())
        .bind(network)
        .bind(pace.every_ms)
        .bind(pace.most_ms())
        .bind(pace.allowed_ms())
        .execute(&self.pool)
        .await?;
        if counted.rows_affected() > 0 {
            return Ok(Attempt::Allowed);
        }
        let left_ms: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT busy_until_ms - ",
            now!(),
            " FROM login_attempts WHERE network = $2"
        ))
        .bind(self.clock.given_ms())
        .bind(network)
        .fetch_optional(&self.pool)
        .await?;
        if let Some(left_ms) = left_ms {
            return Ok(Attempt::AllowedIn((left_ms - pace.allowed_ms()).max(1)));
        }
        sqlx::query(concat!("DELETE FROM login_attempts WHERE busy_until_ms <= ", now!()))
            .bind(self.clock.given_ms())
            .execute(&self.pool)
            .await?;
        sqlx::query(concat!(
            "INSERT INTO login_attempts (network, busy_until_ms) VALUES ($2, $3 + ",
            now!(),
            ")"
        ))
        .bind(self.clock.given_ms())
        .bind(network)
        .bind(pace.every_ms)
        .execute(&self.pool)
        .await?;
        Ok(Attempt::Allowed)
    }
}

impl Passwords for Postgres {
    fn password<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let phc = sqlx::query_scalar("SELECT phc FROM passwords WHERE name = $1").bind(name);
            Ok(phc.fetch_optional(&self.pool).await?)
        })
    }

    fn set_first_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.add_password(name, phc).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn set_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.try_set_password(name, phc).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }
}

impl Attempts for Postgres {
    fn attempt<'a>(&'a self, network: &'a str, pace: Pace) -> StoreFuture<'a, Attempt> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.try_attempt(network, pace).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn forget_attempts<'a>(&'a self, network: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM login_attempts WHERE network = $1")
                .bind(network)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}

impl Audit for Postgres {
    fn note_act<'a>(&'a self, who: &'a str, act: &'a str, subject: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "INSERT INTO audit_events (actor, action, subject, at_ms) VALUES ($2, $3, $4, ",
                now!(),
                ")"
            ))
            .bind(self.clock.given_ms())
            .bind(who)
            .bind(act)
            .bind(subject)
            .execute(&self.pool)
            .await?;
            sqlx::query(concat!("DELETE FROM audit_events WHERE at_ms + $2 < ", now!()))
                .bind(self.clock.given_ms())
                .bind(ACTS_KEPT_MS)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn acts(&self, limit: u32) -> StoreFuture<'_, Vec<Act>> {
        Box::pin(async move {
            let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
                "SELECT actor, action, subject, at_ms FROM audit_events ORDER BY id DESC LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
            Ok(rows.into_iter().map(|(who, act, subject, at_ms)| Act { who, act, subject, at_ms }).collect())
        })
    }
}
