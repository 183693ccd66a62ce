//! Why a run cannot go on with amoCRM.

use crate::ports::StoreError;

/// Why a run cannot go on with amoCRM, or a call with itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// A setting is wrong: the token is refused, the account is not paid.
    #[error("{0}")]
    Config(String),
    /// amoCRM wants no requests for a while.
    #[error("amoCRM wants a pause: {reason}")]
    Paused {
        /// When requests may go on, milliseconds since 1970.
        until_ms: i64,
        /// What it answered.
        reason: String,
    },
    /// The host is about to end: no trouble, the next run goes on.
    #[error("this host is ending")]
    Ending,
    /// Another shop works with the account: no trouble, it goes on once it is free.
    #[error("another shop works with this account")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No usable answer, after all tries.
    #[error("amoCRM: {0}")]
    Unreachable(String),
    /// This call is not allowed or not understood; others may be.
    #[error("amoCRM refuses {call} with {status}: {detail}")]
    Refused {
        /// Path without query.
        call: String,
        /// HTTP status.
        status: u16,
        /// amoCRM's own words.
        detail: String,
    },
}
