//! The steps of an order that has no lead yet.

use super::{
    diff,
    input::{Crm, Known, KnownLead, Policy, Work},
    steps::Plan,
};
use crate::contract::types::ProblemClass;
use crate::{
    amocrm::{ContactDraft, FieldValue, LeadDraft},
    domain::{ContactId, Facts, Order, Phone},
};
use kaspi_amocrm_contract::{Message, MessageId};

pub(super) fn lead_step(work: &Work, crm: &Crm, policy: &Policy<'_>, plan: &mut Plan) {
    let code = &work.order.code;
    match crm.leads.get(code) {
        None => plan.look_for_leads.push(code.clone()),
        Some(KnownLead::There(lead) | KnownLead::Adopt(lead, _)) => plan.adopt.push((code.clone(), *lead)),
        Some(KnownLead::Doubt) => plan.in_doubt.push(code.clone()),
        Some(KnownLead::Refused(reason)) => {
            plan.refused.push((code.clone(), ProblemClass::LeadRefused, reason.clone()));
        }
        Some(KnownLead::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
        Some(KnownLead::OfAnotherShop(shop)) => plan.refused.push((
            code.clone(),
            ProblemClass::OtherShop,
            Message::new(MessageId::OrderOfOtherShop, [("shop", shop)]),
        )),
        Some(KnownLead::Absent) => match &work.order.buyer.phone {
            None => plan.make_leads.push((code.clone(), lead_draft(&work.order, None, policy))),
            Some(phone) => {
                if let Some(contact) = contact_step(work, phone, crm, policy, plan) {
                    plan.make_leads.push((code.clone(), lead_draft(&work.order, Some(contact), policy)));
                }
            }
        },
    }
}

/// The buyer's contact; `None` while it has to be found or made.
pub(super) fn contact_step(
    work: &Work,
    phone: &Phone,
    crm: &Crm,
    policy: &Policy<'_>,
    plan: &mut Plan,
) -> Option<ContactId> {
    let code = &work.order.code;
    let key = (policy.phone_key)(phone);
    match crm.contacts.get(&key) {
        None => {
            plan.look_for_contacts.insert(key, phone.clone());
        }
        Some(Known::There(id)) => return Some(*id),
        // Two orders of one new phone make one contact: the first order's draft stays.
        Some(Known::Absent) => {
            plan.make_contacts
                .entry(key.clone())
                .or_insert_with(|| contact_draft(&work.order, phone, key, policy));
        }
        Some(Known::Doubt) => plan.in_doubt.push(code.clone()),
        Some(Known::Refused(reason)) => {
            plan.refused.push((code.clone(), ProblemClass::ContactRefused, reason.clone()));
        }
        Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
    }
    None
}

fn contact_draft(order: &Order, phone: &Phone, key: String, policy: &Policy<'_>) -> ContactDraft {
    let amo = &policy.settings.amo;
    ContactDraft {
        request_id: key,
        name: order.buyer.name.clone().unwrap_or_else(|| phone.as_str().to_owned()),
        phone: phone.clone(),
        address: amo.contact_address_field_id.zip(order.address.clone()),
        responsible_user_id: amo.responsible_user_id,
    }
}

/// The lead's name; the code is a whole token of it, and a buyer without a phone is named in it.
pub(crate) fn lead_name(order: &Order, template: &str) -> String {
    let buyer = order.buyer.name.as_deref().unwrap_or_default();
    let mut name =
        template.replace("{code}", order.code.as_str()).replace("{buyer}", buyer).trim().to_owned();
    if order.buyer.phone.is_none() && !buyer.is_empty() && !template.contains("{buyer}") {
        name = format!("{name}, {buyer}");
    }
    name.chars().take(255).collect()
}

/// The stage in which an order's lead begins.
pub(crate) fn first_stage(order: &Order, policy: &Policy<'_>) -> Option<i64> {
    let settings = policy.settings;
    diff::mapped_stage(&Facts::of(order), policy).or(settings.amo.status_id).or(policy.first_stage_id)
}

fn lead_draft(order: &Order, contact: Option<ContactId>, policy: &Policy<'_>) -> LeadDraft {
    let settings = policy.settings;
    let amo = &settings.amo;
    let code = || FieldValue::Text(order.code.as_str().to_owned());
    let fields = [
        amo.lead_order_code_field_id.map(|id| (id, code())),
        amo.lead_delivery_address_field_id.zip(order.address.clone().map(FieldValue::Text)),
        amo.lead_order_date_field_id.map(|id| (id, FieldValue::Seconds(order.created_ms / 1_000))),
    ];
    let status_id = first_stage(order, policy);
    LeadDraft {
        request_id: order.code.as_str().to_owned(),
        name: lead_name(order, &settings.lead_name),
        price_kzt: order.total.tenge(),
        pipeline_id: Some(policy.pipeline_id).filter(|id| *id > 0),
        status_id,
        loss_reason_id: diff::loss_reason(status_id, &Facts::of(order), policy),
        responsible_user_id: amo.responsible_user_id,
        contact,
        fields: fields.into_iter().flatten().collect(),
    }
}
