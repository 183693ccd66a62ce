//! `/setup`: from nothing to a working connection, one question at a time. Works without scripts; what was answered is
//! kept in the draft of the site, and no secret ever comes back in a page.

mod place;
mod questions;

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use kaspi_amocrm_contract::{Setting, table, yes_or_no};
use maud::Markup;

use super::chooser::{self, Fields};
use crate::{
    base::job::Job,
    config::Changes,
    contract::types::{AccountPart, Side, SymptomClass},
    diagnostics::doctor,
    onboarding::{
        choices,
        dry_run::Rehearsal,
        setup::{self, Step},
        stages,
    },
    web::{
        app::state::Web,
        auth::password::OWNER,
        console::frame::{
            extract::{Signed, SignedIn},
            visitor::Visitor,
        },
        http::answer,
    },
};
use place::{Halt, Place};

/// How long the trial run may take.
const REHEARSAL_MAX: Duration = Duration::from_secs(45);

/// The addresses of the setup.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/setup", get(begin))
        .route("/setup/finish", axum::routing::post(finish))
        .route("/setup/{step}", get(show).post(answered))
}

/// What a step has to say: go on, or look again.
enum Outcome {
    Next,
    Again(Markup),
}

/// Goes to the first question that nobody has answered; where there is none, to the first one.
async fn begin(State(web): State<Web>, SignedIn(visitor): SignedIn) -> Response {
    let place = Place::of(&web, &visitor);
    let step = Step::first_open(place.settings(), place.connection()).unwrap_or(Step::Kaspi);
    to(&visitor, step)
}

fn to(visitor: &Visitor, step: Step) -> Response {
    Redirect::to(&visitor.link(&format!("/setup/{}", step.name()))).into_response()
}

/// A step that cannot be taken yet leads to the one that is missing.
fn allowed(place: &Place<'_>, name: &str) -> Result<Step, Step> {
    let open = Step::first_open(place.settings(), place.connection());
    match (Step::of(name), open) {
        (Some(step), Some(open)) if step > open => Err(open),
        (Some(step), _) => Ok(step),
        (None, open) => Err(open.unwrap_or(Step::Kaspi)),
    }
}

async fn show(
    State(web): State<Web>,
    SignedIn(visitor): SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let place = Place::of(&web, &visitor);
    let step = match allowed(&place, &name) {
        Ok(step) => step,
        Err(open) => return to(&visitor, open),
    };
    let body = Box::pin(question(&place, step, &headers)).await;
    page(&place, step, body.map(Outcome::Again))
}

/// What a step asks.
async fn question(place: &Place<'_>, step: Step, headers: &HeaderMap) -> Result<Markup, Halt> {
    let redirect_uri = || {
        let address = redirect_address(place.web, headers);
        place.value(&table::AMO_REDIRECT_URI).unwrap_or(address)
    };
    Ok(match step {
        Step::Kaspi => questions::kaspi(place),
        Step::Account => questions::account(place),
        Step::Access => questions::access(place, &redirect_uri()),
        Step::Pipeline => questions::pipeline(place, &place.account().await?),
        Step::Choices => questions::choices(place, &place.account().await?),
        Step::Stages => questions::stages(place, &place.account().await?),
        Step::Rehearsal => questions::trial(place),
    })
}

/// Where amoCRM sends people back to, as their browser names us.
fn redirect_address(web: &Web, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let site = web.site.host();
    let settings = site.settings();
    let is_tls = settings.process("BEHIND_TLS_PROXY").and_then(yes_or_no) == Some(true);
    let scheme = if is_tls { "https" } else { "http" };
    let base = settings.process("BASE_PATH").unwrap_or_default().trim_matches('/');
    let base = if base.is_empty() { String::new() } else { format!("/{base}") };
    format!("{scheme}://{host}{base}/oauth/callback")
}

async fn answered(
    State(web): State<Web>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Signed(visitor, fields): Signed<Fields>,
) -> Response {
    let mut place = Place::of(&web, &visitor);
    let step = match allowed(&place, &name) {
        Ok(step) => step,
        Err(open) => return to(&visitor, open),
    };
    let outcome = match Box::pin(take(&mut place, step, &fields)).await {
        Err(Halt::Findings(findings)) => {
            let told = chooser::findings(visitor.language, &findings);
            // What is asked stays below what is wrong with the answer.
            let again = Box::pin(question(&place, step, &headers)).await;
            again.map(|form| Outcome::Again(maud::html! { (told) (form) })).or(Ok(Outcome::Again(told)))
        }
        other => other,
    };
    page(&place, step, outcome)
}

fn page(place: &Place<'_>, step: Step, outcome: Result<Outcome, Halt>) -> Response {
    match outcome {
        Ok(Outcome::Next) => to(place.visitor, step.after().unwrap_or(step)),
        Ok(Outcome::Again(body)) => questions::frame(place.visitor, step, StatusCode::OK, &body),
        Err(Halt::Findings(findings)) => {
            let told = chooser::findings(place.visitor.language, &findings);
            questions::frame(place.visitor, step, StatusCode::OK, &told)
        }
        Err(Halt::Fault(error)) => {
            tracing::error!("setup: {error}");
            answer::internal()
        }
    }
}

