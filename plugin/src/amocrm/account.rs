//! The ids of the settings against the account itself, before the first write.

#[cfg(test)]
mod tests;

use kaspi_amocrm_contract::{Finding, Message, MessageId, Setting, table};
use serde_json::Value;

use super::{
    layout::{Layout, first_stage, is_active, is_incoming, listed, name_of, stages},
    wire::{Catalog, integer, text},
};
use crate::settings::Settings;

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountCheck {
    /// The account's id: everything that belongs to the account is keyed by it.
    pub account_id: i64,
    /// The catalog of the settings.
    pub catalog: Option<Catalog>,
    /// The pipeline that leads go to: of the settings, else the main one.
    pub pipeline_id: i64,
    /// The stage of leads that name none.
    pub first_stage_id: Option<i64>,
    /// Settings that the account contradicts, each with the names that the account has.
    pub findings: Vec<Finding>,
    /// What works worse than it could.
    pub hints: Vec<Finding>,
}

const TEXT_TYPES: [&str; 4] = ["text", "textarea", "streetaddress", "url"];
const DATE_TYPES: [&str; 2] = ["date", "date_time"];
/// Lists of these types are no products (docs/apis/amocrm.md 3.8).
const OTHER_LISTS: [&str; 2] = ["invoices", "suppliers"];
/// The right to see all leads (3.11).
const SEES_ALL: &str = "A";

/// Compares every id of the settings with the account.
pub(crate) fn check_account(layout: &Layout, settings: &Settings) -> AccountCheck {
    let mut found = Found::default();
    let (pipeline_id, first_stage_id) = check_stages(settings, &layout.pipelines, &mut found);
    check_token(settings, layout, &mut found);
    check_user(settings.amo.responsible_user_id, layout.users.as_deref(), &mut found);
    check_loss_reason(settings.amo.loss_reason_id, &layout.loss_reasons, &mut found);
    let catalog = check_catalog(settings.amo.catalog_id, layout, &mut found);
    check_fields(settings, layout, &mut found);
    let Found { findings, hints } = found;
    AccountCheck { account_id: layout.account_id, catalog, pipeline_id, first_stage_id, findings, hints }
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    hints: Vec<Finding>,
}

impl Found {
    fn wrong(&mut self, setting: &Setting, problem: Message, hint: impl Into<Message>) {
        self.findings.push(Finding::new(setting.name, problem, hint));
    }

    fn hint(&mut self, setting: &Setting, problem: Message, hint: impl Into<Message>) {
        self.hints.push(Finding::new(setting.name, problem, hint));
    }
}

/// A choice of what the account has, as a hint.
fn choose(choice: &str) -> Message {
    Message::new(MessageId::ChooseOneOf, [("choice", &choice)])
}

fn check_stages(settings: &Settings, pipelines: &[Value], found: &mut Found) -> (i64, Option<i64>) {
    let flag = |pipeline: &Value, name: &str| pipeline.get(name).and_then(Value::as_bool) == Some(true);
    let pipeline = match settings.amo.pipeline_id {
        Some(id) => {
            let pipeline = pipelines.iter().find(|pipeline| integer(pipeline, "id") == Some(id));
            let usable = || listed(pipelines.iter().filter(|pipeline| !flag(pipeline, "is_archive")));
            match pipeline {
                None => found.wrong(
                    &table::AMO_PIPELINE_ID,
                    Message::new(MessageId::PipelineMissing, [("id", &id)]),
                    choose(&usable()),
                ),
                Some(pipeline) if flag(pipeline, "is_archive") => {
                    found.wrong(
                        &table::AMO_PIPELINE_ID,
                        Message::new(MessageId::PipelineArchived, [("pipeline", &name_of(pipeline))]),
                        choose(&usable()),
                    );
                }
                Some(_) => {}
            }
            pipeline
        }
        None => pipelines.iter().find(|pipeline| flag(pipeline, "is_main")).or(pipelines.first()),
    };
    let Some(pipeline) = pipeline else { return (0, None) };
    if let Some(id) = settings.amo.status_id {
        check_stage(&table::AMO_STATUS_ID, "", id, pipeline, pipelines, found);
    }
    for (key, id) in settings.status_map.iter() {
        check_stage(&table::STATUS_MAP, &format!("{key}: "), id, pipeline, pipelines, found);
    }
    (integer(pipeline, "id").unwrap_or(0), first_stage(pipeline))
}

fn check_loss_reason(wanted: Option<i64>, reasons: &[Value], found: &mut Found) {
    let Some(id) = wanted.filter(|id| reasons.iter().all(|reason| integer(reason, "id") != Some(*id))) else {
        return;
    };
    let problem = Message::new(MessageId::LossReasonMissing, [("id", &id)]);
    found.wrong(&table::AMO_LOSS_REASON_ID, problem, choose(&listed(reasons.iter())));
}

/// A stage must be one of the pipeline in which a lead can be made. `part` names the entry of the setting.
fn check_stage(
    setting: &Setting,
    part: &str,
    id: i64,
    pipeline: &Value,
    pipelines: &[Value],
    found: &mut Found,
) {
    let find = |pipeline: &Value| {
        stages(pipeline).into_iter().find(|stage| integer(stage, "id") == Some(id)).cloned()
    };
    let choice = listed(stages(pipeline).into_iter().filter(|stage| !is_incoming(stage)));
    let name = name_of(pipeline);
    match find(pipeline) {
        Some(stage) if is_incoming(&stage) => {
            let stage = name_of(&stage);
            found.wrong(
                setting,
                Message::new(MessageId::StageOnlyIncoming, [("part", &part), ("stage", &stage)]),
                choose(&choice),
            );
        }
        Some(_) => {}
        None => {
            let other = pipelines.iter().find_map(|other| Some((name_of(other), name_of(&find(other)?))));
            let problem = match other {
                Some((other, stage)) => Message::new(
                    MessageId::StageOfOtherPipeline,
                    [("part", &part), ("stage", &stage), ("other", &other), ("pipeline", &name)],
                ),
                None => {
                    Message::new(MessageId::StageMissing, [("part", &part), ("pipeline", &name), ("id", &id)])
                }
            };
            found.wrong(setting, problem, choose(&choice));
        }
    }
}

