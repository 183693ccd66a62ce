//! Who may come in: sign-in, its tries, and the first start.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use kaspi_amocrm_contract::yes_or_no;
use subtle::ConstantTimeEq as _;

use super::{
    client_ip::{Peer, TrustedProxies, network},
    password::{self, OWNER},
    session::{Cookies, Token, digest},
};
use crate::{
    config::Settings,
    store::{Attempt, Pace, Session, Store, StoreError},
};

const SESSION_COOKIE: &str = "session";
const BROWSER_COOKIE: &str = "browser";
/// What sessions are for: being signed in; a browser that once signed in; the code of the first start.
const CONSOLE: &str = "console";
const BROWSER: &str = "browser";
const START: &str = "start";

const SESSION_MS: i64 = 12 * 3_600_000;
const IDLE_MAX_MS: i64 = 30 * 60_000;
/// A session is not written anew with each request.
const TOUCH_AFTER_MS: i64 = 60_000;
const BROWSER_SECONDS: u32 = 180 * 86_400;
const START_MS: i64 = 7 * 86_400_000;

/// Ten tries in a quarter of an hour, of which five at once.
const PACE: Pace = Pace { burst: 5, every_ms: 180_000 };
/// A hundred in a quarter of an hour of everybody together. Browsers that signed in before do not wait for strangers.
const PACE_OF_ALL: Pace = Pace { burst: 40, every_ms: 15_000 };
const EVERYBODY: &str = "everybody";

/// Letters of the start code: none that looks like another one.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_GROUPS: usize = 4;
const CODE_GROUP_LETTERS: usize = 5;

/// Why nobody can be let in just now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This machine cannot make secrets.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// The same.
    #[error(transparent)]
    Password(#[from] password::PasswordError),
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone)]
pub(crate) struct Knock {
    network: String,
    browser: Option<Token>,
}

/// How a try went.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Come in, with these cookies.
    Open(Vec<HeaderValue>),
    /// That was wrong.
    Wrong,
    /// Too many tries; the next one is possible in so many milliseconds.
    Later(i64),
    /// Somebody else was quicker.
    Taken,
}

/// Lets people in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    cookies: Cookies,
    proxies: TrustedProxies,
    /// Digest of `CRON_SECRET`, which is the start code where it is set.
    start_code: Option<String>,
}

impl Door {
    /// As the settings of the process say.
    pub(crate) fn new(settings: &Settings) -> Self {
        let is_secure = settings.process("BEHIND_TLS_PROXY").and_then(yes_or_no) == Some(true);
        let proxies = settings.process("TRUSTED_PROXY").and_then(TrustedProxies::parse).unwrap_or_default();
        let start_code = settings.process("CRON_SECRET").map(digest);
        Self { cookies: Cookies { is_secure }, proxies, start_code }
    }

    /// How cookies are set.
    pub(crate) fn cookies(&self) -> Cookies {
        self.cookies
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.cookies.is_secure
    }

