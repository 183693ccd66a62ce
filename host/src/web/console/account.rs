//! The owner's own page: the password, and what was done lately.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{Web, answer::internal, door::Answer},
    page::plain_page,
    sign_in::{Asks, WRONG, let_in, new_password_fault, new_password_fields, said, turned_away},
    visitor::{Signed, SignedIn, Visitor, failed},
    words::Words,
};
use crate::{
    password::{CHARS_MAX, OWNER},
    store::Act,
};

/// How many acts are listed.
const ACTS_MAX: u32 = 100;
/// Almaty is five hours ahead of UTC all year.
const ALMATY_MS: i64 = 5 * 3_600_000;

pub(super) const ACCOUNT: Words =
    Words::new("Password and access", "Пароль и доступ", "Құпиясөз және қолжетімділік");
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
pub(super) struct Outcome {
    changed: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    old: String,
    password: String,
    again: String,
}

/// `GET /account`
pub(super) async fn account(
    State(web): State<Web>,
    SignedIn(visitor): SignedIn,
    query: Result<Query<Outcome>, QueryRejection>,
) -> Response {
    let is_changed = query.is_ok_and(|Query(outcome)| outcome.changed.is_some());
    let note = is_changed.then(|| html! { p role="status" { (visitor.say(&CHANGED)) } });
    shown(&web, &visitor, StatusCode::OK, note).await
}

/// `POST /account/password`
pub(super) async fn change_password(
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
    let minutes = (at_ms + ALMATY_MS).div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(1_440), minutes.rem_euclid(1_440));
    // Days since 0000-03-01, in eras of 400 years; months begin with March, so that the odd day is at the end.
    let since = days + 719_468;
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
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
