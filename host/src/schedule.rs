//! The timer: new orders every minute, changes every ten. It calls what the web addresses and `run` call.
//!
//! When a job is due stands in the store, so that hosts which share a database run it once a period together, and the
//! others go on when one of them is gone.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use crate::{
    clock::millis,
    job::Job,
    run::{Host, RunError, RunLimits},
    stop::Stop,
    store::Claim,
};

/// From one look for new orders to the next.
pub const NEW_EVERY: Duration = Duration::from_secs(60);
/// From one reconciliation to the next.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(600);
/// A job whose connection is held is due again after this. A host that died holds it for as long as its lease lasts.
const RETRY: Duration = Duration::from_secs(10);

/// How often the two jobs run.
#[derive(Debug, Clone, Copy)]
pub struct Periods {
    /// For new orders.
    pub new: Duration,
    /// For changes.
    pub reconcile: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self { new: NEW_EVERY, reconcile: RECONCILE_EVERY }
    }
}

/// Runs the jobs of all connections until it is time to end. Connections are spread over the first period.
pub async fn run(host: Arc<Host>, periods: Periods, stop: Stop) {
    let names: Vec<String> = host.settings().connection_names().map(str::to_owned).collect();
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX).max(1);
    let mut connections = JoinSet::new();
    for (name, index) in names.into_iter().zip(0_u32..) {
        let first = Instant::now() + periods.new / count * index;
        let timer = Timer { host: host.clone(), name, failures: Failures::default(), stop: stop.clone() };
        connections.spawn(timer.run(first, periods));
    }
    while connections.join_next().await.is_some() {}
}

/// The timer of one connection. Its jobs run one after the other, so here they never overlap.
struct Timer {
    host: Arc<Host>,
    name: String,
    failures: Failures,
    stop: Stop,
}

impl Timer {
    async fn run(mut self, first: Instant, periods: Periods) {
        let mut look_at = first;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(look_at) => {}
                () = self.stop.requested() => return,
            }
            // Another host may give a job back early: nobody sleeps longer than the shorter period.
            let mut wait = periods.new;
            for (job, every) in [(Job::New, periods.new), (Job::Reconcile, periods.reconcile)] {
                if self.stop.is_requested() {
                    return;
                }
                wait = wait.min(self.tick(job, every).await);
            }
            look_at = Instant::now() + wait;
        }
    }

    /// Runs a job if it is due. Answers for how long it is not.
    async fn tick(&mut self, job: Job, every: Duration) -> Duration {
        match self.host.store().claim_tick(&self.name, job, millis(every)).await {
            Ok(Claim::DueIn(ms)) => Duration::from_millis(u64::try_from(ms).unwrap_or(0)),
            Ok(Claim::Yours) => self.run_claimed(job, every).await,
            Err(error) => {
                self.failures.note(&self.name, job, Some(&error.into()));
                RETRY
            }
        }
    }

    async fn run_claimed(&mut self, job: Job, every: Duration) -> Duration {
        let began = Instant::now();
        let (limits, wait) = (RunLimits::default(), Duration::ZERO);
        let outcome = self.host.run(&self.name, job, limits, wait, &self.stop).await;
        let error = match outcome {
            Ok(outcome) => outcome.error,
            Err(error) => Some(error),
        };
        self.failures.note(&self.name, job, error.as_ref());
        let retry = match error {
            Some(RunError::Busy) => Some(RETRY),
            // This host ends: whoever else is there goes on at once.
            Some(RunError::Interrupted) => Some(Duration::ZERO),
            _ if self.stop.is_requested() => Some(Duration::ZERO),
            _ => None,
        };
        if let Some(retry) = retry {
            if let Err(error) = self.host.store().retry_tick(&self.name, job, millis(retry)).await {
                self.failures.note(&self.name, job, Some(&error.into()));
            }
            return retry;
        }
        let took = began.elapsed();
        if took > every {
            let missed = took.as_secs() / every.as_secs().max(1);
            tracing::warn!(connection = self.name, %job, missed, "the last run took longer than a period");
        }
        every.saturating_sub(took)
    }
}

/// Says a failure once, and again when it changes.
#[derive(Debug, Default)]
struct Failures(HashMap<Job, String>);

impl Failures {
    fn is_news(&mut self, job: Job, error: Option<&RunError>) -> bool {
        match error.map(ToString::to_string) {
            None => self.0.remove(&job).is_some(),
            Some(text) => self.0.insert(job, text.clone()) != Some(text),
        }
    }

    fn note(&mut self, connection: &str, job: Job, error: Option<&RunError>) {
        let is_news = self.is_news(job, error);
        let Some(error) = error else {
            if is_news {
                tracing::info!(connection, %job, "works again");
            }
            return;
        };
        let text = error.to_string();
        if !is_news {
            tracing::debug!(connection, %job, "still: {text}");
            return;
        }
        match error {
            RunError::Busy | RunError::Interrupted => tracing::debug!(connection, %job, "{text}"),
            RunError::Config(_) | RunError::Settings(_) => tracing::error!(connection, %job, "{text}"),
            _ => tracing::warn!(connection, %job, "{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_when_it_is_new() {
        let mut failures = Failures::default();
        let error = |text: &str| RunError::Upstream(text.to_owned());
        assert!(failures.is_news(Job::New, Some(&error("a"))));
        assert!(!failures.is_news(Job::New, Some(&error("a"))));
        assert!(failures.is_news(Job::Reconcile, Some(&error("a"))), "each job for itself");
        assert!(failures.is_news(Job::New, Some(&error("b"))));
        assert!(failures.is_news(Job::New, None), "it works again");
        assert!(!failures.is_news(Job::New, None));
    }
}
