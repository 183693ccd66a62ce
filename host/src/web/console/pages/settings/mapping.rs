//! The mapping: what is chosen from the account. Before it is saved the page shows what it changes.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use kaspi_amocrm_contract::table;
use maud::{Markup, html};

use crate::{
    base::job::Job,
    config::{Changes, Settings},
    contract::types::{AccountDescription, AccountPart, Named},
    diagnostics::{doctor, finding::Finding},
    i18n::{messages::settings_pages, words::Words},
    onboarding::{
        choices::{self, Choice},
        dry_run::{self, Difference, Planned, Rehearsal, fate},
        setup, stages,
    },
    service::{Host, RunError},
    web::{
        app::state::Web,
        auth::password::OWNER,
        console::{
            frame::{
                extract::{Signed, SignedIn},
                page::{Place, page},
                visitor::Visitor,
            },
            pages::chooser::{self, Fields},
        },
        http::answer,
    },
};

/// Time of each of the two dry runs that are compared.
const REHEARSAL_MAX: Duration = Duration::from_secs(30);
/// How long to wait for a run of the connection to end.
const WAIT: Duration = Duration::from_secs(20);

/// The form, filled in with what is in force.
pub(crate) async fn show(State(web): State<Web>, SignedIn(visitor): SignedIn) -> Response {
    let host = web.site.host();
    let body = match Box::pin(host.describe_account(&visitor.connection, &web.stop)).await {
        Ok(account) => {
            let all = all_choices(&account, host.settings(), &visitor.connection);
            let stages_of = stages_of(&account, host.settings(), &visitor.connection);
            let set = chooser::stages_in_force(host.settings(), &visitor.connection, &stages_of);
            let selects = html! { @for choice in &all { (chooser::select(&visitor, choice, None)) } };
            form(
                &visitor,
                "preview",
                &settings_pages::PREVIEW,
                &html! {
                    (selects)
                    (chooser::stage_table(&visitor, &stages_of, &set))
                },
            )
        }
        Err(error) => match told(&visitor, error) {
            Ok(told) => told,
            Err(fault) => return fault,
        },
    };
    page(&visitor, Place::Settings, body)
}

/// Shows what would change, or saves it.
pub(crate) async fn change(State(web): State<Web>, Signed(visitor, fields): Signed<Fields>) -> Response {
    let host = web.site.host();
    let account = match Box::pin(host.describe_account(&visitor.connection, &web.stop)).await {
        Ok(account) => account,
        Err(error) => {
            return told(&visitor, error)
                .map_or_else(|fault| fault, |body| page(&visitor, Place::Settings, body));
        }
    };
    let wanted = Wanted::of(&account, host.settings(), &visitor, &fields);
    if fields.get("act").is_some_and(|act| act == "save") {
        return save(&web, &visitor, &host, wanted).await;
    }
    let body = match Box::pin(preview(&web, &visitor, &host, &account, &wanted, &fields)).await {
        Ok(body) => body,
        Err(error) => match told(&visitor, error) {
            Ok(told) => told,
            Err(fault) => return fault,
        },
    };
    page(&visitor, Place::Settings, body)
}

/// What a form asks for.
struct Wanted {
    choices: Vec<Choice>,
    /// New values; of what is made first they are empty.
    changes: Changes,
    /// What has to be made in the account.
    make: Vec<AccountPart>,
}

impl Wanted {
    fn of(account: &AccountDescription, settings: &Settings, visitor: &Visitor, fields: &Fields) -> Self {
        let connection = &visitor.connection;
        let pipeline = choices::pipeline(account, settings, connection);
        let mut changes = chooser::chosen(&[pipeline], fields);
        // Stages are those of the chosen pipeline.
        let with_pipeline = settings.with(connection, &changes);
        let choices = all_choices(account, &with_pipeline, connection);
        changes.extend(chooser::chosen(&choices, fields));
        let make = chooser::to_make(&choices, &mut changes);
        let stages_of = stages_of(account, &with_pipeline, connection);
        let present = chooser::present_map(settings, connection);
        let chosen = chooser::stages_of(fields, &stages_of);
        changes.insert(table::STATUS_MAP.name, stages::map_of(&chosen, &present));
        Self { choices, changes: settings.news(connection, &changes), make }
    }
}

