//! Entities of amoCRM: as they are read, and as they are written (docs/apis/amocrm.md 3).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{ContactId, ElementId, LeadId, OrderCode, Phone};

/// The tag of every lead that we made.
pub(crate) const TAG: &str = "Kaspi";
/// Lengths of name tokens that may be order codes (docs/apis/kaspi.md 2.0).
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 8..=12;
/// Longest name of an entity, in characters (docs/apis/amocrm.md 5, 14).
const NAME_CHARS_MAX: usize = 255;

/// A lead as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lead {
    /// Its id.
    pub id: LeadId,
    /// Its name; may have personal data.
    pub name: String,
    /// Its pipeline.
    pub pipeline_id: i64,
    /// Its stage; 142 is won and 143 lost in every pipeline.
    pub status_id: i64,
    /// Whole tenge.
    pub price_kzt: i64,
    /// Whether amoCRM computes the price from the products (docs/apis/amocrm.md 3.7).
    pub is_price_computed: bool,
    /// Seconds since 1970.
    pub created_s: i64,
    /// In the bin.
    pub is_deleted: bool,
    /// Whether it carries our tag.
    pub is_tagged: bool,
    /// The value of the order-code field, where that is set.
    pub code: Option<String>,
    /// Elements with their pieces; `None` where they were not asked for or not told.
    pub products: Option<BTreeMap<ElementId, i64>>,
    /// Ids of its contacts; empty where they were not asked for.
    pub contacts: Vec<ContactId>,
}

impl Lead {
    /// Whether it is won or lost.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.status_id, 142 | 143)
    }

    /// Whether it carries an order's code: in its field, or as a whole word of its name where the field is empty.
    pub(crate) fn is_of(&self, code: &OrderCode) -> bool {
        match self.code.as_deref() {
            Some(field) if !field.is_empty() => field == code.as_str(),
            _ => code.is_token_of(&self.name),
        }
    }

    /// Whether it was made to be the lead of an order: by the field, else by our tag or our name.
    pub(crate) fn is_made_for(&self, code: &OrderCode, our_name: &str) -> bool {
        match self.code.as_deref() {
            Some(field) if !field.is_empty() => field == code.as_str(),
            _ => code.is_token_of(&self.name) && (self.is_tagged || self.name == our_name),
        }
    }

    /// The order codes that it may be about: that of its field, or all that its name has.
    pub(crate) fn codes(&self) -> impl Iterator<Item = OrderCode> {
        let of_field = self.code.as_deref().and_then(OrderCode::parse);
        let of_name = self.code.is_none().then(|| tokens(&self.name).filter_map(OrderCode::parse));
        of_field.into_iter().chain(of_name.into_iter().flatten())
    }

    pub(super) fn read(row: &Value, code_field: Option<i64>) -> Option<Self> {
        Some(Self {
            id: LeadId(positive(row, "id")?),
            name: text(row, "name"),
            pipeline_id: integer(row, "pipeline_id").unwrap_or(0),
            status_id: integer(row, "status_id").unwrap_or(0),
            price_kzt: integer(row, "price").unwrap_or(0),
            is_price_computed: row.get("is_price_computed").and_then(Value::as_bool).unwrap_or(false),
            created_s: integer(row, "created_at").unwrap_or(0),
            is_deleted: row.get("is_deleted").and_then(Value::as_bool).unwrap_or(false),
            is_tagged: embedded(row, "tags")
                .any(|tag| tag.get("name").and_then(Value::as_str).is_some_and(is_our_tag)),
            code: code_field.and_then(|id| field_values(row, |f| integer(f, "field_id") == Some(id)).pop()),
            products: row.pointer("/_embedded/catalog_elements").is_some().then(|| products(row)),
            contacts: embedded(row, "contacts")
                .filter_map(|contact| positive(contact, "id").map(ContactId))
                .collect(),
        })
    }
}

fn products(row: &Value) -> BTreeMap<ElementId, i64> {
    let product = |product: &Value| {
        let quantity = product.pointer("/metadata/quantity").and_then(Value::as_f64).unwrap_or(1.0);
        Some((ElementId(positive(product, "id")?), quantity.round() as i64))
    };
    embedded(row, "catalog_elements").filter_map(product).collect()
}

fn embedded<'v>(row: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    row.get("_embedded")
        .and_then(|embedded| embedded.get(name))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Tokens of a name that may be order codes.
fn tokens(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|token| TOKEN_CHARS.contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit()))
}

fn is_our_tag(name: &str) -> bool {
    // amoCRM may keep the spelling of an older tag of the same name.
    name.eq_ignore_ascii_case(TAG)
}

/// A contact as lists show it: personal data, so no `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Seconds since 1970.
    pub created_s: i64,
    /// Its phones as people typed them.
    pub phones: Vec<String>,
}

