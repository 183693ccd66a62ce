//! Sessions, passwords, attempts and acts.

use super::Sqlite;
use crate::store::port::{
    audit::{ACTS_KEPT_MS, Act, Audit},
    auth::{Attempt, Attempts, Pace, Passwords, SESSION_AHEAD_MAX_MS, Session, SessionData, Sessions},
    future::StoreFuture,
};

impl Sessions for Sqlite {
    fn keep_session<'a>(&'a self, session: &'a Session<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let now_ms = self.clock.machine_ms();
            sqlx::query("DELETE FROM sessions WHERE expires_at_ms <= ?1 OR started_at_ms > ?2")
                .bind(now_ms)
                .bind(now_ms + SESSION_AHEAD_MAX_MS)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT INTO sessions (token_digest, purpose, data, started_at_ms, last_seen_at_ms, expires_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
            )
            .bind(session.digest)
            .bind(session.purpose)
            .bind(session.data)
            .bind(now_ms)
            .bind(now_ms + session.until_in_ms)
            .execute(&mut *transaction)
            .await?;
            Ok(transaction.commit().await?)
        })
    }

    fn session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<SessionData>> {
        Box::pin(async move {
            let now_ms = self.clock.machine_ms();
            let row: Option<(String, i64, i64)> = sqlx::query_as(
                "SELECT data, MAX(?3 - last_seen_at_ms, 0), MAX(?3 - started_at_ms, 0) FROM sessions
                 WHERE token_digest = ?1 AND purpose = ?2 AND expires_at_ms > ?3 AND started_at_ms <= ?4",
            )
            .bind(digest)
            .bind(purpose)
            .bind(now_ms)
            .bind(now_ms + SESSION_AHEAD_MAX_MS)
            .fetch_optional(&self.data)
            .await?;
            Ok(row.map(|(data, idle_ms, age_ms)| SessionData { data, idle_ms, age_ms }))
        })
    }

    fn touch_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("UPDATE sessions SET last_seen_at_ms = ?2 WHERE token_digest = ?1")
                .bind(digest)
                .bind(self.clock.machine_ms())
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }

    fn take_session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let now_ms = self.clock.machine_ms();
            let data = sqlx::query_scalar(
                "DELETE FROM sessions
                 WHERE token_digest = ?1 AND purpose = ?2 AND expires_at_ms > ?3 AND started_at_ms <= ?4 RETURNING data",
            )
            .bind(digest)
            .bind(purpose)
            .bind(now_ms)
            .bind(now_ms + SESSION_AHEAD_MAX_MS)
            .fetch_optional(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(data)
        })
    }

    fn end_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE token_digest = ?1")
                .bind(digest)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }

    fn end_sessions<'a>(&'a self, purpose: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM sessions WHERE purpose = ?1").bind(purpose).execute(&self.data).await?;
            Ok(())
        })
    }
}

impl Passwords for Sqlite {
    fn password<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let phc = sqlx::query_scalar("SELECT phc FROM passwords WHERE name = ?1").bind(name);
            Ok(phc.fetch_optional(&self.data).await?)
        })
    }

    fn set_first_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let added = sqlx::query(
                "INSERT INTO passwords (name, phc, changed_at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )
            .bind(name)
            .bind(phc)
            .bind(self.clock.machine_ms())
            .execute(&self.data)
            .await?;
            Ok(added.rows_affected() > 0)
        })
    }

    fn set_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO passwords (name, phc, changed_at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET phc = excluded.phc, changed_at_ms = excluded.changed_at_ms",
            )
            .bind(name)
            .bind(phc)
            .bind(self.clock.machine_ms())
            .execute(&self.data)
            .await?;
            Ok(())
        })
    }
}

impl Attempts for Sqlite {
    fn attempt<'a>(&'a self, network: &'a str, pace: Pace) -> StoreFuture<'a, Attempt> {
        Box::pin(async move {
            let mut transaction = self.begin().await?;
            let now_ms = self.clock.machine_ms();
            // Also what was written under another clock.
            sqlx::query(
                "DELETE FROM login_attempts WHERE busy_until_ms <= ?1 OR network = ?2 AND busy_until_ms > ?3",
            )
            .bind(now_ms)
            .bind(network)
            .bind(now_ms + pace.most_ms())
            .execute(&mut *transaction)
            .await?;
            let busy_until_ms: Option<i64> =
                sqlx::query_scalar("SELECT busy_until_ms FROM login_attempts WHERE network = ?1")
                    .bind(network)
                    .fetch_optional(&mut *transaction)
                    .await?;
            let left_ms = busy_until_ms.map_or(0, |until_ms| until_ms - now_ms);
            if left_ms > pace.allowed_ms() {
                transaction.commit().await?;
                return Ok(Attempt::AllowedIn(left_ms - pace.allowed_ms()));
            }
            sqlx::query("INSERT OR REPLACE INTO login_attempts (network, busy_until_ms) VALUES (?1, ?2)")
                .bind(network)
                .bind(now_ms + left_ms + pace.every_ms)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(Attempt::Allowed)
        })
    }

    fn forget_attempts<'a>(&'a self, network: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            sqlx::query("DELETE FROM login_attempts WHERE network = ?1")
                .bind(network)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }
}

impl Audit for Sqlite {
    fn note_act<'a>(&'a self, who: &'a str, act: &'a str, subject: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let now_ms = self.clock.machine_ms();
            sqlx::query("INSERT INTO audit_events (actor, action, subject, at_ms) VALUES (?1, ?2, ?3, ?4)")
                .bind(who)
                .bind(act)
                .bind(subject)
                .bind(now_ms)
                .execute(&self.data)
                .await?;
            sqlx::query("DELETE FROM audit_events WHERE at_ms < ?1")
                .bind(now_ms - ACTS_KEPT_MS)
                .execute(&self.data)
                .await?;
            Ok(())
        })
    }

    fn acts(&self, limit: u32) -> StoreFuture<'_, Vec<Act>> {
        Box::pin(async move {
            let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
                "SELECT actor, action, subject, at_ms FROM audit_events ORDER BY id DESC LIMIT ?1",
            )
            .bind(limit)
            .fetch_all(&self.data)
            .await?;
            Ok(rows.into_iter().map(|(who, act, subject, at_ms)| Act { who, act, subject, at_ms }).collect())
        })
    }
}
