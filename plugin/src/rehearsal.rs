//! A dry run: the same run, over a store that keeps nothing and an account that is only read.
//!
//! Nothing else in the sync knows of it. Its writes are answered here with ids that no account gives out, so what a
//! dry run shows is what the real one would have done from the same state.

use std::{cell::RefCell, collections::BTreeMap};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    apply::Session,
    domain::{Facts, Line, OrderCode, element_key},
    plan::{Known, KnownLead, Plan, Sign, Work, first_stage},
    ports::{KeyPage, Store, StoreError},
    report::Report,
};

/// Ids from here on were made up; real ones are far below.
const MADE_UP_FROM: i64 = 1 << 52;

/// What a dry run would do about one order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PlannedOrder {
    /// The order's number.
    pub code: String,
    /// What happens to its lead.
    pub lead: Action,
    /// Why.
    pub why: String,
    /// The lead, where there is one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<i64>,
    /// Stage of a new lead; `None` is the first one of the pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_id: Option<i64>,
    /// Price of a new lead, in tenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_kzt: Option<i64>,
    /// Its contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<PlannedContact>,
    /// Products that would be linked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<PlannedProduct>,
    /// Whether a summary note would be written.
    pub note: bool,
}

/// What happens to the lead of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Made.
    Create,
    /// There already, recognised and completed.
    Adopt,
    /// Ours already, completed.
    Complete,
    /// Brought to what Kaspi says now.
    Change,
    /// Set aside with a problem.
    Park,
    /// Left for a later run.
    #[default]
    Wait,
    /// The order gets none.
    None,
}

/// The contact of a planned lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedContact {
    /// Made, once per phone.
    Create,
    /// Found by its phone.
    Found(i64),
    /// The order has no usable phone.
    None,
}

/// A product of a planned lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedProduct {
    /// The merchant's article.
    pub sku: Option<String>,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: i64,
    /// The element of the catalog; `None` where it would be made.
    pub element_id: Option<i64>,
}

/// A store whose writes stay in memory.
pub struct Overlay<'a> {
    inner: &'a dyn Store,
    written: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

impl<'a> Overlay<'a> {
    /// Over a store that is only read.
    pub fn new(inner: &'a dyn Store) -> Self {
        Self { inner, written: RefCell::default() }
    }
}

impl Store for Overlay<'_> {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut values = self.inner.get_many(keys)?;
        let written = self.written.borrow();
        for (key, value) in keys.iter().zip(&mut values) {
            if let Some(newer) = written.get(key) {
                value.clone_from(newer);
            }
        }
        Ok(values)
    }

    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.written.borrow_mut().extend(pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))));
        Ok(())
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.written.borrow_mut().extend(keys.iter().map(|key| (key.clone(), None)));
        Ok(())
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let old = match self.get(key)? {
            None => 0,
            Some(value) => i64::from_le_bytes(
                value.try_into().map_err(|_| StoreError::Failed(format!("{key} is no counter")))?,
            ),
        };
        let new = old.wrapping_add(delta);
        self.set_many(&[(key.to_owned(), new.to_le_bytes().to_vec())])?;
        Ok(new)
    }

    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let is_same = self.get(key)?.as_deref() == Some(seen);
        if is_same {
            self.set_many(&[(key.to_owned(), value.to_vec())])?;
        }
        Ok(is_same)
    }

    /// What was written only here is not among them: nothing that is rehearsed lists keys.
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(cursor)
    }
}

/// The answer to a write that is not sent: every row done, under a made-up id.
pub(crate) fn answer(path: &str, body: &Value, first: i64) -> Value {
    let rows: Vec<Value> = body
        .as_array()
        .into_iter()
        .flatten()
        .zip(MADE_UP_FROM + first..)
        .map(|(row, id)| json!({"id": row.get("id").unwrap_or(&json!(id)), "request_id": row.get("request_id")}))
        .collect();
    let name = path.rsplit('/').next().unwrap_or_default();
    json!({"_embedded": {name: rows}})
}

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

/// An order that gets no lead, with the reason.
pub(crate) fn without_lead(code: &OrderCode, why: &str) -> PlannedOrder {
    PlannedOrder {
        code: code.as_str().to_owned(),
        lead: Action::None,
        why: why.to_owned(),
        ..PlannedOrder::default()
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
