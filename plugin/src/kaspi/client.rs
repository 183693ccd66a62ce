//! Requests to Kaspi: windows, pages, lines; reads are tried again, nothing is ever written.

use crate::ports::NetworkTrouble;
use std::cell::Cell;

use kaspi_amocrm_contract::{Message, MessageId};

use super::wire::{self, BadRow};
use crate::{
    domain::{Line, Order, http_date::date_ms, url},
    ports::{HttpError, HttpRequest, HttpResponse, Method, Pace, Ports},
    settings::KaspiSettings,
};

/// Rows of a page, Kaspi's maximum (docs/apis/kaspi.md 1.4).
const PAGE_SIZE: u32 = 100;
/// A window with more pages is read in halves: rows shift while paging, and short passes shift less.
pub(crate) const WINDOW_PAGES_MAX: u64 = 10;
/// Requests a second and in flight. Kaspi publishes no limit; this is well below what clients use (1.4).
const REQUESTS_PER_SECOND: u32 = 5;
/// Time for one request, and how often a read is tried.
const DEADLINE_MS: u64 = 20_000;
const TRIES_MAX: u32 = 3;
/// Longest pause that an answer may ask for within a run.
const RETRY_AFTER_S_MAX: u64 = 20;
/// Kaspi drops requests of default library agents without an answer (1.3).
const USER_AGENT: &str = concat!("kaspi-amocrm/", env!("CARGO_PKG_VERSION"));
/// Asks for the lines of the orders of a list (2.1).
const INCLUDE_ENTRIES: &str = "&include%5Borders%5D=entries";
const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A range of creation dates, both ends included, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// First moment.
    pub from_ms: i64,
    /// Last moment.
    pub to_ms: i64,
}

impl Window {
    /// The same range in two.
    pub(crate) fn halves(self) -> [Self; 2] {
        let middle = self.from_ms + (self.to_ms - self.from_ms) / 2;
        [Self { from_ms: self.from_ms, to_ms: middle }, Self { from_ms: middle + 1, to_ms: self.to_ms }]
    }
}

/// One page of a window.
pub(crate) struct Page {
    /// Orders that could be read.
    pub orders: Vec<Order>,
    /// Rows that could not.
    pub bad_rows: Vec<BadRow>,
    /// Pages of the window, as of this answer.
    pub page_count: u64,
    /// Rows of the window, as of this answer.
    pub total_count: u64,
    /// Kaspi's own clock when it answered, where it told it.
    pub server_ms: Option<i64>,
}

/// Why Kaspi gave no orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KaspiError {
    /// The token is refused: nothing helps but another one.
    Token(u16),
    /// A request is refused as such.
    Refused {
        /// HTTP status.
        status: u16,
        /// Kaspi's own words.
        title: String,
    },
    /// The host is about to end: no trouble, the next run goes on.
    Ending,
    /// No usable answer, after all tries.
    Unreachable(Message),
}

impl KaspiError {
    /// For people.
    pub(crate) fn message(&self) -> Message {
        match self {
            Self::Token(status) => Message::new(MessageId::KaspiTokenRefused, [("status", status)]),
            Self::Refused { status, title } => {
                Message::new(MessageId::KaspiRequestRefused, [("status", status), ("title", title)])
            }
            Self::Ending => MessageId::HostEnding.into(),
            Self::Unreachable(why) => why.clone(),
        }
    }

    /// The same with who it is about.
    pub(crate) fn told(&self) -> Message {
        Message::plain(MessageId::KaspiTrouble).nest("detail", self.message())
    }
}

/// What a look at the newest orders shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Orders of the window.
    pub total_count: u64,
    /// Those of the first page.
    pub rows: u64,
    /// Those of them with a phone.
    pub phones: u64,
    /// Those of them whose phone is hidden.
    pub masked_phones: u64,
    /// Kaspi's own clock when it answered, where it told it.
    pub server_ms: Option<i64>,
}

/// What stands between us and a list of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The API refuses the token with this status.
    Token(u16),
    /// The gateway refuses us, whatever the token.
    Blocked(u16),
    /// The gateway refuses the request: something about its headers (docs/apis/kaspi.md 1.2, 1.3).
    Gateway(u16),
    /// Too many requests.
    Limited,
    /// An answer that is no list of orders.
    Unreadable(u16),
    /// No answer at all, or one of a server in trouble.
    Way(HttpError),
}

