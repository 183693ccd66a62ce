//! Contacts (docs/apis/amocrm.md 3.4). Phones are neither normalised nor unique here.

use serde_json::{Value, json};

use super::{
    account::{MANAGER_ID, Owner, PHONE_FIELD_ID},
    answer,
    call::Call,
    change,
    check::{self, Object},
    fields,
    leads::{Common, NAME_CHARS_MAX, change_tags, render_tags},
    list::{self, Query, Spec},
    state::{Contact, FieldValue, FieldValues, State},
};
use crate::http::Response;

const KEYS: [&str; 12] = [
    "name",
    "first_name",
    "last_name",
    "responsible_user_id",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "custom_fields_values",
    "tags_to_add",
    "_embedded",
    "request_id",
];

struct Draft {
    id: Option<u64>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    common: Common,
}

fn parse(state: &State, object: &Object<'_>, extra_keys: &[&str], present: Option<u64>) -> Draft {
    let keys: Vec<&str> = KEYS.iter().chain(extra_keys).copied().collect();
    object.only(&keys);
    let id = present.or_else(|| object.id("id"));
    let is_change = extra_keys.contains(&"id");
    if is_change && id.and_then(|id| state.contact(id)).is_none() {
        object.require("id");
        object.not_a_choice("id");
    }
    let text = |key| object.text(key, NAME_CHARS_MAX).map(str::to_owned);
    Draft {
        id,
        name: text("name"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        common: Common::parse(state, Owner::Contacts, object, &["tags"]),
    }
}

/// The full name that follows from its parts.
fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}

/// `POST /contacts`.
pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    let parsed =
        check::batch(call.request, call.options.items_max, |object| Some(parse(state, object, &[], None)));
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let id = state.next_id("contacts");
        let draft = item.value;
        let first_name = draft.first_name.unwrap_or_default();
        let last_name = draft.last_name.unwrap_or_default();
        let mut contact = Contact {
            id,
            name: draft.name.unwrap_or_else(|| full_name(&first_name, &last_name)),
            first_name,
            last_name,
            responsible_user_id: draft.common.responsible_user_id.unwrap_or(state.account.current_user_id),
            created_by: draft.common.created_by.unwrap_or(state.account.current_user_id),
            created_at: draft.common.created_at.unwrap_or_else(|| call.now_s()),
            updated_at: draft.common.updated_at.unwrap_or_else(|| call.now_s()),
            is_deleted: false,
            fields: FieldValues::new(),
            tags: Vec::new(),
            made_at_ms: call.now_ms,
            made_by_api: true,
        };
        change_tags(state, &mut contact.tags, &draft.common);
        fields::apply(&mut contact.fields, draft.common.fields);
        state.contacts.push(contact);
        let links = call.link(&format!("contacts/{id}"));
        rows.push(json!({"id": id, "request_id": item.request_id, "_links": links}));
    }
    answer::hal(&json!({"_links": call.link("contacts"), "_embedded": {"contacts": rows}}))
}

/// `PATCH /contacts` and `PATCH /contacts/{id}`.
pub(crate) fn change(state: &mut State, call: &Call<'_>, id: Option<u64>) -> Response {
    if id.is_some_and(|id| state.contact(id).is_none()) {
        return answer::not_found();
    }
    let parse = |state: &State, object: &Object<'_>| parse(state, object, change::KEYS, id);
    change::change(state, call, "contacts", id, parse, write_change)
}

fn write_change(state: &mut State, call: &Call<'_>, draft: Draft) -> Value {
    let id = draft.id.expect("a change without an id was refused");
    let mut tags = state.contact(id).expect("checked").tags.clone();
    change_tags(state, &mut tags, &draft.common);
    let contact = state.contact_mut(id).expect("checked");
    contact.tags = tags;
    let renamed = draft.first_name.is_some() || draft.last_name.is_some();
    if let Some(first_name) = draft.first_name {
        contact.first_name = first_name;
    }
    if let Some(last_name) = draft.last_name {
        contact.last_name = last_name;
    }
    if let Some(name) = draft.name {
        contact.name = name;
    } else if renamed {
        contact.name = full_name(&contact.first_name, &contact.last_name);
    }
    if let Some(user) = draft.common.responsible_user_id {
        contact.responsible_user_id = user;
    }
    fields::apply(&mut contact.fields, draft.common.fields);
    contact.updated_at = draft.common.updated_at.unwrap_or_else(|| call.now_s());
    json!({
        "id": id, "name": contact.name, "updated_at": contact.updated_at,
        "_links": call.link(&format!("contacts/{id}")),
    })
}

