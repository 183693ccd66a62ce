//! Custom-field values: checks on writing, the form on reading, search (docs/apis/amocrm.md 3.2).

use serde_json::{Value, json};

use super::{
    account::{Account, Field, Owner},
    check::Object,
    state::{FieldValue, FieldValues},
};
use crate::codec::digits;

/// Values to write by field; `None` clears the field.
pub(crate) type FieldChanges = Vec<(u64, Option<Vec<FieldValue>>)>;

/// Checks `custom_fields_values` of an entity.
pub(crate) fn parse(account: &Account, owner: Owner, entity: &Object<'_>) -> FieldChanges {
    let mut changes = Vec::new();
    for item in entity.objects("custom_fields_values").unwrap_or_default() {
        item.only(&["field_id", "field_code", "values"]);
        let field = if item.has("field_id") {
            let found = item.id("field_id").and_then(|id| account.field(owner, id));
            if found.is_none() {
                item.not_a_choice("field_id");
            }
            found
        } else if item.has("field_code") {
            let found = item.text("field_code", 255).and_then(|code| account.field_by_code(owner, code));
            if found.is_none() {
                item.not_a_choice("field_code");
            }
            found
        } else {
            item.fault("FieldMissing", "field_id", "This field is missing.");
            None
        };
        item.require("values");
        let Some(field) = field else { continue };
        if item.is_null("values") {
            changes.push((field.id, None));
            continue;
        }
        let values = item.objects("values").unwrap_or_default();
        if values.is_empty() {
            item.fault("NotBlank", "values", "This value should not be blank.");
        }
        if values.len() > 1 && !["multitext", "multiselect"].contains(&field.kind.as_str()) {
            item.fault("TooLong", "values", "This field takes one value.");
        }
        let values: Vec<_> = values.iter().filter_map(|value| parse_value(field, value)).collect();
        changes.push((field.id, Some(values)));
    }
    changes
}

fn parse_value(field: &Field, object: &Object<'_>) -> Option<FieldValue> {
    match field.kind.as_str() {
        "select" | "multiselect" | "radiobutton" => parse_choice(field, object),
        "multitext" => {
            object.only(&["value", "enum_id", "enum_code"]);
            object.require("value");
            let text = object.filled_text("value", 255)?;
            let choice = if object.has("enum_id") {
                let id = object.id("enum_id")?;
                field.enums.iter().find(|choice| choice.0 == id)
            } else if object.has("enum_code") {
                let code = object.text("enum_code", 255)?;
                field.enums.iter().find(|choice| choice.2.as_deref() == Some(code))
            } else {
                field.enums.first()
            };
            if choice.is_none() {
                object.not_a_choice(if object.has("enum_id") { "enum_id" } else { "enum_code" });
            }
            let (id, _, code) = choice?;
            Some(FieldValue { value: json!(text), enum_id: Some(*id), enum_code: code.clone() })
        }
        kind => {
            object.only(&["value"]);
            object.require("value");
            let value = object.value("value")?;
            let (fits, wanted) = fits(kind, value);
            if !fits {
                let detail = format!("This value should be of type {wanted}.");
                object.fault("InvalidType", "value", &detail);
                return None;
            }
            Some(FieldValue::plain(value.clone()))
        }
    }
}

fn parse_choice(field: &Field, object: &Object<'_>) -> Option<FieldValue> {
    object.only(&["value", "enum_id", "enum_code"]);
    let (key, choice) = if object.has("enum_id") {
        let id = object.id("enum_id")?;
        ("enum_id", field.enums.iter().find(|choice| choice.0 == id))
    } else if object.has("enum_code") {
        let code = object.text("enum_code", 255)?;
        ("enum_code", field.enums.iter().find(|choice| choice.2.as_deref() == Some(code)))
    } else {
        object.require("value");
        let label = object.text("value", 255)?;
        ("value", field.enums.iter().find(|choice| choice.1 == label))
    };
    if choice.is_none() {
        object.not_a_choice(key);
    }
    let (id, label, code) = choice?;
    Some(FieldValue { value: json!(label), enum_id: Some(*id), enum_code: code.clone() })
}

fn fits(kind: &str, value: &Value) -> (bool, &'static str) {
    match kind {
        "numeric" => {
            let number = value.as_str().is_some_and(|text| text.parse::<f64>().is_ok());
            (value.is_number() || number, "numeric")
        }
        "price" | "monetary" => (value.is_number(), "float"),
        "checkbox" => (value.is_boolean(), "bool"),
        "date" | "date_time" | "birthday" => {
            // Unix seconds, or RFC 3339; milliseconds would be a date far beyond any order.
            let seconds = value.as_i64().is_some_and(|seconds| seconds.abs() < 100_000_000_000);
            let text = value.as_str().is_some_and(|text| text.len() >= 20 && text.as_bytes()[10] == b'T');
            (seconds || text, "timestamp")
        }
        _ => (value.is_string(), "string"),
    }
}

/// Writes changes: a field that is sent is replaced as a whole, others keep their values.
pub(crate) fn apply(fields: &mut FieldValues, changes: FieldChanges) {
    for (id, values) in changes {
        match values {
            Some(values) => fields.insert(id, values),
            None => fields.remove(&id),
        };
    }
}

/// `custom_fields_values` of an answer; null where nothing is filled.
pub(crate) fn render(account: &Account, owner: Owner, fields: &FieldValues) -> Value {
    let rows: Vec<Value> = fields
        .iter()
        .filter_map(|(id, values)| {
            let field = account.field(owner, *id)?;
            let values: Vec<Value> = values.iter().map(|value| render_value(field, value)).collect();
            Some(json!({
                "field_id": id, "field_name": field.name, "field_code": field.code, "field_type": field.kind,
                "is_computed": false, "values": values,
            }))
        })
        .collect();
    if rows.is_empty() { Value::Null } else { Value::Array(rows) }
}

fn render_value(field: &Field, value: &FieldValue) -> Value {
    // Numbers of these kinds are read back as text.
    let shown = match (field.kind.as_str(), &value.value) {
        ("numeric" | "price" | "monetary", Value::Number(number)) => json!(number.to_string()),
        (_, other) => other.clone(),
    };
    let mut object = json!({"value": shown});
    if let Some(id) = value.enum_id {
        object["enum_id"] = json!(id);
        object["enum_code"] = json!(value.enum_code);
    }
    object
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Full text over name and fields: a part of any text, or digits anywhere in its digits
/// (docs/apis/amocrm.md 4.1).
pub(crate) fn found_by(query: &str, name: &str, fields: &FieldValues) -> bool {
    let wanted = query.trim().to_lowercase();
    if wanted.is_empty() {
        return true;
    }
    let only_digits = wanted.bytes().all(|byte| byte.is_ascii_digit());
    let matches =
        |text: &str| text.to_lowercase().contains(&wanted) || (only_digits && digits(text).contains(&wanted));
    matches(name) || fields.values().flatten().any(|value| matches(&plain_text(&value.value)))
}

/// `filter[custom_fields_values][id][]`: one of the values, by choice or by text.
pub(crate) fn has_value(fields: &FieldValues, id: u64, wanted: &[String]) -> bool {
    fields.get(&id).into_iter().flatten().any(|value| {
        let choice = value.enum_id.map(|id| id.to_string());
        wanted.iter().any(|w| choice.as_ref() == Some(w) || plain_text(&value.value) == *w)
    })
}
