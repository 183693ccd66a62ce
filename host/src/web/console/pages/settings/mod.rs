//! `/settings`: what is in force and where it comes from, tokens, a check of everything, and the mapping with a preview.

mod mapping;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use kaspi_amocrm_contract::{Language, Scope, Setting, docs, table};
use maud::{Markup, html};

use super::chooser::{self, Fields};
use crate::{
    config::{Settings, Source},
    diagnostics::{doctor, finding::Diagnosis},
    i18n::{messages::settings_pages, words::Words},
    service::connections_status::{self, ConnectionStatus},
    web::{
        app::state::Web,
        console::frame::{
            extract::{Signed, SignedIn},
            page::{Place, page},
            visitor::Visitor,
        },
    },
};

const HOUR_MS: i64 = 3_600_000;

/// The addresses of the settings.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/check", post(check))
        .route("/settings/mapping", get(mapping::show).post(mapping::change))
}

async fn show(State(web): State<Web>, SignedIn(visitor): SignedIn) -> Response {
    overview(&web, &visitor, None).await
}

/// Looks at everything.
async fn check(State(web): State<Web>, Signed(visitor, _): Signed<Fields>) -> Response {
    let host = web.site.host();
    let diagnosis = Box::pin(doctor::of_host(&host, Some(&visitor.connection), &web.stop)).await;
    overview(&web, &visitor, Some(&diagnosis)).await
}

async fn overview(web: &Web, visitor: &Visitor, diagnosis: Option<&Diagnosis>) -> Response {
    let host = web.site.host();
    let settings = host.settings();
    let status = match connections_status::status(settings, host.store().as_ref()).await {
        Ok(all) => all.into_iter().find(|one| one.connection == visitor.connection),
        Err(error) => {
            tracing::warn!("no figures for the page of settings: {error}");
            None
        }
    };
    let body = html! {
        div.cards {
            (token_card(visitor, settings, status.as_ref()))
            section.card {
                h2 { (visitor.say(&settings_pages::MAPPING)) }
                p.actions { a href=(visitor.link("/settings/mapping")) { (visitor.say(&settings_pages::MAPPING_LINK)) } }
            }
        }
        (health(visitor, diagnosis))
        (in_force(visitor, settings))
    };
    page(visitor, Place::Settings, body)
}

/// How the program gets into the account, and for how long.
fn token_card(visitor: &Visitor, settings: &Settings, status: Option<&ConnectionStatus>) -> Markup {
    let is_set = |setting| settings.value(&visitor.connection, setting).is_some();
    let kind = if is_set(&table::AMO_LONG_LIVED_TOKEN) {
        &settings_pages::LONG_LIVED
    } else if is_set(&table::AMO_CLIENT_ID) || is_set(&table::AMO_ACCESS_TOKEN) {
        &settings_pages::PAIR
    } else {
        &settings_pages::NO_TOKEN
    };
    let hours = |ms: Option<i64>| ms.map(|ms| ms.div_euclid(HOUR_MS).max(0));
    let age = hours(status.and_then(|status| status.token_age_ms));
    let left = hours(status.and_then(|status| status.token_left_ms));
    html! {
        section.card {
            h2 { (visitor.say(&settings_pages::KIND)) }
            dl {
                dt { (visitor.say(&settings_pages::CONNECTION)) } dd { (visitor.connection) }
                dt { (visitor.say(&settings_pages::KIND)) } dd { (visitor.say(kind)) }
                @if let Some(age) = age { dt { (visitor.say(&settings_pages::AGE)) } dd.number { (age) } }
                @if let Some(left) = left { dt { (visitor.say(&settings_pages::LEFT)) } dd.number { (left) } }
            }
            p.actions {
                @if kind == &settings_pages::PAIR {
                    a href=(visitor.link("/oauth/start")) { (visitor.say(&settings_pages::RECONNECT)) }
                    " "
                }
                a href=(visitor.link("/setup/kaspi")) { (visitor.say(&settings_pages::SETUP)) }
            }
        }
    }
}

/// The button that checks everything, and what it found.
fn health(visitor: &Visitor, diagnosis: Option<&Diagnosis>) -> Markup {
    let language = visitor.language;
    html! {
        section {
            form method="post" action=(visitor.link("/settings/check")) {
                (chooser::token(visitor))
                p.actions { button type="submit" { (visitor.say(&settings_pages::CHECK)) } }
            }
            @if let Some(diagnosis) = diagnosis {
                @if diagnosis.findings.is_empty() {
                    p.state data-state="good" role="status" { (visitor.say(&settings_pages::ALL_GOOD)) }
                }
                @for finding in &diagnosis.findings {
                    div.card role="status" {
                        p {
                            span.pill { (visitor.say(&finding.severity().words())) }
                            @if let Some(name) = &finding.name { " " code { (name) } }
                        }
                        p { strong { (finding.cause(language)) } }
                        p { (finding.remedy(language)) }
                    }
                }
                ul { @for good in diagnosis.good() { li { (visitor.say(&good.check.good())) } } }
            }
        }
    }
}

/// All settings of the connection and of the process; secrets are not shown.
fn in_force(visitor: &Visitor, settings: &Settings) -> Markup {
    let all = table::ALL.iter().copied().filter(|setting| setting.scope != Scope::Elsewhere);
    html! {
        h2 { (visitor.say(&settings_pages::IN_FORCE)) }
        table.list {
            thead { tr {
                th scope="col" { (visitor.say(&settings_pages::SETTING)) }
                th scope="col" { (visitor.say(&settings_pages::VALUE)) }
                th scope="col" { (visitor.say(&settings_pages::SOURCE)) }
            } }
            tbody {
                @for setting in all {
                    @let value = settings.value(&visitor.connection, setting);
                    tr {
                        th scope="row" { code { (setting.name) } p.hint { (meaning(visitor.language, setting)) } }
                        td.value { (shown(visitor, setting, value.as_ref().map(|(text, _)| text.as_str()))) }
                        td { @if let Some((_, source)) = value { (source_of(visitor, source)) } }
                    }
                }
            }
        }
    }
}

fn meaning(language: Language, setting: &Setting) -> &'static str {
    let doc = docs::of(setting);
    match language {
        Language::En => doc.en,
        Language::Ru | Language::Kk => doc.ru,
    }
}

fn shown(visitor: &Visitor, setting: &Setting, value: Option<&str>) -> String {
    match value {
        None => visitor.say(&settings_pages::NOT_SET).to_owned(),
        Some(_) if setting.secret => visitor.say(&settings_pages::SECRET).to_owned(),
        Some(value) => value.to_owned(),
    }
}

fn source_of(visitor: &Visitor, source: Source) -> String {
    let words: &Words = match source {
        Source::Environment => &settings_pages::ENVIRONMENT,
        Source::Default => &settings_pages::DEFAULT,
        Source::DotEnv | Source::Toml => return source.to_string(),
    };
    visitor.say(words).to_owned()
}
