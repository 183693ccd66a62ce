//! The steps of a lead that is there: its products, and what Kaspi changed since it was last brought up to date.

use crate::contract::types::ProblemClass;
use kaspi_amocrm_contract::{Message, MessageId};
use std::collections::BTreeMap;

use super::{
    diff,
    input::{Crm, Known, Policy, SeenLead, Work},
    note,
    steps::{Plan, PlannedNote, Product, Relink},
};
use crate::{
    amocrm::{ElementDraft, LinkDraft, NoteDraft},
    domain::{ElementId, Facts, LeadId, Line, Money, OrderCode},
    records::Record,
};

/// Whether something about the lead was refused: a person may have deleted it meanwhile.
pub(super) fn is_turned_down(record: &Record) -> bool {
    record
        .trouble
        .as_ref()
        .is_some_and(|trouble| matches!(trouble.class, ProblemClass::LinkRefused | ProblemClass::NoteRefused))
}

/// Whether the lead was looked at and is there; otherwise says what follows.
pub(super) fn lead_stands(code: &OrderCode, lead: LeadId, crm: &Crm, plan: &mut Plan) -> bool {
    match crm.seen.get(code) {
        None => plan.look_at_leads.push((code.clone(), lead)),
        Some(SeenLead::Deleted) => plan.bury.push(code.clone()),
        Some(SeenLead::Gone) => plan.refused.push((
            code.clone(),
            ProblemClass::Gone,
            Message::new(MessageId::LeadGoneForGood, [("lead", &lead)]),
        )),
        Some(SeenLead::MergedInto(winner)) => plan.follow_merged.push((code.clone(), *winner)),
        Some(SeenLead::There(_)) => return true,
    }
    false
}

/// What Kaspi changed since the lead was last brought up to date: stage and price, products, note.
pub(super) fn follow(
    work: &Work,
    lead: LeadId,
    lines: &[Line],
    since: &Facts,
    crm: &Crm,
    policy: &Policy<'_>,
    plan: &mut Plan,
) {
    let (code, record) = (&work.order.code, &work.record);
    if !lead_stands(code, lead, crm, plan) {
        return;
    }
    let Some(SeenLead::There(seen)) = crm.seen.get(code) else { return };
    let comparison = diff::compare(record, seen, policy);
    if let Some(change) = comparison.change {
        match crm.changes.get(code) {
            _ if policy.now_ms < record.unsure_until_ms => plan.in_doubt.push(code.clone()),
            Some(Known::Refused(reason)) => {
                plan.refused.push((code.clone(), ProblemClass::ChangeRefused, reason.clone()))
            }
            Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
            _ => plan.change_leads.push((code.clone(), change)),
        }
        return;
    }
    let facts = record.facts();
    let is_unsure = record.unsure_until_ms > 0;
    if policy.catalog.is_some() && (since.lines != facts.lines || is_unsure || record.mend.lines) {
        let Some(wanted) = products_of(code, lines, crm, policy, plan) else { return };
        let difference = diff::compare_products(record, seen, &wanted);
        let is_same = difference.link.is_empty() && difference.unlink.is_empty();
        if !is_same && policy.now_ms < record.unsure_until_ms {
            plan.in_doubt.push(code.clone());
            return;
        }
        if !difference.link.is_empty() {
            let after = with_ours(wanted, record);
            let rows = link_rows(lead, difference.link, policy);
            link(Relink { code: code.clone(), rows, after }, crm, plan);
            return;
        }
        if !difference.unlink.is_empty() {
            let after = wanted.into_iter().map(|(id, pieces)| (id.0, pieces)).collect();
            let gone = difference.unlink.into_iter().map(|id| (id, 0)).collect();
            unlink(Relink { code: code.clone(), rows: link_rows(lead, gone, policy), after }, crm, plan);
            return;
        }
    }
    let revision = record.revision + 1;
    let Some(text) = note::change(code, since, &facts, revision, policy.settings.language) else {
        plan.settled.push(code.clone());
        return;
    };
    // A restored database may not know of notes that are there already.
    if !crm.searched.contains(code) {
        plan.look_for_notes.push((code.clone(), lead));
        return;
    }
    note_step(code, lead, revision, || text, crm, plan);
}

