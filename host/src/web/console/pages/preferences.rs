//! How somebody wants to see the pages: language and colours, kept in their browser.

use axum::{extract::State, http::header, response::Response};
use kaspi_amocrm_contract::Language;
use serde::Deserialize;

use crate::web::{
    app::state::Web,
    console::frame::{
        extract::Sent,
        next::Next,
        visitor::{LANGUAGE_COOKIE, THEME_COOKIE, THEMES},
    },
    http::answer::see_other,
};

const SECONDS: u32 = 365 * 86_400;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    language: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    next: String,
}

/// `POST /preferences`
pub(crate) async fn keep(State(web): State<Web>, Sent(visitor, wanted): Sent<Wanted>) -> Response {
    let mut response = see_other(&format!("{}{}", visitor.base, Next::of_any(&wanted.next).path()));
    let cookies = web.door.cookies();
    let language =
        Language::ALL.into_iter().map(Language::code).find(|code| wanted.language.as_deref() == Some(code));
    if let Some(language) = language {
        let value = cookies.keep_word(LANGUAGE_COOKIE, language, SECONDS);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    if let Some(theme) = THEMES.into_iter().find(|theme| wanted.theme.as_deref() == Some(theme)) {
        let value = cookies.keep_word(THEME_COOKIE, theme, SECONDS);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
