//! Decides what is to be done for some orders, from what is recorded and what is known of the CRM.
//!
//! Pure: no I/O, no clock, no chance. Each order gets exactly one next step; the shell does all steps of one kind
//! together, learns something, and asks again. Planning twice from the same knowledge gives the same plan.

mod follow;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{Catalog, ContactDraft, ElementDraft, FieldValue, LeadChange, LeadDraft, LinkDraft, NoteDraft},
    changes::{self, SeenLead},
    domain::{ContactId, ElementId, Facts, LeadId, Order, OrderCode, Phone},
    note,
    plan::follow::{
        follow, is_turned_down, lead_stands, link, link_rows, may_link, note_step, products_of, with_ours,
    },
    records::{Note, Record},
    settings::Settings,
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
    /// Notes by order and revision.
    pub notes: BTreeMap<(OrderCode, u32), Known<()>>,
    /// Leads as they are at this moment, by order.
    pub seen: BTreeMap<OrderCode, SeenLead>,
    /// Changes of leads by order: only troubles are kept.
    pub changes: BTreeMap<OrderCode, Known<()>>,
    /// Orders whose leads have been searched for our notes.
    pub searched: BTreeSet<OrderCode>,
    /// In a dry run: what changed of orders that have their lead.
    pub changed: BTreeMap<OrderCode, String>,
}

/// What a plan follows besides the order.
pub struct Policy<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The moment of planning, milliseconds since 1970.
    pub now_ms: i64,
    /// The pipeline that leads go to.
    pub pipeline_id: i64,
    /// The stage of leads for which the settings name none.
    pub first_stage_id: Option<i64>,
    /// The catalog of products, where one is set.
    pub catalog: Option<&'a Catalog>,
    /// Key of a phone.
    pub phone_key: &'a dyn Fn(&Phone) -> String,
    /// Key of a product by SKU and name.
    pub element_key: &'a dyn Fn(Option<&str>, &str) -> String,
}

impl Policy<'_> {
    /// Whether leads get into that stage by the settings.
    pub fn names_stage(&self, status_id: i64) -> bool {
        let default = self.settings.amo.status_id.or(self.first_stage_id);
        default == Some(status_id) || self.settings.status_map.ids().any(|id| id == status_id)
    }
}

/// Products to be linked with a lead, or to be taken off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relink {
    /// The order.
    pub code: OrderCode,
    /// What is sent.
    pub rows: Vec<LinkDraft>,
    /// Our products of the lead afterwards.
    pub after: Vec<(i64, i64)>,
}

/// A note to be written.
#[derive(Clone)]
pub struct PlannedNote {
    /// The order.
    pub code: OrderCode,
    /// Which of its notes.
    pub revision: u32,
    /// The text.
    pub draft: NoteDraft,
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
    /// Contacts to link with leads of people.
    pub link_contacts: Vec<(OrderCode, LeadId, ContactId)>,
    /// Leads to look at, because Kaspi changed their orders.
    pub look_at_leads: Vec<(OrderCode, LeadId)>,
    /// Leads to change.
    pub change_leads: Vec<(OrderCode, LeadChange)>,
    /// Links to make.
    pub link: Vec<Relink>,
    /// Links to take away.
    pub unlink: Vec<Relink>,
    /// Notes to write.
    pub make_notes: Vec<PlannedNote>,
    /// Orders whose lead is another one now.
    pub follow_merged: Vec<(OrderCode, LeadId)>,
    /// Orders whose lead a person deleted: they get no other.
    pub bury: Vec<OrderCode>,
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
            && self.link_contacts.is_empty()
            && self.look_at_leads.is_empty()
            && self.change_leads.is_empty()
            && self.follow_merged.is_empty()
            && self.link.is_empty()
            && self.unlink.is_empty()
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

/// Contact, lead, links, note, changes: each only on the recorded outcome of the one before.
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
            format!(
                "connection {shop} has the lead of this order in the same amoCRM account, and an order has one lead: \
                 if both connections read the same Kaspi shop, remove one; if {shop} was renamed, give it its old name \
                 back; then: kaspi-amocrm retry"
            ),
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
fn contact_step(
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
            plan.refused.push((code.clone(), "contact_refused", reason.clone()));
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
pub fn lead_name(order: &Order, template: &str) -> String {
    let buyer = order.buyer.name.as_deref().unwrap_or_default();
    let mut name =
        template.replace("{code}", order.code.as_str()).replace("{buyer}", buyer).trim().to_owned();
    if order.buyer.phone.is_none() && !buyer.is_empty() && !template.contains("{buyer}") {
        name = format!("{name}, {buyer}");
    }
    name.chars().take(255).collect()
}

/// The stage in which an order's lead begins.
pub fn first_stage(order: &Order, policy: &Policy<'_>) -> Option<i64> {
    let settings = policy.settings;
    changes::mapped_stage(&Facts::of(order), policy).or(settings.amo.status_id).or(policy.first_stage_id)
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
        loss_reason_id: changes::loss_reason(status_id, &Facts::of(order), policy),
        responsible_user_id: amo.responsible_user_id,
        contact,
        fields: fields.into_iter().flatten().collect(),
    }
}
