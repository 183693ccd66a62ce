//! When the days of a shop were last read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What has been read again and when, by day of creation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Visits {
    /// When the pass that is under way began.
    pub pass_ms: i64,
    /// Requests of that pass so far.
    pub pass_requests: u64,
    /// By number of the day.
    pub days: BTreeMap<i64, Visit>,
}

/// The last look at one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// When all its orders were read.
    pub whole_ms: i64,
    /// When those on their way were.
    pub open_ms: i64,
    /// Pages it had.
    pub pages: u64,
}
