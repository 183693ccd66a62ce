//! One order against its leads. Pure.

use crate::contract::types;
use crate::contract::types::{DifferenceKind as Kind, FieldDifference};
use crate::contract::types::{TwoNumbers, TwoTexts};
use std::collections::BTreeMap;

use kaspi_amocrm_contract::{Message, MessageId};

use super::sides::Sides;
use crate::{
    amocrm::Lead,
    domain::{ElementId, Facts, Order, OrderCode, element_key},
    plan::diff,
    records::{Parts, Record, tombstones},
};

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    what: FieldDifference,
    /// A person's edit that the sync keeps.
    is_kept: bool,
}

/// An order that does not simply agree.
pub(super) struct Difference {
    pub(super) order: Order,
    pub(super) record: Option<Record>,
    pub(super) kind: Kind,
    pub(super) lead_ids: Vec<i64>,
    pub(super) fields: Vec<Field>,
    pub(super) will_mend: bool,
    pub(super) message: Message,
}

impl Difference {
    /// What differs and nobody keeps.
    pub(super) fn to_mend(&self) -> Parts {
        let mut parts = Parts::default();
        for field in self.fields.iter().filter(|field| !field.is_kept) {
            match field.what {
                FieldDifference::Stage(_) => parts.stage = true,
                FieldDifference::Price(_) => parts.price = true,
                FieldDifference::Lines(_) => parts.lines = true,
            }
        }
        parts
    }

    pub(super) fn told(self) -> types::Difference {
        types::Difference {
            code: self.order.code.as_str().to_owned(),
            state: self.order.state,
            status: self.order.status,
            kind: self.kind,
            lead_ids: self.lead_ids,
            fields: self.fields.into_iter().map(|field| field.what).collect(),
            will_mend: self.will_mend,
            message: self.message.into(),
        }
    }
}

/// What is the matter with an order; `None`: nothing.
pub(super) fn compare(sides: &Sides<'_>, code: &OrderCode, order: &Order) -> Option<Difference> {
    let record = sides.records.get(code);
    let leads = sides.leads.get(code).map(Vec::as_slice).unwrap_or_default();
    let tombstone = match record {
        Some(record) => record.tombstone.as_deref(),
        None if order.created_ms < sides.meta.horizon_ms => Some(tombstones::TOO_OLD),
        None => None,
    };
    let is_binned = record.and_then(Record::lead_id).is_some_and(|lead| sides.binned.contains(&lead));
    let tombstone = tombstone.or(Some(tombstones::DELETED).filter(|_| is_binned && leads.is_empty()));
    let (kind, fields, message) = match (tombstone, leads) {
        (Some(why), _) => (Kind::NoLead, Vec::new(), tombstones::message(why)),
        (None, []) => (Kind::Missing, Vec::new(), why_missing(record)),
        (None, [lead]) => {
            let fields = fields(sides, order, record, lead);
            if fields.is_empty() {
                return None;
            }
            if fields.iter().all(|field| field.is_kept) {
                (Kind::Kept, fields, MessageId::PeopleChangedIt.into())
            } else {
                (Kind::Different, fields, MessageId::LeadDiffers.into())
            }
        }
        (None, [first, ..]) => {
            let lead = followed(record, first);
            (Kind::Doubled, Vec::new(), Message::new(MessageId::OneLeadFollowed, [("lead", &lead)]))
        }
    };
    Some(Difference {
        order: order.clone(),
        record: record.cloned(),
        kind,
        lead_ids: leads.iter().map(|lead| lead.id.0).collect(),
        fields,
        will_mend: false,
        message,
    })
}

fn followed(record: Option<&Record>, first: &Lead) -> i64 {
    record.and_then(|record| record.lead).unwrap_or(first.id.0)
}

fn why_missing(record: Option<&Record>) -> Message {
    match record {
        None => MessageId::OrderNotRead.into(),
        Some(Record { lead: Some(lead), .. }) => Message::new(MessageId::LeadGone, [("lead", lead)]),
        Some(Record { trouble: Some(trouble), .. }) => {
            Message::plain(MessageId::OrderParked).nest("reason", trouble.message.clone())
        }
        Some(_) => MessageId::OrderWaitsForLead.into(),
    }
}

/// What a lead says otherwise than the order.
fn fields(sides: &Sides<'_>, order: &Order, record: Option<&Record>, lead: &Lead) -> Vec<Field> {
    let kept = record.map(|record| record.kept).unwrap_or_default();
    let facts = Facts::of(order);
    let mut fields = Vec::new();
    if lead.price_kzt != facts.total_kzt {
        // A lead of others keeps its price until Kaspi changes the total.
        let is_others = match record {
            Some(record) => record.adopted && record.wrote.is_some_and(|(_, price)| price == lead.price_kzt),
            None => !lead.is_tagged,
        };
        fields.push(Field {
            what: FieldDifference::Price(TwoNumbers { kaspi: facts.total_kzt, amocrm: lead.price_kzt }),
            is_kept: kept.price || lead.is_price_computed || is_others,
        });
    }
    let stage = sides.with_policy(|policy| diff::mapped_stage(&facts, policy));
    if let Some(stage) = stage.filter(|stage| *stage != lead.status_id) {
        fields.push(Field {
            what: FieldDifference::Stage(TwoNumbers { kaspi: stage, amocrm: lead.status_id }),
            is_kept: kept.stage,
        });
    }
    fields.extend(products(sides, order, record, lead));
    fields
}

/// Products of the order, and those of ours that are none of it; what people added is theirs.
fn products(sides: &Sides<'_>, order: &Order, record: Option<&Record>, lead: &Lead) -> Option<Field> {
    let (catalog, linked) = (sides.check.catalog.as_ref()?, lead.products.as_ref()?);
    let mut wanted: BTreeMap<String, (Option<ElementId>, i64)> = BTreeMap::new();
    for line in order.lines.iter().flatten() {
        let sku = line.sku.as_deref().filter(|_| catalog.has_sku);
        let key = element_key(sku, &line.name);
        let element = sides.elements.get(&key).copied();
        let label = sku.unwrap_or(&line.name).to_owned();
        wanted.entry(label).or_insert((element, 0)).1 += line.quantity;
    }
    let pieces_of = |element: Option<ElementId>| element.and_then(|id| linked.get(&id)).copied().unwrap_or(0);
    let mut kaspi = Vec::new();
    let mut amocrm = Vec::new();
    for (label, (element, pieces)) in &wanted {
        let there = pieces_of(*element);
        if there != *pieces {
            kaspi.push(format!("{label} × {pieces}"));
            amocrm.push(format!("{label} × {there}"));
        }
    }
    let is_wanted = |id: ElementId| wanted.values().any(|(element, _)| *element == Some(id));
    for (id, _) in record.iter().flat_map(|record| &record.links) {
        let id = ElementId(*id);
        if let Some(pieces) = linked.get(&id).filter(|_| !is_wanted(id)) {
            kaspi.push(format!("element {id} × 0"));
            amocrm.push(format!("element {id} × {pieces}"));
        }
    }
    (!kaspi.is_empty()).then(|| Field {
        what: FieldDifference::Lines(TwoTexts { kaspi: kaspi.join(", "), amocrm: amocrm.join(", ") }),
        is_kept: record.is_some_and(|record| record.kept.lines),
    })
}