fn all_choices(account: &AccountDescription, settings: &Settings, connection: &str) -> Vec<Choice> {
    let mut all = vec![choices::pipeline(account, settings, connection)];
    all.extend(choices::needed(account, settings, connection));
    all.extend(choices::optional(account, settings, connection));
    // Here nothing is made unless somebody asks for it.
    for choice in all.iter_mut().filter(|choice| choice.proposed == choices::Proposed::Make) {
        choice.proposed = choices::Proposed::Nothing;
    }
    all
}

fn stages_of(account: &AccountDescription, settings: &Settings, connection: &str) -> Vec<Named> {
    let pipeline = choices::pipeline_in_force(account, settings, connection);
    pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default()
}

async fn save(web: &Web, visitor: &Visitor, host: &std::sync::Arc<Host>, wanted: Wanted) -> Response {
    let connection = &visitor.connection;
    let mut changes = wanted.changes;
    if !wanted.make.is_empty() {
        let call = host.prepare_account(connection, &wanted.make, WAIT, &web.stop);
        match Box::pin(call).await {
            Ok(prepared) => {
                changes.extend(setup::named(&prepared.found));
                changes.extend(setup::named(&prepared.made));
            }
            Err(error) => {
                return told(visitor, error)
                    .map_or_else(|fault| fault, |body| page(visitor, Place::Settings, body));
            }
        }
    }
    match host.settings().write(web.site.folder(), connection, &changes) {
        Ok(written) if written.overridden.is_empty() => {
            web.site.reload();
            // Settings that work count more than the note about them.
            if let Err(error) = host.store().note_act(OWNER, "settings", connection).await {
                tracing::warn!("the change of settings was not noted: {error}");
            }
            Redirect::to(&visitor.link("/settings")).into_response()
        }
        Ok(written) => {
            web.site.reload();
            let findings = [doctor::overridden(&written.overridden)];
            page(visitor, Place::Settings, chooser::findings(visitor.language, &findings))
        }
        Err(finding) => {
            let body = html! {
                div.error role="alert" {
                    p { (visitor.say(&settings_pages::NOT_WRITTEN)) }
                    p { (finding.name) ": " (finding.text(visitor.language)) }
                }
            };
            page(visitor, Place::Settings, body)
        }
    }
}

/// What the present settings and the changed ones would do differently.
async fn preview(
    web: &Web,
    visitor: &Visitor,
    host: &Host,
    account: &AccountDescription,
    wanted: &Wanted,
    fields: &Fields,
) -> Result<Markup, RunError> {
    let connection = &visitor.connection;
    let present = host.settings();
    let changed = host.with_settings(present.with(connection, &wanted.changes));
    let before = host.dry_run(connection, Job::New, REHEARSAL_MAX, &web.stop);
    let before = Rehearsal::of(&Box::pin(before).await?);
    let after = changed.dry_run(connection, Job::New, REHEARSAL_MAX, &web.stop);
    let after = Rehearsal::of(&Box::pin(after).await?);
    let orders = dry_run::differences(&before, &after);
    let maps = [present, changed.settings()].map(|settings| chooser::present_map(settings, connection));
    let stages = stages::differences(&maps[0], &maps[1]);
    let is_same = wanted.changes.is_empty() && wanted.make.is_empty();
    Ok(html! {
        h2 { (visitor.say(&settings_pages::CHANGES)) }
        @if is_same { p { (visitor.say(&settings_pages::NO_CHANGES)) } }
        @else {
            (settings_table(visitor, present, wanted))
            @if !stages.is_empty() {
                table.list {
                    thead { tr {
                        th scope="col" { (visitor.say(&settings_pages::STATE)) }
                        th scope="col" { (visitor.say(&settings_pages::BEFORE)) }
                        th scope="col" { (visitor.say(&settings_pages::AFTER)) }
                    } }
                    tbody {
                        @for (row, before, after) in &stages {
                            tr {
                                th scope="row" { (visitor.say(&row.title)) }
                                td { (chooser::stage_name(visitor, account, *before)) }
                                td { (chooser::stage_name(visitor, account, *after)) }
                            }
                        }
                    }
                }
            }
            (orders_table(visitor, account, &orders))
            (save_form(visitor, fields))
        }
        p { a href=(visitor.link("/settings/mapping")) { (visitor.say(&settings_pages::BACK)) } }
    })
}

