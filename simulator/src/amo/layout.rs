//! Making fields and lists, for administrators only (docs/apis/amocrm.md 3.3 and 3.8).

use serde_json::json;

use super::{
    account::{Catalog, Field, Owner},
    answer,
    call::Call,
    check,
    leads::NAME_CHARS_MAX,
    list::{Query, Spec},
    state::State,
};
use crate::http::Response;

/// Lists that an account may have.
const CATALOGS_MAX: usize = 10;
/// Types of fields that a request can make without further keys.
const FIELD_KINDS: [&str; 10] = [
    "text",
    "numeric",
    "checkbox",
    "date",
    "url",
    "textarea",
    "date_time",
    "birthday",
    "streetaddress",
    "price",
];
/// Types of lists that a request can make; the list of products comes with its switch.
const CATALOG_KINDS: [&str; 2] = ["regular", "invoices"];

fn refused(state: &State, call: &Call<'_>) -> Option<Response> {
    let is_admin = |id| state.account.users.iter().any(|user| user.id == id && user.is_admin);
    if !is_admin(state.account.current_user_id) {
        return Some(answer::problem(403, "Forbidden", "Only administrators may change the account"));
    }
    Query::parse(call.request, Spec::default()).err()
}

/// `POST .../custom_fields`: a code stands once for an owner.
pub(crate) fn create_fields(state: &mut State, call: &Call<'_>, owner: Owner) -> Response {
    if let Some(refusal) = refused(state, call) {
        return refusal;
    }
    let mut codes: Vec<String> = Vec::new();
    let parsed = check::batch(call.request, call.options.items_max, |object| {
        object.only(&["name", "type", "code", "sort", "is_api_only", "group_id", "request_id"]);
        object.require("name");
        object.require("type");
        object.int("sort");
        object.bool("is_api_only");
        let kind = object.filled_text("type", 50).unwrap_or_default();
        // Prices are fields of lists.
        if !FIELD_KINDS.contains(&kind) || (kind == "price" && !matches!(owner, Owner::Catalog(_))) {
            object.not_a_choice("type");
        }
        let code = object.text("code", 255).filter(|code| !code.is_empty()).map(str::to_owned);
        if let Some(code) = &code {
            if state.account.field_by_code(owner, code).is_some() || codes.contains(code) {
                object.not_a_choice("code");
            }
            codes.push(code.clone());
        }
        Some((object.filled_text("name", NAME_CHARS_MAX)?.to_owned(), kind.to_owned(), code))
    });
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let (name, kind, code) = item.value;
        let id = state.next_id("fields");
        rows.push(json!({"id": id, "name": name, "code": code, "type": kind, "request_id": item.request_id}));
        let (enums, required_in) = (Vec::new(), Vec::new());
        state.account.fields.push(Field {
            id,
            owner,
            name,
            code,
            kind,
            enums,
            required_in,
            made_by_api: true,
        });
    }
    Response { status: 201, ..answer::hal(&json!({"_embedded": {"custom_fields": rows}})) }
}

/// `POST /catalogs`: names may be the same.
pub(crate) fn create_catalogs(state: &mut State, call: &Call<'_>) -> Response {
    if let Some(refusal) = refused(state, call) {
        return refusal;
    }
    let parsed = check::batch(call.request, call.options.items_max, |object| {
        object.only(&[
            "name",
            "type",
            "sort",
            "can_add_elements",
            "can_show_in_cards",
            "can_link_multiple",
            "request_id",
        ]);
        object.require("name");
        for flag in ["can_add_elements", "can_show_in_cards", "can_link_multiple"] {
            object.bool(flag);
        }
        object.int("sort");
        let kind = object.text("type", 50).unwrap_or("regular");
        if !CATALOG_KINDS.contains(&kind) {
            object.not_a_choice("type");
        }
        Some((object.filled_text("name", NAME_CHARS_MAX)?.to_owned(), kind.to_owned()))
    });
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    if state.account.catalogs.len() + items.len() > CATALOGS_MAX {
        return answer::bad_request("The account has as many lists as it may have");
    }
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let (name, kind) = item.value;
        let id = state.next_id("catalogs");
        rows.push(json!({"id": id, "name": name, "type": kind, "request_id": item.request_id}));
        state.account.catalogs.push(Catalog { id, name, kind, made_by_api: true });
    }
    answer::hal(&json!({"_embedded": {"catalogs": rows}}))
}
