//! Questions about orders, and work on single ones. What changes something holds its connection, as a job does; what
//! only looks needs no turn.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    CLOSING, Called, Host, Outcome, Run, RunError, RunLimits,
    answers::{FoundOrder, Page, RetryAnswer, Statement, parsed},
    finished,
    work::Work,
};
use crate::{
    base::{calendar::Range, shutdown::Stop},
    egress::rate_limit::Urgency,
    job::Job,
    report::Report,
    wasm::{CallError, GuestError, Question},
};

/// Where a backfill goes on, in its report.
pub(super) const NEXT_FROM_MS: &str = "next_from_ms";
/// Time for an answer from the store alone.
const LOOK_MAX: Duration = Duration::from_secs(60);
/// Time for a statement, which reads both sides in one call.
const STATEMENT_MAX: Duration = Duration::from_secs(600);

/// Which parked orders to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These.
    Codes(Vec<String>),
    /// Every one.
    All,
}

/// What a retry has come to.
#[derive(Debug)]
pub struct Retried {
    /// By order.
    pub answer: RetryAnswer,
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
    pub statement: Statement,
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
    ) -> Result<Vec<FoundOrder>, RunError> {
        let target = self.target(connection)?;
        let mut found = Vec::new();
        let mut after = Value::Null;
        loop {
            let mut options = Map::new();
            if !codes.is_empty() {
                options.insert("codes".to_owned(), json!(codes));
            }
            if !after.is_null() {
                options.insert("after".to_owned(), after.clone());
            }
            let guest = self.guest(&target, None, self.quiet_share(&target), stop);
            let call = self.plugin.ask(guest, Question::Orders, options, LOOK_MAX);
            let page = Page::parse(&finished(call, stop, Duration::ZERO).await?)?;
            found.extend(page.orders);
            if page.next.is_null() {
                return Ok(found);
            }
            if page.next == after {
                return Err(RunError::Internal("the component's list of orders does not end".to_owned()));
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
    ) -> Result<Statement, RunError> {
        let target = self.target(connection)?;
        let guest = self.guest(&target, None, self.quiet_share(&target), stop);
        let call = Box::pin(self.plugin.ask(guest, Question::Statement, range.options(), STATEMENT_MAX));
        Statement::parse(finished(in_time(call), stop, Duration::ZERO).await?)
    }

    /// Lets parked orders be tried again, and tries them.
    ///
    /// # Errors
    /// When it could not begin, or the component does not answer.
    pub async fn retry(
        self: &Arc<Self>,
        connection: &str,
        which: &Which,
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

impl Range {
    fn options(self) -> Map<String, Value> {
        let options = [("from_ms", self.from_ms), ("to_ms", self.to_ms)];
        options.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
    }
}

impl Run {
    pub(super) async fn ask(
        &self,
        question: Question,
        options: Map<String, Value>,
        limit: Duration,
        stop: &Stop,
    ) -> Result<String, RunError> {
        let urgency = if question == Question::Backfill { Urgency::Backfill } else { Urgency::Live };
        let (hold, share) = self.pass(urgency);
        let guest = self.host.guest(&self.target, hold, share, stop);
        let call = Box::pin(self.host.plugin.ask(guest, question, options, limit));
        match question {
            Question::Statement => finished(in_time(call), stop, CLOSING).await,
            _ => finished(call, stop, CLOSING).await,
        }
    }

    async fn retry(&self, which: &Which, stop: &Stop) -> Result<Retried, RunError> {
        let option = match which {
            Which::Codes(codes) => ("codes".to_owned(), json!(codes)),
            Which::All => ("all".to_owned(), true.into()),
        };
        let text = self.ask(Question::Retry, Map::from_iter([option]), LOOK_MAX, stop).await?;
        let answer = parsed(&text, "answer to a retry")?;
        let outcome = self.work(RunLimits::default(), stop).await;
        Ok(Retried { answer, outcome })
    }

    async fn repair(&self, range: Range, missing: bool, stop: &Stop) -> Result<Repaired, RunError> {
        let mut options = range.options();
        options.insert("repair".to_owned(), true.into());
        if missing {
            options.insert("missing".to_owned(), true.into());
        }
        let before = Statement::parse(self.ask(Question::Statement, options, STATEMENT_MAX, stop).await?)?;
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
        let text = self.ask(Question::Statement, range.options(), STATEMENT_MAX, stop).await?;
        let statement = Statement::parse(text)?;
        let open: BTreeSet<&str> = statement.open().map(|one| one.code.as_str()).collect();
        let mended = wanted.iter().filter(|code| !open.contains(code.as_str())).count();
        Ok(Repaired { statement, wanted: wanted.len(), mended: Some(mended), outcome: Some(outcome) })
    }

    /// One slice of a backfill: what is left of the range afterwards, or the job that finishes the work.
    pub(super) async fn backfill_slice(
        &self,
        range: Range,
        max: Duration,
        stop: &Stop,
    ) -> Result<(Report, Work), RunError> {
        let mut options = range.options();
        options.insert("max_ms".to_owned(), u64::try_from(max.as_millis()).unwrap_or(u64::MAX).into());
        let limit = max.saturating_add(self.host.plugin.grace());
        let text = self.ask(Question::Backfill, options, limit, stop).await?;
        let report: Report = parsed(&text, "report")?;
        let left = rest(range, &report);
        Ok((report, left))
    }
}

/// A statement that takes too long is no bug: it gives way to runs, and somebody may have asked for a year.
async fn in_time(call: impl Future<Output = Called>) -> Called {
    match call.await {
        Err(CallError::Deadline(_)) => Ok(Err(GuestError::Upstream(format!(
            "the statement was not complete after {minutes} minutes: name fewer days, or wait until a run that is under way \
             has ended / сверка не закончилась за {minutes} минут: укажите меньше дней или дождитесь конца текущего запуска",
            minutes = STATEMENT_MAX.as_secs() / 60
        )))),
        other => other,
    }
}

/// What follows a slice of a backfill. Whether at once, the report says: while Kaspi does not answer, it is not.
fn rest(range: Range, report: &Report) -> Work {
    match report.other.get(NEXT_FROM_MS).and_then(Value::as_i64) {
        None => Work::Job(Job::New),
        Some(from_ms) => Work::Range(Range { from_ms, ..range }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_to_its_end_and_then_finished_by_the_job() {
        let range = Range { from_ms: 1_000, to_ms: 5_000 };
        for next in [json!(3_000), Value::Null] {
            let report: Report = serde_json::from_value(json!({"job": "new", "next_from_ms": next})).unwrap();
            let left = rest(range, &report);
            match (next.as_i64(), left) {
                (Some(from_ms), Work::Range(left)) => assert_eq!(left, Range { from_ms, to_ms: 5_000 }),
                (None, Work::Job(job)) => assert_eq!(job, Job::New),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_no_bug() {
        let late = in_time(async { Err(CallError::Deadline(STATEMENT_MAX)) }).await;
        let Ok(Err(GuestError::Upstream(text))) = late else { panic!("{late:?}") };
        assert!(text.contains("after 10 minutes") && text.contains("за 10 минут"), "{text}");
        let trap = in_time(async { Err(CallError::Trap("t".to_owned())) }).await;
        assert!(matches!(trap, Err(CallError::Trap(_))));
    }

    #[test]
    fn a_range_is_told_in_milliseconds() {
        let options = Range { from_ms: 1, to_ms: 2 }.options();
        assert_eq!(Value::Object(options), json!({"from_ms": 1, "to_ms": 2}));
    }
}
