//! Looks for what creations made whose answer was lost.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    elements,
    notes::notes_of,
    walk::{DAY_S, Falling, PAGES_MAX},
};
use crate::{
    amocrm::{Lead, PAGE_SIZE},
    domain::{LeadId, OrderCode, phone},
    execute::{failure::Failure, session::Session},
    records::{Attempt, Effect},
};

/// What a look at the CRM showed of some attempts.
#[derive(Default)]
pub(crate) struct Look {
    /// What exists, by the key of its effect.
    pub found: BTreeMap<String, i64>,
    /// Effects whose absence this look proves as far as one look can.
    pub absent: BTreeSet<String>,
}

/// Looks for what some attempts may have made.
pub(crate) async fn look_for(
    session: &Session<'_>,
    attempts: &BTreeMap<String, Attempt>,
) -> Result<Look, Failure> {
    let mut look = Look::default();
    let of_kind = |fits: fn(&Effect) -> bool| -> Vec<(Effect, &Attempt)> {
        let parsed = attempts.iter().filter_map(|(key, attempt)| Some((Effect::parse(key)?, attempt)));
        parsed.filter(|(effect, _)| fits(effect)).collect()
    };
    look_for_leads(session, &of_kind(|e| matches!(e, Effect::Lead(_))), &mut look).await?;
    look_for_contacts(session, &of_kind(|e| matches!(e, Effect::Contact(_))), &mut look).await?;
    look_for_elements(session, &of_kind(|e| matches!(e, Effect::Element(_))), &mut look).await?;
    look_for_notes(session, &of_kind(|e| matches!(e, Effect::Note(..))), &mut look).await?;
    Ok(look)
}

async fn look_for_leads(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(floor) = wanted.iter().map(|(_, attempt)| attempt.floor).min() else { return Ok(()) };
    let mut order = Falling::default();
    let mut is_fresh = session.tail.known.is_empty();
    let mut is_whole = false;
    for page in 1..=PAGES_MAX {
        let leads = session.amo.newest_leads(page).await?;
        order.page(leads.iter().map(|lead| lead.id.0));
        is_fresh |= leads.iter().any(|lead| session.tail.known.contains(&lead.id.0));
        for lead in &leads {
            for (effect, attempt) in wanted {
                let Effect::Lead(code) = effect else { continue };
                if lead.id.0 > attempt.floor
                    && is_lead_of_attempt(lead, code, attempt, session.check.pipeline_id)
                {
                    remember_lowest(look, effect, lead.id.0);
                }
            }
        }
        let is_last = leads.len() < PAGE_SIZE;
        let reached = leads.last().is_some_and(|lead| lead.id.0 <= floor);
        if is_last || (reached && order.is_falling) {
            is_whole = true;
            break;
        }
    }
    if is_whole && is_fresh && order.is_falling {
        note_absent(look, wanted);
    }
    Ok(())
}

/// A lead made after an attempt began, with the order's code: the attempt's own, or a person's in the meantime.
fn is_lead_of_attempt(lead: &Lead, code: &OrderCode, attempt: &Attempt, pipeline_id: i64) -> bool {
    match &lead.code {
        Some(field) if field == code.as_str() => true,
        Some(field) if !field.is_empty() => false,
        _ => {
            let is_persons =
                lead.created_s >= attempt.about && lead.pipeline_id == pipeline_id && !lead.is_closed();
            code.is_token_of(&lead.name) && (lead.is_tagged || is_persons)
        }
    }
}

