//! What hosts may show of an order: a row beside its record, clear and without personal data, so that nobody but the
//! component has to understand records.

use crate::contract::types::ProblemClass;
use kaspi_amocrm_contract::rows::{OrderRow, ROW_VERSION};

use super::order::{DEATHS_PARKED, Record};
use crate::domain::OrderCode;

/// The row of a record.
pub(super) fn row_of(code: &OrderCode, record: &Record) -> OrderRow {
    let (state, status, stage) = &record.seen;
    let trouble = record.trouble.as_ref().filter(|_| !record.is_settled());
    let (class, next_ms) = match trouble {
        _ if record.is_settled() => (None, None),
        Some(trouble) => (Some(trouble.class), Some(trouble.next_try_ms)),
        None if record.deaths >= DEATHS_PARKED => (Some(ProblemClass::Poison), None),
        None if record.unsure_until_ms > 0 => (Some(ProblemClass::InDoubt), Some(record.unsure_until_ms)),
        None if record.lead.is_none() && record.sent.is_some() => (Some(ProblemClass::InDoubt), None),
        None => (None, None),
    };
    let times = &record.times;
    let changed = [times.lead_ms, times.links_ms, times.note_ms, times.seen_ms, times.followed_ms];
    OrderRow {
        v: ROW_VERSION,
        code: code.as_str().to_owned(),
        created_ms: record.created_ms,
        state: state.clone(),
        status: status.clone(),
        stage: stage.clone(),
        step: record.step().name().to_owned(),
        class: class.map(|class| class.name().to_owned()),
        lead_id: record.lead,
        total_kzt: record.total_kzt,
        tries: trouble.map_or(0, |trouble| trouble.tries),
        next_ms,
        changed_ms: changed.into_iter().fold(record.first_seen_ms, i64::max),
    }
}
