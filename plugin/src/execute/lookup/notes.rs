//! Finds our notes on leads.

use std::collections::BTreeMap;

use crate::{
    amocrm::{Note, PAGE_SIZE, Stop},
    domain::{LeadId, OrderCode},
    execute::{failure::Failure, session::Session},
    plan::note,
};
/// Pages of notes of one lead at most.
const NOTE_PAGES_MAX: usize = 4;
/// Leads whose notes are read in one walk: not so many that it gets long.
const NOTED_LEADS_MAX: usize = 50;

/// Our notes on the leads of some orders: by order, texts by revision.
pub(crate) async fn notes_of(
    session: &Session<'_>,
    orders: &[(OrderCode, LeadId)],
) -> Result<BTreeMap<OrderCode, BTreeMap<u32, String>>, Failure> {
    let mut found: BTreeMap<OrderCode, BTreeMap<u32, String>> = BTreeMap::new();
    for chunk in orders.chunks(NOTED_LEADS_MAX) {
        let ids: Vec<LeadId> = chunk.iter().map(|(_, lead)| *lead).collect();
        let mut notes = Vec::new();
        if let Some(all) = notes_of_all(session, &ids).await? {
            notes = all;
        } else {
            for id in ids {
                for page in 1..=NOTE_PAGES_MAX {
                    let more = session.amo.notes_of(id, page).await?;
                    let is_last = more.len() < PAGE_SIZE;
                    notes.extend(more);
                    if is_last {
                        break;
                    }
                }
            }
        }
        for (code, lead) in chunk {
            let ours = notes.iter().filter(|note| note.lead == *lead);
            let revisions =
                ours.filter_map(|note| Some((note::revision_in(&note.text, code)?, note.text.clone())));
            found.entry(code.clone()).or_default().extend(revisions);
        }
    }
    Ok(found)
}

/// The notes of some leads in one walk; `None` where that proves nothing: none at all, those of others, too many.
async fn notes_of_all(session: &Session<'_>, ids: &[LeadId]) -> Result<Option<Vec<Note>>, Failure> {
    if ids.len() < 2 {
        return Ok(None);
    }
    let mut notes: Vec<Note> = Vec::new();
    for page in 1..=NOTE_PAGES_MAX {
        let more = match session.amo.notes_of_all(ids, page).await {
            Ok(more) => more,
            Err(Stop::Refused { .. }) => return Ok(None),
            Err(stop) => return Err(stop.into()),
        };
        let is_last = more.len() < PAGE_SIZE;
        if more.iter().any(|note| !ids.contains(&note.lead)) {
            return Ok(None);
        }
        notes.extend(more);
        if is_last {
            // "Nothing there" is also what amoCRM says to an address that it does not know.
            return Ok((!notes.is_empty()).then_some(notes));
        }
    }
    Ok(None)
}
