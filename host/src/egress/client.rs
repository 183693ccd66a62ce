//! A small HTTP/1.1 client with a pool.
//!
//! Written out instead of taken from a client library for two reasons. A request with a body always gets a fresh
//! connection: a pooled one may have been closed by the other side in the same moment, and then nobody can tell
//! whether the request was carried out. And every failure is classified by the stage it happened in, because the
//! component decides by it whether a write may be sent again.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::{
    connect::{Route, connect, tls_connector},
    error::SendError,
    gate::{Gate, Gated},
};

/// A server closes a quiet connection after 60 s or more; we let go of it earlier.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Quiet connections kept for one origin.
const IDLE_PER_ROUTE_MAX: usize = 8;

type Sender = http1::SendRequest<Full<Bytes>>;

/// Limits of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the first attempt to connect to the last byte of the answer.
    pub total: Duration,
    /// Bytes of the answer's body.
    pub body_bytes_max: usize,
}

impl Limits {
    /// The same, but all must be over at a moment.
    pub fn until(self, deadline: Instant) -> Self {
        let left = deadline.saturating_duration_since(Instant::now());
        Self { connect: self.connect.min(left), total: self.total.min(left), ..self }
    }
}

/// Sends requests, one connection each, and keeps quiet connections for later reads.
pub struct Client {
    tls: TlsConnector,
    idle: Mutex<HashMap<Route, Vec<Idle>>>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Default for Client {
    fn default() -> Self {
        Self { tls: tls_connector(), idle: Mutex::default() }
    }
}

impl Client {
    /// Sends one request and reads the whole answer. Never follows redirects.
    ///
    /// The URI of the request may be absolute; only its path and query are sent. A request with a body passes the gate
    /// with its first byte, a repeatable one before it is given a connection.
    ///
    /// # Errors
    /// By stage, see [`SendError`].
    pub async fn send(
        &self,
        route: &Route,
        request: Request<Bytes>,
        limits: Limits,
        gate: &Gate,
    ) -> Result<Response<Bytes>, SendError> {
        let deadline = Instant::now() + limits.total;
        let repeatable = request.body().is_empty() && request.method().is_safe();
        gate.pass()?;
        if repeatable && let Some(sender) = self.take_idle(route) {
            match self.exchange(route, sender, copy(&request), deadline, limits.body_bytes_max).await {
                // The other side had closed the quiet connection; a read may simply be sent again.
                Err(SendError::Terminated) => {}
                outcome => return outcome,
            }
        }
        let sender = self.fresh(route, deadline.min(Instant::now() + limits.connect), gate).await?;
        let answer = self.exchange(route, sender, request, deadline, limits.body_bytes_max).await;
        gate.turned_back().map_or(answer, Err)
    }

    async fn fresh(&self, route: &Route, deadline: Instant, gate: &Gate) -> Result<Sender, SendError> {
        let stream = timeout_at(deadline, connect(route, &self.tls))
            .await
            .map_err(|_| SendError::ConnectTimeout)??;
        // No byte is written by the handshake of HTTP/1.1.
        let (sender, connection) = http1::handshake(TokioIo::new(Gated::new(stream, gate.clone())))
            .await
            .map_err(|_| SendError::Refused)?;
        // Ends when the connection is closed by either side; errors reach whoever waits for an answer.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn exchange(
        &self,
        route: &Route,
        mut sender: Sender,
        request: Request<Bytes>,
        deadline: Instant,
        body_bytes_max: usize,
    ) -> Result<Response<Bytes>, SendError> {
        let (mut parts, body) = request.into_parts();
        parts.uri = path_only(&parts.uri);
        let request = Request::from_parts(parts, Full::new(body));
        let answer = timeout_at(deadline, async {
            sender.ready().await.map_err(|error| sent_error(&error))?;
            let (parts, body) =
                sender.send_request(request).await.map_err(|error| sent_error(&error))?.into_parts();
            let body = read_body(body, body_bytes_max).await?;
            Ok(Response::from_parts(parts, body))
        })
        .await
        .map_err(|_| SendError::Timeout)??;
        self.keep(route, sender);
        Ok(answer)
    }

    fn take_idle(&self, route: &Route) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.get_mut(route)?;
        senders.retain(|idle| idle.since.elapsed() < IDLE_MAX && !idle.sender.is_closed());
        senders.pop().map(|idle| idle.sender)
    }

    fn keep(&self, route: &Route, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.entry(route.clone()).or_default();
        senders.retain(|idle| idle.since.elapsed() < IDLE_MAX);
        if senders.len() < IDLE_PER_ROUTE_MAX {
            senders.push(Idle { sender, since: Instant::now() });
        }
    }
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn path_only(uri: &Uri) -> Uri {
    uri.path_and_query().and_then(|path| path.as_str().parse().ok()).unwrap_or_else(|| Uri::from_static("/"))
}

async fn read_body(mut body: Incoming, bytes_max: usize) -> Result<Bytes, SendError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| sent_error(&error))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > bytes_max {
                return Err(SendError::TooLarge);
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes.freeze())
}

/// Failures once the connection stood.
fn sent_error(error: &hyper::Error) -> SendError {
    if error.is_parse() { SendError::Protocol } else { SendError::Terminated }
}

#[cfg(test)]
mod tests;
