//! What a plan says.

use crate::contract::types::ProblemClass;
use kaspi_amocrm_contract::Message;
use std::collections::BTreeMap;

use crate::{
    amocrm::{ContactDraft, ElementDraft, LeadChange, LeadDraft, LinkDraft, NoteDraft},
    domain::{ContactId, LeadId, OrderCode, Phone},
};

/// Products to be linked with a lead, or to be taken off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relink {
    /// The order.
    pub code: OrderCode,
    /// What is sent.
    pub rows: Vec<LinkDraft>,
    /// Our products of the lead afterwards.
    pub after: Vec<(i64, i64)>,
}

/// A note to be written.
#[derive(Clone)]
pub(crate) struct PlannedNote {
    /// The order.
    pub code: OrderCode,
    /// Which of its notes.
    pub revision: u32,
    /// The text.
    pub draft: NoteDraft,
}

/// All next steps, by kind.
#[derive(Clone, Default)]
pub(crate) struct Plan {
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
    pub refused: Vec<(OrderCode, ProblemClass, Message)>,
    /// Orders that could not go on this time.
    pub later: Vec<(OrderCode, Message)>,
}

impl Plan {
    /// Whether there is nothing to do at this moment.
    pub(crate) fn is_idle(&self) -> bool {
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
pub(crate) struct Product {
    /// The merchant's article, where the catalog can hold it.
    pub sku: Option<String>,
    /// Its name.
    pub name: String,
}
