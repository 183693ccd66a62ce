//! The ids of the settings against the account itself, before the first write.

use futures_util::future::{join, join3, join4};
use serde_json::Value;

use super::{
    client::{Amo, PAGE_SIZE, Stop, rows},
    wire::{Catalog, integer, positive, text},
};
use crate::config::Settings;

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCheck {
    /// The account's id: everything that belongs to the account is keyed by it.
    pub account_id: i64,
    /// The catalog of the settings.
    pub catalog: Option<Catalog>,
    /// The pipeline that leads go to: of the settings, else the main one.
    pub pipeline_id: i64,
    /// Settings that the account contradicts, each with the names that the account has.
    pub findings: Vec<String>,
    /// What works worse than it could.
    pub hints: Vec<String>,
}

/// Compares every id of the settings with the account.
///
/// # Errors
/// When the account cannot be read.
pub async fn check_account(amo: &Amo<'_>, settings: &Settings) -> Result<AccountCheck, Stop> {
    let wanted = &settings.amo;
    let account = async { amo.get("/api/v4/account").await };
    let pipelines = async { amo.get("/api/v4/leads/pipelines").await };
    let users = async { list_if(amo, wanted.responsible_user_id.is_some(), "/api/v4/users", "users").await };
    let catalogs = async { list_if(amo, wanted.catalog_id.is_some(), "/api/v4/catalogs", "catalogs").await };
    let catalog_fields = async {
        let path = format!("/api/v4/catalogs/{}/custom_fields", wanted.catalog_id.unwrap_or_default());
        // A catalog that does not exist is a finding of its own; how amoCRM answers for its fields is unknown.
        match list_if(amo, wanted.catalog_id.is_some(), &path, "custom_fields").await {
            Err(Stop::Refused { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    };
    let lead_fields = async {
        let any = lead_field_settings(settings).iter().any(|(_, id, _)| id.is_some());
        list_if(amo, any, "/api/v4/leads/custom_fields", "custom_fields").await
    };
    let contact_fields = async {
        let any = wanted.contact_address_field_id.is_some();
        list_if(amo, any, "/api/v4/contacts/custom_fields", "custom_fields").await
    };
    let ((account, pipelines, users, catalogs), (catalog_fields, lead_fields, contact_fields)) =
        join(join4(account, pipelines, users, catalogs), join3(catalog_fields, lead_fields, contact_fields))
            .await;

    let account = account?.ok_or_else(|| Stop::Unreachable("no account in the answer".into()))?;
    let account_id =
        positive(&account, "id").ok_or_else(|| Stop::Unreachable("an account without an id".into()))?;
    let mut findings = Vec::new();
    let mut hints = Vec::new();
    let pipelines = pipelines?;
    let pipelines: Vec<&Value> = rows(pipelines.as_ref(), "pipelines").collect();
    let pipeline_id = check_stages(settings, &pipelines, &mut findings);
    check_user(wanted.responsible_user_id, &users?, &mut findings);
    let catalog_fields = catalog_fields?;
    let catalog = check_catalog(wanted.catalog_id, &catalogs?, &catalog_fields, &mut findings, &mut hints);
    check_fields(&lead_field_settings(settings), &lead_fields?, &mut findings);
    let contact_settings =
        [("AMO_CONTACT_ADDRESS_FIELD_ID", wanted.contact_address_field_id, TEXT_TYPES.as_slice())];
    check_fields(&contact_settings, &contact_fields?, &mut findings);
    Ok(AccountCheck { account_id, catalog, pipeline_id, findings, hints })
}

/// All rows of a list, where it is needed.
async fn list_if(amo: &Amo<'_>, needed: bool, path: &str, name: &str) -> Result<Vec<Value>, Stop> {
    const PAGES_MAX: usize = 20;
    let mut all = Vec::new();
    if needed {
        for page in 1..=PAGES_MAX {
            let document = amo.get(&format!("{path}?limit={PAGE_SIZE}&page={page}")).await?;
            let count = all.len();
            all.extend(rows(document.as_ref(), name).cloned());
            if all.len() - count < PAGE_SIZE {
                break;
            }
        }
    }
    Ok(all)
}

const TEXT_TYPES: [&str; 4] = ["text", "textarea", "streetaddress", "url"];
const DATE_TYPES: [&str; 2] = ["date", "date_time"];

type FieldSetting = (&'static str, Option<i64>, &'static [&'static str]);

fn lead_field_settings(settings: &Settings) -> [FieldSetting; 3] {
    let amo = &settings.amo;
    [
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", amo.lead_order_code_field_id, &["text", "textarea"]),
        ("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", amo.lead_delivery_address_field_id, &TEXT_TYPES),
        ("AMO_LEAD_ORDER_DATE_FIELD_ID", amo.lead_order_date_field_id, &DATE_TYPES),
    ]
}

fn check_stages(settings: &Settings, pipelines: &[&Value], findings: &mut Vec<String>) -> i64 {
    let main = || {
        let is_main = |p: &&&Value| p.get("is_main").and_then(Value::as_bool) == Some(true);
        pipelines.iter().find(is_main).or(pipelines.first()).copied()
    };
    let pipeline = match settings.amo.pipeline_id {
        Some(id) => {
            let found = pipelines.iter().find(|p| integer(p, "id") == Some(id)).copied();
            if found.is_none() {
                findings.push(format!(
                    "AMO_PIPELINE_ID={id}: the account has no such pipeline; it has {}",
                    names(pipelines.iter().copied())
                ));
            }
            found
        }
        None => main(),
    };
    let Some(pipeline) = pipeline else { return 0 };
    let statuses: Vec<&Value> = rows(Some(pipeline), "statuses").collect();
    let known = |id: i64| statuses.iter().any(|status| integer(status, "id") == Some(id));
    let stages = names(statuses.iter().copied());
    let pipeline_name = text(pipeline, "name");
    if let Some(id) = settings.amo.status_id.filter(|id| !known(*id)) {
        findings.push(format!(
            "AMO_STATUS_ID={id}: pipeline \"{pipeline_name}\" has no such stage; it has {stages}"
        ));
    }
    for (key, id) in settings.status_map.iter().filter(|(_, id)| !known(*id)) {
        findings.push(format!(
            "STATUS_MAP: {key}={id}, but pipeline \"{pipeline_name}\" has no such stage; it has {stages}"
        ));
    }
    integer(pipeline, "id").unwrap_or(0)
}

fn check_user(wanted: Option<i64>, users: &[Value], findings: &mut Vec<String>) {
    let Some(id) = wanted else { return };
    let is_active = |user: &&Value| user.pointer("/rights/is_active").and_then(Value::as_bool) != Some(false);
    match users.iter().find(|user| integer(user, "id") == Some(id)) {
        Some(user) if is_active(&user) => {}
        found => {
            let what =
                if found.is_some() { "this user is switched off" } else { "the account has no such user" };
            let active = names(users.iter().filter(is_active));
            findings.push(format!("AMO_RESPONSIBLE_USER_ID={id}: {what}; active are {active}"));
        }
    }
}

fn check_catalog(
    wanted: Option<i64>,
    catalogs: &[Value],
    fields: &[Value],
    findings: &mut Vec<String>,
    hints: &mut Vec<String>,
) -> Option<Catalog> {
    let id = wanted?;
    if !catalogs.iter().any(|catalog| integer(catalog, "id") == Some(id)) {
        let have = names(catalogs.iter());
        findings.push(format!("AMO_CATALOG_ID={id}: the account has no such list; it has {have}"));
        return None;
    }
    let has = |code: &str| fields.iter().any(|field| text(field, "code").eq_ignore_ascii_case(code));
    let catalog = Catalog { id, has_sku: has("SKU"), has_price: has("PRICE") };
    for (there, code) in [(catalog.has_sku, "SKU"), (catalog.has_price, "PRICE")] {
        if !there {
            hints.push(format!(
                "AMO_CATALOG_ID={id}: the list has no field with code {code}; add one in amoCRM"
            ));
        }
    }
    Some(catalog)
}

fn check_fields(wanted: &[FieldSetting], fields: &[Value], findings: &mut Vec<String>) {
    for (name, id, types) in wanted {
        let Some(id) = id else { continue };
        match fields.iter().find(|field| integer(field, "id") == Some(*id)) {
            None => {
                let fitting = names(fields.iter().filter(|f| types.contains(&text(f, "type").as_str())));
                findings.push(format!(
                    "{name}={id}: the account has no such field; fields that fit are {fitting}"
                ));
            }
            Some(field) if !types.contains(&text(field, "type").as_str()) => findings.push(format!(
                "{name}={id}: field \"{}\" has type {}; this needs {}",
                text(field, "name"),
                text(field, "type"),
                types.join(" or ")
            )),
            Some(_) => {}
        }
    }
}

/// `101 "Новые", 102 "В работе"`: what a person can choose from.
fn names<'v>(rows: impl Iterator<Item = &'v Value>) -> String {
    let names: Vec<String> = rows
        .take(20)
        .filter_map(|row| Some(format!("{} \"{}\"", integer(row, "id")?, text(row, "name"))))
        .collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
