//! Sessions, passwords, attempts and acts.

use super::{MySql, clock, now, to_text};
use crate::store::{
    error::StoreError,
    port::{
        audit::{ACTS_KEPT_MS, Act, Audit},
        auth::{Attempt, Attempts, Pace, Passwords, SESSION_AHEAD_MAX_MS, Session, SessionData, Sessions},
        future::StoreFuture,
    },
    server::Tries,
};

impl MySql {
    async fn remove_ended_sessions(&self) -> Result<(), StoreError> {
        sqlx::query(concat!(
            "DELETE sessions FROM sessions, ",
            clock!(),
            " WHERE expires_at_ms <= clock.ms OR started_at_ms > clock.ms + ?"
        ))
        .bind(self.clock.given_ms())
        .bind(SESSION_AHEAD_MAX_MS)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn try_take_session(&self, digest: &str, purpose: &str) -> Result<Option<String>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let data = sqlx::query_scalar(concat!(
            "SELECT data FROM sessions, ",
            clock!(),
            " WHERE token_digest = ? AND purpose = ? AND expires_at_ms > clock.ms AND started_at_ms <= clock.ms + ? FOR UPDATE"
        ))
        .bind(self.clock.given_ms())
        .bind(digest.as_bytes())
        .bind(purpose.as_bytes())
        .bind(SESSION_AHEAD_MAX_MS)
        .fetch_optional(&mut *transaction)
        .await?;
        if data.is_some() {
            sqlx::query("DELETE FROM sessions WHERE token_digest = ?")
                .bind(digest.as_bytes())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(data)
    }

    async fn try_attempt(&self, network: &str, pace: Pace) -> Result<Attempt, StoreError> {
        let counted = sqlx::query(concat!(
            "UPDATE login_attempts, ",
            clock!(),
            " SET busy_until_ms =
                 ? + IF(busy_until_ms > clock.ms + ?, clock.ms, GREATEST(busy_until_ms, clock.ms))
             WHERE network = ? AND (busy_until_ms <= clock.ms + ? OR busy_until_ms > clock.ms + ?)"
        ))
        .bind(self.clock.given_ms())
        .bind(pace.every_ms)
        .bind(pace.most_ms())
        .bind(network.as_bytes())
        .bind(pace.allowed_ms())
        .bind(pace.most_ms())
        .execute(&self.pool)
        .await?;
        if counted.rows_affected() > 0 {
            return Ok(Attempt::Allowed);
        }
        let left_ms: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT busy_until_ms - clock.ms FROM login_attempts, ",
            clock!(),
            " WHERE network = ?"
        ))
        .bind(self.clock.given_ms())
        .bind(network.as_bytes())
        .fetch_optional(&self.pool)
        .await?;
        if let Some(left_ms) = left_ms {
            return Ok(Attempt::AllowedIn((left_ms - pace.allowed_ms()).max(1)));
        }
        sqlx::query(concat!(
            "DELETE login_attempts FROM login_attempts, ",
            clock!(),
            " WHERE busy_until_ms <= clock.ms"
        ))
        .bind(self.clock.given_ms())
        .execute(&self.pool)
        .await?;
        sqlx::query(concat!(
            "INSERT INTO login_attempts (network, busy_until_ms) VALUES (?, ? + ",
            now!(),
            ")"
        ))
        .bind(network.as_bytes())
        .bind(pace.every_ms)
        .bind(self.clock.given_ms())
        .execute(&self.pool)
        .await?;
        Ok(Attempt::Allowed)
    }
}

