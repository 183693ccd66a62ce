//! Who looks at a page, and how they want it.

use axum::{
    extract::Query,
    http::{HeaderMap, header, request::Parts},
    response::Response,
};
use kaspi_amocrm_contract::Language;
use serde::Deserialize;

use crate::{
    i18n::words::Words,
    web::{
        app::state::Web,
        auth::{login::DoorError, session::cookie},
        http::answer::internal,
    },
};

/// Cookies of those who chose; without them the browser's own wishes count.
pub(crate) const LANGUAGE_COOKIE: &str = "language";
pub(crate) const THEME_COOKIE: &str = "theme";
/// How pages can look.
pub(crate) const THEMES: [&str; 3] = ["auto", "light", "dark"];

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

    pub(super) async fn of(head: &Parts, web: &Web) -> Result<Self, Response> {
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
}

/// A fault of ours while somebody stands at the door.
pub(crate) fn failed(error: DoorError) -> Response {
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
}
