//! The pages of the setup.

use axum::{http::StatusCode, response::Response};
use kaspi_amocrm_contract::table;
use maud::{Markup, html};

use super::place::Place;
use crate::{
    config::{self, Changes},
    contract::types::{AccountDescription, Examination},
    diagnostics::finding::Finding,
    i18n::{messages::setup_pages, words::Words},
    onboarding::{choices, dry_run::Rehearsal, setup::Step},
    web::console::{
        frame::{page::plain_page, visitor::Visitor},
        pages::chooser,
    },
};

/// A page with the steps above it.
pub(crate) fn frame(visitor: &Visitor, step: Step, status: StatusCode, body: &Markup) -> Response {
    let content = html! {
        ol.steps {
            @for one in Step::ALL {
                li aria-current=[(one == step).then_some("step")] { (visitor.say(&one.title())) }
            }
        }
        h2 { (visitor.say(&step.title())) }
        (body)
        @if let Some(before) = step.before() {
            p { a href=(visitor.link(&format!("/setup/{}", before.name()))) { (visitor.say(&setup_pages::BACK)) } }
        }
    };
    plain_page(visitor, status, &setup_pages::TITLE, content)
}

/// A form that answers a step.
fn form(place: &Place<'_>, step: Step, body: &Markup, submit: &Words) -> Markup {
    let visitor = place.visitor;
    html! {
        form method="post" action=(visitor.link(&format!("/setup/{}", step.name()))) {
            (chooser::token(visitor))
            (body)
            p.actions { button.primary type="submit" { (visitor.say(submit)) } }
        }
    }
}

/// A field for a secret: never filled in.
fn secret(visitor: &Visitor, name: &str, label: &Words, hint: Option<&Words>, is_set: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (visitor.say(label)) }
            input type="password" id=(name) name=(name) autocomplete="off" spellcheck="false" required[!is_set];
            @if let Some(hint) = hint { p.hint { (visitor.say(hint)) } }
            @if is_set { p.hint { (visitor.say(&setup_pages::KEPT)) } }
        }
    }
}

fn text(visitor: &Visitor, name: &str, label: &Words, value: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (visitor.say(label)) }
            input type="text" id=(name) name=(name) value=(value) autocomplete="off" spellcheck="false" required;
        }
    }
}

pub(crate) fn kaspi(place: &Place<'_>) -> Markup {
    let is_set = place.value(&table::KASPI_API_TOKEN).is_some();
    let field =
        secret(place.visitor, "token", &setup_pages::KASPI_TOKEN, Some(&setup_pages::KASPI_HINT), is_set);
    form(place, Step::Kaspi, &field, &setup_pages::NEXT)
}

/// What Kaspi showed, and the way on.
pub(crate) fn kaspi_works(place: &Place<'_>, seen: &Examination) -> Markup {
    let visitor = place.visitor;
    let orders = seen.kaspi.as_ref().map(|kaspi| kaspi.orders).unwrap_or_default();
    html! {
        p.state data-state="good" { (visitor.say(&setup_pages::KASPI_WORKS)) " " span.number { (orders) } }
        @for hint in seen.symptoms.iter().map(Finding::symptom) {
            p.hint { (hint.cause(visitor.language)) ". " (hint.remedy(visitor.language)) }
        }
        p.actions { a href=(visitor.link("/setup/account")) { (visitor.say(&setup_pages::NEXT)) } }
    }
}

pub(crate) fn account(place: &Place<'_>) -> Markup {
    let visitor = place.visitor;
    let body = if let Some(address) = place.value(&table::AMO_BASE_URL) {
        html! { p { (visitor.say(&setup_pages::ADDRESS_IS_SET)) " " code { (address) } } }
    } else {
        let value = place.value(&table::AMO_SUBDOMAIN).unwrap_or_default();
        html! {
            (text(visitor, "account", &setup_pages::ACCOUNT, &value))
            p.hint { (visitor.say(&setup_pages::ACCOUNT_HINT)) }
        }
    };
    form(place, Step::Account, &body, &setup_pages::NEXT)
}

pub(crate) fn no_account(place: &Place<'_>) -> Markup {
    html! {
        div.error role="alert" { p { (place.visitor.say(&setup_pages::NO_ACCOUNT)) } }
        (account(place))
    }
}

