//! The two jobs of the sync.

/// The jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// New orders.
    New,
    /// Changes of known orders.
    Reconcile,
}

impl Job {
    /// As settings, addresses and reports name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reconcile => "reconcile",
        }
    }

    /// The job of that name.
    pub fn of(word: &str) -> Option<Self> {
        [Self::New, Self::Reconcile].into_iter().find(|job| job.word() == word)
    }
}
