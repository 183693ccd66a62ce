//! Decides what is to be done for some orders, from what is recorded and what is known of the CRM.
//!
//! Pure: no I/O, no clock, no chance. Each order gets exactly one next step; the shell does all steps of one kind
//! together, learns something, and asks again. Planning twice from the same knowledge gives the same plan.

use std::collections::BTreeMap;

use crate::{
    amocrm::{Catalog, ContactDraft, ElementDraft, FieldValue, LeadDraft, LinkDraft, NoteDraft},
    config::Settings,
    ledger::{Note, Record},
    model::{ContactId, ElementId, LeadId, Line, Order, OrderCode, Phone},
    note,
};

/// An order to work on.
#[derive(Clone)]
pub struct Work {
    /// The order.
    pub order: Order,
    /// Its record.
    pub record: Record,
}

/// What is known about something that may exist in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// It exists.
    There(T),
    /// It surely does not.
    Absent,
    /// It may have been made by us; nothing may be done before that is settled.
    Doubt,
    /// amoCRM refused to make it, with its reason.
    Refused(String),
    /// It could not be made this time, with the reason; nothing was sent, or surely nothing arrived.
    Later(String),
}

/// By what a lead was recognised as an order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The order-code field.
    Field,
    /// Its name.
    Name,
}

/// What is known about the lead of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownLead {
    /// Made or found as ours.
    There(LeadId),
    /// Made by somebody else for this order.
    Adopt(LeadId, Sign),
    /// None.
    Absent,
    /// See [`Known::Doubt`].
    Doubt,
    /// See [`Known::Refused`].
    Refused(String),
    /// See [`Known::Later`].
    Later(String),
    /// The lead of this code belongs to another shop of the account.
    OfAnotherShop(String),
}

/// What is known of the CRM; what is in no map has not been looked for.
#[derive(Debug, Clone, Default)]
pub struct Crm {
    /// Contacts by phone key.
    pub contacts: BTreeMap<String, Known<ContactId>>,
    /// Elements by element key.
    pub elements: BTreeMap<String, Known<ElementId>>,
    /// Leads by order.
    pub leads: BTreeMap<OrderCode, KnownLead>,
    /// Links by order: only troubles are kept.
    pub links: BTreeMap<OrderCode, Known<()>>,
    /// Summary notes by order.
    pub notes: BTreeMap<OrderCode, Known<()>>,
}

/// What a plan follows besides the order.
pub struct Policy<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The pipeline that leads go to.
    pub pipeline_id: i64,
    /// The catalog of products, where one is set.
    pub catalog: Option<&'a Catalog>,
    /// Key of a phone.
    pub phone_key: &'a dyn Fn(&Phone) -> String,
    /// Key of a product by SKU and name.
    pub element_key: &'a dyn Fn(Option<&str>, &str) -> String,
}

/// All next steps, by kind.
#[derive(Clone, Default)]
pub struct Plan {
    /// Orders whose leads have to be looked for.
    pub look_for_leads: Vec<OrderCode>,
    /// Phones whose contacts have to be looked for, by key.
    pub look_for_contacts: BTreeMap<String, Phone>,
    /// Products that have to be looked for, by key.
    pub look_for_elements: BTreeMap<String, Product>,
    /// Orders whose note may be there already.
    pub look_for_notes: Vec<(OrderCode, LeadId)>,
    /// Contacts to make, by phone key.
    pub make_contacts: BTreeMap<String, ContactDraft>,
    /// Elements to make, by key.
    pub make_elements: BTreeMap<String, ElementDraft>,
    /// Leads to make.
    pub make_leads: Vec<(OrderCode, LeadDraft)>,
    /// Leads to take over.
    pub adopt: Vec<(OrderCode, LeadId)>,
    /// Links to make, by order.
    pub link: Vec<(OrderCode, Vec<LinkDraft>)>,
    /// Notes to write.
    pub make_notes: Vec<(OrderCode, NoteDraft)>,
    /// Orders with nothing left to do.
    pub settled: Vec<OrderCode>,
    /// Orders that wait for a lost answer to settle.
    pub in_doubt: Vec<OrderCode>,
    /// Orders that amoCRM refuses, with class and reason.
    pub refused: Vec<(OrderCode, &'static str, String)>,
    /// Orders that could not go on this time.
    pub later: Vec<(OrderCode, String)>,
}

impl Plan {
    /// Whether there is nothing to do at this moment.
    pub fn is_idle(&self) -> bool {
        self.look_for_leads.is_empty()
            && self.look_for_contacts.is_empty()
            && self.look_for_elements.is_empty()
            && self.look_for_notes.is_empty()
            && self.make_contacts.is_empty()
            && self.make_elements.is_empty()
            && self.make_leads.is_empty()
            && self.adopt.is_empty()
            && self.link.is_empty()
            && self.make_notes.is_empty()
    }
}

/// A product that has to be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The merchant's article, where the catalog can hold it.
    pub sku: Option<String>,
    /// Its name.
    pub name: String,
}

/// Plans the next step of every order.
pub fn plan(works: &[Work], crm: &Crm, policy: &Policy<'_>) -> Plan {
    let mut plan = Plan::default();
    for work in works {
        step(work, crm, policy, &mut plan);
    }
    plan
}

