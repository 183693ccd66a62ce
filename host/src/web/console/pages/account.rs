//! The owner's own page: the password, and what was done lately.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::sign_in::{Asks, WRONG, let_in, new_password_fault, new_password_fields, said, turned_away};
use crate::{
    base::calendar::{Day, hour_and_minute},
    i18n::words::Words,
    store::Act,
    web::{
        app::state::Web,
        auth::{
            login::Answer,
            password::{CHARS_MAX, OWNER},
        },
        console::frame::{
            extract::{Signed, SignedIn},
            page::{ACCOUNT, plain_page},
            visitor::{Visitor, failed},
        },
        http::answer::internal,
    },
};

/// How many acts are listed.
const ACTS_MAX: u32 = 100;

const CHANGE: Words = Words::new("Change the password", "Сменить пароль", "Құпиясөзді өзгерту");
const OLD: Words = Words::new("Present password", "Текущий пароль", "Қазіргі құпиясөз");
const OTHERS_END: Words = Words::new(
    "You stay signed in here; everywhere else it will be necessary to sign in again.",
    "Здесь вы останетесь в системе, а на всех других устройствах нужно будет войти заново.",
    "Осы жерде сіз жүйеде қаласыз, ал басқа құрылғыларда қайта кіру керек болады.",
);
const CHANGED: Words = Words::new("The password was changed.", "Пароль изменён.", "Құпиясөз өзгертілді.");
const ACTS: Words = Words::new("What was done", "Журнал действий", "Әрекеттер журналы");
const WHEN: Words = Words::new("When (Almaty)", "Когда (Алматы)", "Қашан (Алматы)");
const WHO: Words = Words::new("Who", "Кто", "Кім");
const WHAT: Words = Words::new("What", "Что", "Не");
const SUBJECT: Words = Words::new("Details", "Подробности", "Толығырақ");

const NAMES: [(&str, Words); 2] = [
    (OWNER, Words::new("owner", "владелец", "иесі")),
    ("terminal", Words::new("terminal", "терминал", "терминал")),
];
const ACT_NAMES: [(&str, Words); 10] = [
    ("sign-in", Words::new("signed in", "вход", "кірді")),
    (
        "first-password",
        Words::new("set the first password", "задан первый пароль", "алғашқы құпиясөз орнатылды"),
    ),
    ("password", Words::new("changed the password", "смена пароля", "құпиясөз өзгертілді")),
    ("settings", Words::new("changed settings", "изменены настройки", "баптаулар өзгертілді")),
    ("setup", Words::new("finished the setup", "настройка завершена", "баптау аяқталды")),
    ("connect", Words::new("connected amoCRM", "подключён amoCRM", "amoCRM қосылды")),
    ("disconnect", Words::new("disconnected amoCRM", "отключён amoCRM", "amoCRM ажыратылды")),
    ("retry", Words::new("tried orders again", "повтор заказов", "тапсырыстар қайталанды")),
    ("repair", Words::new("repaired differences", "исправлены расхождения", "айырмашылықтар түзетілді")),
    ("buyer", Words::new("looked at a buyer", "просмотр данных покупателя", "сатып алушы деректері қаралды")),
];

#[derive(Deserialize)]
pub(crate) struct Outcome {
    changed: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    old: String,
    password: String,
    again: String,
}

/// `GET /account`
pub(crate) async fn account(
    State(web): State<Web>,
    SignedIn(visitor): SignedIn,
    query: Result<Query<Outcome>, QueryRejection>,
) -> Response {
    let is_changed = query.is_ok_and(|Query(outcome)| outcome.changed.is_some());
    let note = is_changed.then(|| html! { p role="status" { (visitor.say(&CHANGED)) } });
    shown(&web, &visitor, StatusCode::OK, note).await
}

/// `POST /account/password`
pub(crate) async fn change_password(
    State(web): State<Web>,
    Asks(knock, _): Asks,
    Signed(visitor, form): Signed<PasswordForm>,
) -> Response {
    if let Some(fault) = new_password_fault(&form.password, &form.again) {
        return shown(&web, &visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(said(&visitor, fault))).await;
    }
    let host = web.site.host();
    match web.door.change_password(host.store().as_ref(), &knock, form.old, form.password).await {
        Ok(Answer::Open(cookies)) => let_in(&visitor.link("/account?changed=yes"), cookies),
        Ok(answer) => {
            let (status, fault) = turned_away(&visitor, &answer, &WRONG);
            shown(&web, &visitor, status, Some(fault)).await
        }
        Err(error) => failed(error),
    }
}

async fn shown(web: &Web, visitor: &Visitor, status: StatusCode, note: Option<Markup>) -> Response {
    match web.site.host().store().acts(ACTS_MAX).await {
        Ok(acts) => plain_page(visitor, status, &ACCOUNT, body(visitor, note, &acts)),
        Err(error) => {
            tracing::error!("cannot read what was done: {error}");
            internal()
        }
    }
}

fn body(visitor: &Visitor, note: Option<Markup>, acts: &[Act]) -> Markup {
    html! {
        @if let Some(note) = note { (note) }
        section {
            h2 { (visitor.say(&CHANGE)) }
            form.card method="post" action=(visitor.link("/account/password")) {
                input type="hidden" name="form_token" value=(visitor.form_token);
                input hidden name="username" value=(OWNER) autocomplete="username";
                div.field {
                    label for="old" { (visitor.say(&OLD)) }
                    input #old type="password" name="old" required maxlength=(CHARS_MAX)
                        autocomplete="current-password";
                }
                (new_password_fields(visitor))
                p.hint { (visitor.say(&OTHERS_END)) }
                div.actions { button.primary type="submit" { (visitor.say(&CHANGE)) } }
            }
        }
        section {
            h2 { (visitor.say(&ACTS)) }
            table.list {
                thead {
                    tr {
                        @for title in [&WHEN, &WHO, &WHAT, &SUBJECT] { th scope="col" { (visitor.say(title)) } }
                    }
                }
                tbody {
                    @for act in acts {
                        tr {
                            td { (almaty(act.at_ms)) }
                            td { (named(visitor, &NAMES, &act.who)) }
                            td { (named(visitor, &ACT_NAMES, &act.act)) }
                            td { (act.subject) }
                        }
                    }
                }
            }
        }
    }
}

/// A word for programs in words for people, where there are any.
fn named<'a>(visitor: &Visitor, names: &[(&str, Words)], word: &'a str) -> &'a str {
    names.iter().find(|(name, _)| *name == word).map_or(word, |(_, words)| visitor.say(words))
}

/// Day and time of a moment, as it is in Almaty: `2026-11-24 09:05`.
fn almaty(at_ms: i64) -> String {
    let (hour, minute) = hour_and_minute(at_ms);
    format!("{} {hour:02}:{minute:02}", Day::of(at_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_almaty() {
        for (at_ms, expected) in [
            (0, "1970-01-01 05:00"),
            (1_795_839_540_000, "2026-11-28 09:19"),
            (951_845_399_999, "2000-02-29 22:29"),
        ] {
            assert_eq!(almaty(at_ms), expected);
        }
    }
}
