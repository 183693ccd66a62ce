//! Leads (docs/apis/amocrm.md 3.5).

use serde_json::{Value, json};

use super::{
    account::{Account, MANAGER_ID, Owner, STATUS_LOST_ID, STATUS_WON_ID},
    answer,
    call::Call,
    change,
    check::{self, Object},
    directory,
    fields::{self, FieldChanges},
    list::{self, Query, Spec},
    state::{FieldValues, Lead, State},
};
use crate::http::Response;

/// Longest name of anything, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 255;

const KEYS: [&str; 15] = [
    "name",
    "price",
    "status_id",
    "pipeline_id",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "closed_at",
    "loss_reason_id",
    "responsible_user_id",
    "custom_fields_values",
    "tags_to_add",
    "request_id",
    "_embedded",
];

/// A tag by id or by name.
pub(crate) enum Tag {
    Id(u64),
    Name(String),
}

/// What leads and contacts have in common in a body.
pub(crate) struct Common {
    pub(crate) responsible_user_id: Option<u64>,
    pub(crate) created_by: Option<u64>,
    pub(crate) created_at: Option<i64>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) fields: FieldChanges,
    /// Replaces the set.
    pub(crate) tags: Option<Vec<Tag>>,
    pub(crate) tags_to_add: Vec<Tag>,
    pub(crate) tags_to_delete: Vec<Tag>,
}

impl Common {
    /// Checks the common keys; `_embedded` may hold `tags` and what else the entity knows.
    pub(crate) fn parse(state: &State, owner: Owner, object: &Object<'_>, embedded: &[&str]) -> Self {
        let account = &state.account;
        let responsible_user_id = object.id("responsible_user_id");
        if responsible_user_id.is_some_and(|id| !account.is_active_user(id)) {
            object.not_a_choice("responsible_user_id");
        }
        for key in ["created_by", "updated_by"] {
            if object.id(key).is_some_and(|id| id != 0 && !account.is_active_user(id)) {
                object.not_a_choice(key);
            }
        }
        let mut tags = None;
        if let Some(inner) = object.object("_embedded") {
            inner.only(embedded);
            tags = if inner.is_null("tags") { Some(Vec::new()) } else { parse_tags(state, &inner, "tags") };
        }
        Self {
            responsible_user_id,
            created_by: object.id("created_by"),
            created_at: object.int("created_at"),
            updated_at: object.int("updated_at"),
            fields: fields::parse(account, owner, object),
            tags,
            tags_to_add: parse_tags(state, object, "tags_to_add").unwrap_or_default(),
            tags_to_delete: parse_tags(state, object, "tags_to_delete").unwrap_or_default(),
        }
    }
}

fn parse_tags(state: &State, object: &Object<'_>, key: &str) -> Option<Vec<Tag>> {
    let items = object.objects(key)?;
    let tags = items
        .iter()
        .filter_map(|item| {
            item.only(&["id", "name"]);
            if item.has("id") {
                let id = item.id("id")?;
                if state.tag_name(id).is_none() {
                    item.not_a_choice("id");
                }
                return Some(Tag::Id(id));
            }
            item.require("name");
            Some(Tag::Name(item.filled_text("name", NAME_CHARS_MAX)?.to_owned()))
        })
        .collect();
    Some(tags)
}

/// Brings a set of tags to what was asked for.
pub(crate) fn change_tags(state: &mut State, tags: &mut Vec<u64>, common: &Common) {
    let mut resolve = |wanted: &[Tag]| -> Vec<u64> {
        wanted
            .iter()
            .map(|tag| match tag {
                Tag::Id(id) => *id,
                Tag::Name(name) => state.tag(name),
            })
            .collect()
    };
    if let Some(set) = &common.tags {
        *tags = resolve(set);
    }
    tags.extend(resolve(&common.tags_to_add));
    let removed = resolve(&common.tags_to_delete);
    tags.retain(|tag| !removed.contains(tag));
    tags.sort_unstable();
    tags.dedup();
}

/// Tags of an answer.
pub(crate) fn render_tags(state: &State, tags: &[u64]) -> Vec<Value> {
    tags.iter().map(|id| json!({"id": id, "name": state.tag_name(*id), "color": null})).collect()
}

