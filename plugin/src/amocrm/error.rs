//! Why a run cannot go on with amoCRM.

use std::fmt;

use kaspi_amocrm_contract::{Finding, Message, MessageId};

use crate::{
    contract::types::{Problem, ProblemClass},
    ports::StoreError,
};

/// Why a run cannot go on with amoCRM, or a call with itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A setting is wrong.
    Config(Finding),
    /// amoCRM takes the token no more: somebody has to connect again.
    Token(Finding),
    /// The account is not paid.
    Unpaid,
    /// The host's allow-list refuses the address.
    Denied(String),
    /// amoCRM wants no requests for a while.
    Paused {
        /// When requests may go on, milliseconds since 1970.
        until_ms: i64,
        /// What it answered.
        reason: Message,
    },
    /// The host is about to end: no trouble, the next run goes on.
    Ending,
    /// Another shop works with the account: no trouble, it goes on once it is free.
    Busy,
    /// The store failed.
    Store(StoreError),
    /// No usable answer, after all tries.
    Unreachable(Message),
    /// This call is not allowed or not understood; others may be.
    Refused {
        /// Path without query.
        call: String,
        /// HTTP status.
        status: u16,
        /// amoCRM's own words.
        detail: String,
    },
}

impl Stop {
    /// For people.
    pub fn message(&self) -> Message {
        match self {
            Self::Config(finding) | Self::Token(finding) => finding.message(),
            Self::Unpaid => MessageId::AccountNotPaid.into(),
            Self::Denied(reason) => Message::new(MessageId::AmoAddressDenied, [("reason", reason)]),
            Self::Paused { reason, .. } => {
                Message::plain(MessageId::AmoWantsPause).nest("reason", reason.clone())
            }
            Self::Ending => MessageId::HostEnding.into(),
            Self::Busy => MessageId::AccountBusy.into(),
            Self::Store(error) => error.message(),
            Self::Unreachable(detail) => Message::plain(MessageId::AmoTrouble).nest("detail", detail.clone()),
            Self::Refused { call, status, detail } => Message::new(
                MessageId::AmoCallRefused,
                [("call", call), ("status", status), ("detail", detail)],
            ),
        }
    }

    /// As the report tells it.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Config(finding) => Problem::of_setting(ProblemClass::Config, finding),
            Self::Token(finding) => Problem::of_setting(ProblemClass::Token, finding),
            Self::Unpaid | Self::Denied(_) => Problem::new(ProblemClass::Config, self.message()),
            _ => Problem::new(ProblemClass::UpstreamAmocrm, self.message()),
        }
    }

    /// No usable answer.
    pub(crate) fn unreachable(detail: impl Into<Message>) -> Self {
        Self::Unreachable(detail.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Stop {}
