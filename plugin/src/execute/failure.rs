//! Why the work with amoCRM ends early.

use crate::{amocrm::Stop, ports::StoreError};

/// Why the work with amoCRM ends early. What was open is recorded either way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// amoCRM.
    #[error(transparent)]
    Stop(Stop),
    /// The store: nothing is sent that cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => Self::Store(error),
            stop => Self::Stop(stop),
        }
    }
}
