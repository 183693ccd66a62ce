//! The layout as the API shows it: account, users, pipelines, lists, fields (docs/apis/amocrm.md 3.1, 3.3, 3.11).

use serde_json::{Value, json};

use super::{
    account::{Field, LossReason, Owner, Pipeline, User},
    answer,
    call::Call,
    list::{self, Query, Spec},
    options::ApiFilter,
    state::State,
};
use crate::http::Response;

/// `GET /account`.
pub(crate) fn account(state: &State, call: &Call<'_>) -> Response {
    let with: &[&str] = &[
        "amojo_id",
        "amojo_rights",
        "users_groups",
        "task_types",
        "version",
        "datetime_settings",
        "drive_url",
        "is_api_filter_enabled",
        "invoices_settings",
    ];
    let query = match Query::parse(call.request, Spec { with, ..Spec::default() }) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    let mut body = json!({
        "id": state.account.id, "name": "Demo", "subdomain": state.account.subdomain,
        "created_at": 1_700_000_000, "created_by": 0, "updated_at": 1_700_000_000, "updated_by": 0,
        "current_user_id": state.account.current_user_id, "country": "KZ", "currency": "KZT",
        "currency_symbol": "₸", "customers_mode": "unavailable", "is_unsorted_on": true,
        "mobile_feature_version": 0, "is_loss_reason_enabled": true, "is_helpbot_enabled": false,
        "is_technical_account": false, "contact_name_display_order": 1, "_links": call.link("account"),
    });
    if query.with("is_api_filter_enabled") {
        body["is_api_filter_enabled"] = json!(call.options.api_filter == ApiFilter::On);
    }
    if query.with("version") {
        body["version"] = json!(11);
    }
    let mut embedded = json!({});
    if query.with("datetime_settings") {
        embedded["datetime_settings"] = json!({
            "date_pattern": "d.m.Y H:i", "short_date_pattern": "d.m.Y", "date_formant": "d.m.Y",
            "time_format": "H:i:s", "timezone": "Asia/Almaty", "timezone_offset": "+05:00",
        });
    }
    if query.with("users_groups") {
        embedded["users_groups"] = json!([{"id": 0, "name": "Отдел продаж", "uuid": null}]);
    }
    if embedded != json!({}) {
        body["_embedded"] = embedded;
    }
    answer::hal(&body)
}

/// `GET /users`: inactive ones as well, for administrators only.
pub(crate) fn users(state: &State, call: &Call<'_>) -> Response {
    let is_me = |user: &&User| user.id == state.account.current_user_id;
    let is_admin = state.account.users.iter().find(is_me).is_some_and(|user| user.is_admin);
    if !is_admin && !call.options.users_for_all {
        return answer::problem(403, "Forbidden", "Only administrators may list users");
    }
    let with = &["role", "group", "uuid", "amojo_id", "user_rank", "phone_number"];
    listed(call, with, "users", &state.account.users, |user| {
        let right = if user.is_admin { "A" } else { "M" };
        let rights = json!({"view": right, "edit": right, "add": right, "delete": right, "export": right});
        json!({
            "id": user.id, "name": user.name, "email": format!("user{}@example.test", user.id), "lang": "ru",
            "rights": {
                "leads": rights, "contacts": rights, "companies": rights,
                "catalog_access": true, "is_admin": user.is_admin, "is_free": false,
                "is_active": user.is_active, "group_id": null, "role_id": null, "status_rights": [],
            },
            "_links": call.link(&format!("users/{}", user.id)),
        })
    })
}

/// `GET /leads/pipelines`: never paged.
pub(crate) fn pipelines(state: &State, call: &Call<'_>) -> Response {
    if let Err(refusal) = Query::parse(call.request, Spec::default()) {
        return refusal;
    }
    let rows: Vec<Value> =
        state.account.pipelines.iter().map(|row| pipeline(row, state.account.id, call)).collect();
    answer::hal(&json!({
        "_total_items": rows.len(),
        "_links": call.link("leads/pipelines"),
        "_embedded": {"pipelines": rows},
    }))
}

