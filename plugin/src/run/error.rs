//! Why there is no report.

pub use crate::contract::types::Error as RunError;
use crate::{
    amocrm::Stop,
    contract::types::{Problem, ProblemClass},
    ports::StoreError,
};

impl From<Stop> for RunError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => error.into(),
            Stop::Busy => Self::Busy,
            Stop::Config(_) | Stop::Token(_) | Stop::Unpaid | Stop::Denied(_) => {
                Self::Config(vec![stop.problem()])
            }
            other => Self::Upstream(other.message().into()),
        }
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unusable(finding) => {
                Self::Config(vec![Problem::of_setting(ProblemClass::Config, finding)])
            }
            StoreError::Uncounting { .. } => Self::config(error.message()),
            StoreError::Failed(_) => Self::Internal(error.message().into()),
            StoreError::Lost => Self::Busy,
        }
    }
}
