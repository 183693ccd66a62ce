//! What is about to be created in amoCRM, recorded before it is sent and until its outcome is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::OrderCode;

/// What an attempt wants to create.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// A contact, by the keyed hash of its phone.
    Contact(String),
    /// A catalog element, by its key.
    Element(String),
    /// The lead of an order.
    Lead(OrderCode),
    /// A note of an order, by its revision.
    Note(OrderCode, u32),
}

impl Effect {
    /// The key under which the attempt is kept.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Contact(hash) => format!("contact/{hash}"),
            Self::Element(key) => format!("element/{key}"),
            Self::Lead(code) => format!("lead/{code}"),
            Self::Note(code, revision) => format!("note/{code}/{revision}"),
        }
    }

    /// The effect of a stored key.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let (kind, rest) = key.split_once('/')?;
        match kind {
            "contact" => Some(Self::Contact(rest.to_owned())),
            "element" => Some(Self::Element(rest.to_owned())),
            "lead" => OrderCode::parse(rest).map(Self::Lead),
            "note" => {
                let (code, revision) = rest.split_once('/')?;
                Some(Self::Note(OrderCode::parse(code)?, revision.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// A creation that was sent, or was about to be, and whose outcome is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// After this no answer was waited for any more.
    pub deadline_ms: i64,
    /// The newest id of its kind that was known before; what it made has a higher one.
    pub floor: i64,
    /// The lead of a note; the order's creation in seconds for a lead; else 0.
    pub about: i64,
    /// When complete scans that did not show it began.
    pub scans: Vec<i64>,
    /// Proven absent: it may be sent again, alone.
    pub is_absent: bool,
    /// The connection that it is of.
    pub shop: String,
}

impl Attempt {
    /// Whether it is of a connection.
    pub(crate) fn is_of(&self, connection: &str) -> bool {
        self.shop == connection
    }
}

/// All open attempts of the account, of whatever shop, by the key of their effect.
///
/// One document, so that who reads it misses none; it is only ever swapped against what was read, so that nobody
/// overwrites what others recorded meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Attempts {
    /// As they are, or shall be.
    pub open: BTreeMap<String, Attempt>,
    /// The document as last read or written; `None`: there is none yet.
    pub(super) stored: Option<Vec<u8>>,
}