impl Contact {
    pub(super) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: ContactId(positive(row, "id")?),
            created_s: integer(row, "created_at").unwrap_or(0),
            phones: field_values(row, |f| text(f, "field_code") == "PHONE"),
        })
    }
}

/// An element of the product catalog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    /// Its id.
    pub id: ElementId,
    /// Its name.
    pub name: String,
    /// The value of the field with code `SKU`.
    pub sku: Option<String>,
}

impl Element {
    pub(super) fn read(row: &Value) -> Option<Self> {
        if row.get("is_deleted").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        Some(Self {
            id: ElementId(positive(row, "id")?),
            name: text(row, "name"),
            sku: field_values(row, |f| text(f, "field_code") == "SKU").pop().filter(|sku| !sku.is_empty()),
        })
    }
}

/// A note of a lead.
#[derive(Clone, PartialEq)]
pub(crate) struct Note {
    /// The lead it belongs to.
    pub lead: LeadId,
    /// Its text.
    pub text: String,
}

impl Note {
    pub(super) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            lead: LeadId(positive(row, "entity_id")?),
            text: row.pointer("/params/text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
    }
}

/// Texts of the values of the first field that fits.
fn field_values(row: &Value, fits: impl Fn(&Value) -> bool) -> Vec<String> {
    // `custom_fields_values` is null, not empty, where nothing is filled in.
    let fields = row.get("custom_fields_values").and_then(Value::as_array);
    let field = fields.into_iter().flatten().find(|field| fits(field));
    let values = field.and_then(|field| field.get("values")).and_then(Value::as_array);
    values
        .into_iter()
        .flatten()
        .filter_map(|value| match value.get("value")? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

pub(super) fn text(row: &Value, name: &str) -> String {
    row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn integer(row: &Value, name: &str) -> Option<i64> {
    row.get(name).and_then(Value::as_i64)
}

pub(super) fn positive(row: &Value, name: &str) -> Option<i64> {
    integer(row, name).filter(|id| *id > 0)
}

fn short(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// The product catalog of the settings, with what it can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Catalog {
    /// Its id.
    pub id: i64,
    /// Whether it has a field with code `SKU`.
    pub has_sku: bool,
    /// Whether it has a field with code `PRICE`.
    pub has_price: bool,
}

/// A contact to be made.
#[derive(Clone, PartialEq)]
pub(crate) struct ContactDraft {
    /// Comes back with the answer; no personal data.
    pub request_id: String,
    /// The buyer's name, or the phone where there is none.
    pub name: String,
    /// The phone that identifies it.
    pub phone: Phone,
    /// Field and value of the delivery address, where the settings name a field.
    pub address: Option<(i64, String)>,
    /// Who is responsible.
    pub responsible_user_id: Option<i64>,
}

impl ContactDraft {
    /// What is sent.
    pub(crate) fn body(&self) -> Value {
        let mut fields = vec![json!({
            "field_code": "PHONE", "values": [{"value": self.phone.as_str(), "enum_code": "WORK"}],
        })];
        if let Some((field_id, address)) = &self.address {
            fields.push(field(*field_id, address.clone()));
        }
        let mut body = json!({
            "name": short(&self.name, NAME_CHARS_MAX), "custom_fields_values": fields, "request_id": self.request_id,
        });
        set_some(&mut body, "responsible_user_id", self.responsible_user_id);
        body
    }
}

/// A catalog element to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ElementDraft {
    /// Comes back with the answer.
    pub request_id: String,
    /// The product's name.
    pub name: String,
    /// The merchant's article.
    pub sku: Option<String>,
    /// Price of a piece in tenge.
    pub price_kzt: Option<i64>,
}

impl ElementDraft {
    /// What is sent.
    pub(crate) fn body(&self, catalog: &Catalog) -> Value {
        let mut fields = Vec::new();
        if let Some(sku) = self.sku.as_ref().filter(|_| catalog.has_sku) {
            fields.push(json!({"field_code": "SKU", "values": [{"value": sku}]}));
        }
        if let Some(price) = self.price_kzt.filter(|_| catalog.has_price) {
            fields.push(json!({"field_code": "PRICE", "values": [{"value": price}]}));
        }
        let mut body = json!({"name": short(&self.name, NAME_CHARS_MAX), "request_id": self.request_id});
        if !fields.is_empty() {
            body["custom_fields_values"] = json!(fields);
        }
        body
    }
}

/// A lead to be made.
#[derive(Clone, PartialEq)]
pub(crate) struct LeadDraft {
    /// The order's code; comes back with the answer.
    pub request_id: String,
    /// The name; the code is a whole token of it.
    pub name: String,
    /// Whole tenge.
    pub price_kzt: i64,
    /// Pipeline, where the settings name one.
    pub pipeline_id: Option<i64>,
    /// Stage, where the settings name one.
    pub status_id: Option<i64>,
    /// Why it is lost, where it begins as lost.
    pub loss_reason_id: Option<i64>,
    /// Who is responsible.
    pub responsible_user_id: Option<i64>,
    /// The buyer.
    pub contact: Option<ContactId>,
    /// Custom fields with their values.
    pub fields: Vec<(i64, FieldValue)>,
}

/// What is changed of a lead; nothing else is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeadChange {
    /// The lead.
    pub lead: LeadId,
    /// Pipeline and stage.
    pub place: Option<(i64, i64)>,
    /// Why it is lost.
    pub loss_reason_id: Option<i64>,
    /// Whole tenge.
    pub price_kzt: Option<i64>,
}

impl LeadChange {
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"id": self.lead.0});
        if let Some((pipeline_id, status_id)) = self.place {
            body["pipeline_id"] = json!(pipeline_id);
            body["status_id"] = json!(status_id);
        }
        set_some(&mut body, "loss_reason_id", self.loss_reason_id);
        set_some(&mut body, "price", self.price_kzt);
        body
    }
}

