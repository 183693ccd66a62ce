//! What takes longer than a page: it goes on in the background, one at a time for each connection, and its outcome waits
//! for whoever asked for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    base::calendar::Range,
    base::clock::now_ms,
    contract::types::{RangeStatement, RetryResult},
    i18n::words::Words,
};

/// Outcomes are kept for an hour.
const KEPT_MS: i64 = 3_600_000;

/// Everything that people have asked this process for.
#[derive(Default)]
pub(crate) struct Desk {
    /// Orders that are tried again.
    pub(crate) retries: Arc<Tasks<(), Result<RetryResult, Words>>>,
    /// Statements.
    pub(crate) statements: Arc<Tasks<Asked, Result<Compared, Words>>>,
}

/// Which statement somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Of which days.
    pub(crate) range: Range,
    /// Whether to mend.
    pub(crate) repair: bool,
}

/// A statement, and what a repair has come to.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) statement: RangeStatement,
    /// Orders that were to be mended, and those that were; the latter `None` where the mending ended early.
    pub(crate) mended: Option<(usize, Option<usize>)>,
}

/// Tasks of one kind, by connection.
pub(crate) struct Tasks<A, T>(Mutex<HashMap<String, Task<A, T>>>);

struct Task<A, T> {
    asked: A,
    began_ms: i64,
    ended: Option<(i64, Arc<T>)>,
}

/// How a task is doing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State<A, T> {
    /// Nobody has asked for one, or that was long ago.
    Idle,
    /// It has been working since a moment.
    Working { asked: A, began_ms: i64 },
    /// It ended at a moment.
    Ended { asked: A, at_ms: i64, outcome: Arc<T> },
}

impl<A, T> Default for Tasks<A, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A: Copy + Send + 'static, T: Send + Sync + 'static> Tasks<A, T> {
    /// Begins a task unless one of the connection is under way. Answers whether it did.
    pub(crate) fn begin<F>(self: &Arc<Self>, connection: &str, asked: A, work: F) -> bool
    where
        F: Future<Output = T> + Send + 'static,
    {
        if !self.take(connection, asked, now_ms()) {
            return false;
        }
        let (tasks, connection) = (self.clone(), connection.to_owned());
        tokio::spawn(async move {
            // In a task of its own: one that panics must not look as if it worked for ever.
            let outcome = tokio::spawn(work).await;
            tasks.end(&connection, outcome.ok(), now_ms());
        });
        true
    }

    /// How the last one of a connection is doing.
    pub(crate) fn state(&self, connection: &str) -> State<A, T> {
        self.state_at(connection, now_ms())
    }

    fn take(&self, connection: &str, asked: A, now_ms: i64) -> bool {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|_, task| task.ended.as_ref().is_none_or(|(at_ms, _)| now_ms - at_ms < KEPT_MS));
        if tasks.get(connection).is_some_and(|task| task.ended.is_none()) {
            return false;
        }
        tasks.insert(connection.to_owned(), Task { asked, began_ms: now_ms, ended: None });
        true
    }

    fn end(&self, connection: &str, outcome: Option<T>, now_ms: i64) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (outcome, tasks.get_mut(connection)) {
            (Some(outcome), Some(task)) => task.ended = Some((now_ms, Arc::new(outcome))),
            _ => drop(tasks.remove(connection)),
        }
    }

    fn state_at(&self, connection: &str, now_ms: i64) -> State<A, T> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tasks.get(connection) {
            Some(Task { asked, began_ms, ended: None }) => {
                State::Working { asked: *asked, began_ms: *began_ms }
            }
            Some(Task { asked, ended: Some((at_ms, outcome)), .. }) if now_ms - at_ms < KEPT_MS => {
                State::Ended { asked: *asked, at_ms: *at_ms, outcome: outcome.clone() }
            }
            _ => State::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_for_each_connection_and_its_outcome_is_kept_for_an_hour() {
        let tasks: Tasks<u8, &str> = Tasks::default();
        assert_eq!(tasks.state_at("a", 0), State::Idle);
        assert!(tasks.take("a", 1, 10));
        assert!(!tasks.take("a", 2, 11), "one is under way");
        assert!(tasks.take("b", 3, 12), "another connection has its own");
        assert_eq!(tasks.state_at("a", 99), State::Working { asked: 1, began_ms: 10 });
        tasks.end("a", Some("done"), 20);
        let ended = State::Ended { asked: 1, at_ms: 20, outcome: Arc::new("done") };
        assert_eq!(tasks.state_at("a", KEPT_MS + 19), ended);
        assert_eq!(tasks.state_at("a", KEPT_MS + 20), State::Idle);
        assert!(tasks.take("a", 4, 30));
        tasks.end("a", None, 40);
        assert_eq!(tasks.state_at("a", 41), State::Idle, "what died leaves nothing behind");
    }

    #[tokio::test]
    async fn a_task_that_panics_does_not_block_the_next() {
        let tasks: Arc<Tasks<(), &str>> = Arc::default();
        assert!(tasks.begin("a", (), async { panic!("on purpose") }));
        while tasks.state("a") != State::Idle {
            tokio::task::yield_now().await;
        }
        assert!(tasks.begin("a", (), async { "done" }));
        while matches!(tasks.state("a"), State::Working { .. }) {
            tokio::task::yield_now().await;
        }
        assert!(matches!(tasks.state("a"), State::Ended { outcome, .. } if *outcome == "done"));
    }
}
