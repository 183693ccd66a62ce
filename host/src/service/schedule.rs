//! The timer: new orders every minute, changes every ten. It calls what the web addresses and `run` call.
//!
//! When a job is due stands in the store, so that hosts which share a database run it once a period together, and the
//! others go on when one of them is gone.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::Instant};

use super::{error::RunError, host::Host, run::RunLimits};
use crate::{
    base::clock::millis,
    base::job::Job,
    base::shutdown::{self, Stop},
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

/// Runs the jobs of all connections until it is time to end, always with the latest host. Where no shop is described
/// yet, it waits for one.
pub async fn run(hosts: watch::Receiver<Arc<Host>>, periods: Periods, stop: Stop) {
    in_turn(hosts, &stop, |host, retired| timers(host, periods, stop.clone(), retired)).await;
}

/// Works with the latest value until it is time to end. Work with one that was replaced is asked to end, and only when
/// it has, the next begins.
async fn in_turn<T: Clone, W: Future<Output = ()>>(
    mut values: watch::Receiver<T>,
    stop: &Stop,
    work: impl Fn(T, Stop) -> W,
) {
    loop {
        let value = values.borrow_and_update().clone();
        let (retire, retired) = shutdown::stop();
        let until_replaced = async {
            let is_replaced = tokio::select! {
                changed = values.changed() => changed.is_ok(),
                () = stop.requested() => false,
            };
            if is_replaced {
                retire.stop();
            }
            is_replaced
        };
        let ((), is_replaced) = tokio::join!(work(value, retired), until_replaced);
        if !is_replaced {
            return;
        }
    }
}

/// The timers of all connections. Connections are spread over the first period.
async fn timers(host: Arc<Host>, periods: Periods, stop: Stop, retired: Stop) {
    let is_untouched = host.settings().is_untouched();
    let names = host.settings().connection_names().filter(|_| !is_untouched);
    let names: Vec<String> = names.map(str::to_owned).collect();
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX).max(1);
    let mut connections = JoinSet::new();
    for (name, index) in names.into_iter().zip(0_u32..) {
        let first = Instant::now() + periods.new / count * index;
        let (host, failures) = (host.clone(), Failures::default());
        let timer = Timer { host, name, failures, stop: stop.clone(), retired: retired.clone() };
        connections.spawn(timer.run(first, periods));
    }
    while connections.join_next().await.is_some() {}
}

/// The timer of one connection. Its jobs run one after the other, so here they never overlap.
struct Timer {
    host: Arc<Host>,
    name: String,
    failures: Failures,
    /// The program ends: a run under way is cut.
    stop: Stop,
    /// The settings have changed: a run under way is finished.
    retired: Stop,
}

impl Timer {
    async fn run(mut self, first: Instant, periods: Periods) {
        let mut look_at = first;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(look_at) => {}
                () = self.stop.requested() => return,
                () = self.retired.requested() => return,
            }
            // Another host may give a job back early: nobody sleeps longer than the shorter period.
            let mut wait = periods.new;
            for (job, every) in [(Job::New, periods.new), (Job::Reconcile, periods.reconcile)] {
                if self.stop.is_requested() || self.retired.is_requested() {
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
            RunError::Config(_) | RunError::InvalidCall(_) | RunError::Settings(_) => {
                tracing::error!(connection, %job, "{text}")
            }
            _ => tracing::warn!(connection, %job, "{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_ends_before_the_next_begins() {
        let (values, watching) = watch::channel(1);
        let (stopper, stop) = shutdown::stop();
        let (events, mut seen) = mpsc::unbounded_channel();
        let running = tokio::spawn(async move {
            in_turn(watching, &stop, |value, retired| {
                let (events, stop) = (events.clone(), stop.clone());
                async move {
                    events.send((value, "begins")).unwrap();
                    tokio::select! {
                        () = retired.requested() => events.send((value, "is replaced")).unwrap(),
                        () = stop.requested() => events.send((value, "is stopped")).unwrap(),
                        () = std::future::ready(()), if value == 2 => {}
                    }
                }
            })
            .await;
        });
        assert_eq!(seen.recv().await, Some((1, "begins")));
        values.send_replace(2);
        assert_eq!(seen.recv().await, Some((1, "is replaced")));
        // It has nothing to do; the next one is waited for all the same.
        assert_eq!(seen.recv().await, Some((2, "begins")));
        values.send_replace(3);
        assert_eq!(seen.recv().await, Some((3, "begins")));
        stopper.stop();
        assert_eq!(seen.recv().await, Some((3, "is stopped")));
        running.await.unwrap();
    }

    #[test]
    fn a_failure_is_told_when_it_is_new() {
        let mut failures = Failures::default();
        let error = |text: &str| RunError::Fault(text.to_owned());
        assert!(failures.is_news(Job::New, Some(&error("a"))));
        assert!(!failures.is_news(Job::New, Some(&error("a"))));
        assert!(failures.is_news(Job::Reconcile, Some(&error("a"))), "each job for itself");
        assert!(failures.is_news(Job::New, Some(&error("b"))));
        assert!(failures.is_news(Job::New, None), "it works again");
        assert!(!failures.is_news(Job::New, None));
    }
}