/// Sends a note, unless something is known of it that forbids that.
pub(super) fn note_step(
    code: &OrderCode,
    lead: LeadId,
    revision: u32,
    text: impl FnOnce() -> String,
    crm: &Crm,
    plan: &mut Plan,
) {
    match crm.notes.get(&(code.clone(), revision)) {
        None | Some(Known::Absent | Known::There(())) => {
            let request_id = note::request_id(code, revision);
            let draft = NoteDraft { request_id, lead, text: text() };
            plan.make_notes.push(PlannedNote { code: code.clone(), revision, draft });
        }
        Some(Known::Doubt) => plan.in_doubt.push(code.clone()),
        Some(Known::Refused(reason)) => {
            plan.refused.push((code.clone(), ProblemClass::NoteRefused, reason.clone()))
        }
        Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
    }
}

/// Until they are taken off, products that go are still ours.
pub(super) fn with_ours(mut products: BTreeMap<ElementId, i64>, record: &Record) -> Vec<(i64, i64)> {
    for (id, pieces) in &record.links {
        products.entry(ElementId(*id)).or_insert(*pieces);
    }
    products.into_iter().map(|(id, pieces)| (id.0, pieces)).collect()
}

pub(super) fn link_rows(
    lead: LeadId,
    products: BTreeMap<ElementId, i64>,
    policy: &Policy<'_>,
) -> Vec<LinkDraft> {
    let Some(catalog) = policy.catalog else { return Vec::new() };
    let row = |(element, quantity)| LinkDraft { lead, element, catalog_id: catalog.id, quantity };
    products.into_iter().map(row).collect()
}

pub(super) fn link(relink: Relink, crm: &Crm, plan: &mut Plan) {
    if may_link(&relink.code, crm, plan) {
        plan.link.push(relink);
    }
}

pub(super) fn unlink(relink: Relink, crm: &Crm, plan: &mut Plan) {
    if may_link(&relink.code, crm, plan) {
        plan.unlink.push(relink);
    }
}

pub(super) fn may_link(code: &OrderCode, crm: &Crm, plan: &mut Plan) -> bool {
    match crm.links.get(code) {
        Some(Known::Refused(reason)) => {
            plan.refused.push((code.clone(), ProblemClass::LinkRefused, reason.clone()))
        }
        Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
        // Links are upserts: sending them again settles the doubt.
        Some(Known::There(()) | Known::Absent | Known::Doubt) | None => return true,
    }
    false
}

/// The products of an order with their pieces, empty where leads get none; `None` while some have to be found or made.
pub(super) fn products_of(
    code: &OrderCode,
    lines: &[Line],
    crm: &Crm,
    policy: &Policy<'_>,
    plan: &mut Plan,
) -> Option<BTreeMap<ElementId, i64>> {
    let Some(catalog) = policy.catalog else { return Some(BTreeMap::new()) };
    let mut quantities: BTreeMap<ElementId, i64> = BTreeMap::new();
    let mut is_ready = true;
    let mut is_in_doubt = false;
    for line in lines {
        let sku = line.sku.as_deref().filter(|_| catalog.has_sku);
        let key = (policy.element_key)(sku, &line.name);
        match crm.elements.get(&key) {
            Some(Known::There(id)) => *quantities.entry(*id).or_default() += line.quantity,
            None => {
                is_ready = false;
                let product = Product { sku: sku.map(str::to_owned), name: line.name.clone() };
                plan.look_for_elements.insert(key, product);
            }
            Some(Known::Absent) => {
                is_ready = false;
                plan.make_elements.entry(key.clone()).or_insert_with(|| ElementDraft {
                    request_id: key,
                    name: line.name.clone(),
                    sku: sku.map(str::to_owned),
                    price_kzt: line.unit_price.map(Money::tenge),
                });
            }
            Some(Known::Doubt) => {
                is_ready = false;
                is_in_doubt = true;
            }
            Some(Known::Refused(reason)) => {
                is_ready = false;
                plan.refused.push((code.clone(), ProblemClass::ElementRefused, reason.clone()));
            }
            Some(Known::Later(reason)) => {
                is_ready = false;
                plan.later.push((code.clone(), reason.clone()));
            }
        }
    }
    if is_in_doubt {
        plan.in_doubt.push(code.clone());
    }
    is_ready.then_some(quantities)
}