struct Draft {
    id: Option<u64>,
    name: Option<String>,
    price: Option<i64>,
    place: Option<(u64, u64)>,
    closed_at: Option<i64>,
    /// `Some(None)` takes the reason away.
    loss_reason_id: Option<Option<u64>>,
    contacts: Option<Vec<(u64, bool)>>,
    common: Common,
}

fn parse(state: &State, object: &Object<'_>, extra_keys: &[&str], present: Option<u64>) -> Draft {
    let keys: Vec<&str> = KEYS.iter().chain(extra_keys).copied().collect();
    object.only(&keys);
    let id = present.or_else(|| object.id("id"));
    let lead = id.and_then(|id| state.lead(id));
    let is_change = extra_keys.contains(&"id");
    if is_change && lead.is_none() {
        object.require("id");
        object.not_a_choice("id");
    }
    let embedded = object.object("_embedded");
    if let Some(companies) = embedded.as_ref().and_then(|inner| inner.objects("companies")) {
        companies.iter().for_each(|company| company.not_a_choice("id"));
    }
    if embedded.as_ref().is_some_and(|inner| inner.has("source")) {
        // No source is registered.
        object.not_a_choice("_embedded.source.external_id");
    }
    let contacts = embedded.as_ref().and_then(|inner| inner.objects("contacts")).map(|items| {
        items
            .iter()
            .filter_map(|item| {
                item.only(&["id", "is_main"]);
                item.require("id");
                let id = item.id("id")?;
                if state.contact(id).is_none_or(|contact| contact.is_deleted) {
                    item.not_a_choice("id");
                }
                Some((id, item.bool("is_main").unwrap_or(false)))
            })
            .collect()
    });
    let place = parse_place(&state.account, object, lead);
    let status_id = place.map(|(_, status)| status).or(lead.map(|lead| lead.status_id));
    Draft {
        id,
        name: object.text("name", NAME_CHARS_MAX).map(str::to_owned),
        price: object.int("price"),
        place,
        loss_reason_id: parse_loss_reason(&state.account, object, status_id),
        closed_at: if object.is_null("closed_at") { None } else { object.int("closed_at") },
        contacts,
        common: Common::parse(state, Owner::Leads, object, &["tags", "contacts", "companies", "source"]),
    }
}

/// The pair of pipeline and stage, checked; `None` where the lead stays.
fn parse_place(account: &Account, object: &Object<'_>, lead: Option<&Lead>) -> Option<(u64, u64)> {
    let pipeline_id = object.id("pipeline_id");
    let status_id = object.id("status_id");
    match (pipeline_id, status_id) {
        (None, None) if lead.is_some() => None,
        (None, None) => {
            let main = account.main_pipeline();
            Some((main.id, main.first_stage()))
        }
        (Some(pipeline), status) => {
            let Some(pipeline) = account.pipeline(pipeline) else {
                object.not_a_choice("pipeline_id");
                return None;
            };
            let status = status.unwrap_or_else(|| pipeline.first_stage());
            if !pipeline.has_stage(status) {
                object.not_a_choice("status_id");
            }
            Some((pipeline.id, status))
        }
        (None, Some(status)) => {
            // Won and lost occur in every pipeline, so they say nothing about which one.
            let found = account.pipelines.iter().find(|pipeline| pipeline.has_stage(status));
            match found {
                Some(pipeline) if status != STATUS_WON_ID && status != STATUS_LOST_ID => {
                    Some((pipeline.id, status))
                }
                _ => {
                    object.not_a_choice("status_id");
                    None
                }
            }
        }
    }
}

/// The reason, which must exist and belongs to lost leads only.
fn parse_loss_reason(account: &Account, object: &Object<'_>, status_id: Option<u64>) -> Option<Option<u64>> {
    if !object.has("loss_reason_id") {
        return None;
    }
    let id = object.id_or_null("loss_reason_id");
    if id.is_some_and(|id| account.loss_reason(id).is_none() || status_id != Some(STATUS_LOST_ID)) {
        object.not_a_choice("loss_reason_id");
    }
    Some(id)
}

