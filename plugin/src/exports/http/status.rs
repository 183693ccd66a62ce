//! Whether the sync works, on hosts that have no console: one answer for programs, one page for people.
//!
//! Asks the store only, so it costs the servers nothing however often somebody looks.

use kaspi_amocrm_contract::calendar::rfc3339;
use kaspi_amocrm_contract::{Finding, Language};
use serde_json::{Value, json};

use crate::{
    contract::{json as contract_json, types::Order},
    domain::Job,
    exports::orders,
    ports::{Ports, encrypted},
    records::ShopLedger,
    run::{
        RunError,
        history::{self, PastRun},
        lease,
    },
    settings::Settings,
};

/// Two firings in a row that are lost, where the rhythm is the slowest that there is: every five minutes.
const LATE_MS: i64 = 12 * 60_000;
/// Orders that are told one by one.
const ORDERS_MAX: u32 = 50;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// New orders arrive.
    Works,
    /// A setting is missing or wrong.
    Settings,
    /// Nothing has run yet.
    NeverRan,
    /// The last run of a job failed, or the store does.
    Trouble,
    /// Nothing has run for a while.
    Late,
}

impl State {
    /// `last` is the last run of each job that has run: both bring orders in.
    fn of(findings: &[Finding], trouble: bool, last: &[&PastRun], now_ms: i64) -> Self {
        let ended_ms = last.iter().map(|run| run.ended_ms).max();
        match ended_ms {
            _ if !findings.is_empty() => Self::Settings,
            _ if trouble || last.iter().any(|run| !run.went_well()) => Self::Trouble,
            None => Self::NeverRan,
            Some(ended_ms) if now_ms - ended_ms > LATE_MS => Self::Late,
            Some(_) => Self::Works,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Settings => "settings",
            Self::NeverRan => "never_ran",
            Self::Trouble => "trouble",
            Self::Late => "late",
        }
    }
}

/// What is known.
pub(crate) struct Status {
    pub(crate) state: State,
    pub(super) connection: String,
    pub(super) language: Language,
    pub(super) now_ms: i64,
    pub(super) watermark_ms: Option<i64>,
    pub(super) new: Vec<PastRun>,
    pub(super) reconcile: Vec<PastRun>,
    /// Orders that are not settled.
    pub(super) orders: Vec<Order>,
    pub(super) findings: Vec<Finding>,
    /// Why the store does not answer.
    pub(super) trouble: Option<String>,
}

impl Status {
    pub(crate) async fn read(ports: Ports<'_>) -> Self {
        let (settings, findings) = Settings::so_far(ports.config);
        let now_ms = ports.clock.now_ms();
        let mut status = Self {
            state: State::Trouble,
            connection: settings.connection.clone(),
            language: settings.language,
            now_ms,
            watermark_ms: None,
            new: Vec::new(),
            reconcile: Vec::new(),
            orders: Vec::new(),
            findings,
            trouble: None,
        };
        status.trouble = status.ask(ports, &settings).await.err().map(|error| error.text());
        let last: Vec<&PastRun> =
            [&status.new, &status.reconcile].into_iter().filter_map(|runs| runs.first()).collect();
        status.state = State::of(&status.findings, status.trouble.is_some(), &last, now_ms);
        status
    }

    async fn ask(&mut self, ports: Ports<'_>, settings: &Settings) -> Result<(), RunError> {
        lease::check(ports.store, &self.connection)?;
        encrypted::check_format(ports.store)?;
        self.new = history::runs(ports.store, &self.connection, Job::New)?;
        self.reconcile = history::runs(ports.store, &self.connection, Job::Reconcile)?;
        // Nothing can be asked with settings that are wrong, and they are what has to be mended.
        if !self.findings.is_empty() {
            return Ok(());
        }
        let meta = ShopLedger::new(ports.store, &self.connection).meta()?;
        self.watermark_ms = meta.map(|meta| meta.watermark_ms);
        self.orders = orders::waiting(ports, settings, ORDERS_MAX).await?;
        Ok(())
    }

    fn lag_ms(&self) -> Option<i64> {
        self.watermark_ms.map(|watermark_ms| (self.now_ms - watermark_ms).max(0))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let order = |order: &Order| {
            let cause = order.cause.as_ref().map(contract_json::cause);
            json!({"code": order.code, "step": order.step.name(), "cause": cause})
        };
        let runs = |runs: &[PastRun]| -> Vec<Value> {
            runs.iter()
                .map(|run| {
                    json!({
                        "started_at": rfc3339(run.began_ms), "took_ms": run.ended_ms - run.began_ms,
                        "error": run.error, "complete": run.complete, "leads": run.leads,
                        "updated": run.updated, "backlog": run.backlog, "requests": run.requests,
                        "problems": run.problems,
                    })
                })
                .collect()
        };
        json!({
            "works": self.state == State::Works,
            "state": self.state.word(),
            "connection": self.connection,
            "now": rfc3339(self.now_ms),
            "watermark": self.watermark_ms.map(rfc3339),
            "lag_ms": self.lag_ms(),
            "new": runs(&self.new),
            "reconcile": runs(&self.reconcile),
            "orders": self.orders.iter().map(order).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "trouble": self.trouble,
        })
    }
}
