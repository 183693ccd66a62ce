//! Notes of the sync: a summary, then one for each change that salespeople must see, none of them twice.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use crate::{
    amo::{Lead, Note},
    kaspi::SimOrder,
    world::World,
};

/// The revision of the summary; later notes count on from it.
const SUMMARY: u32 = 1;

/// Statuses of orders that came to a bad end, or may.
const BAD_ENDS: [&str; 4] = ["CANCELLED", "CANCELLING", "RETURNED", "KASPI_DELIVERY_RETURN_REQUESTED"];

/// Code and revision of a note, that is what `[kaspi:CODE:REVISION]` in its text says.
fn marker(note: &Note) -> Option<(&str, u32)> {
    let (_, after) = note.text.split_once("[kaspi:")?;
    let (code, revision) = after.split_once(']')?.0.split_once(':')?;
    Some((code, revision.parse().ok()?))
}

fn marked(world: &World) -> impl Iterator<Item = (&str, u32, &Note)> {
    let notes = world.amo.notes().iter().filter(|note| note.made_by_api);
    notes.filter_map(|note| marker(note).map(|(code, revision)| (code, revision, note)))
}

/// The summary note of an order on a lead.
pub(super) fn summary<'a>(world: &'a World, lead: &Lead, code: &str) -> Option<&'a Note> {
    let mut notes = marked(world).filter(|(of, revision, _)| *of == code && *revision == SUMMARY);
    notes.find(|(_, _, note)| note.lead_id == lead.id).map(|(_, _, note)| note)
}

/// Notes that are there more than once, on one lead or on several.
pub(super) fn twins(world: &World) -> Vec<String> {
    let mut leads: BTreeMap<(&str, u32), Vec<u64>> = BTreeMap::new();
    for (code, revision, note) in marked(world) {
        leads.entry((code, revision)).or_default().push(note.lead_id);
    }
    let twins = leads.into_iter().filter(|(_, leads)| leads.len() > 1);
    twins
        .map(|((code, revision), leads)| {
            format!("note {revision} of order {code} is there {} times, on leads {leads:?}", leads.len())
        })
        .collect()
}

/// What is wrong with the notes of one order on its lead.
pub(super) fn faults(world: &World, scope: &Scope, order: &SimOrder, lead: &Lead) -> Vec<String> {
    let Some(summary) = summary(world, lead, &order.code) else { return vec!["has no summary note".into()] };
    let revisions: BTreeSet<u32> = marked(world)
        .filter(|(code, _, note)| *code == order.code && note.lead_id == lead.id)
        .map(|(_, revision, _)| revision)
        .collect();
    let last = revisions.last().copied().unwrap_or(SUMMARY);
    let mut faults: Vec<String> = (SUMMARY..last)
        .filter(|revision| !revisions.contains(revision))
        .map(|revision| format!("has note {last} but no note {revision}"))
        .collect();
    // A lead of the sync shows the order as it was then; a person's shows it as its summary does.
    let known_ms = if lead.made_by_api { lead.made_at_ms } else { summary.made_at_ms };
    let ends_badly = |at_ms| BAD_ENDS.contains(&order.at(at_ms).1);
    if scope.stages.is_some() && ends_badly(scope.now_ms) && !ends_badly(known_ms) && last == SUMMARY {
        faults.push(format!("has no note on {}", order.at(scope.now_ms).1));
    }
    faults
}