async fn look_for_contacts(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(floor) = wanted.iter().map(|(_, attempt)| attempt.floor).min() else { return Ok(()) };
    let oldest_s = wanted.iter().map(|(_, attempt)| attempt.deadline_ms).min().unwrap_or(0) / 1_000 - DAY_S;
    let mut order = Falling::default();
    let mut is_whole = false;
    for page in 1..=PAGES_MAX {
        let contacts = session.amo.newest_contacts(page).await?;
        order.page(contacts.iter().map(|contact| contact.id.0));
        for contact in &contacts {
            for raw in &contact.phones {
                for phone in phone::all_in(raw, &session.settings.default_country) {
                    let effect = Effect::Contact(session.account.phone_key(&phone));
                    if wanted.iter().any(|(wanted, _)| *wanted == effect) {
                        remember_lowest(look, &effect, contact.id.0);
                    }
                }
            }
        }
        let is_last = contacts.len() < PAGE_SIZE;
        let reached = contacts.last().is_some_and(|contact| contact.id.0 <= floor)
            || contacts.iter().all(|contact| contact.created_s < oldest_s);
        if is_last || (reached && order.is_falling) {
            is_whole = true;
            break;
        }
    }
    if is_whole && order.is_falling {
        note_absent(look, wanted);
    }
    Ok(())
}

async fn look_for_elements(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(catalog) = session.check.catalog.as_ref().filter(|_| !wanted.is_empty()) else { return Ok(()) };
    for page in 1..=PAGES_MAX {
        let (elements, count) = session.amo.elements(catalog.id, page).await?;
        for element in &elements {
            for key in elements::keys_of(element) {
                let effect = Effect::Element(key);
                if wanted.iter().any(|(wanted, _)| *wanted == effect) {
                    remember_lowest(look, &effect, element.id.0);
                }
            }
        }
        if count < PAGE_SIZE {
            note_absent(look, wanted);
            break;
        }
    }
    Ok(())
}

async fn look_for_notes(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let orders: Vec<(OrderCode, LeadId)> = wanted
        .iter()
        .filter_map(|(effect, attempt)| match effect {
            Effect::Note(code, _) => Some((code.clone(), LeadId(attempt.about))),
            _ => None,
        })
        .collect();
    let notes = notes_of(session, &orders).await?;
    for (effect, attempt) in wanted {
        let Effect::Note(code, revision) = effect else { continue };
        if notes.get(code).is_some_and(|notes| notes.contains_key(revision)) {
            look.found.insert(effect.key(), attempt.about);
        } else {
            look.absent.insert(effect.key());
        }
    }
    Ok(())
}

fn remember_lowest(look: &mut Look, effect: &Effect, id: i64) {
    let lowest = look.found.entry(effect.key()).or_insert(id);
    *lowest = (*lowest).min(id);
}

fn note_absent(look: &mut Look, wanted: &[(Effect, &Attempt)]) {
    for (effect, _) in wanted {
        if !look.found.contains_key(&effect.key()) {
            look.absent.insert(effect.key());
        }
    }
}

/// Counts a look in which an attempt was absent; answers whether it is proven absent now.
pub(crate) fn count_absence(attempt: &mut Attempt, began_ms: i64, settle_ms: i64) -> bool {
    if began_ms < attempt.deadline_ms + settle_ms {
        return false;
    }
    if attempt.scans.last().is_none_or(|last_ms| began_ms - last_ms >= settle_ms / 2) {
        attempt.scans.push(began_ms);
    }
    attempt.is_absent = attempt.scans.len() >= 2;
    attempt.is_absent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_needs_two_late_scans_apart() {
        let fresh = Attempt {
            deadline_ms: 1_000,
            floor: 0,
            about: 0,
            scans: vec![],
            is_absent: false,
            shop: "default".to_owned(),
        };
        for (looks, wanted) in [
            (vec![1_299], false),
            (vec![1_300], false),
            (vec![1_300, 1_449], false),
            (vec![1_300, 1_450], true),
            (vec![1_299, 1_449], false),
            (vec![1_300, 1_301, 1_302], false),
        ] {
            let mut attempt = fresh.clone();
            for began in &looks {
                count_absence(&mut attempt, *began, 300);
            }
            assert_eq!(attempt.is_absent, wanted, "{looks:?}");
        }
    }
}
