//! The answers to writes that a dry run does not send, with ids that no account gives out.

use serde_json::{Value, json};

/// Ids from here on were made up; real ones are far below.
pub(crate) const MADE_UP_FROM: i64 = 1 << 52;

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
