//! What a plan is made from: orders, what is known of the CRM, and the policy.

use kaspi_amocrm_contract::Message;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{Catalog, Lead},
    domain::{ContactId, ElementId, LeadId, Order, OrderCode, Phone},
    records::Record,
    settings::Settings,
};

/// The lead of an order, as it is at this moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SeenLead {
    /// There.
    There(Lead),
    /// A person put it into the bin.
    Deleted,
    /// There is no lead of this id any more.
    Gone,
    /// It was merged into another one, which holds the order's code now.
    MergedInto(LeadId),
}

/// An order to work on.
#[derive(Clone)]
pub(crate) struct Work {
    /// The order.
    pub order: Order,
    /// Its record.
    pub record: Record,
}

/// What is known about something that may exist in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known<T> {
    /// It exists.
    There(T),
    /// It surely does not.
    Absent,
    /// It may have been made by us; nothing may be done before that is settled.
    Doubt,
    /// amoCRM refused to make it, with its reason.
    Refused(Message),
    /// It could not be made this time, with the reason; nothing was sent, or surely nothing arrived.
    Later(Message),
}

/// By what a lead was recognised as an order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The order-code field.
    Field,
    /// Its name.
    Name,
}

/// What is known about the lead of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownLead {
    /// Made or found as ours.
    There(LeadId),
    /// Made by somebody else for this order.
    Adopt(LeadId, Sign),
    /// None.
    Absent,
    /// See [`Known::Doubt`].
    Doubt,
    /// See [`Known::Refused`].
    Refused(Message),
    /// See [`Known::Later`].
    Later(Message),
    /// The lead of this code belongs to another shop of the account.
    OfAnotherShop(String),
}

/// What is known of the CRM; what is in no map has not been looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crm {
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
    pub changed: BTreeMap<OrderCode, Message>,
}

/// What a plan follows besides the order.
pub(crate) struct Policy<'a> {
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
    pub(crate) fn names_stage(&self, status_id: i64) -> bool {
        let default = self.settings.amo.status_id.or(self.first_stage_id);
        default == Some(status_id) || self.settings.status_map.ids().any(|id| id == status_id)
    }
}
