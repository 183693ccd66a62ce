//! Past runs.

use serde::Serialize;

use super::future::StoreFuture;
use crate::base::job::Job;

/// What kept a run from its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// amoCRM refuses the token: somebody has to connect again.
    Token,
    /// A setting is missing or wrong.
    Setting,
    /// Kaspi cannot be reached or refuses.
    Kaspi,
    /// amoCRM cannot be reached or refuses.
    Amocrm,
    /// Something else; the error says what.
    Other,
}

impl Blocker {
    const ALL: [Self; 5] = [Self::Token, Self::Setting, Self::Kaspi, Self::Amocrm, Self::Other];

    /// As it is stored.
    pub(in crate::store) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Setting => "setting",
            Self::Kaspi => "kaspi",
            Self::Amocrm => "amocrm",
            Self::Other => "other",
        }
    }

    /// That of a name. One that is none of ours came from another version, and is something else.
    pub(in crate::store) fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|blocker| blocker.name() == name).unwrap_or(Self::Other)
    }
}

/// A past run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The connection.
    pub connection: String,
    /// The job.
    pub job: Job,
    /// When it began, milliseconds since 1970.
    pub started_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// The report (JSON), if there is one.
    pub report: Option<String>,
    /// How it ended otherwise.
    pub error: Option<String>,
    /// What that was about.
    pub blocker: Option<Blocker>,
}

/// From one moment to another, milliseconds since 1970: the first is part of it, the last is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from_ms: i64,
    /// The first one after it.
    pub before_ms: i64,
}

/// The newest runs of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRuns {
    /// The latest one.
    pub latest: RunRecord,
    /// The latest one without an error.
    pub latest_good: Option<RunRecord>,
}

impl LastRuns {
    /// From the latest run and, if there is one, the latest without an error. `None` where nothing ever ran.
    pub(in crate::store) fn of(runs: Vec<RunRecord>) -> Option<Self> {
        let latest_good = runs.iter().find(|run| run.error.is_none()).cloned();
        let latest = runs.into_iter().next()?;
        Some(Self { latest, latest_good })
    }
}

/// Past runs.
pub trait Runs: Send + Sync {
    /// Records a run.
    fn record_run<'a>(&'a self, run: &'a RunRecord) -> StoreFuture<'a, ()>;

    /// The newest runs of each job that ever ran for a connection.
    fn last_runs<'a>(&'a self, connection: &'a str) -> StoreFuture<'a, Vec<LastRuns>>;

    /// At most `limit` runs of a connection that began within a span, newest first.
    fn runs<'a>(&'a self, connection: &'a str, span: Span, limit: u32) -> StoreFuture<'a, Vec<RunRecord>>;
}

/// Past runs are kept for 30 days.
pub(in crate::store) const RUNS_KEPT_MS: i64 = 30 * 86_400_000;