    /// Who asks.
    pub(crate) fn knock(&self, head: &Parts) -> Knock {
        let peer = head.extensions.get().copied().unwrap_or(Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        let network = network(self.proxies.client(peer, &head.headers));
        Knock { network, browser: self.cookies.token(&head.headers, BROWSER_COOKIE) }
    }

    /// Whether a form was sent by one of our own pages. Browsers say where it comes from, one way or the other.
    pub(crate) fn is_own_page(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get("sec-fetch-site") {
            return site == "same-origin";
        }
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
        match origin.split_once("://") {
            Some(("https", origin)) => origin.eq_ignore_ascii_case(host),
            Some(("http", origin)) => !self.is_secure() && origin.eq_ignore_ascii_case(host),
            _ => false,
        }
    }

    /// The session of a browser. One that was left alone for too long is ended.
    pub(crate) async fn session(
        &self,
        store: &dyn Store,
        headers: &HeaderMap,
    ) -> Result<Option<Token>, DoorError> {
        let Some(token) = self.cookies.token(headers, SESSION_COOKIE) else { return Ok(None) };
        let digest = token.digest();
        match store.session(&digest, CONSOLE).await? {
            None => Ok(None),
            Some(session) if session.idle_ms >= IDLE_MAX_MS => {
                store.end_session(&digest).await?;
                Ok(None)
            }
            Some(session) => {
                if session.idle_ms >= TOUCH_AFTER_MS {
                    store.touch_session(&digest).await?;
                }
                Ok(Some(token))
            }
        }
    }

    /// Whether there is a password.
    pub(crate) async fn has_password(&self, store: &dyn Store) -> Result<bool, DoorError> {
        Ok(store.password(OWNER).await?.is_some())
    }

    /// Lets the owner in. Where there is no password, every one is wrong.
    pub(crate) async fn sign_in(
        &self,
        store: &dyn Store,
        knock: &Knock,
        headers: &HeaderMap,
        password: String,
    ) -> Result<Answer, DoorError> {
        let lane = match self.attempt(store, knock).await? {
            Ok(lane) => lane,
            Err(wait_ms) => return Ok(Answer::Later(wait_ms)),
        };
        if !password::is_right(store.password(OWNER).await?, password).await {
            tracing::warn!("somebody tried to sign in with a wrong password");
            return Ok(Answer::Wrong);
        }
        store.forget_attempts(&lane).await?;
        self.sign_out(store, headers).await?;
        store.note_act(OWNER, "sign-in", "").await?;
        Ok(Answer::Open(self.begin(store, knock).await?))
    }

    /// Sets the first password, once, for who has the start code.
    pub(crate) async fn welcome(
        &self,
        store: &dyn Store,
        knock: &Knock,
        code: &str,
        password: String,
    ) -> Result<Answer, DoorError> {
        let lane = match self.attempt(store, knock).await? {
            Ok(lane) => lane,
            Err(wait_ms) => return Ok(Answer::Later(wait_ms)),
        };
        if !self.is_start_code(store, code).await? {
            tracing::warn!("somebody tried a wrong start code");
            return Ok(Answer::Wrong);
        }
        if !store.set_first_password(OWNER, &password::hash(password).await?).await? {
            return Ok(Answer::Taken);
        }
        store.end_sessions(START).await?;
        store.forget_attempts(&lane).await?;
        store.note_act(OWNER, "first-password", "").await?;
        Ok(Answer::Open(self.begin(store, knock).await?))
    }

    /// Changes the password of who is signed in and knows the old one; all other sessions end.
    pub(crate) async fn change_password(
        &self,
        store: &dyn Store,
        knock: &Knock,
        old: String,
        new: String,
    ) -> Result<Answer, DoorError> {
        let lane = match self.attempt(store, knock).await? {
            Ok(lane) => lane,
            Err(wait_ms) => return Ok(Answer::Later(wait_ms)),
        };
        if !password::is_right(store.password(OWNER).await?, old).await {
            return Ok(Answer::Wrong);
        }
        replace_password(store, OWNER, new).await?;
        store.forget_attempts(&lane).await?;
        Ok(Answer::Open(self.begin(store, knock).await?))
    }

    /// Ends the session of a browser, here and there.
    pub(crate) async fn sign_out(
        &self,
        store: &dyn Store,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, DoorError> {
        if let Some(token) = self.cookies.token(headers, SESSION_COOKIE) {
            store.end_session(&token.digest()).await?;
        }
        Ok(self.cookies.remove(SESSION_COOKIE))
    }

    /// A new session, with a token that nobody had before.
    async fn begin(&self, store: &dyn Store, knock: &Knock) -> Result<Vec<HeaderValue>, DoorError> {
        let token = Token::fresh()?;
        let digest = token.digest();
        let session = Session { digest: &digest, purpose: CONSOLE, data: OWNER, until_in_ms: SESSION_MS };
        store.keep_session(&session).await?;
        let mut cookies = vec![self.cookies.keep(SESSION_COOKIE, &token, None)];
        if self.lane_of_browser(store, knock).await?.is_none() {
            let token = Token::fresh()?;
            let digest = token.digest();
            let until_in_ms = i64::from(BROWSER_SECONDS) * 1_000;
            store.keep_session(&Session { digest: &digest, purpose: BROWSER, data: "", until_in_ms }).await?;
            cookies.push(self.cookies.keep(BROWSER_COOKIE, &token, Some(BROWSER_SECONDS)));
        }
        Ok(cookies)
    }

    /// A browser that signed in before has tries of its own: nobody else can use them up.
    async fn lane_of_browser(&self, store: &dyn Store, knock: &Knock) -> Result<Option<String>, DoorError> {
        let Some(token) = &knock.browser else { return Ok(None) };
        let digest = token.digest();
        Ok(store.session(&digest, BROWSER).await?.map(|_| format!("browser/{digest}")))
    }

    /// Counts a try. Answers under which name it was counted, or how long to wait.
    async fn attempt(&self, store: &dyn Store, knock: &Knock) -> Result<Result<String, i64>, DoorError> {
        let known = self.lane_of_browser(store, knock).await?;
        let is_known = known.is_some();
        let lane = known.unwrap_or_else(|| knock.network.clone());
        if let Attempt::AllowedIn(ms) = store.attempt(&lane, PACE).await? {
            return Ok(Err(ms));
        }
        if !is_known && let Attempt::AllowedIn(ms) = store.attempt(EVERYBODY, PACE_OF_ALL).await? {
            return Ok(Err(ms));
        }
        Ok(Ok(lane))
    }

    async fn is_start_code(&self, store: &dyn Store, code: &str) -> Result<bool, DoorError> {
        if let Some(expected) = &self.start_code {
            return Ok(digest(code.trim()).as_bytes().ct_eq(expected.as_bytes()).into());
        }
        Ok(store.session(&digest(&plain_code(code)), START).await?.is_some())
    }
}

/// Gives a name another password and ends all sessions.
pub(crate) async fn replace_password(
    store: &dyn Store,
    who: &str,
    password: String,
) -> Result<(), DoorError> {
    store.set_password(OWNER, &password::hash(password).await?).await?;
    store.end_sessions(CONSOLE).await?;
    store.end_sessions(START).await?;
    store.note_act(who, "password", "").await?;
    Ok(())
}

/// A start code for a program that has no password yet: for people, to be typed. The store keeps its digest, so that each
/// host of a database takes the codes of all.
pub(crate) async fn new_start_code(store: &dyn Store) -> Result<String, DoorError> {
    let mut bytes = [0; CODE_GROUPS * CODE_GROUP_LETTERS];
    getrandom::fill(&mut bytes)?;
    let letters: String = bytes.iter().map(|byte| char::from(CODE_LETTERS[usize::from(byte % 32)])).collect();
    let digest = digest(&letters);
    store.keep_session(&Session { digest: &digest, purpose: START, data: "", until_in_ms: START_MS }).await?;
    let groups = letters.as_bytes().chunks(CODE_GROUP_LETTERS).map(String::from_utf8_lossy);
    Ok(groups.collect::<Vec<_>>().join("-"))
}

/// However it was typed.
fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests;