/// `POST /leads`.
pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    let parsed = check::batch(call.request, call.options.items_max, |object| {
        Some(parse(state, object, &["visitor_uid"], None))
    });
    let items = match parsed {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let id = state.next_id("leads");
        let draft = item.value;
        let (pipeline_id, status_id) = draft.place.expect("a lead without a place was refused");
        let created_at = draft.common.created_at.unwrap_or_else(|| call.now_s());
        let mut lead = Lead {
            id,
            name: draft.name.unwrap_or_else(|| format!("Сделка #{id}")),
            price: draft.price.unwrap_or(0),
            pipeline_id,
            status_id,
            loss_reason_id: draft.loss_reason_id.flatten(),
            responsible_user_id: draft.common.responsible_user_id.unwrap_or(state.account.current_user_id),
            created_by: draft.common.created_by.unwrap_or(state.account.current_user_id),
            created_at,
            updated_at: draft.common.updated_at.unwrap_or_else(|| call.now_s()),
            closed_at: is_final(status_id).then(|| draft.closed_at.unwrap_or_else(|| call.now_s())),
            is_deleted: false,
            is_price_computed: false,
            fields: FieldValues::new(),
            tags: Vec::new(),
            contacts: draft.contacts.unwrap_or_default(),
            made_at_ms: call.now_ms,
            made_by_api: true,
        };
        change_tags(state, &mut lead.tags, &draft.common);
        fields::apply(&mut lead.fields, draft.common.fields);
        state.leads.push(lead);
        let links = call.link(&format!("leads/{id}"));
        rows.push(json!({"id": id, "request_id": item.request_id, "_links": links}));
    }
    answer::hal(&json!({"_links": call.link("leads"), "_embedded": {"leads": rows}}))
}

fn is_final(status_id: u64) -> bool {
    status_id == STATUS_WON_ID || status_id == STATUS_LOST_ID
}

/// `PATCH /leads` and `PATCH /leads/{id}`.
pub(crate) fn change(state: &mut State, call: &Call<'_>, id: Option<u64>) -> Response {
    if id.is_some_and(|id| state.lead(id).is_none()) {
        return answer::not_found();
    }
    let parse = |state: &State, object: &Object<'_>| parse(state, object, change::KEYS, id);
    change::change(state, call, "leads", id, parse, write_change)
}

fn write_change(state: &mut State, call: &Call<'_>, draft: Draft) -> Value {
    let id = draft.id.expect("a change without an id was refused");
    let mut tags = state.lead(id).expect("checked").tags.clone();
    change_tags(state, &mut tags, &draft.common);
    let lead = state.lead_mut(id).expect("checked");
    lead.tags = tags;
    if let Some(name) = draft.name {
        lead.name = name;
    }
    if let Some(price) = draft.price {
        lead.price = price;
        lead.is_price_computed = false;
    }
    if let Some((pipeline_id, status_id)) = draft.place {
        // Entering a final stage closes the lead, leaving it opens it again.
        lead.closed_at =
            is_final(status_id).then(|| draft.closed_at.or(lead.closed_at).unwrap_or_else(|| call.now_s()));
        lead.pipeline_id = pipeline_id;
        lead.status_id = status_id;
    }
    if let Some(reason) = draft.loss_reason_id {
        lead.loss_reason_id = reason;
    }
    if lead.status_id != STATUS_LOST_ID {
        lead.loss_reason_id = None;
    }
    if let Some(user) = draft.common.responsible_user_id {
        lead.responsible_user_id = user;
    }
    if let Some(contacts) = draft.contacts {
        for (contact, is_main) in contacts {
            lead.contacts.retain(|(present, _)| *present != contact);
            lead.contacts.push((contact, is_main));
        }
    }
    fields::apply(&mut lead.fields, draft.common.fields);
    lead.updated_at = draft.common.updated_at.unwrap_or_else(|| call.now_s());
    json!({"id": id, "updated_at": lead.updated_at, "_links": call.link(&format!("leads/{id}"))})
}

const WITH: &[&str] = &[
    "contacts",
    "catalog_elements",
    "loss_reason",
    "is_price_modified_by_robot",
    "source",
    "source_id",
    "only_deleted",
];