impl Sessions for MySql {
    fn keep_session<'a>(&'a self, session: &'a Session<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            while let Err(error) = self.remove_ended_sessions().await {
                if !tries.again(&error) {
                    return Err(error);
                }
            }
            sqlx::query(concat!(
                "INSERT INTO sessions (token_digest, purpose, data, started_at_ms, last_seen_at_ms, expires_at_ms)
                 SELECT ?, ?, ?, clock.ms, clock.ms, clock.ms + ? FROM ",
                clock!()
            ))
            .bind(session.digest.as_bytes())
            .bind(session.purpose.as_bytes())
            .bind(session.data)
            .bind(session.until_in_ms)
            .bind(self.clock.given_ms())
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<SessionData>> {
        Box::pin(async move {
            let row: Option<(String, i64, i64)> = sqlx::query_as(concat!(
                "SELECT data, GREATEST(clock.ms - last_seen_at_ms, 0), GREATEST(clock.ms - started_at_ms, 0) FROM sessions, ",
                clock!(),
                " WHERE token_digest = ? AND purpose = ? AND expires_at_ms > clock.ms AND started_at_ms <= clock.ms + ?"
            ))
            .bind(self.clock.given_ms())
            .bind(digest.as_bytes())
            .bind(purpose.as_bytes())
            .bind(SESSION_AHEAD_MAX_MS)
            .fetch_optional(&self.pool)
            .await?;
            Ok(row.map(|(data, idle_ms, age_ms)| SessionData { data, idle_ms, age_ms }))
        })
    }

    fn touch_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!("UPDATE sessions SET last_seen_at_ms = ", now!(), " WHERE token_digest = ?"))
                .bind(self.clock.given_ms())
                .bind(digest.as_bytes())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn take_session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match self.try_take_session(digest, purpose).await {
                    Err(error) if tries.again(&error) => {}
                    answer => return answer,
                }
            }
        })
    }

    fn end_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE token_digest = ?")
                .bind(digest.as_bytes())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn end_sessions<'a>(&'a self, purpose: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE purpose = ?")
                .bind(purpose.as_bytes())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}

impl Passwords for MySql {
    fn password<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let phc: Option<Vec<u8>> = sqlx::query_scalar("SELECT phc FROM passwords WHERE name = ?")
                .bind(name.as_bytes())
                .fetch_optional(&self.pool)
                .await?;
            phc.map(to_text).transpose()
        })
    }

    fn set_first_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let added = sqlx::query(concat!(
                "INSERT IGNORE INTO passwords (name, phc, changed_at_ms) VALUES (?, ?, ",
                now!(),
                ")"
            ))
            .bind(name.as_bytes())
            .bind(phc.as_bytes())
            .bind(self.clock.given_ms())
            .execute(&self.pool)
            .await?;
            Ok(added.rows_affected() > 0)
        })
    }

    fn set_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "INSERT INTO passwords (name, phc, changed_at_ms) VALUES (?, ?, ",
                now!(),
                ") ON DUPLICATE KEY UPDATE phc = VALUES(phc), changed_at_ms = VALUES(changed_at_ms)"
            ))
            .bind(name.as_bytes())
            .bind(phc.as_bytes())
            .bind(self.clock.given_ms())
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }
}

impl Attempts for MySql {
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
            sqlx::query("DELETE FROM login_attempts WHERE network = ?")
                .bind(network.as_bytes())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}

impl Audit for MySql {
    fn note_act<'a>(&'a self, who: &'a str, act: &'a str, subject: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(concat!(
                "INSERT INTO audit_events (actor, action, subject, at_ms) VALUES (?, ?, ?, ",
                now!(),
                ")"
            ))
            .bind(who)
            .bind(act)
            .bind(subject)
            .bind(self.clock.given_ms())
            .execute(&self.pool)
            .await?;
            sqlx::query(concat!("DELETE FROM audit_events WHERE at_ms + ? < ", now!()))
                .bind(ACTS_KEPT_MS)
                .bind(self.clock.given_ms())
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn acts(&self, limit: u32) -> StoreFuture<'_, Vec<Act>> {
        Box::pin(async move {
            let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
                "SELECT actor, action, subject, at_ms FROM audit_events ORDER BY id DESC LIMIT ?",
            )
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
            Ok(rows.into_iter().map(|(who, act, subject, at_ms)| Act { who, act, subject, at_ms }).collect())
        })
    }
}
