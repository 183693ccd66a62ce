//! The two jobs.

use std::fmt;

use crate::contract::types;

/// A job of the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Job {
    /// Orders that the CRM does not have yet.
    New,
    /// What has changed since.
    Reconcile,
}

impl Job {
    /// Both, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::New, Self::Reconcile];

    /// The name in commands, addresses, tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reconcile => "reconcile",
        }
    }

    /// The jobs among names, in the order in which they run. A name that is none of ours came from another version; it
    /// is dropped.
    pub fn of_names(names: &[String]) -> Vec<Self> {
        Self::ALL.into_iter().filter(|job| names.iter().any(|name| name == job.name())).collect()
    }

    /// The job of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Job> for types::Job {
    fn from(job: Job) -> Self {
        match job {
            Job::New => Self::New,
            Job::Reconcile => Self::Reconcile,
        }
    }
}
