//! Questions about orders, and work on single ones. What changes something holds its connection, as a job does; what
//! only looks needs no turn.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    call::{CLOSING, STATEMENT_MAX, finished, finished_statement},
    error::RunError,
    host::Host,
    run::{Outcome, Run, RunLimits, Work},
    statement::Comparison as _,
};
use crate::{
    base::job::Job,
    base::{calendar::Range, shutdown::Stop},
    contract::types::{Order, RangeStatement, Repair, RetryResult, RetryWhich},
    egress::rate_limit::Urgency,
};

/// Time for an answer from the store alone.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// What a retry has come to.
#[derive(Debug)]
pub struct Retried {
    /// By order.
    pub answer: RetryResult,
    /// The run for new orders that followed.
    pub outcome: Outcome,
}

/// What a backfill has come to.
#[derive(Debug)]
pub struct Backfilled {
    /// What was done, and why it ended early.
    pub outcome: Outcome,
    /// From where the range has still to be read; `None` once it is read.
    pub next_from_ms: Option<i64>,
}

/// What a repair has come to.
#[derive(Debug)]
pub struct Repaired {
    /// What there is now. Where the mending ended early, what there was before.
    pub statement: RangeStatement,
    /// Orders that were to be mended.
    pub wanted: usize,
    /// Orders of them that agree now; `None` where the mending ended early.
    pub mended: Option<usize>,
    /// The reconciliation, where there was something to mend.
    pub outcome: Option<Outcome>,
}

impl Host {
    /// Where orders stand; without codes all that have something left to do.
    ///
    /// # Errors
    /// When settings are missing or wrong, or the component does not answer.
    pub async fn find_orders(
        &self,
        connection: &str,
        codes: &[String],
        stop: &Stop,
    ) -> Result<Vec<Order>, RunError> {
        let target = self.target(connection)?;
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let guest = self.guest(&target, None, self.quiet_share(&target), stop);
            let call = Box::pin(self.plugin.orders(guest, codes, after.as_deref(), LOOK_MAX));
            let page = finished(call, stop, Duration::ZERO).await?;
            found.extend(page.orders);
            if page.next.is_none() {
                return Ok(found);
            }
            if page.next == after {
                return Err(RunError::Fault("the component's list of orders does not end".to_owned()));
            }
            after = page.next;
        }
    }

    /// Compares the orders of a range with their leads; changes nothing.
    ///
    /// # Errors
    /// When settings are missing or wrong, or the component does not answer.
    pub async fn statement(
        &self,
        connection: &str,
        range: Range,
        stop: &Stop,
    ) -> Result<RangeStatement, RunError> {
        let target = self.target(connection)?;
        let guest = self.guest(&target, None, self.quiet_share(&target), stop);
        let call = Box::pin(self.plugin.statement(guest, range, Repair::None, STATEMENT_MAX));
        finished_statement(call, stop, Duration::ZERO).await
    }

    /// Lets parked orders be tried again, and tries them.
    ///
    /// # Errors
    /// When it could not begin, or the component does not answer.
    pub async fn retry(
        self: &Arc<Self>,
        connection: &str,
        which: &RetryWhich,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Retried, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let retried = run.retry(which, stop).await;
        run.finish(stop).await;
        retried
    }

    /// Brings in the orders of a range whatever their age, until it is done or its limits are reached.
    ///
    /// # Errors
    /// When it could not begin.
    pub async fn backfill(
        self: &Arc<Self>,
        connection: &str,
        range: Range,
        limits: RunLimits,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Backfilled, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let mut work = Work::Range(range);
        let outcome = run.work_on(&mut work, limits, stop).await;
        run.finish(stop).await;
        let next_from_ms = match work {
            Work::Range(left) => Some(left.from_ms),
            Work::Job(_) => None,
        };
        Ok(Backfilled { outcome, next_from_ms })
    }

    /// Compares the orders of a range with their leads, mends what is safe to mend, and compares again. `missing`: leads
    /// that are gone are made again.
    ///
    /// # Errors
    /// When it could not begin, or the component does not answer.
    pub async fn repair(
        self: &Arc<Self>,
        connection: &str,
        range: Range,
        missing: bool,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Repaired, RunError> {
        let run = self.begin_unless(connection, Job::Reconcile, wait, stop).await?;
        let repaired = run.repair(range, missing, stop).await;
        run.finish(stop).await;
        repaired
    }
}

impl Run {
    async fn retry(&self, which: &RetryWhich, stop: &Stop) -> Result<Retried, RunError> {
        let guest = self.guest(Urgency::Live, stop);
        let call = Box::pin(self.host.plugin.retry(guest, which, LOOK_MAX));
        let answer = finished(call, stop, CLOSING).await?;
        let outcome = self.work(RunLimits::default(), stop).await;
        Ok(Retried { answer, outcome })
    }

    async fn repair(&self, range: Range, missing: bool, stop: &Stop) -> Result<Repaired, RunError> {
        let repair = if missing { Repair::MissingToo } else { Repair::Safe };
        let before = self.statement(range, repair, stop).await?;
        let wanted: BTreeSet<String> =
            before.differences.iter().filter(|one| one.will_mend).map(|one| one.code.clone()).collect();
        if wanted.is_empty() {
            return Ok(Repaired { statement: before, wanted: 0, mended: Some(0), outcome: None });
        }
        let outcome = self.work(RunLimits::default(), stop).await;
        if outcome.error.is_some() || stop.is_requested() {
            let (wanted, outcome) = (wanted.len(), Some(outcome));
            return Ok(Repaired { statement: before, wanted, mended: None, outcome });
        }
        let statement = self.statement(range, Repair::None, stop).await?;
        let open: BTreeSet<&str> = statement.open().map(|one| one.code.as_str()).collect();
        let mended = wanted.iter().filter(|code| !open.contains(code.as_str())).count();
        Ok(Repaired { statement, wanted: wanted.len(), mended: Some(mended), outcome: Some(outcome) })
    }

    async fn statement(&self, range: Range, repair: Repair, stop: &Stop) -> Result<RangeStatement, RunError> {
        let guest = self.guest(Urgency::Live, stop);
        let call = Box::pin(self.host.plugin.statement(guest, range, repair, STATEMENT_MAX));
        finished_statement(call, stop, CLOSING).await
    }
}
