//! Envelopes of answers (docs/apis/amocrm.md 2.3 and 2.4).

use serde_json::{Value, json};

use crate::http::Response;

/// Success with a body.
pub(crate) fn hal(body: &Value) -> Response {
    Response::json(200, "application/hal+json", body)
}

/// Success without one: empty lists and unknown ids.
pub(crate) fn no_content() -> Response {
    Response::empty(204)
}

/// Any other error with JSON.
pub(crate) fn problem(status: u16, title: &str, detail: &str) -> Response {
    let body = json!({
        "title": title, "type": format!("https://httpstatus.es/{status}"), "status": status, "detail": detail,
    });
    Response::json(status, "application/problem+json", &body)
}

/// 400 that names no item.
pub(crate) fn bad_request(detail: &str) -> Response {
    problem(400, "Bad Request", detail)
}

/// 404 for paths that do not exist.
pub(crate) fn not_found() -> Response {
    problem(404, "Not Found", "Page not found")
}

/// 400 that names items.
pub(crate) fn validation(errors: &[Value]) -> Response {
    let body = json!({
        "validation-errors": errors,
        "title": "Bad Request",
        "type": "https://httpstatus.es/400",
        "status": 400,
        "detail": "Request validation failed",
    });
    Response::json(400, "application/problem+json", &body)
}