fn pipeline(pipeline: &Pipeline, account_id: u64, call: &Call<'_>) -> Value {
    let path = format!("leads/pipelines/{}", pipeline.id);
    let statuses: Vec<Value> = (1..)
        .zip(&pipeline.stages)
        .map(|(at, stage)| {
            // Won and lost come last in every pipeline.
            let sort = if stage.id < 1000 { 9858 + stage.id } else { at * 10 };
            json!({
                "id": stage.id, "name": stage.name, "sort": sort, "is_editable": stage.id >= 1000,
                "pipeline_id": pipeline.id, "color": "#99ccff", "type": i32::from(stage.is_unsorted),
                "account_id": account_id, "_links": call.link(&format!("{path}/statuses/{}", stage.id)),
            })
        })
        .collect();
    json!({
        "id": pipeline.id, "name": pipeline.name, "sort": 1, "is_main": pipeline.is_main,
        "is_unsorted_on": true, "is_archive": pipeline.is_archived, "account_id": account_id,
        "_links": call.link(&path), "_embedded": {"statuses": statuses},
    })
}

/// `GET /leads/loss_reasons`: 204 where the account has none.
pub(crate) fn loss_reasons(state: &State, call: &Call<'_>) -> Response {
    listed(call, &[], "loss_reasons", &state.account.loss_reasons, |reason| loss_reason(call, reason))
}

/// One reason, as the list and leads show it.
pub(crate) fn loss_reason(call: &Call<'_>, reason: &LossReason) -> Value {
    json!({
        "id": reason.id, "name": reason.name, "sort": reason.id, "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000, "_links": call.link(&format!("leads/loss_reasons/{}", reason.id)),
    })
}

/// `GET /catalogs`.
pub(crate) fn catalogs(state: &State, call: &Call<'_>) -> Response {
    listed(call, &[], "catalogs", &state.account.catalogs, |catalog| {
        json!({
            "id": catalog.id, "name": catalog.name, "type": catalog.kind, "sort": 10, "created_by": 0,
            "updated_by": 0, "created_at": 1_700_000_000, "updated_at": 1_700_000_000,
            "can_add_elements": true, "can_show_in_cards": true, "can_link_multiple": true,
            "can_be_deleted": catalog.kind == "regular", "sdk_widget_code": null,
            "account_id": state.account.id, "_links": call.link(&format!("catalogs/{}", catalog.id)),
        })
    })
}

/// `GET .../custom_fields`.
pub(crate) fn custom_fields(state: &State, call: &Call<'_>, owner: Owner) -> Response {
    let spec = Spec { order: &["sort", "id"], texts: &["type"], ..Spec::default() };
    let query = match Query::parse(call.request, spec) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    let mut rows: Vec<&Field> = state
        .account
        .fields
        .iter()
        .filter(|field| field.owner == owner && query.has_text("type", &field.kind))
        .collect();
    list::sort(call, &query, &mut rows, |field, _| (0, field.id));
    list::page(call, &query, "custom_fields", &rows, true, |field| {
        let enums: Vec<Value> = (1..)
            .zip(&field.enums)
            .map(|(at, (id, value, code))| json!({"id": id, "value": value, "code": code, "sort": at * 10}))
            .collect();
        let required: Vec<Value> = field
            .required_in
            .iter()
            .map(|(pipeline, status)| json!({"pipeline_id": pipeline, "status_id": status}))
            .collect();
        let (kind, path) = match owner {
            Owner::Leads => ("leads", "leads".to_owned()),
            Owner::Contacts => ("contacts", "contacts".to_owned()),
            Owner::Catalog(id) => ("catalogs", format!("catalogs/{id}")),
        };
        json!({
            "id": field.id, "name": field.name, "code": field.code, "sort": 500, "type": field.kind,
            "entity_type": kind, "is_predefined": field.code.is_some(), "is_deletable": field.code.is_none(),
            "remind": null, "is_api_only": false, "group_id": null, "required_statuses": required,
            "enums": if enums.is_empty() { Value::Null } else { Value::Array(enums) },
            "account_id": state.account.id,
            "_links": call.link(&format!("{path}/custom_fields/{}", field.id)),
        })
    })
}

/// A small list that knows only pages.
fn listed<T>(
    call: &Call<'_>,
    with: &'static [&'static str],
    name: &str,
    rows: &[T],
    render: impl Fn(&T) -> Value,
) -> Response {
    match Query::parse(call.request, Spec { with, ..Spec::default() }) {
        Ok(query) => list::page(call, &query, name, rows, true, render),
        Err(refusal) => refusal,
    }
}
