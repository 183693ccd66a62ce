//! Who looks at a page, and how they want it.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use kaspi_amocrm_settings::Language;
use maud::html;
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq as _;

use super::{next::Next, page::plain_page};
use crate::{
    i18n::words::Words,
    web::{
        Web,
        answer::{internal, see_other},
        door::DoorError,
        session::cookie,
    },
};

/// Cookies of those who chose; without them the browser's own wishes count.
pub(super) const LANGUAGE_COOKIE: &str = "language";
pub(super) const THEME_COOKIE: &str = "theme";
/// How pages can look.
pub(super) const THEMES: [&str; 3] = ["auto", "light", "dark"];

const REFUSED: Words = Words::new("Not done", "Не выполнено", "Орындалмады");
const REFUSED_WHY: Words = Words::new(
    "You are not signed in any more, or the form came from another place. Nothing was changed. Open the page again and \
     repeat.",
    "Вход уже не действует, или форма пришла не с этого сайта. Ничего не изменено. Откройте страницу заново и повторите.",
    "Кіру мерзімі өтіп кетті немесе нысан басқа жерден келді. Ештеңе өзгертілген жоқ. Бетті қайта ашып, әрекетті \
     қайталаңыз.",
);
const TO_SIGN_IN: Words = Words::new("Sign in", "Войти", "Кіру");

/// Somebody who looks at a page.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// What they read.
    pub(crate) language: Language,
    /// `light`, `dark` or `auto`.
    pub(crate) theme: &'static str,
    /// What every form of this session has to bring back; empty for those who have not signed in.
    pub(crate) form_token: String,
    /// `BASE_PATH` with a slash in front, or empty: what links begin with.
    pub(crate) base: String,
    /// The connection that they look at.
    pub(crate) connection: String,
    /// All connections.
    pub(crate) connections: Vec<String>,
    /// The address that they look at, without `base`.
    pub(crate) here: String,
}

#[derive(Deserialize)]
struct WantedConnection {
    connection: Option<String>,
}

#[derive(Deserialize)]
struct FormToken {
    form_token: String,
}

impl Visitor {
    /// A text in their language.
    pub(crate) fn say(&self, words: &Words) -> &'static str {
        words.get(self.language)
    }

    /// An address of ours, with the connection that they look at where there are several.
    pub(crate) fn link(&self, path: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        match self.connections.len() {
            0 | 1 => format!("{}{path}", self.base),
            _ => format!("{}{path}{mark}connection={}", self.base, self.connection),
        }
    }

    /// Whether they have signed in.
    pub(crate) fn is_signed_in(&self) -> bool {
        !self.form_token.is_empty()
    }

    async fn of(head: &Parts, web: &Web) -> Result<Self, Response> {
        let host = web.site.host();
        let session = web.door.session(host.store().as_ref(), &head.headers).await.map_err(failed)?;
        let connections: Vec<String> = host.settings().connection_names().map(str::to_owned).collect();
        let wanted = Query::<WantedConnection>::try_from_uri(&head.uri).ok();
        let wanted = wanted.and_then(|Query(wanted)| wanted.connection);
        let connection = wanted.filter(|wanted| connections.contains(wanted));
        let here = head.uri.path_and_query().map_or("/", |here| here.as_str());
        Ok(Self {
            language: language(&head.headers),
            theme: theme(&head.headers),
            form_token: session.map(|token| token.form_token()).unwrap_or_default(),
            base: web.base.to_string(),
            connection: connection.or_else(|| connections.first().cloned()).unwrap_or_default(),
            connections,
            here: here.to_owned(),
        })
    }

    fn has_form_token(&self, bytes: &Bytes) -> bool {
        let Some(form) = parsed::<FormToken>(bytes) else { return false };
        self.is_signed_in() && form.form_token.as_bytes().ct_eq(self.form_token.as_bytes()).into()
    }
}

/// A fault of ours while somebody stands at the door.
pub(super) fn failed(error: DoorError) -> Response {
    tracing::error!("nobody can be let in: {error}");
    internal()
}

fn language(headers: &HeaderMap) -> Language {
    if let Some(chosen) = cookie(headers, LANGUAGE_COOKIE).and_then(Language::of) {
        return chosen;
    }
    // In the order in which browsers send them, which is that of the wishes.
    let wishes =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|wishes| wishes.to_str().ok()).unwrap_or_default();
    let code = |wish: &str| wish.trim().split([';', '-']).next().unwrap_or_default().to_ascii_lowercase();
    wishes.split(',').find_map(|wish| Language::of(&code(wish))).unwrap_or_default()
}

fn theme(headers: &HeaderMap) -> &'static str {
    let chosen = cookie(headers, THEME_COOKIE);
    THEMES.into_iter().find(|theme| chosen == Some(theme)).unwrap_or(THEMES[0])
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
        if !visitor.has_form_token(&bytes) {
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
    fn the_language_is_what_was_chosen_or_what_the_browser_wants() {
        for (cookies, wishes, expected) in [
            ("", "", "ru"),
            ("", "kk-KZ,kk;q=0.9,ru;q=0.8", "kk"),
            ("", "de,EN-us;q=0.5", "en"),
            ("", "de", "ru"),
            ("language=en", "kk", "en"),
            ("language=de", "kk", "kk"),
            ("a=b; language=kk; theme=dark", "en", "kk"),
        ] {
            let headers = HeaderMap::from_iter([
                (header::COOKIE, cookies.parse().unwrap()),
                (header::ACCEPT_LANGUAGE, wishes.parse().unwrap()),
            ]);
            assert_eq!(language(&headers).code(), expected, "{cookies} {wishes}");
        }
    }

    #[test]
    fn a_form_is_read_as_it_was_typed() {
        let form = parsed::<FormToken>(&Bytes::from_static("form_token=%D1%8F+%26%3D&x=1".as_bytes()));
        assert_eq!(form.unwrap().form_token, "я &=");
        assert!(parsed::<FormToken>(&Bytes::new()).is_none());
    }
}