const WITH: &[&str] = &["leads", "customers", "catalog_elements", "social_profiles", "only_deleted"];

/// `GET /contacts`.
pub(crate) fn list(state: &State, call: &Call<'_>) -> Response {
    let spec = Spec {
        with: WITH,
        order: &["updated_at", "id"],
        ids: &["id", "created_by", "updated_by", "responsible_user_id"],
        texts: &["name"],
        ranges: &["created_at", "updated_at", "closest_task_at"],
        custom_fields: true,
        query: true,
        ..Spec::default()
    };
    let mut query = match Query::parse(call.request, spec) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = call.refuses_filter(&query) {
        return refusal;
    }
    if call.options.api_filter == super::options::ApiFilter::Ignored {
        query.custom_fields.clear();
    }
    let mut rows: Vec<&Contact> =
        state.contacts.iter().filter(|contact| selects(call, &query, contact)).collect();
    list::sort(call, &query, &mut rows, |contact, key| match key {
        "updated_at" => (contact.updated_at, contact.id),
        _ => (0, contact.id),
    });
    list::page(call, &query, "contacts", &rows, false, |contact| render(state, call, &query, contact))
}

fn selects(call: &Call<'_>, query: &Query, contact: &Contact) -> bool {
    contact.is_deleted == query.with("only_deleted")
        && call.lists(contact.made_at_ms)
        && query.has_id("id", contact.id)
        && query.has_id("created_by", contact.created_by)
        && query.has_id("responsible_user_id", contact.responsible_user_id)
        && query.has_text("name", &contact.name)
        && query.in_range("created_at", Some(contact.created_at))
        && query.in_range("updated_at", Some(contact.updated_at))
        && query.searches(call, contact.made_at_ms, &contact.name, &contact.fields)
}

/// `GET /contacts/{id}`.
pub(crate) fn single(state: &State, call: &Call<'_>, id: u64) -> Response {
    let query = match Query::parse(call.request, Spec { with: WITH, ..Spec::default() }) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    match state.contact(id) {
        Some(contact) => answer::hal(&render(state, call, &query, contact)),
        None => answer::no_content(),
    }
}

fn render(state: &State, call: &Call<'_>, query: &Query, contact: &Contact) -> Value {
    let mut embedded = json!({"tags": render_tags(state, &contact.tags), "companies": []});
    if query.with("leads") {
        let leads: Vec<Value> = state
            .leads
            .iter()
            .filter(|lead| lead.contacts.iter().any(|(id, _)| *id == contact.id))
            .map(|lead| json!({"id": lead.id}))
            .collect();
        embedded["leads"] = json!(leads);
    }
    json!({
        "id": contact.id, "name": contact.name, "first_name": contact.first_name,
        "last_name": contact.last_name, "responsible_user_id": contact.responsible_user_id, "group_id": 0,
        "created_by": contact.created_by, "updated_by": contact.created_by,
        "created_at": contact.created_at, "updated_at": contact.updated_at, "closest_task_at": null,
        "is_deleted": contact.is_deleted, "is_unsorted": false,
        "custom_fields_values": fields::render(&state.account, Owner::Contacts, &contact.fields),
        "account_id": state.account.id, "_links": call.link(&format!("contacts/{}", contact.id)),
        "_embedded": embedded,
    })
}

/// A contact that a person made long ago.
pub(crate) fn seed(state: &mut State, name: &str, phones: &[&str]) -> u64 {
    let id = state.next_id("contacts");
    let choice = state.account.field(Owner::Contacts, PHONE_FIELD_ID).and_then(|field| field.enums.first());
    let values: Vec<FieldValue> = phones
        .iter()
        .map(|phone| FieldValue {
            value: json!(phone),
            enum_id: choice.map(|choice| choice.0),
            enum_code: choice.and_then(|choice| choice.2.clone()),
        })
        .collect();
    let mut fields = FieldValues::new();
    if !values.is_empty() {
        fields.insert(PHONE_FIELD_ID, values);
    }
    state.contacts.push(Contact {
        id,
        name: name.into(),
        first_name: name.into(),
        last_name: String::new(),
        responsible_user_id: MANAGER_ID,
        created_by: MANAGER_ID,
        created_at: 1_700_000_000,
        updated_at: 1_700_000_000,
        is_deleted: false,
        fields,
        tags: Vec::new(),
        made_at_ms: 1_700_000_000_000,
        made_by_api: false,
    });
    id
}
