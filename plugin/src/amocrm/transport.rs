//! Sends single requests: in their turn, under the lock of the account, and not while amoCRM wants a pause.

use crate::ports::NetworkTrouble;
use kaspi_amocrm_contract::{Message, MessageId};
use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::{
    account_lock::AccountLock,
    error::Stop,
    limits::{READ_DEADLINE_MS, WRITE_DEADLINE_MS},
};
use crate::{
    domain::http_date::date_ms,
    ports::{HttpError, HttpRequest, HttpResponse, Method, Pace, Ports},
    settings::{AmoSettings, Settings},
};
/// How often a request that met a 429 is sent again before the run gives up.
const THROTTLED_MAX: u32 = 5;
/// Longest pause that an answer may ask for within a run.
const PAUSE_IN_RUN_MS_MAX: i64 = 20_000;
/// How long the account is left alone after the run gave up on 429, and after a block page (2.1).
const PAUSE_THROTTLED_MS: i64 = 60_000;
const PAUSE_BLOCKED_MS: i64 = 600_000;
const USER_AGENT: &str = concat!("kaspi-amocrm/", env!("CARGO_PKG_VERSION"));

/// What the server said besides its answers, for whoever wants to know why there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The last status that was no success.
    pub refusal: Option<u16>,
    /// Where it sent us instead.
    pub moved_to: Option<String>,
    /// Whether it wanted a pause at any time.
    pub is_throttled: bool,
    /// How far its clock is ahead of ours.
    pub clock_skew_ms: Option<i64>,
    /// What kept the last request from its answer that was given up.
    pub trouble: Option<NetworkTrouble>,
}

/// Sends requests to one account, not faster than it takes them and only under its lock.
pub(crate) struct Transport<'a> {
    pub(super) ports: Ports<'a>,
    pub(super) settings: &'a AmoSettings,
    pub(super) connection: &'a str,
    /// Under which whatever belongs to the account is read, judged and made.
    pub(super) lock: AccountLock<'a>,
    pace: Pace<'a>,
    paused_until_ms: Cell<i64>,
    requests: Cell<u64>,
    heard: RefCell<Heard>,
}

impl<'a> Transport<'a> {
    /// Nothing was sent yet, and nothing will be for `rest_ms`.
    pub(super) fn new(ports: Ports<'a>, settings: &'a Settings, rest_ms: u64) -> Self {
        let (settings, connection) = (&settings.amo, settings.connection.as_str());
        Self {
            ports,
            settings,
            connection,
            lock: AccountLock::new(ports, connection),
            pace: Pace::new(ports.clock, settings.requests_per_second, rest_ms),
            paused_until_ms: Cell::new(0),
            requests: Cell::new(0),
            heard: RefCell::default(),
        }
    }

    /// Requests sent so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// What the server said besides its answers so far.
    pub(super) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// A request was given up.
    pub(super) fn gave_up(&self, trouble: NetworkTrouble) {
        self.heard.borrow_mut().trouble = Some(trouble);
    }

    fn hear(&self, response: &HttpResponse) {
        let mut heard = self.heard.borrow_mut();
        if let Some(server_ms) = response.header("date").and_then(date_ms) {
            heard.clock_skew_ms = Some(server_ms - self.ports.clock.now_ms());
        }
        if response.status >= 300 {
            heard.refusal = Some(response.status);
            heard.moved_to = response.header("location").map(str::to_owned);
            heard.is_throttled |= response.status == 429;
        }
    }

    /// Sends with a ticket and waits out 429.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Result<HttpResponse, HttpError>, Stop> {
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
        ];
        if let Some(token) = token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let deadline_ms = if method == Method::Get { READ_DEADLINE_MS } else { WRITE_DEADLINE_MS };
        for throttled in 0.. {
            let pause_ms = self.paused_until_ms.get() - self.ports.clock.now_ms();
            if pause_ms > 0 {
                self.ports.clock.sleep(pause_ms.unsigned_abs()).await;
            }
            let answer = {
                let _ticket = self.pace.ticket().await;
                // Whatever it waited for: the lock outlasts the request, or the request is not sent.
                if !self.lock.outlasts_a_request()? {
                    return Err(Stop::Busy);
                }
                self.requests.set(self.requests.get() + 1);
                let request = HttpRequest {
                    method,
                    url: format!("{}{path}", self.settings.base_url),
                    headers: headers.clone(),
                    body: body.map(|body| body.to_string().into_bytes()),
                    deadline_ms,
                };
                self.ports.http.send(request).await
            };
            let response = match answer {
                Ok(response) => response,
                Err(HttpError::Denied(reason)) => return Err(Stop::Denied(reason)),
                Err(HttpError::Ending) => return Err(Stop::Ending),
                Err(error) => return Ok(Err(error)),
            };
            self.hear(&response);
            match response.status {
                402 => return Err(Stop::Unpaid),
                403 if !is_json(&response) => {
                    return Err(self.paused(PAUSE_BLOCKED_MS, MessageId::AmoBlockPage.into()));
                }
                403 => {
                    let detail = detail_of(&response.body);
                    return Err(Stop::Refused { call: call_of(path), status: 403, detail });
                }
                429 => {
                    let pause_ms = retry_after_ms(&response).unwrap_or(1_000 << throttled);
                    if throttled >= THROTTLED_MAX || pause_ms > PAUSE_IN_RUN_MS_MAX {
                        let reason = Message::new(MessageId::AnswerStatus, [("status", &429)]);
                        return Err(self.paused(pause_ms.max(PAUSE_THROTTLED_MS), reason));
                    }
                    self.paused_until_ms.set(self.ports.clock.now_ms() + pause_ms);
                }
                _ => return Ok(Ok(response)),
            }
        }
        unreachable!("the loop ends by returning")
    }

    fn paused(&self, pause_ms: i64, reason: Message) -> Stop {
        Stop::Paused { until_ms: self.ports.clock.now_ms() + pause_ms, reason }
    }
}

fn is_json(response: &HttpResponse) -> bool {
    serde_json::from_slice::<Value>(&response.body).is_ok_and(|document| document.is_object())
}

/// Seconds of a `Retry-After` header or a `retry_after` in the body (docs/apis/amocrm.md 2.1), in milliseconds.
fn retry_after_ms(response: &HttpResponse) -> Option<i64> {
    let header = response.header("retry-after").and_then(|text| text.trim().parse::<i64>().ok());
    let body = || serde_json::from_slice::<Value>(&response.body).ok()?.get("retry_after")?.as_i64();
    header
        .or_else(body)
        .filter(|seconds| (0..=86_400).contains(seconds))
        .map(|seconds| seconds.max(1) * 1_000)
}

pub(super) fn call_of(path: &str) -> String {
    path.split('?').next().unwrap_or_default().to_owned()
}

pub(super) fn detail_of(body: &[u8]) -> String {
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let text =
        document.as_ref().and_then(|d| d.get("detail").or_else(|| d.get("title"))).and_then(Value::as_str);
    text.unwrap_or("no reason given").chars().take(200).collect()
}
