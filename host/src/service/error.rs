//! Why there is no host, or no report of a run.

use crate::{
    config::{SettingsError, secret_key::KeyError},
    store::StoreError,
};

/// Why a run has no report, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting is missing or wrong, as far as the host can tell.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting is missing or wrong, as the component says.
    #[error("{0}")]
    Config(String),
    /// Another run holds the connection.
    #[error("another run holds this connection")]
    Busy,
    /// A remote service cannot be reached or refuses.
    #[error("{0}")]
    Upstream(String),
    /// A bug.
    #[error("{0}")]
    Internal(String),
    /// Asked to end before anything was done.
    #[error("interrupted")]
    Interrupted,
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
