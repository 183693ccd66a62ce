//! Requests to other servers, and their answers.

use kaspi_amocrm_contract::{Message, MessageId};
use std::fmt;

use super::future::LocalFuture;

/// The method of a request; both APIs need no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or links.
    Post,
    /// Changes.
    Patch,
}

/// One request with an absolute URL.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Absolute, percent-encoded.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `None` for requests without a body.
    pub body: Option<Vec<u8>>,
    /// Time from sending to the last byte of the answer.
    pub deadline_ms: u64,
}

/// A whole answer, whatever its status.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, complete.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What kept a request from its answer, as far as a person can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkTrouble {
    /// The name of the server leads nowhere.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The connection is not to be trusted.
    Tls,
    /// It took too long.
    Timeout,
    /// Anything else.
    Other,
}

impl NetworkTrouble {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

/// Why there is no whole answer, in each case with the words of the host.
///
/// The difference decides about duplicates: only what surely never left may be sent again without looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// No byte of the request reached the other side: name not found, connection refused, certificate not valid.
    NotSent(NetworkTrouble, String),
    /// The host's allow-list refuses the address.
    Denied(String),
    /// The host is about to end and has not sent it; it will send nothing else.
    Ending,
    /// The request may have been carried out: cut, timeout, protocol error.
    Unknown(NetworkTrouble, String),
}

impl HttpError {
    /// What kept it from its answer.
    pub fn trouble(&self) -> NetworkTrouble {
        match self {
            Self::NotSent(trouble, _) | Self::Unknown(trouble, _) => *trouble,
            Self::Denied(_) | Self::Ending => NetworkTrouble::Other,
        }
    }

    /// For people.
    pub fn message(&self) -> Message {
        match self {
            Self::NotSent(_, detail) => Message::new(MessageId::RequestNotSent, [("detail", detail)]),
            Self::Denied(detail) => Message::new(MessageId::RequestDenied, [("detail", detail)]),
            Self::Ending => MessageId::HostEnding.into(),
            Self::Unknown(_, detail) => Message::new(MessageId::RequestUnanswered, [("detail", detail)]),
        }
    }
}

impl fmt::Debug for HttpRequest {
    // Headers and bodies carry tokens and personal data, queries may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{:?} {path}", self.method)
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// Sends requests. Several may be in flight.
pub trait Http {
    /// Sends one request and reads the whole answer. Never follows redirects, never sends twice.
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>>;
}
