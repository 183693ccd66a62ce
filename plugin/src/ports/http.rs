//! Requests to other servers, and their answers.

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

/// Why there is no whole answer.
///
/// The difference decides about duplicates: only what surely never left may be sent again without looking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No byte of the request reached the other side: name not found, connection refused, certificate not valid.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The host's allow-list refuses the address.
    #[error("this host does not allow it: {0}")]
    Denied(String),
    /// The host is about to end and has not sent it; it will send nothing else.
    #[error("this host is ending")]
    Ending,
    /// The request may have been carried out: cut, timeout, protocol error.
    #[error("no answer: {0}")]
    Unknown(String),
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
