//! Of the report that is stored with a run what is read again. It is the line of JSON that `run` prints.

use serde::Deserialize;

use crate::store::RunRecord;

/// The fields that pages and figures need. A report may be older than this program: what is missing is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct StoredReport {
    /// Orders read.
    pub(crate) seen: u64,
    /// Leads made.
    pub(crate) created: u64,
    /// Leads taken over.
    pub(crate) adopted: u64,
    /// Leads changed.
    pub(crate) updated: u64,
    /// Orders put aside.
    pub(crate) parked: u64,
    /// Orders whose lost answer is looked for.
    pub(crate) in_doubt: u64,
    /// Orders that are not settled.
    pub(crate) backlog: u64,
    /// Requests sent.
    pub(crate) requests: StoredRequests,
    /// How far reading Kaspi was behind.
    pub(crate) lag_ms: Option<i64>,
    /// How long ago the token pair was renewed.
    pub(crate) token_age_ms: Option<i64>,
    /// How long its access token lived on.
    pub(crate) token_left_ms: Option<i64>,
    /// What went wrong.
    pub(crate) problems: Vec<StoredProblem>,
}

/// Requests that are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct StoredRequests {
    /// To amoCRM.
    pub(crate) amocrm: u64,
}

/// A problem as it is shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct StoredProblem {
    /// The order; empty: the run.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
}

impl StoredReport {
    /// That of a run; `None` where it has none, or one that cannot be read.
    pub(crate) fn of(run: &RunRecord) -> Option<Self> {
        serde_json::from_str(run.report.as_deref()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::job::Job, contract::json_samples, service::Slices as _};

    #[test]
    fn a_report_is_read_as_it_was_printed() {
        let report = json_samples::report();
        let run = RunRecord {
            connection: "default".to_owned(),
            job: Job::New,
            started_ms: 0,
            took_ms: 0,
            report: Some(report.to_line()),
            error: None,
            blocker: None,
        };
        let problems = report.problems.iter().map(|problem| StoredProblem {
            code: problem.code.clone().unwrap_or_default(),
            message: problem.text(),
        });
        let expected = StoredReport {
            seen: report.seen,
            created: report.created,
            adopted: report.adopted,
            updated: report.updated,
            parked: report.parked,
            in_doubt: report.in_doubt,
            backlog: report.backlog,
            requests: StoredRequests { amocrm: report.requests.amocrm },
            lag_ms: report.lag_ms,
            token_age_ms: report.token_age_ms,
            token_left_ms: report.token_left_ms,
            problems: problems.collect(),
        };
        assert_eq!(StoredReport::of(&run), Some(expected));
        assert_eq!(StoredReport::of(&RunRecord { report: Some("[".to_owned()), ..run }), None);
    }
}
