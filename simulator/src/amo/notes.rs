//! Notes on leads (docs/apis/amocrm.md 3.9).

use serde_json::{Value, json};

use super::{
    answer,
    call::Call,
    check::{self, Object},
    list::{self, Query, Spec},
    state::{Note, State},
};
use crate::http::Response;

/// Longest text, in characters (docs/apis/amocrm.md 5.14).
const TEXT_CHARS_MAX: usize = 20_000;

struct Draft {
    lead_id: u64,
    kind: String,
    text: String,
    service: Option<String>,
    created_by: Option<u64>,
    responsible_user_id: Option<u64>,
    times: (Option<i64>, Option<i64>),
}

fn parse(state: &State, object: &Object<'_>, lead_id: Option<u64>) -> Option<Draft> {
    object.only(&[
        "entity_id",
        "note_type",
        "params",
        "request_id",
        "is_need_to_trigger_digital_pipeline",
        "created_by",
        "responsible_user_id",
        "created_at",
        "updated_at",
    ]);
    if lead_id.is_none() {
        object.require("entity_id");
    }
    let named = object.id("entity_id");
    let lead_id = lead_id.or(named)?;
    if named.is_some_and(|id| id != lead_id) || state.lead(lead_id).is_none_or(|lead| lead.is_deleted) {
        object.not_a_choice("entity_id");
    }
    object.bool("is_need_to_trigger_digital_pipeline");
    let created_by = object.id("created_by");
    if created_by.is_some_and(|id| id != 0 && !state.account.is_active_user(id)) {
        object.not_a_choice("created_by");
    }
    let responsible_user_id = object.id("responsible_user_id");
    if responsible_user_id.is_some_and(|id| !state.account.is_active_user(id)) {
        object.not_a_choice("responsible_user_id");
    }
    object.require("note_type");
    object.require("params");
    let kind = object.text("note_type", 64)?;
    let params = object.object("params")?;
    let has_service = match kind {
        "common" => false,
        "service_message" | "extended_service_message" => true,
        _ => {
            object.not_a_choice("note_type");
            return None;
        }
    };
    params.require("text");
    if has_service {
        params.only(&["text", "service"]);
        params.require("service");
    } else {
        params.only(&["text"]);
    }
    let service = if has_service { params.filled_text("service", 255).map(str::to_owned) } else { None };
    Some(Draft {
        lead_id,
        kind: kind.to_owned(),
        text: params.filled_text("text", TEXT_CHARS_MAX)?.trim().to_owned(),
        service,
        created_by,
        responsible_user_id,
        times: (object.int("created_at"), object.int("updated_at")),
    })
}

/// `POST /leads/notes` and `POST /leads/{id}/notes`.
pub(crate) fn create(state: &mut State, call: &Call<'_>, lead_id: Option<u64>) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    if lead_id.is_some_and(|id| state.lead(id).is_none()) {
        return answer::not_found();
    }
    let parsed = check::batch(call.request, call.options.items_max, |object| parse(state, object, lead_id));
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let id = state.next_id("notes");
        let draft = item.value;
        let user = state.account.current_user_id;
        rows.push(json!({
            "id": id, "entity_id": draft.lead_id, "request_id": item.request_id,
            "_links": call.link(&format!("leads/notes/{id}")),
        }));
        state.notes.push(Note {
            id,
            lead_id: draft.lead_id,
            kind: draft.kind,
            text: draft.text,
            service: draft.service,
            created_by: draft.created_by.unwrap_or(user),
            responsible_user_id: draft.responsible_user_id.unwrap_or(user),
            created_at: draft.times.0.unwrap_or_else(|| call.now_s()),
            updated_at: draft.times.1.unwrap_or_else(|| call.now_s()),
            made_at_ms: call.now_ms,
            made_by_api: true,
        });
    }
    answer::hal(&json!({"_links": call.link("leads/notes"), "_embedded": {"notes": rows}}))
}

/// `GET /leads/notes` and `GET /leads/{id}/notes`.
pub(crate) fn list(state: &State, call: &Call<'_>, lead_id: Option<u64>) -> Response {
    let spec = Spec {
        order: &["updated_at", "id"],
        ids: &["id", "entity_id"],
        texts: &["note_type"],
        ranges: &["updated_at"],
        ..Spec::default()
    };
    let query = match Query::parse(call.request, spec) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    let mut rows: Vec<&Note> = state
        .notes
        .iter()
        .filter(|note| {
            lead_id.is_none_or(|id| note.lead_id == id)
                && call.lists(note.made_at_ms)
                && query.has_id("id", note.id)
                && query.has_id("entity_id", note.lead_id)
                && query.has_text("note_type", &note.kind)
                && query.in_range("updated_at", Some(note.updated_at))
        })
        .collect();
    list::sort(call, &query, &mut rows, |note, key| match key {
        "updated_at" => (note.updated_at, note.id),
        _ => (0, note.id),
    });
    list::page(call, &query, "notes", &rows, false, |note| render(state, call, note))
}

fn render(state: &State, call: &Call<'_>, note: &Note) -> Value {
    let mut params = json!({"text": note.text});
    if let Some(service) = &note.service {
        params["service"] = json!(service);
    }
    json!({
        "id": note.id, "entity_id": note.lead_id, "created_by": note.created_by,
        "updated_by": note.created_by, "created_at": note.created_at, "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id, "group_id": 0, "note_type": note.kind,
        "params": params, "account_id": state.account.id,
        "_links": call.link(&format!("leads/{}/notes/{}", note.lead_id, note.id)),
    })
}
