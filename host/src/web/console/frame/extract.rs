//! Who may have a page, and whose forms count.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{Method, StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use maud::html;
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;

use super::{
    next::Next,
    page::plain_page,
    visitor::{Visitor, failed},
};
use crate::{
    i18n::words::Words,
    web::{app::state::Web, http::answer::see_other},
};

const REFUSED: Words = Words::new("Not done", "Не выполнено", "Орындалмады");
const REFUSED_WHY: Words = Words::new(
    "You are not signed in any more, or the form came from another place. Nothing was changed. Open the page again and \
     repeat.",
    "Вход уже не действует, или форма пришла не с этого сайта. Ничего не изменено. Откройте страницу заново и повторите.",
    "Кіру мерзімі өтіп кетті немесе нысан басқа жерден келді. Ештеңе өзгертілген жоқ. Бетті қайта ашып, әрекетті \
     қайталаңыз.",
);
const TO_SIGN_IN: Words = Words::new("Sign in", "Войти", "Кіру");

#[derive(Deserialize)]
struct FormToken {
    form_token: String,
}

/// Whether a form brings back the token of its session.
fn has_form_token(visitor: &Visitor, bytes: &Bytes) -> bool {
    let Some(form) = parsed::<FormToken>(bytes) else { return false };
    visitor.is_signed_in() && form.form_token.as_bytes().ct_eq(visitor.form_token.as_bytes()).into()
}

/// Anybody who looks at a page that needs no sign-in.
pub(crate) struct Anyone(pub(crate) Visitor);

impl FromRequestParts<Web> for Anyone {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, web: &Web) -> Result<Self, Response> {
        Ok(Self(Visitor::of(head, web).await?))
    }
}

/// A visitor who has signed in; everybody else is sent to the door.
pub(crate) struct SignedIn(pub(crate) Visitor);

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::of(head, web).await?;
        if visitor.is_signed_in() {
            return Ok(Self(visitor));
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            return Err(refused(&visitor));
        }
        let host = web.site.host();
        let has_password = web.door.has_password(host.store().as_ref()).await.map_err(failed)?;
        let door = if has_password { "/sign-in" } else { "/welcome" };
        Err(see_other(&Next::of(&visitor.here).at(&format!("{}{door}", visitor.base))))
    }
}

/// A form that anybody may send from one of our own pages.
pub(crate) struct Sent<T>(pub(crate) Visitor, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (visitor, bytes) = sent(request, web).await?;
        let form = parsed(&bytes).ok_or_else(|| refused(&visitor))?;
        Ok(Self(visitor, form))
    }
}

/// A form of somebody who has signed in, sent from one of our own pages with the token of the session (field
/// `form_token`). Anything else changes nothing.
pub(crate) struct Signed<T>(pub(crate) Visitor, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Signed<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (visitor, bytes) = sent(request, web).await?;
        if !has_form_token(&visitor, &bytes) {
            return Err(refused(&visitor));
        }
        let form = parsed(&bytes).ok_or_else(|| refused(&visitor))?;
        Ok(Self(visitor, form))
    }
}

/// What one of our own pages sent.
async fn sent(request: Request, web: &Web) -> Result<(Visitor, Bytes), Response> {
    let (head, body) = request.into_parts();
    let visitor = Visitor::of(&head, web).await?;
    if head.method != Method::POST || !web.door.is_own_page(&head.headers) {
        return Err(refused(&visitor));
    }
    let request = Request::from_parts(head, body);
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| rejection.into_response())?;
    Ok((visitor, bytes))
}

/// The fields of a form.
fn parsed<T: DeserializeOwned>(bytes: &Bytes) -> Option<T> {
    // A query is written as a form is.
    let uri = axum::http::Uri::builder().path_and_query([b"/?", bytes.as_ref()].concat()).build().ok()?;
    Query::try_from_uri(&uri).ok().map(|Query(form)| form)
}

fn refused(visitor: &Visitor) -> Response {
    let body = html! {
        p { (visitor.say(&REFUSED_WHY)) }
        p { a href=(format!("{}/sign-in", visitor.base)) { (visitor.say(&TO_SIGN_IN)) } }
    };
    plain_page(visitor, StatusCode::FORBIDDEN, &REFUSED, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_typed() {
        let form = parsed::<FormToken>(&Bytes::from_static("form_token=%D1%8F+%26%3D&x=1".as_bytes()));
        assert_eq!(form.unwrap().form_token, "я &=");
        assert!(parsed::<FormToken>(&Bytes::new()).is_none());
    }
}
