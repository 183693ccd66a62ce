//! The pages of the setup.

use axum::{http::StatusCode, response::Response};
use kaspi_amocrm_settings::table;
use maud::{Markup, html};

use super::{
    super::{chooser, page::plain_page, visitor::Visitor},
    Place, words,
};
use crate::{
    config::{self, Changes},
    doctor::Finding,
    service::{AccountDescription, Examination},
    setup::{Step, choices, rehearsal::Rehearsal},
};

/// A page with the steps above it.
pub(super) fn frame(visitor: &Visitor, step: Step, status: StatusCode, body: &Markup) -> Response {
    let content = html! {
        ol.steps {
            @for one in Step::ALL {
                li aria-current=[(one == step).then_some("step")] { (visitor.say(&one.title())) }
            }
        }
        h2 { (visitor.say(&step.title())) }
        (body)
        @if let Some(before) = step.before() {
            p { a href=(visitor.link(&format!("/setup/{}", before.name()))) { (visitor.say(&words::BACK)) } }
        }
    };
    plain_page(visitor, status, &words::TITLE, content)
}

/// A form that answers a step.
fn form(place: &Place<'_>, step: Step, body: &Markup, submit: &super::super::words::Words) -> Markup {
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
fn secret(
    visitor: &Visitor,
    name: &str,
    label: &super::super::words::Words,
    hint: Option<&super::super::words::Words>,
    is_set: bool,
) -> Markup {
    html! {
        div.field {
            label for=(name) { (visitor.say(label)) }
            input type="password" id=(name) name=(name) autocomplete="off" spellcheck="false" required[!is_set];
            @if let Some(hint) = hint { p.hint { (visitor.say(hint)) } }
            @if is_set { p.hint { (visitor.say(&words::KEPT)) } }
        }
    }
}

fn text(visitor: &Visitor, name: &str, label: &super::super::words::Words, value: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (visitor.say(label)) }
            input type="text" id=(name) name=(name) value=(value) autocomplete="off" spellcheck="false" required;
        }
    }
}

pub(super) fn kaspi(place: &Place<'_>) -> Markup {
    let is_set = place.value(&table::KASPI_API_TOKEN).is_some();
    let field = secret(place.visitor, "token", &words::KASPI_TOKEN, Some(&words::KASPI_HINT), is_set);
    form(place, Step::Kaspi, &field, &words::NEXT)
}

/// What Kaspi showed, and the way on.
pub(super) fn kaspi_works(place: &Place<'_>, seen: &Examination) -> Markup {
    let visitor = place.visitor;
    let orders = seen.kaspi.as_ref().map(|kaspi| kaspi.orders).unwrap_or_default();
    html! {
        p.state data-state="good" { (visitor.say(&words::KASPI_WORKS)) " " span.number { (orders) } }
        @for hint in seen.findings.iter().map(Finding::symptom) {
            p.hint { (hint.cause(visitor.language)) ". " (hint.remedy(visitor.language)) }
        }
        p.actions { a href=(visitor.link("/setup/account")) { (visitor.say(&words::NEXT)) } }
    }
}

pub(super) fn account(place: &Place<'_>) -> Markup {
    let visitor = place.visitor;
    let body = if let Some(address) = place.value(&table::AMO_BASE_URL) {
        html! { p { (visitor.say(&words::ADDRESS_IS_SET)) " " code { (address) } } }
    } else {
        let value = place.value(&table::AMO_SUBDOMAIN).unwrap_or_default();
        html! {
            (text(visitor, "account", &words::ACCOUNT, &value))
            p.hint { (visitor.say(&words::ACCOUNT_HINT)) }
        }
    };
    form(place, Step::Account, &body, &words::NEXT)
}

pub(super) fn no_account(place: &Place<'_>) -> Markup {
    html! {
        div.error role="alert" { p { (place.visitor.say(&words::NO_ACCOUNT)) } }
        (account(place))
    }
}

