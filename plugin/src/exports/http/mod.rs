//! The component's own HTTP face, for hosts that have an HTTP trigger and no cron trigger: `/cron` and `/status`.
//!
//! Both ask for `CRON_SECRET`. `/cron` answers as that of our own host does (docs/configuration.md, Addresses).
use crate::contract::types::{Caller, Lease, RunOptions};
use kaspi_amocrm_contract::{Language, Message, MessageId};

mod page;
mod status;

use serde_json::json;

use crate::{
    contract::json as contract_json,
    domain::{Job, base64::from_base64, hash::hash, url},
    ports::Ports,
    run::{RunError, run},
    settings::door_token,
};
use page::page;
use status::{State, Status};

/// Most services that call an address by a timer cut it after half a minute.
const SLICE_MS: u64 = 25_000;

/// What is read of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// In upper case.
    pub method: &'a str,
    /// As it was sent.
    pub path_with_query: &'a str,
    /// The header of that name.
    pub authorization: Option<&'a str>,
    /// The header of that name.
    pub accept: Option<&'a str>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
}

/// Nothing of it may be kept, run, framed, guessed at or passed on.
const HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

impl Answer {
    fn new(status: u16, content_type: &'static str, body: String) -> Self {
        let mut headers = HEADERS.to_vec();
        headers.push(("content-type", content_type));
        Self { status, headers, body }
    }

    fn json(status: u16, body: String) -> Self {
        Self::new(status, "application/json", body)
    }

    fn problem(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message}}).to_string())
    }
}

/// Answers a request.
pub async fn answer(ports: Ports<'_>, request: Request<'_>) -> Answer {
    let (path, query) = request.path_with_query.split_once('?').unwrap_or((request.path_with_query, ""));
    // A route may put something in front.
    match (request.method, path.rsplit('/').next()) {
        ("GET" | "POST", Some("cron")) => cron(ports, request, query).await,
        ("GET", Some("status")) => status(ports, request, query).await,
        (_, Some("cron" | "status")) => Answer::problem(405, "method", &told(MessageId::UseGet)),
        _ => Answer::problem(404, "not_found", &told(MessageId::AddressUnknown)),
    }
}

async fn cron(ports: Ports<'_>, request: Request<'_>, query: &str) -> Answer {
    if !may_enter(ports, request, query) {
        return refused();
    }
    let Some(job) = parameter(query, "task").and_then(|task| Job::of(&task)) else {
        return Answer::problem(400, "task", &told(MessageId::TaskUnknown));
    };
    let caller = Caller { connection: None, lease: Lease::Component };
    let options = RunOptions { caller, max_ms: Some(SLICE_MS), continues: false, dry_run: false };
    match run(ports, job, &options).await {
        Ok(report) => Answer::json(200, contract_json::report(&report).to_string()),
        Err(RunError::Busy) => Answer::json(202, r#"{"busy":true}"#.to_owned()),
        Err(error @ RunError::Upstream(_)) => Answer::problem(502, error.class(), &error.text()),
        Err(error) => Answer::problem(500, error.class(), &error.text()),
    }
}

async fn status(ports: Ports<'_>, request: Request<'_>, query: &str) -> Answer {
    if !may_enter(ports, request, query) {
        let mut answer = refused();
        // Lets a browser ask for it; the name does not matter.
        answer.headers.push(("www-authenticate", "Basic realm=\"CRON_SECRET\", charset=\"UTF-8\""));
        return answer;
    }
    let status = Status::read(ports).await;
    let code = if status.state == State::Works { 200 } else { 503 };
    if request.accept.is_some_and(|accept| accept.contains("text/html")) {
        Answer::new(code, "text/html; charset=utf-8", page(&status))
    } else {
        Answer::json(code, status.json().to_string())
    }
}

fn refused() -> Answer {
    Answer::problem(401, "unauthorized", &told(MessageId::DoorTokenWrong))
}

/// In the language of programs.
fn told(id: MessageId) -> String {
    Message::plain(id).render(Language::En)
}

/// The token comes as `Authorization: Bearer`, as the password of `Basic`, or as `token=`.
fn may_enter(ports: Ports<'_>, request: Request<'_>, query: &str) -> bool {
    let Some(secret) = door_token(ports.config) else { return false };
    let given = match request.authorization.and_then(|value| value.trim().split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => password(pair),
        _ => parameter(query, "token"),
    };
    // Digests: how long the comparison takes tells nothing of the secret.
    given.is_some_and(|given| hash(&[&given]) == hash(&[secret.expose()]))
}

fn password(pair: &str) -> Option<String> {
    let pair = String::from_utf8(from_base64(pair)?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

/// The first parameter of that name.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| url::decode(value))
}
