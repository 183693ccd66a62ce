//! Elements of lists, that is products (docs/apis/amocrm.md 3.8). Articles are not unique here.

use serde_json::{Value, json};

use super::{
    account::{Owner, SKU_FIELD_ID},
    answer,
    call::Call,
    check, fields,
    leads::NAME_CHARS_MAX,
    list::{self, Query, Spec},
    state::{Element, FieldValue, FieldValues, State},
};
use crate::http::Response;

/// `POST /catalogs/{id}/elements`.
pub(crate) fn create(state: &mut State, call: &Call<'_>, catalog_id: u64) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    let owner = Owner::Catalog(catalog_id);
    let parsed = check::batch(call.request, call.options.items_max, |object| {
        object.only(&["name", "custom_fields_values", "request_id", "created_at", "updated_at"]);
        object.require("name");
        let changes = fields::parse(&state.account, owner, object);
        let times = (object.int("created_at"), object.int("updated_at"));
        let name = object.filled_text("name", NAME_CHARS_MAX)?.to_owned();
        Some((name, changes, times))
    });
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let (name, changes, (created_at, updated_at)) = item.value;
        let mut element = Element {
            id: state.next_id("elements"),
            catalog_id,
            name,
            created_at: created_at.unwrap_or_else(|| call.now_s()),
            updated_at: updated_at.unwrap_or_else(|| call.now_s()),
            is_deleted: false,
            fields: FieldValues::new(),
            made_at_ms: call.now_ms,
            made_by_api: true,
        };
        fields::apply(&mut element.fields, changes);
        let mut row = render(state, call, &element);
        row["request_id"] = json!(item.request_id);
        rows.push(row);
        state.elements.push(element);
    }
    let links = call.link(&format!("catalogs/{catalog_id}/elements"));
    answer::hal(&json!({"_links": links, "_embedded": {"elements": rows}}))
}

const WITH: &[&str] = &["invoice_link", "supplier_field_values"];

/// `GET /catalogs/{id}/elements`. Custom-field filters are ignored; an order is not offered.
pub(crate) fn list(state: &State, call: &Call<'_>, catalog_id: u64) -> Response {
    let spec = Spec {
        with: WITH,
        ids: &["id"],
        custom_fields: true,
        query: true,
        plain_ids: true,
        ..Spec::default()
    };
    let mut query = match Query::parse(call.request, spec) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    query.custom_fields.clear();
    let rows: Vec<&Element> = state
        .elements
        .iter()
        .filter(|element| {
            element.catalog_id == catalog_id
                && !element.is_deleted
                && call.lists(element.made_at_ms)
                && query.has_id("id", element.id)
                && query.searches(call, element.made_at_ms, &element.name, &element.fields)
        })
        .collect();
    list::page(call, &query, "elements", &rows, false, |element| render(state, call, element))
}

/// `GET /catalogs/{id}/elements/{id}`.
pub(crate) fn single(state: &State, call: &Call<'_>, catalog_id: u64, id: u64) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec { with: WITH, ..Spec::default() }) {
        return refusal;
    }
    match state.element(id).filter(|element| element.catalog_id == catalog_id) {
        Some(element) => answer::hal(&render(state, call, element)),
        None => answer::no_content(),
    }
}

fn render(state: &State, call: &Call<'_>, element: &Element) -> Value {
    let owner = Owner::Catalog(element.catalog_id);
    let path = format!("catalogs/{}/elements/{}", element.catalog_id, element.id);
    json!({
        "id": element.id, "name": element.name, "catalog_id": element.catalog_id,
        "created_by": state.account.current_user_id, "updated_by": state.account.current_user_id,
        "created_at": element.created_at, "updated_at": element.updated_at,
        "is_deleted": element.is_deleted,
        "custom_fields_values": fields::render(&state.account, owner, &element.fields),
        "account_id": state.account.id, "_links": call.link(&path),
    })
}

/// A product that a person made long ago.
pub(crate) fn seed(state: &mut State, catalog_id: u64, name: &str, sku: &str) -> u64 {
    let id = state.next_id("elements");
    let mut fields = FieldValues::new();
    if !sku.is_empty() && state.account.field(Owner::Catalog(catalog_id), SKU_FIELD_ID).is_some() {
        fields.insert(SKU_FIELD_ID, vec![FieldValue::plain(sku)]);
    }
    state.elements.push(Element {
        id,
        catalog_id,
        name: name.into(),
        created_at: 1_700_000_000,
        updated_at: 1_700_000_000,
        is_deleted: false,
        fields,
        made_at_ms: 1_700_000_000_000,
        made_by_api: false,
    });
    id
}
