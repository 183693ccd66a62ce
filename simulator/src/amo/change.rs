//! `PATCH` of leads and contacts, of many or of the one that the address names.

use serde_json::{Value, json};

use super::{
    answer,
    call::Call,
    check::{self, Object},
    list::{Query, Spec},
    state::State,
};
use crate::http::Response;

/// Keys of changes beside those of new entities.
pub(crate) const KEYS: &[&str] = &["id", "tags_to_delete"];

/// Checks every change before the first is written. `id` is that of the address; without one the body is a batch.
pub(crate) fn change<T>(
    state: &mut State,
    call: &Call<'_>,
    name: &str,
    id: Option<u64>,
    parse: impl Fn(&State, &Object<'_>) -> T,
    write: impl Fn(&mut State, &Call<'_>, T) -> Value,
) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    let read = |object: &Object<'_>| Some(parse(state, object));
    if id.is_some() {
        return match check::single(call.request, read) {
            Ok(item) => answer::hal(&write(state, call, item.value)),
            Err(refusal) => refusal,
        };
    }
    let items = match check::batch(call.request, call.options.items_max, read) {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let rows: Vec<Value> = items
        .into_iter()
        .map(|item| {
            let mut row = write(state, call, item.value);
            row["request_id"] = json!(item.request_id);
            row
        })
        .collect();
    answer::hal(&json!({"_links": call.link(name), "_embedded": {name: rows}}))
}
