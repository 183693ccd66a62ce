//! What a dry run says about each order.
//!
//! A dry run is the same run, over a store that keeps nothing and an account that is only read: what it shows is what
//! the real one would have done from the same state.
use crate::contract::types::{LeadAction, PlannedContact, PlannedOrder, PlannedProduct, Report};
use crate::report::planned_order::planned;
use kaspi_amocrm_contract::{Message, MessageId};

use super::session::Session;
use crate::{
    amocrm::dry_run::MADE_UP_FROM,
    domain::{Facts, Line, OrderCode, element_key},
    plan::{Known, KnownLead, Plan, Sign, Work, first_stage},
};

/// Notes what Kaspi changed, before anything is done about it.
pub(crate) fn begin(session: &mut Session<'_>, works: &[Work]) {
    if !session.is_dry_run {
        return;
    }
    for Work { order, record } in works.iter().filter(|work| work.record.is_complete()) {
        if let Some(since) = &record.since {
            session.crm.changed.insert(order.code.clone(), change_in_words(since, &record.facts()));
        }
    }
}

/// Notes what would become of some orders, once the last plan has nothing to do for them.
pub(crate) fn note(session: &mut Session<'_>, plan: &Plan, works: &[Work]) {
    if !session.is_dry_run {
        return;
    }
    let planned: Vec<PlannedOrder> = works.iter().map(|work| of_order(session, plan, work)).collect();
    session.report.plan.get_or_insert_default().extend(planned);
}

/// Completes the plan with the orders that never came so far, from what the report says of them.
pub(crate) fn finish(report: &mut Report) {
    let Some(plan) = &mut report.plan else { return };
    for problem in &report.problems {
        let Some(code) = &problem.code else { continue };
        if plan.iter().all(|order| order.code != *code) {
            plan.push(planned(code, LeadAction::Park, problem.message.clone()));
        }
    }
}

fn of_order(session: &Session<'_>, plan: &Plan, work: &Work) -> PlannedOrder {
    let order = &work.order;
    let reason_in = |list: &[(OrderCode, Message)]| {
        list.iter().find(|(code, _)| *code == order.code).map(|(_, reason)| reason.clone())
    };
    let refused = plan.refused.iter().find(|(code, ..)| *code == order.code).map(|(.., why)| why.clone());
    let in_doubt = plan.in_doubt.contains(&order.code);
    let known = session.crm.leads.get(&order.code);
    let lead_id = work.record.lead.filter(|id| *id < MADE_UP_FROM);
    let (lead, why) = match (refused, reason_in(&plan.later), known) {
        (Some(why), ..) => (LeadAction::Park, why),
        (None, Some(why), _) => (LeadAction::Wait, why),
        _ if in_doubt => (LeadAction::Wait, MessageId::EarlierRequestInDoubt.into()),
        (.., Some(KnownLead::Adopt(lead, sign))) => {
            let id = match sign {
                Sign::Field => MessageId::LeadHoldsNumberInField,
                Sign::Name => MessageId::LeadHoldsNumberInName,
            };
            (LeadAction::Adopt, Message::new(id, [("lead", lead)]))
        }
        (.., None) if session.crm.changed.contains_key(&order.code) => {
            (LeadAction::Change, session.crm.changed[&order.code].clone())
        }
        _ => match lead_id {
            Some(id) => (LeadAction::Complete, Message::new(MessageId::LeadIncomplete, [("lead", &id)])),
            None => (LeadAction::Create, MessageId::NumberHasNoLead.into()),
        },
    };
    let mut planned = PlannedOrder { lead_id, ..planned(order.code.as_str(), lead, why) };
    if matches!(lead, LeadAction::Park | LeadAction::Wait) {
        return planned;
    }
    if lead == LeadAction::Change
        && let Some((status_id, price_kzt)) = work.record.wrote
    {
        planned.status_id = status_id;
        planned.price_kzt = Some(price_kzt);
    }
    if lead == LeadAction::Create {
        planned.status_id = session.with_policy(|policy| first_stage(order, policy));
        planned.price_kzt = Some(order.total.tenge());
    }
    let phone_key = order.buyer.phone.as_ref().map(|phone| session.account.phone_key(phone));
    planned.contact = match (lead, phone_key.map(|key| session.crm.contacts.get(&key))) {
        (LeadAction::Create, None) => Some(PlannedContact::None),
        (LeadAction::Create | LeadAction::Adopt, Some(Some(Known::There(id)))) if id.0 < MADE_UP_FROM => {
            Some(PlannedContact::Found(id.0))
        }
        (LeadAction::Create, _) | (LeadAction::Adopt, Some(Some(_))) => Some(PlannedContact::Create),
        _ => None,
    };
    planned.products = order.lines.iter().flatten().filter_map(|line| product(session, line)).collect();
    let last_note = (order.code.clone(), work.record.revision);
    planned.note = session.crm.notes.get(&last_note) == Some(&Known::There(()));
    planned
}

/// `KASPI_DELIVERY/ACCEPTED_BY_MERCHANT packed -> ARCHIVE/COMPLETED`
fn change_in_words(before: &Facts, now: &Facts) -> Message {
    let place = |facts: &Facts| {
        let stage = facts.stage.as_deref().map(|stage| format!(" {stage}")).unwrap_or_default();
        format!("{}/{}{stage}", facts.state, facts.status)
    };
    let place = match (place(before), place(now)) {
        (old, new) if old == new => new,
        (old, new) => format!("{old} -> {new}"),
    };
    let totals =
        |id| Message::new(id, [("place", &place), ("before", &before.total_kzt), ("after", &now.total_kzt)]);
    match (before.total_kzt != now.total_kzt, before.lines != now.lines) {
        (false, false) => Message::new(MessageId::OrderChanged, [("place", &place)]),
        (true, false) => totals(MessageId::OrderTotalChanged),
        (false, true) => Message::new(MessageId::OrderProductsChanged, [("place", &place)]),
        (true, true) => totals(MessageId::OrderTotalAndProductsChanged),
    }
}

/// `None` where no catalog is set: leads get no products then.
fn product(session: &Session<'_>, line: &Line) -> Option<PlannedProduct> {
    let catalog = session.check.catalog.as_ref()?;
    let sku = line.sku.as_deref().filter(|_| catalog.has_sku);
    let element_id = match session.crm.elements.get(&element_key(sku, &line.name)) {
        Some(Known::There(id)) => Some(id.0).filter(|id| *id < MADE_UP_FROM),
        _ => None,
    };
    Some(PlannedProduct {
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        element_id,
    })
}