/// Value of a custom field.
#[derive(Clone, PartialEq)]
pub(crate) enum FieldValue {
    /// A text.
    Text(String),
    /// Seconds since 1970.
    Seconds(i64),
}

impl LeadDraft {
    /// What is sent.
    pub(crate) fn body(&self) -> Value {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|(id, value)| match value {
                FieldValue::Text(text) => field(*id, text.clone()),
                FieldValue::Seconds(seconds) => field(*id, *seconds),
            })
            .collect();
        let mut embedded = json!({"tags": [{"name": TAG}]});
        if let Some(contact) = self.contact {
            embedded["contacts"] = json!([{"id": contact.0, "is_main": true}]);
        }
        let mut body = json!({
            "name": short(&self.name, NAME_CHARS_MAX), "price": self.price_kzt, "_embedded": embedded,
            "request_id": self.request_id,
        });
        if !fields.is_empty() {
            body["custom_fields_values"] = json!(fields);
        }
        set_some(&mut body, "pipeline_id", self.pipeline_id);
        set_some(&mut body, "status_id", self.status_id);
        set_some(&mut body, "loss_reason_id", self.loss_reason_id);
        set_some(&mut body, "responsible_user_id", self.responsible_user_id);
        body
    }
}

/// A product of a lead, with its quantity. Linking again overwrites the quantity (docs/apis/amocrm.md 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkDraft {
    /// The lead.
    pub lead: LeadId,
    /// The product.
    pub element: ElementId,
    /// Its catalog.
    pub catalog_id: i64,
    /// Pieces.
    pub quantity: i64,
}

impl LinkDraft {
    pub(super) fn body(&self) -> Value {
        json!({
            "entity_id": self.lead.0, "to_entity_id": self.element.0, "to_entity_type": "catalog_elements",
            "metadata": {"quantity": self.quantity, "catalog_id": self.catalog_id},
        })
    }

    pub(super) fn unlinking_body(&self) -> Value {
        json!({
            "entity_id": self.lead.0, "to_entity_id": self.element.0, "to_entity_type": "catalog_elements",
            "metadata": {"catalog_id": self.catalog_id},
        })
    }
}

/// A note to be made.
#[derive(Clone, PartialEq)]
pub(crate) struct NoteDraft {
    /// The order's code and the revision; comes back with the answer.
    pub request_id: String,
    /// The lead.
    pub lead: LeadId,
    /// The text; its last line is the marker.
    pub text: String,
}

impl NoteDraft {
    /// What is sent.
    pub(crate) fn body(&self) -> Value {
        json!({
            "entity_id": self.lead.0, "note_type": "common",
            "params": {"text": self.text}, "request_id": self.request_id,
        })
    }
}

fn field(id: i64, value: impl Serialize) -> Value {
    json!({"field_id": id, "values": [{"value": value}]})
}

fn set_some(body: &mut Value, name: &str, value: Option<i64>) {
    if let Some(value) = value {
        body[name] = json!(value);
    }
}

/// The rows of a list answer.
pub(super) fn rows<'v>(document: Option<&'v Value>, name: &str) -> impl Iterator<Item = &'v Value> {
    document
        .and_then(|document| document.get("_embedded"))
        .and_then(|embedded| embedded.get(name))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_the_right_length_are_tokens() {
        let found: Vec<&str> = tokens("Kaspi 1000000001, №123456789 (77010000001) 42 a12345678").collect();
        assert_eq!(found, ["1000000001", "123456789", "77010000001"]);
    }
}