/// The client of one run.
pub(crate) struct Kaspi<'a> {
    ports: Ports<'a>,
    settings: &'a KaspiSettings,
    country: &'a str,
    pace: Pace<'a>,
    /// Whether lists are asked with their lines; off once Kaspi refused that.
    include_entries: Cell<bool>,
    requests: Cell<u64>,
}

impl<'a> Kaspi<'a> {
    /// A client that has sent nothing yet.
    pub(crate) fn new(ports: Ports<'a>, settings: &'a KaspiSettings, country: &'a str) -> Self {
        Self {
            ports,
            settings,
            country,
            pace: Pace::new(ports.clock, REQUESTS_PER_SECOND, 0),
            include_entries: Cell::new(true),
            requests: Cell::new(0),
        }
    }

    /// Requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// Reads one page of a window, all states (docs/apis/kaspi.md 2.1).
    ///
    /// # Errors
    /// When Kaspi does not answer with a page after all tries.
    pub(crate) async fn page(&self, window: Window, number: u64) -> Result<Page, KaspiError> {
        let with_entries = self.include_entries.get();
        match self.try_page(window, number, with_entries).await {
            // The include is documented but not promised; the lines can be had singly.
            Err(KaspiError::Refused { .. }) if with_entries => {
                let page = self.try_page(window, number, false).await?;
                self.include_entries.set(false);
                Ok(page)
            }
            answer => answer,
        }
    }

    async fn try_page(&self, window: Window, number: u64, entries: bool) -> Result<Page, KaspiError> {
        let path = list_path(window, number, entries);
        self.read(&path, |response| {
            let document = wire::parse_page(&response.body, self.country)?;
            Ok(Page {
                orders: document.orders,
                bad_rows: document.bad_rows,
                page_count: document.page_count,
                total_count: document.total_count,
                server_ms: response.header("date").and_then(date_ms),
            })
        })
        .await
    }

    /// The order of one number, without dates (docs/apis/kaspi.md 2.2).
    ///
    /// # Errors
    /// When Kaspi does not answer with a list after all tries.
    pub(crate) async fn order(&self, code: &str) -> Result<Option<Order>, KaspiError> {
        let with_entries = self.include_entries.get();
        match self.try_order(code, with_entries).await {
            Err(KaspiError::Refused { .. }) if with_entries => {
                let order = self.try_order(code, false).await?;
                self.include_entries.set(false);
                Ok(order)
            }
            answer => answer,
        }
    }

    async fn try_order(&self, code: &str, entries: bool) -> Result<Option<Order>, KaspiError> {
        let include = if entries { INCLUDE_ENTRIES } else { "" };
        let path = format!("/orders?filter%5Borders%5D%5Bcode%5D={code}{include}");
        let found = self
            .read(&path, |response| wire::parse_page(&response.body, self.country).map(|page| page.orders))
            .await?;
        Ok(found.into_iter().find(|order| order.code.as_str() == code))
    }

    /// The lines of one order (docs/apis/kaspi.md 2.5).
    ///
    /// # Errors
    /// When Kaspi does not answer with lines after all tries.
    pub(crate) async fn entries(&self, order_id: &str) -> Result<Vec<Line>, KaspiError> {
        let path = format!("/orders/{}/entries", url::encode(order_id));
        self.read(&path, |response| wire::parse_entries(&response.body)).await
    }

