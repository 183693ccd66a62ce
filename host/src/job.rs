//! The two jobs.

use std::fmt;

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
    /// The name in commands, addresses, tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reconcile => "reconcile",
        }
    }

    /// The job of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::New, Self::Reconcile].into_iter().find(|job| job.name() == name)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