pub(crate) fn access(place: &Place<'_>, redirect_uri: &str) -> Markup {
    let visitor = place.visitor;
    let has_token = place.value(&table::AMO_LONG_LIVED_TOKEN).is_some();
    let client_id = place.value(&table::AMO_CLIENT_ID).unwrap_or_default();
    let has_secret = place.value(&table::AMO_CLIENT_SECRET).is_some();
    let is_ready = !client_id.is_empty() && has_secret && place.value(&table::AMO_REDIRECT_URI).is_some();
    let by_token = html! {
        input type="hidden" name="way" value="token";
        (secret(visitor, "token", &setup_pages::TOKEN, Some(&setup_pages::LONG_LIVED_HINT), has_token))
    };
    let by_integration = html! {
        input type="hidden" name="way" value="integration";
        p.hint { (visitor.say(&setup_pages::INTEGRATION_HINT)) }
        (text(visitor, "redirect_uri", &setup_pages::REDIRECT_URI, redirect_uri))
        (text(visitor, "client_id", &setup_pages::CLIENT_ID, &client_id))
        (secret(visitor, "client_secret", &setup_pages::CLIENT_SECRET, None, has_secret))
    };
    let check = html! { input type="hidden" name="way" value="check"; };
    html! {
        section.card {
            h3 { (visitor.say(&setup_pages::LONG_LIVED)) }
            (form(place, Step::Access, &by_token, &setup_pages::NEXT))
        }
        section.card {
            h3 { (visitor.say(&setup_pages::INTEGRATION)) }
            (form(place, Step::Access, &by_integration, &setup_pages::SAVE_INTEGRATION))
            @if is_ready && !has_token {
                p { a href=(visitor.link("/oauth/start?draft=1")) { (visitor.say(&setup_pages::CONNECT)) } }
                p.hint { (visitor.say(&setup_pages::CONNECT_HINT)) }
                (form(place, Step::Access, &check, &setup_pages::CHECK))
            }
        }
    }
}

pub(crate) fn pipeline(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let choice = choices::pipeline(account, place.settings(), place.connection());
    let body = html! {
        p.state data-state="good" { (account.account.name) }
        (chooser::select(place.visitor, &choice, None))
    };
    form(place, Step::Pipeline, &body, &setup_pages::NEXT)
}

pub(crate) fn choices(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let body = html! {
        @for choice in choices::needed(account, place.settings(), place.connection()) {
            (chooser::select(place.visitor, &choice, None))
        }
        div.field {
            label {
                input type="checkbox" name="make_fields" value="yes" checked;
                " " (place.visitor.say(&setup_pages::MAKE_FIELDS))
            }
        }
    };
    form(place, Step::Choices, &body, &setup_pages::NEXT)
}

pub(crate) fn stages(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let pipeline = choices::pipeline_in_force(account, place.settings(), place.connection());
    let of = pipeline.map(|pipeline| pipeline.stages.as_slice()).unwrap_or_default();
    let set = chooser::stages_in_force(place.settings(), place.connection(), of);
    let body = html! {
        p.hint { (place.visitor.say(&setup_pages::STAGES_HINT)) }
        (chooser::stage_table(place.visitor, of, &set))
    };
    form(place, Step::Stages, &body, &setup_pages::NEXT)
}

pub(crate) fn trial(place: &Place<'_>) -> Markup {
    let body = html! { p { (place.visitor.say(&setup_pages::TRIAL_HINT)) } };
    form(place, Step::Rehearsal, &body, &setup_pages::TRY)
}

pub(crate) fn rehearsed(place: &Place<'_>, account: &AccountDescription, found: &Rehearsal) -> Markup {
    let visitor = place.visitor;
    html! {
        (chooser::rehearsal(visitor, account, found))
        form method="post" action=(visitor.link("/setup/finish")) {
            (chooser::token(visitor))
            p.actions { button.primary type="submit" { (visitor.say(&setup_pages::SWITCH_ON)) } }
        }
    }
}

/// What a person has to write where the program cannot. Secrets are shown to those who ask for them.
pub(crate) fn by_hand(
    place: &Place<'_>,
    finding: &config::Finding,
    changes: &Changes,
    reveal: bool,
) -> Markup {
    let visitor = place.visitor;
    let shown: Changes = changes
        .iter()
        .map(|(name, value)| {
            let is_hidden = config::is_secret(name) && !reveal && !value.is_empty();
            (*name, if is_hidden { "********".to_owned() } else { value.clone() })
        })
        .collect();
    html! {
        div.error role="alert" { p { (finding.name) ": " (finding.text(visitor.language)) } }
        p { (visitor.say(&setup_pages::NOT_WRITTEN)) }
        pre { (config::lines(place.connection(), &shown).join("\n")) }
        @if !reveal {
            form method="post" action=(visitor.link("/setup/finish")) {
                (chooser::token(visitor))
                input type="hidden" name="reveal" value="yes";
                p.actions { button.quiet type="submit" { (visitor.say(&setup_pages::REVEAL)) } }
            }
        }
    }
}
