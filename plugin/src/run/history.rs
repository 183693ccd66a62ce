//! What the last runs did, for the status page of hosts that keep no record of runs themselves.

use crate::contract::types::{ProblemClass, Report, Requests};
use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::{
    domain::Job,
    ports::{
        Ports, Store, StoreError,
        document::{encode, read},
    },
};

/// Runs of each job that are kept.
const RUNS_MAX: usize = 10;
/// Problems that are kept of each.
const PROBLEMS_MAX: usize = 5;

/// One run. Holds no personal data, as reports do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PastRun {
    /// When it began.
    pub began_ms: i64,
    /// When it ended.
    pub ended_ms: i64,
    /// Why it ended early: `config`, `upstream`, `internal`; `None` where it has a report.
    pub error: Option<String>,
    /// Whether everything was done that could be.
    pub complete: bool,
    /// Leads made or taken over.
    pub leads: u64,
    /// Leads changed.
    pub updated: u64,
    /// Orders that were not settled afterwards.
    pub backlog: u64,
    /// Requests to both servers.
    pub requests: u64,
    /// What did not go well: class and words.
    pub problems: Vec<(String, String)>,
}

impl PastRun {
    fn of(job: Job, began_ms: i64, ended_ms: i64, result: &Result<Report, RunError>) -> Self {
        let nothing = Report::new(job.into(), "", began_ms);
        let report = result.as_ref().unwrap_or(&nothing);
        let Requests { kaspi, amocrm } = report.requests;
        let problems = report.problems.iter().filter(|problem| problem.class != ProblemClass::Hint);
        let mut problems: Vec<_> = problems
            .map(|problem| (problem.class.name().to_owned(), problem.text()))
            .take(PROBLEMS_MAX)
            .collect();
        let error = result.as_ref().err();
        problems.extend(error.map(|error| (error.class().to_owned(), error.text())));
        Self {
            began_ms,
            ended_ms,
            error: error.map(|error| error.class().to_owned()),
            complete: report.complete,
            leads: report.created + report.adopted,
            updated: report.updated,
            backlog: report.backlog,
            requests: kaspi + amocrm,
            problems,
        }
    }

    /// Whether it reached both servers with settings that are right. Orders that wait for something are no failure.
    pub(crate) fn went_well(&self) -> bool {
        let is_of_run = |class: &str| class == "config" || class.starts_with("upstream_");
        self.error.is_none() && !self.problems.iter().any(|(class, _)| is_of_run(class))
    }
}

fn key(connection: &str, job: Job) -> String {
    format!("shop/{connection}/runs/{}", job.word())
}

/// The last runs of a job, newest first.
///
/// # Errors
/// When the store fails or its value cannot be read.
pub(crate) fn runs(store: &dyn Store, connection: &str, job: Job) -> Result<Vec<PastRun>, StoreError> {
    Ok(read(store, &key(connection, job))?.unwrap_or_default())
}

/// Adds a run that ends now.
pub(crate) fn add(
    ports: Ports<'_>,
    connection: &str,
    job: Job,
    began_ms: i64,
    result: &Result<Report, RunError>,
) -> Result<(), StoreError> {
    // Nothing depends on what was there, so what cannot be read is replaced.
    let mut runs = runs(ports.store, connection, job).unwrap_or_default();
    runs.insert(0, PastRun::of(job, began_ms, ports.clock.now_ms(), result));
    runs.truncate(RUNS_MAX);
    ports.store.set_many(&[(key(connection, job), encode(&runs))])
}
