//! The four things the sync needs from outside: HTTP, a key-value store, a clock and settings.
//!
//! Everything that varies between hosts, and everything a test wants to control, comes in through these traits.
//! `component` implements them over WASI; the tests implement them over the simulators, in virtual time.

use std::{fmt, future::Future, pin::Pin};

/// A future of the single-threaded guest.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

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

/// The store failed. The run stops: what cannot be recorded must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or answers nonsense.
    #[error("key-value store: {0}")]
    Failed(String),
    /// A stored value cannot be used: damaged, moved, or sealed with another key. The text names the setting and says
    /// what to do, in both languages.
    #[error("{0}")]
    Unusable(String),
    /// The run has lost its connection to another one and may not write any more.
    #[error("another run has taken over this connection")]
    Lost,
}

/// Some of the keys of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<String>,
    /// What to ask for the next page with; `None` at the end.
    pub cursor: Option<String>,
}

/// A durable key-value store. What belongs to a shop has one writer at a time (its lease sees to that); what shops of
/// an account share is worked on under [`AccountLock`](crate::lock::AccountLock).
pub trait Store {
    /// Values of the keys, in the order of the keys.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Writes all pairs in the order given, durable on return. Many pairs may be written in several steps, and a
    /// host may die between them: what others rely on comes last.
    ///
    /// # Errors
    /// When anything could not be written.
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError>;

    /// Removes keys; those that do not exist are no error.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError>;

    /// Adds to a counter, an `i64` of eight little-endian bytes that is made with 0 where it is missing, in one step
    /// with whatever others do. A key that is counted with is never set otherwise: some hosts fail for good on it.
    ///
    /// # Errors
    /// When the store fails.
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError>;

    /// Writes a value if the key still holds exactly `seen`, in one step. Answers whether it did. Only for keys that
    /// exist: some hosts write without looking where there is no value yet.
    ///
    /// # Errors
    /// When the store fails.
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError>;

    /// One page of all keys, in no particular order: the first one, or the one that follows another. Keys that come or
    /// go meanwhile may be missing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError>;

    /// Value of one key.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get_many(&[key.to_owned()])?.pop().flatten())
    }
}

/// Time.
pub trait Clock {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds of a clock that never goes back; only differences mean anything.
    fn monotonic_ms(&self) -> u64;

    /// Waits.
    fn sleep(&self, duration_ms: u64) -> LocalFuture<'_, ()>;
}

/// Chance, for what must differ between installations and is never decided by.
pub trait Chance {
    /// 128 bits that nobody can guess, as far as the host has such.
    fn bits(&self) -> u128;
}

/// Settings by lower-case name.
pub trait Config {
    /// The value, or `None` where nothing is set.
    ///
    /// # Errors
    /// When the host cannot answer; the text says why.
    fn get(&self, name: &str) -> Result<Option<String>, String>;
}

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Requests to Kaspi and amoCRM.
    pub http: &'a dyn Http,
    /// The ledger's home.
    pub store: &'a dyn Store,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub chance: &'a dyn Chance,
    /// Settings.
    pub config: &'a dyn Config,
}

impl fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
