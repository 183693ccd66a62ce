//! Checks of bodies: exact keys, exact types, every fault named (docs/apis/amocrm.md 2.4).

use std::cell::RefCell;

use serde_json::{Map, Value, json};

use super::answer;
use crate::http::{Request, Response};

/// Faults of one item of a batch.
type Faults = RefCell<Vec<Value>>;

/// A JSON object under check; faults are collected with their path from the item down.
pub(crate) struct Object<'a> {
    map: &'a Map<String, Value>,
    prefix: String,
    faults: &'a Faults,
}

impl<'a> Object<'a> {
    /// Names a fault of a key.
    pub(crate) fn fault(&self, code: &str, key: &str, detail: &str) {
        let path = format!("{}{key}", self.prefix);
        self.faults.borrow_mut().push(json!({"code": code, "path": path, "detail": detail}));
    }

    /// The usual fault of an id that does not exist.
    pub(crate) fn not_a_choice(&self, key: &str) {
        self.fault("NotSupportedChoice", key, "The value you selected is not a valid choice.");
    }

    /// Refuses keys beyond these.
    pub(crate) fn only(&self, allowed: &[&str]) {
        for key in self.map.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.fault("FieldNotExpected", key, "This field was not expected.");
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(crate) fn is_null(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(Value::is_null)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key)
    }

    /// Refuses the item where the key is missing.
    pub(crate) fn require(&self, key: &str) {
        if !self.has(key) {
            self.fault("FieldMissing", key, "This field is missing.");
        }
    }

    fn wrong_type(&self, key: &str, wanted: &str) {
        self.fault("InvalidType", key, &format!("This value should be of type {wanted}."));
    }

    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        let value = self.map.get(key)?;
        let number = value.as_i64();
        if number.is_none() {
            self.wrong_type(key, "int");
        }
        number
    }

    /// A whole number that is at least 0.
    pub(crate) fn id(&self, key: &str) -> Option<u64> {
        let value = self.map.get(key)?;
        let number = value.as_u64();
        if number.is_none() {
            self.wrong_type(key, "int");
        }
        number
    }

    /// Like [`Object::id`], but null counts as absent.
    pub(crate) fn id_or_null(&self, key: &str) -> Option<u64> {
        if self.is_null(key) { None } else { self.id(key) }
    }

    /// Whole or not, above 0.
    pub(crate) fn quantity(&self, key: &str) -> Option<f64> {
        let value = self.map.get(key)?;
        match value.as_f64() {
            Some(number) if number > 0.0 => Some(number),
            Some(_) => {
                self.fault("InvalidValue", key, "This value should be greater than 0.");
                None
            }
            None => {
                self.wrong_type(key, "float");
                None
            }
        }
    }

    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        let value = self.map.get(key)?;
        if !value.is_boolean() {
            self.wrong_type(key, "bool");
        }
        value.as_bool()
    }

    /// A text of at most that many characters.
    pub(crate) fn text(&self, key: &str, chars_max: usize) -> Option<&'a str> {
        let value = self.map.get(key)?;
        let Some(text) = value.as_str() else {
            self.wrong_type(key, "string");
            return None;
        };
        if text.chars().count() > chars_max {
            let detail = format!("This value is too long. It should have {chars_max} characters or less.");
            self.fault("TooLong", key, &detail);
        }
        Some(text)
    }

    /// A text that may not be empty.
    pub(crate) fn filled_text(&self, key: &str, chars_max: usize) -> Option<&'a str> {
        let text = self.text(key, chars_max)?;
        if text.trim().is_empty() {
            self.fault("NotBlank", key, "This value should not be blank.");
        }
        Some(text)
    }

    /// An object below.
    pub(crate) fn object(&self, key: &str) -> Option<Object<'a>> {
        let value = self.map.get(key)?;
        let Value::Object(map) = value else {
            self.wrong_type(key, "object");
            return None;
        };
        Some(Object { map, prefix: format!("{}{key}.", self.prefix), faults: self.faults })
    }

    /// Objects of an array below; `None` where there is no array.
    pub(crate) fn objects(&self, key: &str) -> Option<Vec<Object<'a>>> {
        let value = self.map.get(key)?;
        let Value::Array(items) = value else {
            self.wrong_type(key, "array");
            return None;
        };
        let mut objects = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            match item {
                Value::Object(map) => objects.push(Object {
                    map,
                    prefix: format!("{}{key}.{at}.", self.prefix),
                    faults: self.faults,
                }),
                _ => self.wrong_type(&format!("{key}.{at}"), "object"),
            }
        }
        Some(objects)
    }
}

/// An item that passed.
pub(crate) struct Item<T> {
    pub(crate) request_id: String,
    pub(crate) value: T,
}

/// Checks a whole batch before anything is written: one bad item refuses all of them (docs/apis/amocrm.md 2.5).
pub(crate) fn batch<T>(
    request: &Request,
    items_max: usize,
    mut parse: impl FnMut(&Object<'_>) -> Option<T>,
) -> Result<Vec<Item<T>>, Response> {
    let Ok(Value::Array(items)) = serde_json::from_slice::<Value>(&request.body) else {
        return Err(answer::bad_request("the body must be an array of objects"));
    };
    if items.is_empty() || items.len() > items_max {
        return Err(answer::bad_request(&format!("the array must have 1 to {items_max} items")));
    }
    let mut passed = Vec::with_capacity(items.len());
    let mut refused = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let (request_id, parsed, faults) = one(item, &at.to_string(), &mut parse);
        if !faults.is_empty() {
            refused.push(json!({"request_id": request_id, "errors": faults}));
        } else if let Some(value) = parsed {
            passed.push(Item { request_id, value });
        }
    }
    if refused.is_empty() { Ok(passed) } else { Err(answer::validation(&refused)) }
}

/// Checks a body that is one object.
pub(crate) fn single<T>(
    request: &Request,
    mut parse: impl FnMut(&Object<'_>) -> Option<T>,
) -> Result<Item<T>, Response> {
    let item = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let (request_id, parsed, faults) = one(&item, "0", &mut parse);
    match parsed {
        Some(value) if faults.is_empty() => Ok(Item { request_id, value }),
        _ => Err(answer::validation(&[json!({"request_id": request_id, "errors": faults})])),
    }
}

fn one<T>(
    item: &Value,
    default_id: &str,
    parse: &mut impl FnMut(&Object<'_>) -> Option<T>,
) -> (String, Option<T>, Vec<Value>) {
    let faults = Faults::default();
    let Value::Object(map) = item else {
        let fault =
            json!({"code": "InvalidType", "path": "", "detail": "This value should be of type object."});
        return (default_id.to_owned(), None, vec![fault]);
    };
    let object = Object { map, prefix: String::new(), faults: &faults };
    let request_id = match map.get("request_id") {
        None => default_id.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            object.fault("InvalidType", "request_id", "This value should be of type string.");
            default_id.to_owned()
        }
    };
    let parsed = parse(&object);
    if parsed.is_none() && faults.borrow().is_empty() {
        object.fault("FieldMissing", "", "This field is missing.");
    }
    (request_id, parsed, faults.into_inner())
}
