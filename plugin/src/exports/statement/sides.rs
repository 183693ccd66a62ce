//! Both sides of a statement.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{AccountCheck, Lead},
    domain::{ElementId, LeadId, Order, OrderCode, element_key},
    plan::Policy,
    records::{AccountLedger, Meta, Record},
    settings::Settings,
};

/// Both sides, as they are at this moment.
pub(crate) struct Sides<'a> {
    pub(super) settings: &'a Settings,
    pub(super) check: &'a AccountCheck,
    pub(super) meta: &'a Meta,
    pub(super) account: &'a AccountLedger<'a>,
    pub(super) orders: BTreeMap<OrderCode, Order>,
    pub(super) records: BTreeMap<OrderCode, Record>,
    /// The leads of each order, lowest id first.
    pub(super) leads: BTreeMap<OrderCode, Vec<Lead>>,
    /// Leads of records that are in the bin.
    pub(super) binned: BTreeSet<LeadId>,
    /// Elements of the catalog by product key.
    pub(super) elements: BTreeMap<String, ElementId>,
    pub(super) now_ms: i64,
}

impl Sides<'_> {
    pub(super) fn with_policy<T>(&self, ask: impl FnOnce(&Policy<'_>) -> T) -> T {
        ask(&Policy {
            settings: self.settings,
            now_ms: self.now_ms,
            pipeline_id: self.check.pipeline_id,
            first_stage_id: self.check.first_stage_id,
            catalog: self.check.catalog.as_ref(),
            phone_key: &|phone| self.account.phone_key(phone),
            element_key: &element_key,
        })
    }
}
