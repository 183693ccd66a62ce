//! One order against its leads. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sides::Sides;
use crate::{
    amocrm::Lead,
    domain::{ElementId, Facts, Order, OrderCode, element_key},
    exports::orders::no_lead_in_russian,
    plan::diff,
    records::{Parts, Record, tombstones},
};

/// What is the matter with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Nothing.
    Agree,
    /// It has no lead.
    Missing,
    /// It has several.
    Doubled,
    /// Its lead says something else.
    Different,
    /// Its lead says something else, because people changed it and the sync keeps that.
    Kept,
    /// It gets no lead.
    NoLead,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Agree, Self::Missing, Self::Doubled, Self::Different, Self::Kept, Self::NoLead];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Missing => "missing",
            Self::Doubled => "doubled",
            Self::Different => "different",
            Self::Kept => "kept",
            Self::NoLead => "no_lead",
        }
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    name: &'static str,
    kaspi: Value,
    amocrm: Value,
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
    pub(super) en: String,
    pub(super) ru: String,
}

impl Difference {
    /// What differs and nobody keeps.
    pub(super) fn to_mend(&self) -> Parts {
        let has = |name| self.fields.iter().any(|field| field.name == name && !field.is_kept);
        Parts { stage: has("stage"), price: has("price"), lines: has("lines") }
    }

    pub(super) fn json(&self) -> Value {
        let field =
            |field: &Field| json!({"field": field.name, "kaspi": field.kaspi, "amocrm": field.amocrm});
        json!({
            "code": self.order.code.as_str(), "state": self.order.state, "status": self.order.status,
            "kind": self.kind.name(), "lead_ids": self.lead_ids,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(),
            "will_mend": self.will_mend, "en": self.en, "ru": self.ru,
        })
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
    let (kind, fields, en, ru) = match (tombstone, leads) {
        (Some(why), _) => (Kind::NoLead, Vec::new(), why.to_owned(), no_lead_in_russian(why).to_owned()),
        (None, []) => {
            let (en, ru) = why_missing(record);
            (Kind::Missing, Vec::new(), en, ru)
        }
        (None, [lead]) => {
            let fields = fields(sides, order, record, lead);
            if fields.is_empty() {
                return None;
            }
            if fields.iter().all(|field| field.is_kept) {
                let (en, ru) = ("people changed it, and that is kept", "изменено людьми и сохраняется");
                (Kind::Kept, fields, en.to_owned(), ru.to_owned())
            } else {
                let (en, ru) = ("the lead says something else", "в сделке другое");
                (Kind::Different, fields, en.to_owned(), ru.to_owned())
            }
        }
        (None, [first, ..]) => (
            Kind::Doubled,
            Vec::new(),
            format!(
                "lead {} is followed; look at the others and delete or merge them in amoCRM",
                followed(record, first)
            ),
            format!(
                "ведётся сделка {}; проверьте остальные и удалите или объедините их в amoCRM",
                followed(record, first)
            ),
        ),
    };
    Some(Difference {
        order: order.clone(),
        record: record.cloned(),
        kind,
        lead_ids: leads.iter().map(|lead| lead.id.0).collect(),
        fields,
        will_mend: false,
        en,
        ru,
    })
}

fn followed(record: Option<&Record>, first: &Lead) -> i64 {
    record.and_then(|record| record.lead).unwrap_or(first.id.0)
}

fn why_missing(record: Option<&Record>) -> (String, String) {
    match record {
        None => (
            "it has not been read yet; the next runs bring it in".to_owned(),
            "ещё не прочитан; его загрузят следующие запуски".to_owned(),
        ),
        Some(Record { lead: Some(lead), .. }) => {
            (format!("lead {lead} is gone from amoCRM"), format!("сделка {lead} исчезла из amoCRM"))
        }
        Some(Record { trouble: Some(trouble), .. }) => {
            (trouble.message.clone(), format!("отложен: {}", trouble.message))
        }
        Some(_) => (
            "it waits for its lead; why: kaspi-amocrm orders".to_owned(),
            "ждёт сделки; почему: kaspi-amocrm orders".to_owned(),
        ),
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
            name: "price",
            kaspi: json!(facts.total_kzt),
            amocrm: json!(lead.price_kzt),
            is_kept: kept.price || lead.is_price_computed || is_others,
        });
    }
    let stage = sides.with_policy(|policy| diff::mapped_stage(&facts, policy));
    if let Some(stage) = stage.filter(|stage| *stage != lead.status_id) {
        fields.push(Field {
            name: "stage",
            kaspi: json!(stage),
            amocrm: json!(lead.status_id),
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
        name: "lines",
        kaspi: json!(kaspi.join(", ")),
        amocrm: json!(amocrm.join(", ")),
        is_kept: record.is_some_and(|record| record.kept.lines),
    })
}
