//! The door: sign-in, sign-out, and the first start.

use axum::{
    extract::{FromRequestParts, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    i18n::words::Words,
    web::{
        app::state::Web,
        auth::{
            login::{Answer, Knock},
            password::{CHARS_MAX, CHARS_MIN, OWNER, is_acceptable},
        },
        console::frame::{
            extract::{Anyone, Sent, Signed},
            next::Next,
            page::plain_page,
            visitor::{Visitor, failed},
        },
        http::answer::see_other,
    },
};

const SIGN_IN: Words = Words::new("Sign in", "Вход", "Кіру");
const WELCOME: Words = Words::new("Welcome", "Добро пожаловать", "Қош келдіңіз");
const PASSWORD: Words = Words::new("Password", "Пароль", "Құпиясөз");
const NEW_PASSWORD: Words = Words::new("New password", "Новый пароль", "Жаңа құпиясөз");
const AGAIN: Words = Words::new("The same once more", "Ещё раз", "Тағы бір рет");
const LENGTH: Words = Words::new("10 characters or more", "Не меньше 10 символов", "Кемінде 10 таңба");
const ENTER: Words = Words::new("Sign in", "Войти", "Кіру");
const SET: Words = Words::new("Set the password", "Задать пароль", "Құпиясөз орнату");
const CODE: Words = Words::new("Start code", "Код запуска", "Іске қосу коды");
const CODE_HINT: Words = Words::new(
    "The value of CRON_SECRET in the file .env; without it, the code that the program showed when it started",
    "Значение CRON_SECRET из файла .env, а если его нет, код, который программа показала при запуске",
    ".env файлындағы CRON_SECRET мәні, ол жоқ болса, бағдарлама іске қосылғанда көрсеткен код",
);
const WELCOME_WHY: Words = Words::new(
    "Choose the password with which you will sign in here. This is done once.",
    "Придумайте пароль, с которым вы будете сюда входить. Это делается один раз.",
    "Осында кіретін құпиясөзді ойлап табыңыз. Бұл бір рет қана жасалады.",
);
const FORGOTTEN: Words = Words::new(
    "Forgotten? On the server run: kaspi-amocrm password",
    "Забыли пароль? Выполните на сервере команду: kaspi-amocrm password",
    "Құпиясөзді ұмыттыңыз ба? Серверде мына пәрменді орындаңыз: kaspi-amocrm password",
);
pub(crate) const WRONG: Words = Words::new("The password is wrong.", "Неверный пароль.", "Құпиясөз қате.");
const WRONG_CODE: Words =
    Words::new("The start code is wrong.", "Неверный код запуска.", "Іске қосу коды қате.");
pub(crate) const NOT_LONG: Words = Words::new(
    "The new password must have 10 to 200 characters.",
    "В новом пароле должно быть от 10 до 200 символов.",
    "Жаңа құпиясөзде 10-нан 200-ге дейін таңба болуы керек.",
);
pub(crate) const NOT_EQUAL: Words =
    Words::new("The two passwords differ.", "Пароли не совпадают.", "Құпиясөздер бірдей емес.");
const LATER: Words = Words::new(
    "Too many tries. Try again in, minutes:",
    "Слишком много попыток. Повторите через, минут:",
    "Тым көп әрекет жасалды. Қайталап көріңіз, минуттан кейін:",
);

/// Who asks to be let in.
pub(crate) struct Asks(pub(crate) Knock, pub(crate) HeaderMap);

impl FromRequestParts<Web> for Asks {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(head: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        Ok(Self(web.door.knock(head), head.headers.clone()))
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct SignInForm {
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct WelcomeForm {
    code: String,
    password: String,
    again: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// `GET /sign-in`
pub(crate) async fn sign_in_page(
    State(web): State<Web>,
    Anyone(visitor): Anyone,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let next = wanted(query);
    if visitor.is_signed_in() {
        return see_other(&format!("{}{}", visitor.base, next.path()));
    }
    match web.door.has_password(web.site.host().store().as_ref()).await {
        Ok(true) => plain_page(&visitor, StatusCode::OK, &SIGN_IN, sign_in_form(&visitor, &next, None)),
        Ok(false) => see_other(&next.at(&format!("{}/welcome", visitor.base))),
        Err(error) => failed(error),
    }
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(web): State<Web>,
    Asks(knock, headers): Asks,
    Sent(visitor, form): Sent<SignInForm>,
) -> Response {
    let next = Next::of(&form.next);
    let host = web.site.host();
    let answer = web.door.sign_in(host.store().as_ref(), &knock, &headers, form.password).await;
    match answer {
        Ok(Answer::Open(cookies)) => let_in(&format!("{}{}", visitor.base, next.path()), cookies),
        Ok(answer) => {
            let (status, fault) = turned_away(&visitor, &answer, &WRONG);
            plain_page(&visitor, status, &SIGN_IN, sign_in_form(&visitor, &next, Some(fault)))
        }
        Err(error) => failed(error),
    }
}

/// `GET /welcome`
pub(crate) async fn welcome_page(
    State(web): State<Web>,
    Anyone(visitor): Anyone,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let next = wanted(query);
    match web.door.has_password(web.site.host().store().as_ref()).await {
        Ok(false) => plain_page(&visitor, StatusCode::OK, &WELCOME, welcome_form(&visitor, &next, None)),
        Ok(true) => see_other(&next.at(&format!("{}/sign-in", visitor.base))),
        Err(error) => failed(error),
    }
}

/// `POST /welcome`
pub(crate) async fn welcome(
    State(web): State<Web>,
    Asks(knock, _): Asks,
    Sent(visitor, form): Sent<WelcomeForm>,
) -> Response {
    let next = Next::of(&form.next);
    let to_sign_in = next.at(&format!("{}/sign-in", visitor.base));
    let host = web.site.host();
    let store = host.store().as_ref();
    match web.door.has_password(store).await {
        Ok(false) => {}
        Ok(true) => return see_other(&to_sign_in),
        Err(error) => return failed(error),
    }
    if let Some(fault) = new_password_fault(&form.password, &form.again) {
        let body = welcome_form(&visitor, &next, Some(said(&visitor, fault)));
        return plain_page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, &WELCOME, body);
    }
    match web.door.welcome(store, &knock, &form.code, form.password).await {
        Ok(Answer::Open(cookies)) => let_in(&format!("{}{}", visitor.base, next.path()), cookies),
        Ok(Answer::Taken) => see_other(&to_sign_in),
        Ok(answer) => {
            let (status, fault) = turned_away(&visitor, &answer, &WRONG_CODE);
            plain_page(&visitor, status, &WELCOME, welcome_form(&visitor, &next, Some(fault)))
        }
        Err(error) => failed(error),
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
    Signed(visitor, Nothing {}): Signed<Nothing>,
) -> Response {
    match web.door.sign_out(web.site.host().store().as_ref(), &headers).await {
        Ok(cookie) => let_in(&format!("{}/sign-in", visitor.base), vec![cookie]),
        Err(error) => failed(error),
    }
}

fn wanted(query: Result<Query<Wanted>, QueryRejection>) -> Next {
    Next::of(&query.map(|Query(wanted)| wanted.next).unwrap_or_default())
}

/// Goes on, with other cookies.
pub(crate) fn let_in(location: &str, cookies: Vec<HeaderValue>) -> Response {
    let mut response = see_other(location);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What is wrong with a new password.
pub(crate) fn new_password_fault(password: &str, again: &str) -> Option<&'static Words> {
    if !is_acceptable(password) {
        Some(&NOT_LONG)
    } else if password != again {
        Some(&NOT_EQUAL)
    } else {
        None
    }
}

/// What somebody is told who was not let in.
pub(crate) fn turned_away(visitor: &Visitor, answer: &Answer, wrong: &Words) -> (StatusCode, Markup) {
    match answer {
        Answer::Later(ms) => {
            let minutes = ms.div_euclid(60_000) + 1;
            let text = html! { p.error role="alert" { (visitor.say(&LATER)) " " (minutes) } };
            (StatusCode::TOO_MANY_REQUESTS, text)
        }
        _ => (StatusCode::FORBIDDEN, said(visitor, wrong)),
    }
}

pub(crate) fn said(visitor: &Visitor, fault: &Words) -> Markup {
    html! { p.error role="alert" { (visitor.say(fault)) } }
}

fn sign_in_form(visitor: &Visitor, next: &Next, fault: Option<Markup>) -> Markup {
    html! {
        @if let Some(fault) = fault { (fault) }
        form.card method="post" action=(format!("{}/sign-in", visitor.base)) {
            input type="hidden" name="next" value=(next.path());
            input hidden name="username" value=(OWNER) autocomplete="username";
            div.field {
                label for="password" { (visitor.say(&PASSWORD)) }
                input #password type="password" name="password" required autofocus
                    maxlength=(CHARS_MAX) autocomplete="current-password";
            }
            div.actions { button.primary type="submit" { (visitor.say(&ENTER)) } }
        }
        p.hint { (visitor.say(&FORGOTTEN)) }
    }
}

fn welcome_form(visitor: &Visitor, next: &Next, fault: Option<Markup>) -> Markup {
    html! {
        p { (visitor.say(&WELCOME_WHY)) }
        @if let Some(fault) = fault { (fault) }
        form.card method="post" action=(format!("{}/welcome", visitor.base)) {
            input type="hidden" name="next" value=(next.path());
            input hidden name="username" value=(OWNER) autocomplete="username";
            div.field {
                label for="code" { (visitor.say(&CODE)) }
                input #code type="text" name="code" required autofocus autocomplete="off" spellcheck="false"
                    aria-describedby="code-hint";
                p.hint #code-hint { (visitor.say(&CODE_HINT)) }
            }
            (new_password_fields(visitor))
            div.actions { button.primary type="submit" { (visitor.say(&SET)) } }
        }
    }
}

/// A new password, twice.
pub(crate) fn new_password_fields(visitor: &Visitor) -> Markup {
    html! {
        div.field {
            label for="password" { (visitor.say(&NEW_PASSWORD)) }
            input #password type="password" name="password" required minlength=(CHARS_MIN) maxlength=(CHARS_MAX)
                autocomplete="new-password" aria-describedby="password-hint";
            p.hint #password-hint { (visitor.say(&LENGTH)) }
        }
        div.field {
            label for="again" { (visitor.say(&AGAIN)) }
            input #again type="password" name="again" required minlength=(CHARS_MIN) maxlength=(CHARS_MAX)
                autocomplete="new-password";
        }
    }
}
