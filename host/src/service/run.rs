//! One run, from lease to report: slice after slice, and then the jobs that became due meanwhile. Commands, schedule and
//! web addresses all come here.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    call::{CLOSING, finished},
    error::RunError,
    host::{Host, Target},
    lease::Lease,
    report::Slices as _,
};
use crate::{
    base::clock::{millis, now_ms},
    base::job::Job,
    base::{calendar::Range, shutdown::Stop},
    contract::types::{Problem, ProblemClass, Report},
    egress::{
        Hold,
        rate_limit::{Limiter, Share, Urgency},
    },
    store::{Blocker, RunRecord},
    wasm::{Guest, Slice},
};

/// Rounds of jobs that became due during a run; then others get their turn.
const DUE_ROUNDS_MAX: u32 = 3;
/// Orders of this minute wait no longer for a part of a range.
const RANGE_SLICE: Duration = Duration::from_secs(30);
/// Slices in a row that ask for more and do nothing; a bug, or a loop of two.
const IDLE_SLICES_MAX: u32 = 20;

/// How long a run may take.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// The whole run; `None`: until it is done.
    pub total: Option<Duration>,
    /// One call of the component.
    pub slice: Duration,
    /// How many calls; `None`: until it is done.
    pub slices_max: Option<u32>,
}

impl Default for RunLimits {
    /// Until it is done, in slices of a minute.
    fn default() -> Self {
        Self { total: None, slice: Duration::from_secs(60), slices_max: None }
    }
}

/// How a run ended. It may have a report and an error: what was done before it failed.
#[derive(Debug)]
pub struct Outcome {
    /// What was done, all slices together.
    pub report: Option<Report>,
    /// Why it ended early.
    pub error: Option<RunError>,
}

/// A run that holds its connection.
#[derive(Debug)]
pub struct Run {
    pub(super) host: Arc<Host>,
    pub(super) target: Target,
    pub(super) job: Job,
    pub(super) lease: Lease,
    pub(super) limiter: Arc<Limiter>,
}

/// What a run works on, slice by slice.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// A job.
    Job(Job),
    /// The orders of a range, as far as they are not read yet; then the job for new orders finishes the work.
    Range(Range),
}

impl Work {
    /// The job it counts as.
    fn job(self) -> Job {
        match self {
            Self::Job(job) => job,
            Self::Range(_) => Job::New,
        }
    }
}

