//! Why there is no host, or no report of a run.

use crate::{
    config::{SettingsError, secret_key::KeyError},
    contract::{
        json::texts,
        types::{Error, Message, Problem},
    },
    store::StoreError,
};

/// Characters of what the component says that are repeated.
const TEXT_CHARS_MAX: usize = 1_000;

/// Why a run has no report, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting is missing or wrong, as far as the host can tell.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting is missing or wrong, or somebody has to connect again, as the component says.
    #[error("{}", shown(&texts(.0)))]
    Config(Vec<Problem>),
    /// Another run holds the connection.
    #[error("another run holds this connection")]
    Busy,
    /// A remote service cannot be reached or refuses.
    #[error("{}", shown(&.0.both()))]
    Upstream(Message),
    /// What was asked for makes no sense to the component.
    #[error("{}", shown(&.0.both()))]
    InvalidCall(Message),
    /// A bug, or a store that does not keep its promises, as the component says.
    #[error("{}", shown(&.0.both()))]
    Internal(Message),
    /// A statement took longer than this many minutes. That is no bug: it gives way to runs, and somebody may have asked
    /// for a year.
    #[error(
        "the statement was not complete after {0} minutes: name fewer days, or wait until a run that is under way has \
         ended / сверка не закончилась за {0} минут: укажите меньше дней или дождитесь конца текущего запуска"
    )]
    Late(u64),
    /// A bug that the host has met: the component has no answer, or one that makes no sense.
    #[error("{0}")]
    Fault(String),
    /// Asked to end before anything was done.
    #[error("interrupted")]
    Interrupted,
}

impl From<Error> for RunError {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(problems) => Self::Config(problems),
            Error::Busy => Self::Busy,
            Error::Upstream(message) => Self::Upstream(message),
            Error::InvalidCall(message) => Self::InvalidCall(message),
            Error::Internal(message) => Self::Internal(message),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be opened or brought up to date.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no key to seal with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No folder for what a dry run throws away.
    #[error("cannot make a temporary folder: {0}")]
    Scratch(#[source] std::io::Error),
}
