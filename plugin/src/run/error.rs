//! Why there is no report.

use crate::{amocrm::Stop, ports::StoreError};

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A setting is missing or wrong.
    #[error("{0}")]
    Config(String),
    /// Another run holds the connection.
    #[error("another run holds this connection")]
    Busy,
    /// A remote service cannot be reached or refuses.
    #[error("{0}")]
    Upstream(String),
    /// A bug, or a store that fails.
    #[error("{0}")]
    Internal(String),
}

impl RunError {
    /// A word for programs.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Busy => "busy",
            Self::Upstream(_) => "upstream",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<Stop> for RunError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Config(why) => Self::Config(why),
            Stop::Store(error) => error.into(),
            Stop::Busy => Self::Busy,
            other => Self::Upstream(other.to_string()),
        }
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unusable(why) => Self::Config(why),
            StoreError::Failed(_) => Self::Internal(error.to_string()),
            StoreError::Lost => Self::Busy,
        }
    }
}