/// `GET /leads`.
pub(crate) fn list(state: &State, call: &Call<'_>) -> Response {
    let spec = Spec {
        with: WITH,
        order: &["created_at", "updated_at", "id"],
        ids: &["id", "pipeline_id", "created_by", "updated_by", "responsible_user_id"],
        texts: &["name"],
        ranges: &["price", "created_at", "updated_at", "closed_at", "closest_task_at"],
        custom_fields: true,
        statuses: true,
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
    let mut rows: Vec<&Lead> = state.leads.iter().filter(|lead| selects(call, &query, lead)).collect();
    list::sort(call, &query, &mut rows, |lead, key| match key {
        "created_at" => (lead.created_at, lead.id),
        "updated_at" => (lead.updated_at, lead.id),
        _ => (0, lead.id),
    });
    list::page(call, &query, "leads", &rows, false, |lead| render(state, call, &query, lead))
}

fn selects(call: &Call<'_>, query: &Query, lead: &Lead) -> bool {
    lead.is_deleted == query.with("only_deleted")
        && call.lists(lead.made_at_ms)
        && query.has_id("id", lead.id)
        && query.has_id("pipeline_id", lead.pipeline_id)
        && query.has_id("created_by", lead.created_by)
        && query.has_id("responsible_user_id", lead.responsible_user_id)
        && query.has_text("name", &lead.name)
        && query.in_range("price", Some(lead.price))
        && query.in_range("created_at", Some(lead.created_at))
        && query.in_range("updated_at", Some(lead.updated_at))
        && query.in_range("closed_at", lead.closed_at)
        && query.has_status(lead.pipeline_id, lead.status_id)
        && query.searches(call, lead.made_at_ms, &lead.name, &lead.fields)
}

/// `GET /leads/{id}`: deleted ones too.
pub(crate) fn single(state: &State, call: &Call<'_>, id: u64) -> Response {
    let query = match Query::parse(call.request, Spec { with: WITH, ..Spec::default() }) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    match state.lead(id) {
        Some(lead) => answer::hal(&render(state, call, &query, lead)),
        None => answer::no_content(),
    }
}

fn render(state: &State, call: &Call<'_>, query: &Query, lead: &Lead) -> Value {
    let mut embedded = json!({"tags": render_tags(state, &lead.tags), "companies": []});
    if query.with("contacts") {
        let contacts: Vec<Value> =
            lead.contacts.iter().map(|(id, is_main)| json!({"id": id, "is_main": is_main})).collect();
        embedded["contacts"] = json!(contacts);
    }
    if query.with("catalog_elements") {
        let rows: Vec<Value> = state
            .links
            .iter()
            .filter(|link| link.lead_id == lead.id)
            .map(|link| {
                let metadata = json!({
                    "quantity": link.quantity, "catalog_id": link.catalog_id, "price_id": link.price_id,
                });
                json!({"id": link.element_id, "metadata": metadata})
            })
            .collect();
        embedded["catalog_elements"] = json!(rows);
    }
    if query.with("loss_reason") {
        let reason = lead.loss_reason_id.and_then(|id| state.account.loss_reason(id));
        let rows: Vec<Value> = reason.iter().map(|reason| directory::loss_reason(call, reason)).collect();
        embedded["loss_reason"] = json!(rows);
    }
    json!({
        "id": lead.id, "name": lead.name, "price": lead.price,
        "price_with_minor_units": lead.price as f64,
        "responsible_user_id": lead.responsible_user_id, "group_id": 0, "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id, "loss_reason_id": lead.loss_reason_id, "source_id": null,
        "created_by": lead.created_by, "updated_by": lead.created_by, "created_at": lead.created_at,
        "updated_at": lead.updated_at, "closed_at": lead.closed_at, "closest_task_at": null,
        "is_deleted": lead.is_deleted,
        "custom_fields_values": fields::render(&state.account, Owner::Leads, &lead.fields),
        "score": null, "account_id": state.account.id, "labor_cost": null,
        "is_price_computed": lead.is_price_computed,
        "_links": call.link(&format!("leads/{}", lead.id)), "_embedded": embedded,
    })
}

/// A lead that a person made.
pub(crate) fn seed(state: &mut State, name: &str, pipeline_id: u64, status_id: u64, at_ms: i64) -> u64 {
    let id = state.next_id("leads");
    let seconds = at_ms.div_euclid(1000);
    state.leads.push(Lead {
        id,
        name: name.into(),
        price: 0,
        pipeline_id,
        status_id,
        loss_reason_id: None,
        responsible_user_id: MANAGER_ID,
        created_by: MANAGER_ID,
        created_at: seconds,
        updated_at: seconds,
        closed_at: is_final(status_id).then_some(seconds),
        is_deleted: false,
        is_price_computed: false,
        fields: FieldValues::new(),
        tags: Vec::new(),
        contacts: Vec::new(),
        made_at_ms: at_ms,
        made_by_api: false,
    });
    id
}