    /// Reads one page of a window and tells what stands in the way, if anything does. Without lines, and without the
    /// patience of [`page`](Self::page): whoever asks wants to know.
    ///
    /// # Errors
    /// What Kaspi answers in place of orders.
    pub(crate) async fn sample(&self, window: Window) -> Result<Sample, Obstacle> {
        let path = list_path(window, 0, false);
        let mut answer = self.send(&path).await;
        // One lost packet is no finding.
        if matches!(&answer, Err(HttpError::NotSent(..) | HttpError::Unknown(..)))
            || answer.as_ref().is_ok_and(|response| response.status >= 500)
        {
            self.ports.clock.sleep(1_000).await;
            answer = self.send(&path).await;
        }
        let response = answer.map_err(Obstacle::Way)?;
        let is_page = response.body.trim_ascii_start().starts_with(b"<");
        Err(match response.status {
            200 => {
                let document =
                    wire::parse_page(&response.body, self.country).map_err(|_| Obstacle::Unreadable(200))?;
                return Ok(Sample {
                    total_count: document.total_count,
                    rows: (document.orders.len() + document.bad_rows.len()) as u64,
                    phones: document.orders.iter().filter(|order| order.buyer.phone.is_some()).count() as u64,
                    masked_phones: document.masked_phones,
                    server_ms: response.header("date").and_then(date_ms),
                });
            }
            // A page of HTML is the gateway's, not the API's word on the token (1.3, 1.6).
            403 | 451 if is_page => Obstacle::Blocked(response.status),
            status @ (401 | 403) => Obstacle::Token(status),
            429 => Obstacle::Limited,
            status @ 400..=499 if is_page => Obstacle::Gateway(status),
            status @ 500..=599 => {
                Obstacle::Way(HttpError::Unknown(NetworkTrouble::Other, format!("status {status}")))
            }
            status => Obstacle::Unreadable(status),
        })
    }

    /// Sends a read until its answer can be understood.
    async fn read<T>(
        &self,
        path: &str,
        parse: impl Fn(&HttpResponse) -> Result<T, String>,
    ) -> Result<T, KaspiError> {
        let mut trouble = Message::verbatim("");
        let mut wait_ms = 0;
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                self.ports.clock.sleep(wait_ms).await;
            }
            wait_ms = 1_000 << attempt;
            let response = match self.send(path).await {
                Ok(response) => response,
                Err(HttpError::Denied(reason)) => {
                    let denied = Message::new(MessageId::KaspiAddressDenied, [("reason", &reason)]);
                    return Err(KaspiError::Unreachable(denied));
                }
                Err(HttpError::Ending) => return Err(KaspiError::Ending),
                Err(error) => {
                    trouble = error.message();
                    continue;
                }
            };
            match response.status {
                200 => match parse(&response) {
                    Ok(value) => return Ok(value),
                    Err(reason) => trouble = Message::new(MessageId::AnswerUnreadable, [("reason", &reason)]),
                },
                // A page of HTML is the gateway's, not the API's word on the token (1.3, 1.6).
                403 if response.body.starts_with(b"<") => {
                    trouble = MessageId::KaspiGatewayRefused.into();
                }
                401 | 403 => return Err(KaspiError::Token(response.status)),
                429 | 500..=599 => {
                    trouble = Message::new(MessageId::AnswerStatus, [("status", &response.status)]);
                    let asked_s: Option<u64> =
                        response.header("retry-after").and_then(|s| s.trim().parse().ok());
                    wait_ms = wait_ms.max(asked_s.unwrap_or(0).min(RETRY_AFTER_S_MAX) * 1_000);
                }
                status => {
                    let title = wire::error_title(&response.body).unwrap_or_else(|| "no reason given".into());
                    return Err(KaspiError::Refused { status, title });
                }
            }
        }
        Err(KaspiError::Unreachable(trouble))
    }

    async fn send(&self, path: &str) -> Result<HttpResponse, HttpError> {
        let mut headers = vec![
            ("x-auth-token".to_owned(), self.settings.token.expose().to_owned()),
            ("accept".to_owned(), MEDIA_TYPE.to_owned()),
            ("content-type".to_owned(), MEDIA_TYPE.to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
        ];
        if let Some(uid) = &self.settings.merchant_uid {
            headers.push(("x-merchant-uid".to_owned(), uid.clone()));
        }
        let _ticket = self.pace.ticket().await;
        self.requests.set(self.requests.get() + 1);
        self.ports
            .http
            .send(HttpRequest {
                method: Method::Get,
                url: format!("{}{path}", self.settings.api_base),
                headers,
                body: None,
                deadline_ms: DEADLINE_MS,
            })
            .await
    }
}

fn list_path(window: Window, number: u64, entries: bool) -> String {
    let Window { from_ms, to_ms } = window;
    let include = if entries { INCLUDE_ENTRIES } else { "" };
    format!(
        "/orders?page%5Bnumber%5D={number}&page%5Bsize%5D={PAGE_SIZE}\
         &filter%5Borders%5D%5BcreationDate%5D%5B%24ge%5D={from_ms}\
         &filter%5Borders%5D%5BcreationDate%5D%5B%24le%5D={to_ms}{include}"
    )
}
