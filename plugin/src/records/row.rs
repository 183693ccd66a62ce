//! What hosts may show of an order: a row beside its record, clear and without personal data, so that nobody but the
//! component has to understand records. `wit/world.wit` describes them at `run`.

use serde::Serialize;

use super::order::{DEATHS_PARKED, Record};
use crate::domain::OrderCode;

/// Later than any order; what is left to it makes the newest order the first one in the order of keys.
const LAST_MS: i64 = 9_999_999_999_999;

#[derive(Serialize)]
pub(super) struct Row<'r> {
    v: u32,
    code: &'r str,
    created_ms: i64,
    state: &'r str,
    status: &'r str,
    stage: Option<&'r str>,
    step: &'static str,
    class: Option<&'r str>,
    lead_id: Option<i64>,
    total_kzt: i64,
    tries: u32,
    next_ms: Option<i64>,
    changed_ms: i64,
}

impl<'r> Row<'r> {
    pub(super) fn of(code: &'r OrderCode, record: &'r Record) -> Self {
        let (state, status, stage) = &record.seen;
        let trouble = record.trouble.as_ref().filter(|_| !record.is_settled());
        let (class, next_ms) = match trouble {
            _ if record.is_settled() => (None, None),
            Some(trouble) => (Some(trouble.class.as_str()), Some(trouble.next_try_ms)),
            None if record.deaths >= DEATHS_PARKED => (Some("poison"), None),
            None if record.unsure_until_ms > 0 => (Some("in_doubt"), Some(record.unsure_until_ms)),
            None if record.lead.is_none() && record.sent.is_some() => (Some("in_doubt"), None),
            None => (None, None),
        };
        let times = &record.times;
        let changed = [times.lead_ms, times.links_ms, times.note_ms, times.seen_ms, times.followed_ms];
        Self {
            v: 1,
            code: code.as_str(),
            created_ms: record.created_ms,
            state,
            status,
            stage: stage.as_deref(),
            step: record.step(),
            class,
            lead_id: record.lead,
            total_kzt: record.total_kzt,
            tries: trouble.map_or(0, |trouble| trouble.tries),
            next_ms,
            changed_ms: changed.into_iter().fold(record.first_seen_ms, i64::max),
        }
    }
}

/// Where the row of an order is stored, below its connection. An order never changes the moment at which it was placed,
/// so it has one row.
pub(super) fn rest_of_key(code: &OrderCode, created_ms: i64) -> String {
    format!("seen/{:013}/{code}", (LAST_MS - created_ms).clamp(0, LAST_MS))
}