/// The settings that change, by the names of the account.
fn settings_table(visitor: &Visitor, present: &Settings, wanted: &Wanted) -> Markup {
    let named = |choice: &Choice, id: &str| {
        let option = choice.options.iter().find(|option| option.id.to_string() == id);
        option.map_or_else(|| id.to_owned(), |option| option.name.clone())
    };
    let is_changed = |choice: &&Choice| {
        let is_made = choice.make.as_ref().is_some_and(|(what, _)| wanted.make.contains(what));
        is_made || wanted.changes.contains_key(choice.setting.name)
    };
    html! {
        table.list {
            thead { tr {
                th scope="col" { (visitor.say(&settings_pages::SETTING)) }
                th scope="col" { (visitor.say(&settings_pages::BEFORE)) }
                th scope="col" { (visitor.say(&settings_pages::AFTER)) }
            } }
            tbody {
                @for choice in wanted.choices.iter().filter(is_changed) {
                    @let before = present.value(&visitor.connection, choice.setting).map(|(value, _)| value);
                    @let after = wanted.changes.get(choice.setting.name).filter(|value| !value.is_empty());
                    @let is_made = choice.make.as_ref().is_some_and(|(what, _)| wanted.make.contains(what));
                    tr {
                        th scope="row" { (visitor.say(&choice.question)) }
                        td { (before.map_or_else(|| visitor.say(&settings_pages::NOT_SET).to_owned(), |id| named(choice, &id))) }
                        td {
                            @if is_made { (visitor.say(&settings_pages::NEW_IS_MADE)) }
                            @else if let Some(id) = after { (named(choice, id)) }
                            @else { (visitor.say(&settings_pages::NOT_SET)) }
                        }
                    }
                }
            }
        }
    }
}

fn orders_table(visitor: &Visitor, account: &AccountDescription, orders: &[Difference]) -> Markup {
    /// More are not read anyway.
    const ROWS_MAX: usize = 50;
    let planned = |planned: &Option<Planned>| match planned {
        None => visitor.say(&settings_pages::NOTHING).to_owned(),
        Some(Planned { lead, status_id: None, .. }) => visitor.say(&fate(*lead)).to_owned(),
        Some(Planned { lead, status_id, .. }) => {
            let stage = chooser::stage_name(visitor, account, *status_id);
            format!("{}: {stage}", visitor.say(&fate(*lead)))
        }
    };
    html! {
        h3 { (visitor.say(&settings_pages::ORDERS)) }
        @if orders.is_empty() { p { (visitor.say(&settings_pages::NO_ORDERS)) } }
        @else {
            table.list {
                thead { tr {
                    th scope="col" { (visitor.say(&settings_pages::ORDER)) }
                    th scope="col" { (visitor.say(&settings_pages::BEFORE)) }
                    th scope="col" { (visitor.say(&settings_pages::AFTER)) }
                } }
                tbody {
                    @for order in orders.iter().take(ROWS_MAX) {
                        tr {
                            th scope="row" { (order.code) }
                            td { (planned(&order.before)) }
                            td { (planned(&order.after)) }
                        }
                    }
                }
            }
        }
    }
}

/// The same answers once more, to be saved.
fn save_form(visitor: &Visitor, fields: &Fields) -> Markup {
    let kept: BTreeMap<&String, &String> =
        fields.iter().filter(|(name, _)| !["act", "form_token"].contains(&name.as_str())).collect();
    form(
        visitor,
        "save",
        &settings_pages::SAVE,
        &html! {
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
        },
    )
}

fn form(visitor: &Visitor, act: &str, submit: &Words, body: &Markup) -> Markup {
    html! {
        form method="post" action=(visitor.link("/settings/mapping")) {
            (chooser::token(visitor))
            input type="hidden" name="act" value=(act);
            (body)
            p.actions { button.primary type="submit" { (visitor.say(submit)) } }
        }
    }
}

/// What keeps the account from being read, in words; a fault of ours as an answer.
// A whole answer is large, and made once for each fault.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn told(visitor: &Visitor, error: RunError) -> Result<Markup, Response> {
    match error {
        RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_) | RunError::Busy => {
            Ok(chooser::findings(visitor.language, &doctor::unexamined(error)))
        }
        RunError::Settings(error) => {
            let findings: Vec<Finding> = error.findings.iter().map(doctor::wrong_setting).collect();
            Ok(chooser::findings(visitor.language, &findings))
        }
        error => {
            tracing::error!("settings: {error}");
            Err(answer::internal())
        }
    }
}