/// Takes the answer to a question.
async fn take(place: &mut Place<'_>, step: Step, fields: &Fields) -> Result<Outcome, Halt> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    match step {
        Step::Kaspi => {
            secret(place, &table::KASPI_API_TOKEN, field("token"))?;
            let seen = place.tried(Side::Kaspi).await?;
            return Ok(Outcome::Again(questions::kaspi_works(place, &seen)));
        }
        Step::Account => match setup::account(field("account")) {
            Some(account) => place.set(&table::AMO_SUBDOMAIN, account)?,
            None if place.value(&table::AMO_BASE_URL).is_some() => {}
            None => return Ok(Outcome::Again(questions::no_account(place))),
        },
        Step::Access => match field("way") {
            "integration" => {
                integration(place, fields)?;
                // Now the link to amoCRM is shown.
                let address = place.value(&table::AMO_REDIRECT_URI).unwrap_or_default();
                return Ok(Outcome::Again(questions::access(place, &address)));
            }
            "check" => drop(place.tried(Side::Amocrm).await?),
            _ => {
                secret(place, &table::AMO_LONG_LIVED_TOKEN, field("token"))?;
                place.tried(Side::Amocrm).await?;
            }
        },
        Step::Pipeline => {
            let account = place.account().await?;
            let choice = choices::pipeline(&account, place.settings(), place.connection());
            let changes = chooser::chosen(&[choice], fields);
            place.change(&changes)?;
        }
        Step::Choices => {
            let account = place.account().await?;
            let choices = choices::needed(&account, place.settings(), place.connection());
            let mut changes = chooser::chosen(&choices, fields);
            let wanted = chooser::to_make(&choices, &mut changes);
            place.change(&changes)?;
            place.make(&wanted).await?;
            if field("make_fields") == "yes" && place.value(&table::AMO_CATALOG_ID).is_some() {
                place.make(&[AccountPart::Sku, AccountPart::Price]).await?;
            }
        }
        Step::Stages => {
            let account = place.account().await?;
            let pipeline = choices::pipeline_in_force(&account, place.settings(), place.connection());
            let of = pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default();
            let present = chooser::present_map(place.settings(), place.connection());
            place.set(&table::STATUS_MAP, stages::map_of(&chooser::stages_of(fields, &of), &present))?;
        }
        Step::Rehearsal => {
            let account = place.account().await?;
            let day = Changes::from([(table::FIRST_LOOKBACK_DAYS.name, "1".to_owned())]);
            let host = place.host.with_settings(place.settings().with(place.connection(), &day));
            let call = host.dry_run(place.connection(), Job::New, REHEARSAL_MAX, &place.web.stop);
            let found = Rehearsal::of(&Box::pin(call).await?);
            return Ok(Outcome::Again(questions::rehearsed(place, &account, &found)));
        }
    }
    Ok(Outcome::Next)
}

/// A secret that was typed; an empty field keeps the one that is set.
fn secret(place: &mut Place<'_>, setting: &'static Setting, typed: &str) -> Result<(), Halt> {
    if typed.trim().is_empty() && place.value(setting).is_some() {
        return Ok(());
    }
    match setup::pasted(setting, typed) {
        Some(value) => place.set(setting, value),
        None if typed.trim().is_empty() => {
            let is_kaspi = setting.name == table::KASPI_API_TOKEN.name;
            let class =
                if is_kaspi { SymptomClass::KaspiTokenMissing } else { SymptomClass::AmoTokenMissing };
            Err(Halt::Findings(vec![doctor::plain(class)]))
        }
        None => Err(Halt::Findings(vec![doctor::unusable_setting(setting, typed.trim())])),
    }
}

/// Id, secret and redirect address of an integration.
fn integration(place: &mut Place<'_>, fields: &Fields) -> Result<(), Halt> {
    let mut changes = Changes::from([(table::AMO_LONG_LIVED_TOKEN.name, String::new())]);
    let mut wrong = Vec::new();
    for (setting, field) in [
        (&table::AMO_CLIENT_ID, "client_id"),
        (&table::AMO_CLIENT_SECRET, "client_secret"),
        (&table::AMO_REDIRECT_URI, "redirect_uri"),
    ] {
        let typed = fields.get(field).map(String::as_str).unwrap_or_default();
        match setup::pasted(setting, typed) {
            Some(value) => drop(changes.insert(setting.name, value)),
            None if typed.trim().is_empty() && place.value(setting).is_some() => {}
            None => wrong.push(doctor::unusable_setting(setting, typed.trim())),
        }
    }
    if !wrong.is_empty() {
        return Err(Halt::Findings(wrong));
    }
    place.change(&changes)
}

/// Writes the settings, and works with them from now on.
async fn finish(State(web): State<Web>, Signed(visitor, fields): Signed<Fields>) -> Response {
    let place = Place::of(&web, &visitor);
    if let Some(open) = Step::first_open(place.settings(), place.connection()) {
        return to(&visitor, open);
    }
    let present = web.site.host();
    let changes = present.settings().changes_to(place.connection(), place.settings());
    match present.settings().write(web.site.folder(), place.connection(), &changes) {
        Ok(_) => {
            web.site.reload();
            web.site.drop_draft();
            // Settings that work count more than the note about them.
            let noted = present.store().note_act(OWNER, "setup", place.connection());
            if let Err(error) = noted.await {
                tracing::warn!("the setup was not noted: {error}");
            }
            Redirect::to(&visitor.link("/")).into_response()
        }
        Err(finding) => {
            let reveal = fields.get("reveal").is_some_and(|reveal| reveal == "yes");
            let body = questions::by_hand(&place, &finding, &changes, reveal);
            questions::frame(&visitor, Step::Rehearsal, StatusCode::OK, &body)
        }
    }
}

#[cfg(test)]
mod tests;
