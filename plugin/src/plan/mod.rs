//! Decides what is to be done for some orders, from what is recorded and what is known of the CRM.
//!
//! Pure: no I/O, no clock, no chance. Each order gets exactly one next step; the shell does all steps of one kind
//! together, learns something, and asks again. Planning twice from the same knowledge gives the same plan.

mod create;
pub(crate) mod diff;
mod input;
pub(crate) mod note;
mod steps;
mod update;

pub(crate) use create::{first_stage, lead_name};
pub(crate) use input::{Crm, Known, KnownLead, Policy, SeenLead, Sign, Work};
pub(crate) use steps::{Plan, PlannedNote, Product, Relink};

use crate::records::Note;
use create::{contact_step, lead_step};
use kaspi_amocrm_contract::MessageId;
use update::{
    follow, is_turned_down, lead_stands, link, link_rows, may_link, note_step, products_of, with_ours,
};

/// Plans the next step of every order.
pub(crate) fn plan(works: &[Work], crm: &Crm, policy: &Policy<'_>) -> Plan {
    let mut plan = Plan::default();
    for work in works {
        step(work, crm, policy, &mut plan);
    }
    plan
}

/// Contact, lead, links, note, changes: each only on the recorded outcome of the one before.
fn step(work: &Work, crm: &Crm, policy: &Policy<'_>, plan: &mut Plan) {
    let code = &work.order.code;
    if work.record.is_settled() {
        plan.settled.push(code.clone());
        return;
    }
    let Some(lines) = &work.order.lines else {
        plan.later.push((code.clone(), MessageId::LinesNotTold.into()));
        return;
    };
    let Some(lead) = work.record.lead_id() else {
        lead_step(work, crm, policy, plan);
        return;
    };
    if is_turned_down(&work.record) && !lead_stands(code, lead, crm, plan) {
        return;
    }
    if let Some(phone) = work.order.buyer.phone.as_ref().filter(|_| work.record.lacks_contact) {
        if let Some(contact) = contact_step(work, phone, crm, policy, plan)
            && may_link(code, crm, plan)
        {
            plan.link_contacts.push((code.clone(), lead, contact));
        }
        return;
    }
    if !work.record.linked {
        let Some(wanted) = products_of(code, lines, crm, policy, plan) else { return };
        if !wanted.is_empty() {
            let after = with_ours(wanted.clone(), &work.record);
            let rows = link_rows(lead, wanted, policy);
            link(Relink { code: code.clone(), rows, after }, crm, plan);
            return;
        }
    }
    if work.record.note != Note::Done {
        if work.record.adopted && !crm.searched.contains(code) {
            plan.look_for_notes.push((code.clone(), lead));
            return;
        }
        let text = || note::summary(&work.order, policy.settings.language);
        note_step(code, lead, 1, text, crm, plan);
        return;
    }
    match &work.record.since {
        None => plan.settled.push(code.clone()),
        Some(since) => follow(work, lead, lines, since, crm, policy, plan),
    }
}
