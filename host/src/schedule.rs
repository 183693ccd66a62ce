//! The timer: new orders every minute, changes every ten. It calls what the web addresses and `run` call.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{
    job::Job,
    run::{Host, RunError, RunLimits},
    stop::Stop,
};

/// From one look for new orders to the next.
pub const NEW_EVERY: Duration = Duration::from_secs(60);
/// From one reconciliation to the next.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(600);

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
        connections.spawn(connection(host.clone(), name, first, periods, stop.clone()));
    }
    while connections.join_next().await.is_some() {}
}

/// One connection: its jobs run one after the other, so they never overlap.
async fn connection(host: Arc<Host>, name: String, first: Instant, periods: Periods, stop: Stop) {
    let mut ticks = interval_at(first, periods.new);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut reconcile_at = first;
    let mut failures = Failures::default();
    loop {
        let tick = tokio::select! {
            tick = ticks.tick() => tick,
            () = stop.requested() => return,
        };
        let late = tick.elapsed();
        if late > periods.new {
            let missed = late.as_secs() / periods.new.as_secs().max(1);
            tracing::warn!(connection = name, missed, "the last run took longer than a period");
        }
        for job in due(&mut reconcile_at, Instant::now(), periods) {
            if stop.is_requested() {
                return;
            }
            let outcome = host.run(&name, job, RunLimits::default(), Duration::ZERO, &stop).await;
            let error = match outcome {
                Ok(outcome) => outcome.error,
                Err(error) => Some(error),
            };
            failures.note(&name, job, error.as_ref());
        }
    }
}

fn due(reconcile_at: &mut Instant, now: Instant, periods: Periods) -> impl Iterator<Item = Job> + use<> {
    let reconcile = now >= *reconcile_at;
    if reconcile {
        *reconcile_at = now + periods.reconcile;
    }
    std::iter::once(Job::New).chain(reconcile.then_some(Job::Reconcile))
}

/// Says a failure once, and again when it changes.
#[derive(Debug, Default)]
struct Failures(HashMap<Job, String>);

impl Failures {
    fn note(&mut self, connection: &str, job: Job, error: Option<&RunError>) {
        let Some(error) = error else {
            if self.0.remove(&job).is_some() {
                tracing::info!(connection, %job, "works again");
            }
            return;
        };
        let text = error.to_string();
        if self.0.insert(job, text.clone()).as_ref() == Some(&text) {
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

    #[tokio::test(start_paused = true)]
    async fn reconcile_is_due_every_tenth_minute() {
        let start = Instant::now();
        let mut reconcile_at = start;
        let jobs: Vec<usize> = (0..21)
            .map(|minute| due(&mut reconcile_at, start + minute * NEW_EVERY, Periods::default()).count())
            .collect();
        let expected: Vec<usize> = (0..21).map(|minute| if minute % 10 == 0 { 2 } else { 1 }).collect();
        assert_eq!(jobs, expected);
    }
}
