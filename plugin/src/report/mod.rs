//! The report of a run: what outsiders read, so its fields are a contract (docs/configuration.md).

pub(crate) mod planned_order;

use std::collections::BTreeSet;

use planned_order::PlannedOrder;
use serde::Serialize;

/// What a run has done.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// `new` or `reconcile`.
    pub job: String,
    /// The shop's connection.
    pub connection: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// How long the run took.
    pub took_ms: u64,
    /// Whether everything that could be done was done.
    pub complete: bool,
    /// Whether another slice should follow at once.
    pub more: bool,
    /// Orders that Kaspi showed.
    pub seen: u64,
    /// Leads made.
    pub created: u64,
    /// Leads that were there already and are followed from now on.
    pub adopted: u64,
    /// Leads changed.
    pub updated: u64,
    /// Orders that were recorded earlier, or get no lead.
    pub skipped: u64,
    /// Orders that wait for a person or for their next try.
    pub parked: u64,
    /// Orders that wait until it is known what became of a lost answer.
    pub in_doubt: u64,
    /// Orders of this shop that are not settled, whatever they wait for.
    pub backlog: u64,
    /// Requests sent.
    pub requests: Requests,
    /// Orders created up to here are recorded, RFC 3339.
    pub watermark: Option<String>,
    /// How far the watermark is behind.
    pub lag_ms: Option<i64>,
    /// How long ago we renewed the token pair; not with a long-lived token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_age_ms: Option<i64>,
    /// How long its access token lives on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_left_ms: Option<i64>,
    /// What did not go well.
    pub problems: Vec<Problem>,
    /// Of a backfill: where to go on reading; `None` once the range is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_from_ms: Option<i64>,
    /// In a dry run: what would be done about each order that is not settled. Nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<PlannedOrder>>,
}

/// Requests by server.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Requests {
    /// To Kaspi.
    pub kaspi: u64,
    /// To amoCRM.
    pub amocrm: u64,
}

/// One thing that did not go well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Problem {
    /// The order's code, or empty.
    pub code: String,
    /// `config`, `upstream_kaspi`, `upstream_amocrm`, `hint`, or a class of a single order.
    pub class: String,
    /// For people; no personal data, no secrets.
    pub message: String,
}

impl Report {
    /// Adds a problem of the run itself.
    pub(crate) fn problem(&mut self, class: &str, message: impl Into<String>) {
        self.order_problem("", class, message);
    }

    /// Adds a problem of one order.
    pub(crate) fn order_problem(&mut self, code: &str, class: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            code: code.to_owned(),
            class: class.to_owned(),
            message: message.into(),
        });
    }

    /// The report as JSON, each problem once.
    pub(crate) fn to_json(&self) -> String {
        let mut seen = BTreeSet::new();
        let mut report = self.clone();
        report.problems.retain(|problem| seen.insert(problem.clone()));
        serde_json::to_string(&report).expect("a report is plain data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once() {
        let mut report = Report::default();
        report.problem("hint", "one");
        report.problem("hint", "one");
        report.problem("hint", "two");
        assert_eq!(report.to_json().matches("hint").count(), 2);
    }
}
