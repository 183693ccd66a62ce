//! What the answer to a write proves.
//!
//! The one rule that keeps doubles away: only `NotApplied` may be sent again without looking.

use std::collections::BTreeMap;

use serde_json::Value;

/// The outcome of one write of one or many entities.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Write {
    /// Carried out; the decoded answer.
    Done(Value),
    /// Refused by validation; nothing of the request was written as far as is known (docs/apis/amocrm.md 2.5).
    Rejected(Rejection),
    /// Surely not carried out: it never left, or was turned away before it was read.
    NotApplied(String),
    /// May have been carried out, wholly or in part, now or in a while.
    Unknown(String),
}

/// What of an entity a validation refused, where something follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedPart {
    /// Its contacts: they may be gone.
    Contacts,
    /// What it was to be linked with: that may be gone.
    LinkTarget,
    /// Anything else, or it is not known.
    Other,
}

impl RefusedPart {
    /// By the paths of the errors, which are dotted and relative to the entity (docs/apis/amocrm.md 2.4).
    fn of<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        for name in paths.flat_map(|path| path.split('.')) {
            match name {
                "contacts" => return Self::Contacts,
                "to_entity_id" => return Self::LinkTarget,
                _ => {}
            }
        }
        Self::Other
    }
}

/// Why one entity was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// In amoCRM's words.
    pub reason: String,
    /// What of it.
    pub part: RefusedPart,
}

/// Which entities a validation refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rejection {
    /// Refusals by `request_id`; empty where amoCRM named none.
    pub items: BTreeMap<String, Refusal>,
    /// The reason of the whole request.
    pub detail: String,
}

impl Rejection {
    /// Why an entity was refused that amoCRM may call by one of these names; `None` where the refusal names others only.
    /// Whatever is refused `alone`, or without any name, is meant.
    pub(crate) fn refusal_of(
        &self,
        mut names: impl Iterator<Item = String>,
        is_alone: bool,
    ) -> Option<Refusal> {
        match names.find_map(|name| self.items.get(&name)) {
            Some(refusal) => Some(refusal.clone()),
            None if is_alone || self.items.is_empty() => {
                Some(Refusal { reason: self.detail.clone(), part: RefusedPart::Other })
            }
            None => None,
        }
    }
}

/// Classes an answer with a status that says something about the request itself.
/// 401, 402, 403 and 429 are not for this function: they say something about the account.
pub(super) fn classify(status: u16, body: &[u8]) -> Write {
    match status {
        200 | 201 => match serde_json::from_slice::<Value>(body) {
            Ok(document) if document.is_object() => Write::Done(document),
            _ => Write::Unknown(format!("status {status} without JSON")),
        },
        400 | 422 => match serde_json::from_slice::<Value>(body) {
            Ok(problem) if problem.is_object() => Write::Rejected(rejection(&problem)),
            _ => Write::Unknown(format!("status {status} without JSON")),
        },
        404 | 405 | 413 | 415 => Write::NotApplied(format!("status {status}")),
        _ => Write::Unknown(format!("status {status}")),
    }
}

/// Reads `validation-errors` (docs/apis/amocrm.md 2.4). Codes and paths only: details may quote values.
fn rejection(problem: &Value) -> Rejection {
    let mut items = BTreeMap::new();
    for item in problem.get("validation-errors").and_then(Value::as_array).into_iter().flatten() {
        let Some(id) = item.get("request_id").and_then(id_text) else { continue };
        let errors = || item.get("errors").and_then(Value::as_array).into_iter().flatten();
        let word = |error: &Value, name| error.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        let reasons: Vec<String> =
            errors().map(|error| format!("{} at {}", word(error, "code"), word(error, "path"))).collect();
        let paths = errors().filter_map(|error| error.get("path").and_then(Value::as_str));
        items.insert(id, Refusal { reason: reasons.join(", "), part: RefusedPart::of(paths) });
    }
    let detail = problem
        .get("detail")
        .or_else(|| problem.get("title"))
        .and_then(Value::as_str)
        .unwrap_or("no reason given")
        .chars()
        .take(200)
        .collect();
    Rejection { items, detail }
}

/// `request_id` comes back as text, whatever was sent.
pub(super) fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_proves_it_is_done_or_refused() {
        let class = |status, body: &str| match classify(status, body.as_bytes()) {
            Write::Done(_) => "done",
            Write::Rejected(_) => "rejected",
            Write::NotApplied(_) => "not applied",
            Write::Unknown(_) => "unknown",
        };
        for (status, body, wanted) in [
            (200, "{}", "done"),
            (201, "{}", "done"),
            (200, "<html>", "unknown"),
            (200, "[]", "unknown"),
            (200, "{\"_embedded\":{\"leads\":[{\"id\":1", "unknown"),
            (200, "", "unknown"),
            (202, "{}", "unknown"),
            (204, "", "unknown"),
            (302, "", "unknown"),
            (400, "{\"detail\":\"x\"}", "rejected"),
            (400, "<html>", "unknown"),
            (404, "", "not applied"),
            (405, "", "not applied"),
            (408, "", "unknown"),
            (409, "{}", "unknown"),
            (413, "", "not applied"),
            (422, "{}", "rejected"),
            (500, "{}", "unknown"),
            (502, "", "unknown"),
            (504, "", "unknown"),
        ] {
            assert_eq!(class(status, body), wanted, "{status} {body}");
        }
    }

    #[test]
    fn a_rejection_names_its_items() {
        let body = r#"{"validation-errors":[{"request_id":3,"errors":[
            {"code":"TooLong","path":"name","detail":"Алия"}]}],"title":"Bad Request","detail":"Failed"}"#;
        let Write::Rejected(rejection) = classify(400, body.as_bytes()) else { panic!("rejected") };
        let refusal = Refusal { reason: "TooLong at name".to_owned(), part: RefusedPart::Other };
        assert_eq!(rejection.items["3"], refusal);
        assert_eq!(rejection.detail, "Failed");
    }

    #[test]
    fn a_refusal_belongs_to_whom_it_names() {
        let named = Rejection {
            items: [("1".to_owned(), Refusal { reason: "why".to_owned(), part: RefusedPart::Other })].into(),
            detail: "Request validation failed".to_owned(),
        };
        let rows = |rows: std::ops::Range<usize>| rows.map(|row| row.to_string());
        let reason = |rejection: &Rejection, named: std::ops::Range<usize>| {
            rejection.refusal_of(rows(named), false).map(|refusal| refusal.reason)
        };
        assert_eq!(reason(&named, 0..1), None);
        assert_eq!(reason(&named, 1..3).as_deref(), Some("why"));
        let unnamed = Rejection { detail: "no".to_owned(), ..Rejection::default() };
        assert_eq!(reason(&unnamed, 0..1).as_deref(), Some("no"));
    }

    #[test]
    fn what_was_refused_is_told_by_the_paths_of_the_errors() {
        for (paths, wanted) in [
            (&["name", "_embedded.contacts.0.id"][..], RefusedPart::Contacts),
            (&["to_entity_id"], RefusedPart::LinkTarget),
            (&["name", "custom_fields_values.0.contacts_of"], RefusedPart::Other),
            (&[], RefusedPart::Other),
        ] {
            assert_eq!(RefusedPart::of(paths.iter().copied()), wanted, "{paths:?}");
        }
    }
}