pub(super) fn access(place: &Place<'_>, redirect_uri: &str) -> Markup {
    let visitor = place.visitor;
    let has_token = place.value(&table::AMO_LONG_LIVED_TOKEN).is_some();
    let client_id = place.value(&table::AMO_CLIENT_ID).unwrap_or_default();
    let has_secret = place.value(&table::AMO_CLIENT_SECRET).is_some();
    let is_ready = !client_id.is_empty() && has_secret && place.value(&table::AMO_REDIRECT_URI).is_some();
    let by_token = html! {
        input type="hidden" name="way" value="token";
        (secret(visitor, "token", &words::TOKEN, Some(&words::LONG_LIVED_HINT), has_token))
    };
    let by_integration = html! {
        input type="hidden" name="way" value="integration";
        p.hint { (visitor.say(&words::INTEGRATION_HINT)) }
        (text(visitor, "redirect_uri", &words::REDIRECT_URI, redirect_uri))
        (text(visitor, "client_id", &words::CLIENT_ID, &client_id))
        (secret(visitor, "client_secret", &words::CLIENT_SECRET, None, has_secret))
    };
    let check = html! { input type="hidden" name="way" value="check"; };
    html! {
        section.card {
            h3 { (visitor.say(&words::LONG_LIVED)) }
            (form(place, Step::Access, &by_token, &words::NEXT))
        }
        section.card {
            h3 { (visitor.say(&words::INTEGRATION)) }
            (form(place, Step::Access, &by_integration, &words::SAVE_INTEGRATION))
            @if is_ready && !has_token {
                p { a href=(visitor.link("/oauth/start?draft=1")) { (visitor.say(&words::CONNECT)) } }
                p.hint { (visitor.say(&words::CONNECT_HINT)) }
                (form(place, Step::Access, &check, &words::CHECK))
            }
        }
    }
}

pub(super) fn pipeline(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let choice = choices::pipeline(account, place.settings(), place.connection());
    let body = html! {
        p.state data-state="good" { (account.account.name) }
        (chooser::select(place.visitor, &choice, None))
    };
    form(place, Step::Pipeline, &body, &words::NEXT)
}

pub(super) fn choices(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let body = html! {
        @for choice in choices::needed(account, place.settings(), place.connection()) {
            (chooser::select(place.visitor, &choice, None))
        }
        div.field {
            label {
                input type="checkbox" name="make_fields" value="yes" checked;
                " " (place.visitor.say(&words::MAKE_FIELDS))
            }
        }
    };
    form(place, Step::Choices, &body, &words::NEXT)
}

pub(super) fn stages(place: &Place<'_>, account: &AccountDescription) -> Markup {
    let pipeline = choices::pipeline_in_force(account, place.settings(), place.connection());
    let of = pipeline.map(|pipeline| pipeline.stages.as_slice()).unwrap_or_default();
    let set = chooser::stages_in_force(place.settings(), place.connection(), of);
    let body = html! {
        p.hint { (place.visitor.say(&words::STAGES_HINT)) }
        (chooser::stage_table(place.visitor, of, &set))
    };
    form(place, Step::Stages, &body, &words::NEXT)
}

pub(super) fn trial(place: &Place<'_>) -> Markup {
    let body = html! { p { (place.visitor.say(&words::TRIAL_HINT)) } };
    form(place, Step::Rehearsal, &body, &words::TRY)
}

pub(super) fn rehearsed(place: &Place<'_>, account: &AccountDescription, found: &Rehearsal) -> Markup {
    let visitor = place.visitor;
    html! {
        (chooser::rehearsal(visitor, account, found))
        form method="post" action=(visitor.link("/setup/finish")) {
            (chooser::token(visitor))
            p.actions { button.primary type="submit" { (visitor.say(&words::SWITCH_ON)) } }
        }
    }
}

/// What a person has to write where the program cannot. Secrets are shown to those who ask for them.
pub(super) fn by_hand(
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
        p { (visitor.say(&words::NOT_WRITTEN)) }
        pre { (config::lines(place.connection(), &shown).join("\n")) }
        @if !reveal {
            form method="post" action=(visitor.link("/setup/finish")) {
                (chooser::token(visitor))
                input type="hidden" name="reveal" value="yes";
                p.actions { button.quiet type="submit" { (visitor.say(&words::REVEAL)) } }
            }
        }
    }
}
