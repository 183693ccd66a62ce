//! The account as it is set up: pipelines, users, lists and fields (docs/apis/amocrm.md 3.1, 3.3, 3.11).

use crate::contract::types::{Account, AccountDescription, Named, Pipeline};
use futures_util::future::{join, join4};
use kaspi_amocrm_contract::MessageId;
use serde_json::Value;

use super::{
    client::Amo,
    error::Stop,
    limits::PAGE_SIZE,
    wire::{integer, positive, rows, text},
};
use crate::settings::Settings;

/// Choices that a message offers, and characters of a name in it.
const CHOICES_MAX: usize = 20;
const NAME_CHARS_MAX: usize = 40;

/// How much of the account is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What the settings have to be compared with.
    Needed,
    /// All lists, for people to choose from.
    Everything,
}

/// Rows as amoCRM shows them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// The account's id.
    pub account_id: i64,
    /// Its name; may be empty.
    pub name: String,
    /// The first part of its address.
    pub subdomain: String,
    /// The user whose token it is.
    pub current_user_id: Option<i64>,
    /// Pipelines with their stages.
    pub pipelines: Vec<Value>,
    /// Reasons why leads are lost.
    pub loss_reasons: Vec<Value>,
    /// Users, also those who are switched off; `None` where only administrators may see them.
    pub users: Option<Vec<Value>>,
    /// Lists.
    pub catalogs: Vec<Value>,
    /// Fields of the list of the settings.
    pub catalog_fields: Vec<Value>,
    /// Fields of leads.
    pub lead_fields: Vec<Value>,
    /// Fields of contacts.
    pub contact_fields: Vec<Value>,
}

impl Layout {
    /// Reads the account.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn read(amo: &Amo<'_>, settings: &Settings, extent: Extent) -> Result<Self, Stop> {
        let wanted = &settings.amo;
        let is_all = extent == Extent::Everything;
        let account = async { amo.get("/api/v4/account").await };
        let pipelines = async { amo.get("/api/v4/leads/pipelines").await };
        let users = async {
            match list_if(amo, true, "/api/v4/users", "users").await {
                // The list is for administrators.
                Err(Stop::Refused { status: 403, .. }) => Ok(None),
                answer => answer.map(Some),
            }
        };
        let catalogs = async {
            list_if(amo, is_all || wanted.catalog_id.is_some(), "/api/v4/catalogs", "catalogs").await
        };
        let loss_reasons = async {
            let is_needed = is_all || wanted.loss_reason_id.is_some();
            list_if(amo, is_needed, "/api/v4/leads/loss_reasons", "loss_reasons").await
        };
        let catalog_fields = async {
            let path = format!("/api/v4/catalogs/{}/custom_fields", wanted.catalog_id.unwrap_or_default());
            // A catalog that does not exist is a finding of its own; how amoCRM answers for its fields is unknown.
            match list_if(amo, wanted.catalog_id.is_some(), &path, "custom_fields").await {
                Err(Stop::Refused { .. }) => Ok(Vec::new()),
                answer => answer,
            }
        };
        let fields = [
            wanted.lead_order_code_field_id,
            wanted.contact_address_field_id,
            wanted.lead_delivery_address_field_id,
            wanted.lead_order_date_field_id,
        ];
        // Both lists for either, because a field may be one of the other.
        let any_field = is_all || fields.iter().any(Option::is_some);
        let lead_fields = list_if(amo, any_field, "/api/v4/leads/custom_fields", "custom_fields");
        let contact_fields = list_if(amo, any_field, "/api/v4/contacts/custom_fields", "custom_fields");
        let (
            (account, pipelines, users, catalogs),
            (catalog_fields, lead_fields, contact_fields, loss_reasons),
        ) = join(
            join4(account, pipelines, users, catalogs),
            join4(catalog_fields, lead_fields, contact_fields, loss_reasons),
        )
        .await;

