//! The two jobs of the sync.

use crate::contract::types::Activity;

pub use crate::contract::types::Job;

impl From<Job> for Activity {
    fn from(job: Job) -> Self {
        match job {
            Job::New => Self::New,
            Job::Reconcile => Self::Reconcile,
        }
    }
}

impl Job {
    /// As settings, addresses and reports name it.
    pub fn word(self) -> &'static str {
        Activity::from(self).name()
    }

    /// The job of that name.
    pub fn of(word: &str) -> Option<Self> {
        [Self::New, Self::Reconcile].into_iter().find(|job| job.word() == word)
    }
}
