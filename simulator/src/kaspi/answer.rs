//! Bodies of answers.

use serde_json::{Value, json};

use crate::http::Response;

pub(super) fn answer(body: &Value) -> Response {
    Response::json(200, "application/vnd.api+json;charset=UTF-8", body)
}

/// An error body: only `title` has ever been seen (docs/apis/kaspi.md 1.6).
pub(super) fn error(status: u16, title: &str) -> Response {
    Response::json(status, "application/vnd.api+json;charset=UTF-8", &json!({"errors": [{"title": title}]}))
}