/// Whoever sees only some of the leads cannot tell whether one is there already.
fn check_token(settings: &Settings, layout: &Layout, found: &mut Found) {
    let token = match settings.amo.credentials.long_lived {
        Some(_) => &table::AMO_LONG_LIVED_TOKEN,
        None => &table::AMO_ACCESS_TOKEN,
    };
    let Some(users) = &layout.users else {
        found.hint(token, MessageId::UserNotAdministrator.into(), MessageId::CheckUserSeesAll);
        return;
    };
    let Some(user) = users.iter().find(|user| integer(user, "id") == layout.current_user_id) else { return };
    let is_admin = user.pointer("/rights/is_admin").and_then(Value::as_bool) == Some(true);
    let view = user.pointer("/rights/leads/view").and_then(Value::as_str);
    if is_admin || view.is_none_or(|view| view == SEES_ALL) {
        return;
    }
    let name = name_of(user);
    let problem = Message::new(MessageId::UserSeesSomeLeads, [("user", &name)]);
    found.wrong(token, problem, MessageId::LetUserSeeAll);
}

fn check_user(wanted: Option<i64>, users: Option<&[Value]>, found: &mut Found) {
    let (Some(id), Some(users)) = (wanted, users) else { return };
    let problem = match users.iter().find(|user| integer(user, "id") == Some(id)) {
        Some(user) if is_active(user) => return,
        Some(user) => Message::new(MessageId::UserSwitchedOff, [("user", &name_of(user))]),
        None => Message::new(MessageId::UserMissing, [("id", &id)]),
    };
    let active = users.iter().filter(|user| is_active(user));
    found.wrong(&table::AMO_RESPONSIBLE_USER_ID, problem, choose(&listed(active)));
}

fn check_catalog(wanted: Option<i64>, layout: &Layout, found: &mut Found) -> Option<Catalog> {
    let id = wanted?;
    let fits = |list: &&Value| !OTHER_LISTS.contains(&text(list, "type").as_str());
    let problem = match layout.catalogs.iter().find(|list| integer(list, "id") == Some(id)) {
        Some(list) if fits(&list) => None,
        Some(list) => {
            let (name, kind) = (name_of(list), text(list, "type"));
            Some(Message::new(MessageId::CatalogOfOtherType, [("catalog", &name), ("type", &kind)]))
        }
        None => Some(Message::new(MessageId::CatalogMissing, [("id", &id)])),
    };
    if let Some(problem) = problem {
        found.wrong(&table::AMO_CATALOG_ID, problem, choose(&listed(layout.catalogs.iter().filter(fits))));
        return None;
    }
    let has =
        |code: &str| layout.catalog_fields.iter().any(|field| text(field, "code").eq_ignore_ascii_case(code));
    let catalog = Catalog { id, has_sku: has("SKU"), has_price: has("PRICE") };
    for (is_there, code) in [(catalog.has_sku, "SKU"), (catalog.has_price, "PRICE")] {
        if !is_there {
            found.hint(
                &table::AMO_CATALOG_ID,
                Message::new(MessageId::CatalogLacksField, [("id", &id), ("code", &code)]),
                MessageId::AddFieldInAmo,
            );
        }
    }
    Some(catalog)
}

fn check_fields(settings: &Settings, layout: &Layout, found: &mut Found) {
    let amo = &settings.amo;
    let (leads, contacts) = (&layout.lead_fields, &layout.contact_fields);
    let (in_contacts, in_leads) = (MessageId::FieldOfContacts, MessageId::FieldOfLeads);
    let code_types = &TEXT_TYPES[..2];
    for (setting, id, types, own, others, owner) in [
        (
            &table::AMO_LEAD_ORDER_CODE_FIELD_ID,
            amo.lead_order_code_field_id,
            code_types,
            leads,
            contacts,
            in_contacts,
        ),
        (
            &table::AMO_CONTACT_ADDRESS_FIELD_ID,
            amo.contact_address_field_id,
            &TEXT_TYPES[..],
            contacts,
            leads,
            in_leads,
        ),
        (
            &table::AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID,
            amo.lead_delivery_address_field_id,
            &TEXT_TYPES[..],
            leads,
            contacts,
            in_contacts,
        ),
        (
            &table::AMO_LEAD_ORDER_DATE_FIELD_ID,
            amo.lead_order_date_field_id,
            &DATE_TYPES[..],
            leads,
            contacts,
            in_contacts,
        ),
    ] {
        let Some(id) = id else { continue };
        let with_id =
            |fields: &[Value]| fields.iter().find(|field| integer(field, "id") == Some(id)).cloned();
        let fits = |field: &&Value| types.contains(&text(field, "type").as_str());
        let problem = match (with_id(own), with_id(others)) {
            (Some(field), _) if fits(&&field) => continue,
            (Some(field), _) => {
                let (name, kind, types) = (name_of(&field), text(&field, "type"), types.join(", "));
                Message::new(
                    MessageId::FieldOfOtherType,
                    [("field", &name), ("type", &kind), ("types", &types)],
                )
            }
            (None, Some(field)) => Message::new(owner, [("field", &name_of(&field))]),
            (None, None) => Message::new(MessageId::FieldMissing, [("id", &id)]),
        };
        found.wrong(setting, problem, choose(&listed(own.iter().filter(fits))));
    }
}