impl Host {
    /// Runs a job until it is done or its limits are reached, then the jobs that became due meanwhile.
    ///
    /// # Errors
    /// When the run could not begin: settings, or the connection is held for longer than `wait`.
    pub async fn run(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        limits: RunLimits,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Outcome, RunError> {
        let run = self.begin_unless(connection, job, wait, stop).await?;
        let outcome = run.work(limits, stop).await;
        run.finish(stop).await;
        Ok(outcome)
    }

    /// Takes a connection for a job.
    ///
    /// # Errors
    /// When a setting is missing or wrong, the connection is held for longer than `wait`, or the store fails.
    pub async fn begin(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        wait: Duration,
    ) -> Result<Run, RunError> {
        self.begin_unless(connection, job, wait, &Stop::never()).await
    }

    pub(super) async fn begin_unless(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Run, RunError> {
        let target = self.target(connection)?;
        let limiter = self.limiter(&target.amo, target.connection.amo_rps());
        let ttl = target.connection.lease_ttl();
        let lease = Lease::take(&self.store, target.connection.name(), job, ttl, wait, stop)
            .await?
            .ok_or_else(|| if stop.is_requested() { RunError::Interrupted } else { RunError::Busy })?;
        Ok(Run { host: self.clone(), target, job, lease, limiter })
    }
}

impl Run {
    /// Does the job, slice after slice, and records what came of it.
    pub async fn work(&self, limits: RunLimits, stop: &Stop) -> Outcome {
        self.work_on(&mut Work::Job(self.job), limits, stop).await
    }

    /// Does the jobs that became due meanwhile, then gives the connection back.
    pub async fn finish(self, stop: &Stop) {
        for _ in 0..DUE_ROUNDS_MAX {
            if stop.is_requested() || self.lease.is_lost() {
                break;
            }
            match self.lease.take_due_or_release().await {
                Ok(due) if due.is_empty() => return,
                Ok(due) => {
                    for job in due {
                        let outcome = self.work_on(&mut Work::Job(job), RunLimits::default(), stop).await;
                        match outcome.error {
                            None | Some(RunError::Interrupted) => {}
                            Some(error) => {
                                tracing::warn!(connection = self.target.connection.name(), %job, "the job that was due failed: {error}");
                            }
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        connection = self.target.connection.name(),
                        "cannot look for due jobs: {error}"
                    );
                    break;
                }
            }
        }
        let name = self.target.connection.name().to_owned();
        if let Err(error) = self.lease.release().await {
            tracing::warn!(
                connection = name,
                "cannot give the connection back, it is free when the lease ends: {error}"
            );
        }
    }

    pub(super) async fn work_on(&self, work: &mut Work, limits: RunLimits, stop: &Stop) -> Outcome {
        let job = work.job();
        let (started, started_ms) = (Instant::now(), now_ms());
        let mut outcome = Outcome { report: None, error: None };
        let (mut slices, mut idle) = (0, 0);
        let mut live_first = false;
        loop {
            let left = limits.total.map(|total| total.saturating_sub(started.elapsed()));
            let max = left.map_or(limits.slice, |left| left.min(limits.slice));
            if max.is_zero() || stop.is_requested() {
                break;
            }
            if self.lease.is_lost() {
                outcome.error = Some(RunError::Busy);
                break;
            }
            let is_live = std::mem::take(&mut live_first);
            let slice = if is_live {
                self.job_slice(Job::New, false, max, stop).await
            } else {
                self.slice(work, slices > 0, max, stop).await
            };
            match slice {
                Ok(mut report) => {
                    // Between two parts of a range come the orders of this minute.
                    report.more |= is_live;
                    let more = report.more;
                    live_first = more && !is_live && matches!(work, Work::Range(_));
                    idle = if report.took_ms < 50 { idle + 1 } else { 0 };
                    match &mut outcome.report {
                        None => outcome.report = Some(report),
                        Some(whole) => whole.merge(report),
                    }
                    slices += 1;
                    if !more || limits.slices_max == Some(slices) {
                        break;
                    }
                    if idle > IDLE_SLICES_MAX {
                        outcome.error =
                            Some(RunError::Fault("the component asks for more and does nothing".to_owned()));
                        break;
                    }
                }
                Err(error) => {
                    if let Some(report) = &mut outcome.report {
                        report.more = true;
                    }
                    // What the component meets then is no bug: its writes are refused.
                    outcome.error = Some(if self.lease.is_lost() { RunError::Busy } else { error });
                    break;
                }
            }
        }
        if outcome.report.is_none() && outcome.error.is_none() {
            outcome.error = Some(RunError::Interrupted);
        }
        if let (Some(report), Work::Range(left)) = (&mut outcome.report, *work) {
            report.next_from_ms = Some(left.from_ms);
        }
        self.record(job, started_ms, started.elapsed(), &outcome).await;
        outcome
    }

    async fn slice(
        &self,
        work: &mut Work,
        continues: bool,
        max: Duration,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        match *work {
            Work::Job(job) => self.job_slice(job, continues, max, stop).await,
            Work::Range(range) => {
                let (report, left) = self.backfill_slice(range, max.min(RANGE_SLICE), stop).await?;
                *work = left;
                Ok(report)
            }
        }
    }

    async fn job_slice(
        &self,
        job: Job,
        continues: bool,
        max: Duration,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        let (hold, share) = self.pass(Urgency::Live);
        self.host.slice(&self.target, hold, share, Slice { job, continues }, max, stop).await
    }

    /// What a call of the component may do, and how soon it is wanted.
    pub(super) fn pass(&self, urgency: Urgency) -> (Option<Hold>, Share) {
        let share = self.limiter.share(self.target.connection.name(), urgency);
        (Some(self.lease.as_hold().clone()), share)
    }

    /// An instance of the component for one call that may change something.
    pub(super) fn guest(&self, urgency: Urgency, stop: &Stop) -> Guest {
        let (hold, share) = self.pass(urgency);
        self.host.guest(&self.target, hold, share, stop)
    }

    /// One slice of a backfill: what is left of the range afterwards, or the job that finishes the work.
    async fn backfill_slice(
        &self,
        range: Range,
        max: Duration,
        stop: &Stop,
    ) -> Result<(Report, Work), RunError> {
        let guest = self.guest(Urgency::Backfill, stop);
        let call = Box::pin(self.host.plugin.backfill(guest, range, max));
        let report = finished(call, stop, CLOSING).await?;
        let left = rest(range, &report);
        Ok((report, left))
    }

    async fn record(&self, job: Job, started_ms: i64, took: Duration, outcome: &Outcome) {
        let connection = self.target.connection.name();
        if let Some(report) = &outcome.report {
            tracing::info!(
                connection,
                %job,
                seen = report.seen,
                created = report.created,
                adopted = report.adopted,
                updated = report.updated,
                parked = report.parked,
                in_doubt = report.in_doubt,
                problems = report.problems.len(),
                requests_kaspi = report.requests.kaspi,
                requests_amocrm = report.requests.amocrm,
                more = report.more,
                took_ms = millis(took),
                "finished a run"
            );
        }
        let run = RunRecord {
            connection: connection.to_owned(),
            job,
            started_ms,
            took_ms: millis(took),
            report: outcome.report.as_ref().map(|report| report.to_line()),
            error: outcome.error.as_ref().map(ToString::to_string).or_else(|| {
                let failure = outcome.report.as_ref()?.failure()?;
                Some(failure.text())
            }),
            blocker: outcome.blocker(),
        };
        // What a run reports that has lost its connection is not how the connection is doing.
        if matches!(self.host.store.holds(&self.lease.as_hold().fence).await, Ok(false)) {
            return;
        }
        if let Err(error) = self.host.store.record_run(&run).await {
            tracing::warn!(connection, "cannot record the run: {error}");
        }
    }
}

impl Outcome {
    /// What kept the run from its work; `None` where nothing did.
    fn blocker(&self) -> Option<Blocker> {
        let failure = self.report.as_ref().and_then(|report| report.failure());
        match (failure, &self.error) {
            (Some(problem), _) => Some(blocker_of([problem])),
            (None, None) => None,
            (None, Some(RunError::Config(problems))) => Some(blocker_of(problems)),
            (None, Some(RunError::Settings(_) | RunError::InvalidCall(_))) => Some(Blocker::Setting),
            (None, Some(_)) => Some(Blocker::Other),
        }
    }
}

/// A token is a setting to the component; what helps is another thing, so it goes before.
fn blocker_of<'p>(problems: impl IntoIterator<Item = &'p Problem>) -> Blocker {
    let one = |problem: &Problem| match problem.class {
        ProblemClass::Token => Blocker::Token,
        ProblemClass::Config => Blocker::Setting,
        ProblemClass::UpstreamKaspi => Blocker::Kaspi,
        ProblemClass::UpstreamAmocrm => Blocker::Amocrm,
        _ => Blocker::Other,
    };
    problems.into_iter().map(one).min().unwrap_or(Blocker::Other)
}

/// What follows a slice of a backfill. Whether at once, the report says: while Kaspi does not answer, it is not.
fn rest(range: Range, report: &Report) -> Work {
    match report.next_from_ms {
        None => Work::Job(Job::New),
        Some(from_ms) => Work::Range(Range { from_ms, ..range }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::{message, problem, report};

    #[test]
    fn a_range_is_read_to_its_end_and_then_finished_by_the_job() {
        let range = Range { from_ms: 1_000, to_ms: 5_000 };
        for next_from_ms in [Some(3_000), None] {
            let left = rest(range, &Report { next_from_ms, ..report() });
            match (next_from_ms, left) {
                (Some(from_ms), Work::Range(left)) => assert_eq!(left, Range { from_ms, to_ms: 5_000 }),
                (None, Work::Job(job)) => assert_eq!(job, Job::New),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_kept_a_run_from_its_work_is_told_by_the_class_of_its_problem() {
        use ProblemClass::{Config, Gone, Token, UpstreamAmocrm, UpstreamKaspi};
        let of_report = |class: Option<ProblemClass>| {
            let problems =
                [Some(Gone), class].into_iter().flatten().map(|class| problem(class, "x")).collect();
            Outcome { report: Some(Report { problems, ..report() }), error: None }.blocker()
        };
        for (class, blocker) in [
            (None, None),
            (Some(Token), Some(Blocker::Token)),
            (Some(Config), Some(Blocker::Setting)),
            (Some(UpstreamKaspi), Some(Blocker::Kaspi)),
            (Some(UpstreamAmocrm), Some(Blocker::Amocrm)),
        ] {
            assert_eq!(of_report(class), blocker, "{class:?}");
        }
        let of_error = |error| Outcome { report: None, error: Some(error) }.blocker();
        let settings = vec![problem(Config, "x"), problem(Token, "y")];
        assert_eq!(of_error(RunError::Config(settings)), Some(Blocker::Token));
        assert_eq!(of_error(RunError::Upstream(message("x"))), Some(Blocker::Other));
        assert_eq!(of_error(RunError::Busy), Some(Blocker::Other));
    }
}