        let account = account?.ok_or_else(|| Stop::unreachable(MessageId::AnswerWithoutAccount))?;
        let account_id =
            positive(&account, "id").ok_or_else(|| Stop::unreachable(MessageId::AccountWithoutId))?;
        Ok(Self {
            account_id,
            name: text(&account, "name"),
            subdomain: text(&account, "subdomain"),
            current_user_id: positive(&account, "current_user_id"),
            pipelines: rows(pipelines?.as_ref(), "pipelines").cloned().collect(),
            loss_reasons: loss_reasons?,
            users: users?,
            catalogs: catalogs?,
            catalog_fields: catalog_fields?,
            lead_fields: lead_fields?,
            contact_fields: contact_fields?,
        })
    }

    /// Names of lead fields that a pipeline wants filled in and that are not among the `filled` ones. amoCRM asks
    /// people for them, not the API (docs/apis/amocrm.md 3.3).
    pub(crate) fn required_fields(&self, pipeline_id: i64, filled: &[Option<i64>]) -> Vec<String> {
        let is_required = |field: &&Value| {
            let stages = field.get("required_statuses").and_then(Value::as_array);
            let of_pipeline = |stage: &Value| integer(stage, "pipeline_id") == Some(pipeline_id);
            stages.is_some_and(|stages| stages.iter().any(of_pipeline))
                || field.get("is_required").and_then(Value::as_bool) == Some(true)
        };
        let unfilled = |field: &&Value| !filled.contains(&integer(field, "id"));
        self.lead_fields
            .iter()
            .filter(is_required)
            .filter(unfilled)
            .map(|field| text(field, "name"))
            .collect()
    }

    /// The name of a pipeline.
    pub(crate) fn pipeline_name(&self, id: i64) -> String {
        let pipeline = self.pipelines.iter().find(|pipeline| integer(pipeline, "id") == Some(id));
        pipeline.map(|pipeline| text(pipeline, "name")).unwrap_or_default()
    }

    /// The account.
    pub(crate) fn account(&self) -> Account {
        Account { id: self.account_id, name: self.name.clone(), subdomain: self.subdomain.clone() }
    }

    /// What hosts may show of it: ids, names, types.
    pub(crate) fn describe(&self) -> AccountDescription {
        let flag = |pipeline: &Value, name: &str| pipeline.get(name).and_then(Value::as_bool) == Some(true);
        let pipelines = self.pipelines.iter().map(|pipeline| {
            let stages = stages(pipeline);
            Pipeline {
                id: integer(pipeline, "id").unwrap_or_default(),
                name: text(pipeline, "name"),
                is_main: flag(pipeline, "is_main"),
                is_archive: flag(pipeline, "is_archive"),
                stages: stages.iter().filter(|stage| !is_incoming(stage)).map(|stage| part(stage)).collect(),
            }
        });
        let parts = |rows: &[Value]| -> Vec<Named> { rows.iter().map(typed_part).collect() };
        AccountDescription {
            account: self.account(),
            findings: Vec::new(),
            hints: Vec::new(),
            pipelines: pipelines.collect(),
            loss_reasons: parts(&self.loss_reasons),
            users: self.users.iter().flatten().filter(|user| is_active(user)).map(part).collect(),
            catalogs: parts(&self.catalogs),
            lead_fields: parts(&self.lead_fields),
            contact_fields: parts(&self.contact_fields),
        }
    }
}

/// The account's id; `None`: there is no account at this address.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn account_id(amo: &Amo<'_>) -> Result<Option<i64>, Stop> {
    let Some(account) = amo.get("/api/v4/account").await? else { return Ok(None) };
    let id = positive(&account, "id").ok_or_else(|| Stop::unreachable(MessageId::AccountWithoutId))?;
    Ok(Some(id))
}

/// All rows of a list, where it is needed.
pub(super) async fn list_if(amo: &Amo<'_>, needed: bool, path: &str, name: &str) -> Result<Vec<Value>, Stop> {
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

/// Id and name of a row.
fn part(row: &Value) -> Named {
    Named { id: integer(row, "id").unwrap_or_default(), name: text(row, "name"), kind: None }
}

/// The same with its type.
fn typed_part(row: &Value) -> Named {
    Named { kind: row.get("type").and_then(Value::as_str).map(str::to_owned), ..part(row) }
}

/// The stages of a pipeline.
pub(super) fn stages(pipeline: &Value) -> Vec<&Value> {
    rows(Some(pipeline), "statuses").collect()
}

/// The stage in which amoCRM makes a lead that names none: the first one that is not for incoming requests.
pub(super) fn first_stage(pipeline: &Value) -> Option<i64> {
    let ordinary = stages(pipeline).into_iter().filter(|stage| !is_incoming(stage));
    let first = ordinary.min_by_key(|stage| integer(stage, "sort").unwrap_or(i64::MAX))?;
    positive(first, "id")
}

/// Whether a user may be made responsible.
pub(super) fn is_active(user: &Value) -> bool {
    user.pointer("/rights/is_active").and_then(Value::as_bool) != Some(false)
}

/// The stage of incoming requests, in which no lead can be made.
pub(super) fn is_incoming(stage: &Value) -> bool {
    integer(stage, "type") == Some(1)
}

/// `101 "Новые"`
pub(super) fn name_of(row: &Value) -> String {
    let name: String = text(row, "name").chars().take(NAME_CHARS_MAX).collect();
    format!("{} \"{name}\"", integer(row, "id").unwrap_or_default())
}

/// `101 "Новые", 102 "В работе"`: what a person can choose from.
pub(super) fn listed<'v>(rows: impl Iterator<Item = &'v Value>) -> String {
    let mut names: Vec<String> = rows.take(CHOICES_MAX + 1).map(name_of).collect();
    if names.len() > CHOICES_MAX {
        names[CHOICES_MAX] = "…".to_owned();
    }
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}