/// Contact, lead, links, note: each only on the recorded outcome of the one before.
fn step(work: &Work, crm: &Crm, policy: &Policy<'_>, plan: &mut Plan) {
    let code = &work.order.code;
    if work.record.is_settled() {
        plan.settled.push(code.clone());
        return;
    }
    let Some(lines) = &work.order.lines else {
        plan.later.push((code.clone(), "Kaspi has not told the lines of this order yet".to_owned()));
        return;
    };
    let Some(lead) = work.record.lead_id() else {
        lead_step(work, crm, policy, plan);
        return;
    };
    if !work.record.linked && !link_step(code, lead, lines, crm, policy, plan) {
        return;
    }
    if work.record.note == Note::Done {
        plan.settled.push(code.clone());
        return;
    }
    match crm.notes.get(code) {
        None if work.record.adopted => plan.look_for_notes.push((code.clone(), lead)),
        None | Some(Known::Absent) => {
            let text = note::summary(&work.order, policy.settings.language);
            let draft = NoteDraft { request_id: code.as_str().to_owned(), lead, text };
            plan.make_notes.push((code.clone(), draft));
        }
        Some(Known::There(())) => plan.settled.push(code.clone()),
        Some(Known::Doubt) => plan.in_doubt.push(code.clone()),
        Some(Known::Refused(reason)) => plan.refused.push((code.clone(), "note_refused", reason.clone())),
        Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
    }
}

fn lead_step(work: &Work, crm: &Crm, policy: &Policy<'_>, plan: &mut Plan) {
    let code = &work.order.code;
    match crm.leads.get(code) {
        None => plan.look_for_leads.push(code.clone()),
        Some(KnownLead::There(lead) | KnownLead::Adopt(lead, _)) => plan.adopt.push((code.clone(), *lead)),
        Some(KnownLead::Doubt) => plan.in_doubt.push(code.clone()),
        Some(KnownLead::Refused(reason)) => plan.refused.push((code.clone(), "lead_refused", reason.clone())),
        Some(KnownLead::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
        Some(KnownLead::OfAnotherShop(shop)) => plan.refused.push((
            code.clone(),
            "other_shop",
            format!("connection {shop} already has a lead for this number in the same account"),
        )),
        Some(KnownLead::Absent) => match &work.order.buyer.phone {
            None => plan.make_leads.push((code.clone(), lead_draft(&work.order, None, policy))),
            Some(phone) => contact_step(work, phone, crm, policy, plan),
        },
    }
}

fn contact_step(work: &Work, phone: &Phone, crm: &Crm, policy: &Policy<'_>, plan: &mut Plan) {
    let code = &work.order.code;
    let key = (policy.phone_key)(phone);
    match crm.contacts.get(&key) {
        None => {
            plan.look_for_contacts.insert(key, phone.clone());
        }
        Some(Known::There(id)) => {
            plan.make_leads.push((code.clone(), lead_draft(&work.order, Some(*id), policy)));
        }
        // Two orders of one new phone make one contact: the first order's draft stays.
        Some(Known::Absent) => {
            plan.make_contacts
                .entry(key.clone())
                .or_insert_with(|| contact_draft(&work.order, phone, key, policy));
        }
        Some(Known::Doubt) => plan.in_doubt.push(code.clone()),
        Some(Known::Refused(reason)) => {
            plan.refused.push((code.clone(), "contact_refused", reason.clone()));
        }
        Some(Known::Later(reason)) => plan.later.push((code.clone(), reason.clone())),
    }
}

/// Answers whether nothing is left to link.
fn link_step(
    code: &OrderCode,
    lead: LeadId,
    lines: &[Line],
    crm: &Crm,
    policy: &Policy<'_>,
    plan: &mut Plan,
) -> bool {
    let Some(catalog) = policy.catalog.filter(|_| !lines.is_empty()) else { return true };
    match crm.links.get(code) {
        Some(Known::Refused(reason)) => {
            plan.refused.push((code.clone(), "link_refused", reason.clone()));
            return false;
        }
        Some(Known::Later(reason)) => {
            plan.later.push((code.clone(), reason.clone()));
            return false;
        }
        // Links are upserts: sending them again settles the doubt.
        Some(Known::There(()) | Known::Absent | Known::Doubt) | None => {}
    }
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
                    price_kzt: line.unit_price.map(crate::model::Money::tenge),
                });
            }
            Some(Known::Doubt) => {
                is_ready = false;
                is_in_doubt = true;
            }
            Some(Known::Refused(reason)) => {
                is_ready = false;
                plan.refused.push((code.clone(), "element_refused", reason.clone()));
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
    if is_ready {
        let links = quantities
            .into_iter()
            .map(|(element, quantity)| LinkDraft { lead, element, catalog_id: catalog.id, quantity })
            .collect();
        plan.link.push((code.clone(), links));
    }
    false
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
pub fn lead_name(order: &Order, template: &str) -> String {
    let buyer = order.buyer.name.as_deref().unwrap_or_default();
    let mut name =
        template.replace("{code}", order.code.as_str()).replace("{buyer}", buyer).trim().to_owned();
    if order.buyer.phone.is_none() && !buyer.is_empty() && !template.contains("{buyer}") {
        name = format!("{name}, {buyer}");
    }
    name.chars().take(255).collect()
}

/// The stage that an order's lead belongs into.
pub fn status_of(order: &Order, settings: &Settings) -> Option<i64> {
    let stage = order.stage.map(|stage| stage.name());
    settings.status_map.lookup(&order.state, &order.status, stage).or(settings.amo.status_id)
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
    LeadDraft {
        request_id: order.code.as_str().to_owned(),
        name: lead_name(order, &settings.lead_name),
        price_kzt: order.total.tenge(),
        pipeline_id: Some(policy.pipeline_id).filter(|id| *id > 0),
        status_id: status_of(order, settings),
        responsible_user_id: amo.responsible_user_id,
        contact,
        fields: fields.into_iter().flatten().collect(),
    }
}
