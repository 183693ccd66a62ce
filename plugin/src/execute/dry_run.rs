//! What a dry run says about each order.
//!
//! A dry run is the same run, over a store that keeps nothing and an account that is only read: what it shows is what
//! the real one would have done from the same state.

use super::session::Session;
use crate::{
    amocrm::dry_run::MADE_UP_FROM,
    domain::{Facts, Line, OrderCode, element_key},
    plan::{Known, KnownLead, Plan, Sign, Work, first_stage},
    report::{
        Report,
        planned_order::{Action, PlannedContact, PlannedOrder, PlannedProduct},
    },
};

/// Notes what Kaspi changed, before anything is done about it.
pub(crate) fn begin(session: &mut Session<'_>, works: &[Work]) {
    if session.report.plan.is_none() {
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
    if session.report.plan.is_none() {
        return;
    }
    let planned: Vec<PlannedOrder> = works.iter().map(|work| of_order(session, plan, work)).collect();
    session.report.plan.get_or_insert_default().extend(planned);
}

/// Completes the plan with the orders that never came so far, from what the report says of them.
pub(crate) fn finish(report: &mut Report) {
    let Some(plan) = &mut report.plan else { return };
    for problem in report.problems.iter().filter(|problem| !problem.code.is_empty()) {
        if plan.iter().all(|order| order.code != problem.code) {
            let (code, why) = (problem.code.clone(), problem.message.clone());
            plan.push(PlannedOrder { code, lead: Action::Park, why, ..PlannedOrder::default() });
        }
    }
}

fn of_order(session: &Session<'_>, plan: &Plan, work: &Work) -> PlannedOrder {
    let order = &work.order;
    let reason_in = |list: &[(OrderCode, String)]| {
        list.iter().find(|(code, _)| *code == order.code).map(|(_, reason)| reason.clone())
    };
    let refused = plan.refused.iter().find(|(code, ..)| *code == order.code).map(|(.., why)| why.clone());
    let in_doubt = plan.in_doubt.contains(&order.code);
    let known = session.crm.leads.get(&order.code);
    let lead_id = work.record.lead.filter(|id| *id < MADE_UP_FROM);
    let (lead, why) = match (refused, reason_in(&plan.later), known) {
        (Some(why), ..) => (Action::Park, why),
        (None, Some(why), _) => (Action::Wait, why),
        _ if in_doubt => (Action::Wait, "amoCRM's answer to an earlier request was lost".to_owned()),
        (.., Some(KnownLead::Adopt(lead, sign))) => {
            let place = match sign {
                Sign::Field => "order-code field",
                Sign::Name => "name",
            };
            (Action::Adopt, format!("lead {lead} holds this number in its {place}"))
        }
        (.., None) if session.crm.changed.contains_key(&order.code) => {
            (Action::Change, session.crm.changed[&order.code].clone())
        }
        _ => match lead_id {
            Some(id) => (Action::Complete, format!("lead {id} was made for it, and is not complete")),
            None => (Action::Create, "no lead of the account holds this number".to_owned()),
        },
    };
    let mut planned =
        PlannedOrder { code: order.code.as_str().to_owned(), lead, why, lead_id, ..Default::default() };
    if matches!(lead, Action::Park | Action::Wait) {
        return planned;
    }
    if lead == Action::Change
        && let Some((status_id, price_kzt)) = work.record.wrote
    {
        planned.status_id = status_id;
        planned.price_kzt = Some(price_kzt);
    }
    if lead == Action::Create {
        planned.status_id = session.with_policy(|policy| first_stage(order, policy));
        planned.price_kzt = Some(order.total.tenge());
    }
    let phone_key = order.buyer.phone.as_ref().map(|phone| session.account.phone_key(phone));
    planned.contact = match (lead, phone_key.map(|key| session.crm.contacts.get(&key))) {
        (Action::Create, None) => Some(PlannedContact::None),
        (Action::Create | Action::Adopt, Some(Some(Known::There(id)))) if id.0 < MADE_UP_FROM => {
            Some(PlannedContact::Found(id.0))
        }
        (Action::Create, _) | (Action::Adopt, Some(Some(_))) => Some(PlannedContact::Create),
        _ => None,
    };
    planned.products = order.lines.iter().flatten().filter_map(|line| product(session, line)).collect();
    let last_note = (order.code.clone(), work.record.revision);
    planned.note = session.crm.notes.get(&last_note) == Some(&Known::There(()));
    planned
}

/// `KASPI_DELIVERY/ACCEPTED_BY_MERCHANT packed -> ARCHIVE/COMPLETED`
fn change_in_words(before: &Facts, now: &Facts) -> String {
    let place = |facts: &Facts| {
        let stage = facts.stage.as_deref().map(|stage| format!(" {stage}")).unwrap_or_default();
        format!("{}/{}{stage}", facts.state, facts.status)
    };
    let mut words = vec![match (place(before), place(now)) {
        (old, new) if old == new => new,
        (old, new) => format!("{old} -> {new}"),
    }];
    if before.total_kzt != now.total_kzt {
        words.push(format!("total {} -> {}", before.total_kzt, now.total_kzt));
    }
    if before.lines != now.lines {
        words.push("other products".to_owned());
    }
    words.join(", ")
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
