//! How amoCRM is connected in a browser, and how it says that it was disconnected (docs/apis/amocrm.md 1.2, 1.3, 1.9).
//!
//! A callback comes from the internet, with whatever somebody wrote into it. So it counts only for the browser that was
//! sent away a moment ago, once, and only for the account of the settings: neither the code nor the secret of the
//! integration ever goes to an address that a callback names. Queries are never logged.

mod check;

use std::time::Duration;

use axum::{
    Router,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use maud::html;
use serde::Deserialize;
use sha2::Sha256;

use super::{
    app::state::Web,
    auth::{
        password::OWNER,
        session::{Token, cookie, digest},
    },
    console::frame::{
        extract::{Anyone, SignedIn},
        page::plain_page,
        visitor::Visitor,
    },
    http::answer::{internal, problem, see_other},
};
use crate::{
    base::percent::encoded,
    config::Connection,
    i18n::words::Words,
    service::RunError,
    store::{Session, StoreError},
};
use check::{Callback, Pending, Refusal};

/// What such a session is for.
const PURPOSE: &str = "oauth";
/// Binds the way back to the browser that was sent away. It has to come with a visit from another site.
const COOKIE: &str = "kaspi_amocrm_oauth";
/// How long somebody may take in amoCRM.
const WAY_BACK_S: u32 = 600;
/// How long the connection is waited for, while a run has it.
const WAIT: Duration = Duration::from_secs(20);
/// Where accounts of the international product are asked.
const KOMMO: &str = "https://www.kommo.com";
const AMOCRM: &str = "https://www.amocrm.ru";

const CONNECTED: Words = Words::new("amoCRM is connected", "amoCRM подключена", "amoCRM қосылды");
const GO_ON: Words = Words::new("Go on", "Продолжить", "Жалғастыру");
const NOT_CONNECTED: Words =
    Words::new("amoCRM was not connected", "amoCRM не подключена", "amoCRM қосылмады");

/// The addresses; that of `AMO_REDIRECT_URI` is found by [`elsewhere`].
pub(crate) fn routes() -> Router<Web> {
    let mut router =
        Router::new().route("/oauth/start", get(start)).route("/oauth/disconnect", get(disconnect));
    for path in ["/oauth/callback", "/oauth_callback.php", "/public/oauth_callback.php"] {
        router = router.route(path, get(callback));
    }
    router
}

/// What no other address is for: the way back, where the settings name a path of their own, or nothing.
pub(crate) async fn elsewhere(
    State(web): State<Web>,
    visitor: Anyone,
    query: Result<Query<Callback>, QueryRejection>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    let is_way_back = [web.site.host(), web.site.host_in_setup()].iter().any(|host| {
        let settings = host.settings();
        settings.connection_names().any(|name| {
            let connection = settings.connection_so_far(name).ok();
            let uri = connection.and_then(|connection| connection.get("AMO_REDIRECT_URI")?.parse().ok());
            uri.is_some_and(|uri: http::Uri| uri.path() == path)
        })
    });
    if is_way_back && path != "/" && request.method() == Method::GET {
        return callback(State(web), visitor, request.headers().clone(), query).await;
    }
    problem(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
}

#[derive(Deserialize)]
struct StartQuery {
    /// Of a setup under way, whose settings are not in force yet.
    #[serde(default)]
    draft: Option<String>,
}

/// Sends somebody to amoCRM, to be asked whether they want this.
async fn start(
    State(web): State<Web>,
    SignedIn(visitor): SignedIn,
    query: Result<Query<StartQuery>, QueryRejection>,
) -> Response {
    let is_draft = query.is_ok_and(|Query(query)| query.draft.is_some());
    let host = if is_draft { web.site.host_in_setup() } else { web.site.host() };
    let connection = match host.settings().connection_so_far(&visitor.connection) {
        Ok(connection) => connection,
        Err(error) => return failed(&visitor, &error.to_string()),
    };
    let Some(client_id) = connection.get("AMO_CLIENT_ID") else {
        return failed(&visitor, visitor.say(&Refusal::NoIntegration.words()));
    };
    let (Ok(state), Ok(browser)) = (Token::fresh(), Token::fresh()) else { return internal() };
    let pending = Pending { connection: visitor.connection.clone(), is_draft, browser: browser.digest() };
    let session = Session {
        digest: &state.digest(),
        purpose: PURPOSE,
        data: &serde_json::to_string(&pending).unwrap_or_default(),
        until_in_ms: i64::from(WAY_BACK_S) * 1_000,
    };
    if let Err(error) = host.store().keep_session(&session).await {
        return store_failed(&visitor, &error);
    }
    let secure = if web.door.is_secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; HttpOnly; SameSite=Lax; Path=/; Max-Age={WAY_BACK_S}{secure}",
        browser.expose()
    );
    let client_id = encoded(client_id);
    let address =
        format!("{}/oauth?client_id={client_id}&state={}&mode=popup", auth_base(&connection), state.expose());
    let mut response = see_other(&address);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The way back. Everything is looked at before anything is sent.
async fn callback(
    State(web): State<Web>,
    Anyone(visitor): Anyone,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return refused(&visitor, Refusal::Unasked) };
    let Some(state) = query.state.as_deref().filter(|state| !state.is_empty()) else {
        return refused(&visitor, Refusal::Unasked);
    };
    let taken = web.site.host().store().take_session(&digest(state), PURPOSE).await;
    let pending = match taken {
        Ok(Some(data)) => serde_json::from_str::<Pending>(&data).ok(),
        Ok(None) => None,
        Err(error) => return store_failed(&visitor, &error),
    };
    let Some(pending) = pending else { return refused(&visitor, Refusal::Unasked) };
    let host = if pending.is_draft { web.site.host_in_setup() } else { web.site.host() };
    let connection = match host.settings().connection_so_far(&pending.connection) {
        Ok(connection) => connection,
        Err(error) => return failed(&visitor, &error.to_string()),
    };
    let browser = cookie(&headers, COOKIE).map(digest);
    let code = match check::accepted(&query, &pending, browser.as_deref(), &connection) {
        Ok(code) => code,
        Err(refusal) => return refused(&visitor, refusal),
    };
    match host.connect_account(&pending.connection, code, WAIT, &web.stop).await {
        Ok(_) => {
            tracing::info!(connection = pending.connection, "amoCRM is connected");
            if let Err(error) = host.store().note_act(OWNER, "connect", &pending.connection).await {
                tracing::warn!("an act was not noted: {error}");
            }
            let path = if pending.is_draft { "/setup/access" } else { "/settings" };
            connected(&visitor, path)
        }
        Err(error) => {
            tracing::warn!(connection = pending.connection, "amoCRM was not connected: {error}");
            failed(&visitor, &told(&error, &visitor))
        }
    }
}

/// A visit that begins at another site brings no cookie of a sign-in; one that goes on from a page of ours does.
fn connected(visitor: &Visitor, path: &str) -> Response {
    let link = visitor.link(path);
    let body = html! {
        p { a href=(link) { (visitor.say(&GO_ON)) } }
    };
    let mut response = plain_page(visitor, StatusCode::OK, &CONNECTED, body);
    if let Ok(refresh) = HeaderValue::from_str(&format!("1; url={link}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    response
}

fn refused(visitor: &Visitor, refusal: Refusal) -> Response {
    tracing::warn!("a callback of amoCRM was refused: {refusal}");
    failed(visitor, visitor.say(&refusal.words()))
}

fn failed(visitor: &Visitor, why: &str) -> Response {
    let body = html! {
        p .error role="alert" { (why) }
        p { a href=(visitor.link("/settings")) { (visitor.say(&GO_ON)) } }
    };
    plain_page(visitor, StatusCode::BAD_REQUEST, &NOT_CONNECTED, body)
}

fn store_failed(visitor: &Visitor, error: &StoreError) -> Response {
    tracing::warn!("amoCRM was not connected: {error}");
    failed(visitor, visitor.say(&Refusal::Database.words()))
}

fn told(error: &RunError, visitor: &Visitor) -> String {
    match error {
        RunError::Busy => visitor.say(&Refusal::Busy.words()).to_owned(),
        RunError::Internal(_) | RunError::Fault(_) => visitor.say(&Refusal::Database.words()).to_owned(),
        other => other.to_string(),
    }
}

#[derive(Deserialize)]
struct DisconnectQuery {
    account_id: i64,
    client_uuid: String,
    signature: String,
}

/// amoCRM tells that an administrator has switched the integration off.
async fn disconnect(
    State(web): State<Web>,
    query: Result<Query<DisconnectQuery>, QueryRejection>,
) -> Response {
    let host = web.site.host();
    let Ok(Query(query)) = query else {
        return problem(StatusCode::BAD_REQUEST, "query", "account_id, client_uuid and signature are needed");
    };
    let names = host.settings().connection_names();
    let signed: Vec<String> = names
        .filter(|name| {
            host.settings().connection(name).is_ok_and(|connection| is_signed(&query, &connection))
        })
        .map(str::to_owned)
        .collect();
    if signed.is_empty() {
        return problem(StatusCode::UNAUTHORIZED, "unauthorized", "the signature is wrong");
    }
    // amoCRM does not wait for a run that has the connection.
    tokio::spawn(async move {
        for name in signed {
            match host.disconnect_account(&name, query.account_id, WAIT, &web.stop).await {
                Ok(true) => tracing::warn!(connection = name, "amoCRM was disconnected there"),
                Ok(false) => {}
                Err(error) => tracing::warn!(connection = name, "a disconnection was not noted: {error}"),
            }
        }
    });
    (StatusCode::OK, "ok\n").into_response()
}

fn is_signed(query: &DisconnectQuery, connection: &Connection) -> bool {
    let secret = connection.get("AMO_CLIENT_SECRET");
    let (Some(client_id), Some(secret)) = (connection.get("AMO_CLIENT_ID"), secret) else { return false };
    let (Ok(mut mac), Some(signature)) =
        (Hmac::<Sha256>::new_from_slice(secret.as_bytes()), from_hex(&query.signature))
    else {
        return false;
    };
    mac.update(format!("{}|{}", query.client_uuid, query.account_id).as_bytes());
    client_id == query.client_uuid && mac.verify_slice(&signature).is_ok()
}

/// Lower-case digits only, as amoCRM writes them.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Where somebody is asked: accounts of the two products have doors of their own.
fn auth_base(connection: &Connection) -> String {
    let base = connection.get("AMO_AUTH_BASE").unwrap_or(AMOCRM).trim_end_matches('/');
    let is_kommo = connection.amo_origin().is_ok_and(|origin| origin.host().ends_with(".kommo.com"));
    if is_kommo && base == AMOCRM { KOMMO.to_owned() } else { base.to_owned() }
}

#[cfg(test)]
mod tests;
