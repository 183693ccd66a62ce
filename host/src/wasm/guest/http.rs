//! `wasi:http/outgoing-handler`: the one place where a request of the component leaves this host.
//!
//! In this order: limits, allow-list, whole body, ticket, fence, send with one deadline, whole answer, ticket back. The
//! error codes are exact, because the component decides by them whether a write may be sent again.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::sandbox::Sandbox;
use crate::{
    base::shutdown::Stop,
    egress::{
        AllowList, Client, Gate, Hold, Limits, Origin, Route, SendError,
        rate_limit::{Ended, Share},
    },
    store::Store,
};

/// Upper bounds, whatever the component asks for.
const TOTAL_MAX: Duration = Duration::from_secs(60);
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// Answers that are kept at once may have this many times the bytes of one.
const ANSWERS_KEPT: usize = 4;
/// Says that this host is about to end, or the run is, and has not sent the request: a convention with the component,
/// `wit/world.wit`.
const ENDING: &str = "kaspi-amocrm: ending";

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = wasmtime_wasi_http::Result<(Response<WasiBody>, Io)>;

/// The way out for one run.
#[derive(Clone)]
pub struct Outbound {
    /// Shared by all runs.
    pub client: Arc<Client>,
    /// Where requests may go.
    pub allow: AllowList,
    /// Kaspi, which needs no tickets; with the path of its API, because a test may serve both APIs at one address.
    pub kaspi: Origin,
    /// Path of its API, without a slash at the end.
    pub kaspi_path: String,
    /// The proxy in front of it.
    pub kaspi_proxy: Option<Origin>,
    /// The account whose requests need tickets.
    pub account: Origin,
    /// The run's share of its tickets.
    pub share: Share,
    /// The run's right to change anything; without it only reading requests are sent.
    pub hold: Option<Hold>,
    /// Where that right is looked up.
    pub store: Arc<dyn Store>,
    /// Once the program is asked to end, nothing new is sent any more.
    pub stop: Stop,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("allow", &self.allow).finish_non_exhaustive()
    }
}

/// The way out with its limits, for one call of the component.
pub(super) struct Hooks {
    outbound: Outbound,
    sandbox: Sandbox,
    slots: Arc<Semaphore>,
    /// Bytes of the answers that the component has not dropped.
    kept_bytes: Arc<AtomicUsize>,
    requests: u64,
    has_refused: bool,
}

impl Hooks {
    pub(super) fn new(outbound: Outbound, sandbox: &Sandbox) -> Self {
        Self {
            outbound,
            sandbox: sandbox.clone(),
            slots: Arc::new(Semaphore::new(sandbox.requests_at_once)),
            kept_bytes: Arc::default(),
            requests: 0,
            has_refused: false,
        }
    }

    /// For a component that has sent nothing yet.
    pub(super) fn limit(&mut self, sandbox: &Sandbox) {
        self.slots = Arc::new(Semaphore::new(sandbox.requests_at_once));
        self.sandbox = sandbox.clone();
    }

    fn slot(&mut self) -> Option<OwnedSemaphorePermit> {
        self.requests += 1;
        let slot =
            self.slots.clone().try_acquire_owned().ok().filter(|_| self.requests <= self.sandbox.requests);
        if slot.is_none() && !self.has_refused {
            self.has_refused = true;
            tracing::warn!("the component sends too many requests; they are refused");
        }
        slot
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processing: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let Some(slot) = self.slot() else {
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        let (outbound, sandbox) = (self.outbound.clone(), self.sandbox.clone());
        let kept_bytes = self.kept_bytes.clone();
        Box::new(async move {
            let answer =
                outbound.send(request, limits(options.unwrap_or_default(), &sandbox), &sandbox).await?;
            let headers = answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
            if headers.sum::<usize>() > sandbox.header_bytes {
                return Err(Error::HttpResponseHeaderSectionSize(None));
            }
            let kept = Kept::take(&kept_bytes, answer.body().len(), sandbox.answer_bytes, slot)?;
            let answer = answer.map(|body| {
                Full::new(body)
                    .map_err(move |error| {
                        // Lives as long as the body.
                        let _ = &kept;
                        Error::from(error)
                    })
                    .boxed_unsync()
            });
            Ok((answer, Box::new(async { Ok(()) }) as Io))
        })
    }
}

/// Room for the answer of a request under way, free again when the component drops it.
struct Kept {
    all_bytes: Arc<AtomicUsize>,
    bytes: usize,
    _slot: OwnedSemaphorePermit,
}

impl Kept {
    fn take(
        all_bytes: &Arc<AtomicUsize>,
        bytes: usize,
        answer_bytes: usize,
        slot: OwnedSemaphorePermit,
    ) -> Result<Self, Error> {
        let kept = Self { all_bytes: all_bytes.clone(), bytes, _slot: slot };
        let all_bytes = all_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all_bytes > answer_bytes.saturating_mul(ANSWERS_KEPT) {
            return Err(Error::HttpResponseBodySize(None));
        }
        Ok(kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Outbound {
    async fn send(
        &self,
        request: Request<WasiBody>,
        limits: Limits,
        sandbox: &Sandbox,
    ) -> Result<Response<Bytes>, Error> {
        let Some(origin) = self.allow.check(request.uri()).cloned() else {
            // Host only: paths and queries may carry secrets.
            tracing::warn!(
                host = request.uri().host().unwrap_or("-"),
                "refused a request to an address that no setting names"
            );
            return Err(Error::HttpRequestDenied);
        };
        // The component measures its deadline from here too, so the wait for a ticket counts.
        let deadline = Instant::now() + limits.total;
        let gate = Gate::new(limits.total, self.hold.as_ref().map(|hold| hold.term.clone()));
        let (parts, body) = request.into_parts();
        let body = timeout_at(deadline, collect(body, sandbox.request_bytes))
            .await
            .map_err(|_| Error::HttpRequestBodySize(None))??;
        let request = Request::from_parts(parts, body);

        if origin != self.account || self.is_kaspi(&origin, request.uri().path()) {
            self.may_send(&request).await?;
            return self.exchange(&origin, request, limits.until(deadline), &gate).await.map_err(Error::from);
        }
        // Half of the time for a ticket, so that enough is left for the answer.
        let ticket = tokio::select! {
            biased;
            () = self.stop.requested() => return Err(ending()),
            ticket = tokio::time::timeout(limits.total / 2, self.share.take(limits.total)) => ticket,
        };
        let ticket = ticket.map_err(|_| Error::ConnectionLimitReached)?.map_err(|error| not_sent(&error))?;
        if let Err(refused) = self.may_send(&request).await {
            self.give_back(&ticket, Ended::Received).await;
            return Err(refused);
        }
        let answer = self.exchange(&origin, request, limits.until(deadline), &gate).await;
        let timed_out = matches!(answer, Err(SendError::Timeout));
        self.give_back(&ticket, if timed_out { Ended::TimedOut } else { Ended::Received }).await;
        answer.map_err(Error::from)
    }

    fn is_kaspi(&self, origin: &Origin, path: &str) -> bool {
        let below = path.strip_prefix(self.kaspi_path.as_str());
        *origin == self.kaspi && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Looked up as late as possible: a ticket may have been waited for. What can pass between this and the first byte
    /// is for the [`Gate`].
    async fn may_send(&self, request: &Request<Bytes>) -> Result<(), Error> {
        if self.stop.is_requested() {
            return Err(ending());
        }
        let is_safe = request.method().is_safe();
        let Some(Hold { fence, term }) = &self.hold else {
            if is_safe {
                return Ok(());
            }
            tracing::warn!("refused a change by a call that may only read");
            return Err(Error::HttpRequestDenied);
        };
        let is_held = !term.is_over()
            && (is_safe || self.store.holds(fence).await.map_err(|error| not_sent(&error))?);
        if is_held {
            return Ok(());
        }
        // Nothing is wrong with the request: another run does the work, or the next one will.
        tracing::warn!(connection = fence.connection, "refused a request of a run that lost its connection");
        Err(ending())
    }

    async fn exchange(
        &self,
        origin: &Origin,
        request: Request<Bytes>,
        limits: Limits,
        gate: &Gate,
    ) -> Result<Response<Bytes>, SendError> {
        let proxy = self.kaspi_proxy.clone().filter(|_| self.is_kaspi(origin, request.uri().path()));
        let route = Route { origin: origin.clone(), proxy };
        let (method, started) = (request.method().clone(), std::time::Instant::now());
        let answer = self.client.send(&route, request, limits, gate).await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &answer {
            Ok(answer) => {
                tracing::debug!(host = origin.host(), %method, status = answer.status().as_u16(), took_ms, "answered");
            }
            Err(error) => tracing::debug!(host = origin.host(), %method, took_ms, "{error}"),
        }
        answer
    }

    async fn give_back(&self, ticket: &crate::store::Ticket, ended: Ended) {
        if let Err(error) = self.share.give_back(ticket, ended).await {
            // It is free after its deadline anyway.
            tracing::warn!("cannot give back a ticket: {error}");
        }
    }
}

fn ending() -> Error {
    Error::InternalError(Some(ENDING.to_owned()))
}

fn limits(options: RequestOptions, sandbox: &Sandbox) -> Limits {
    let total = options.first_byte_timeout.unwrap_or(TOTAL_MAX).clamp(Duration::from_millis(1), TOTAL_MAX);
    let connect = options.connect_timeout.unwrap_or(CONNECT_MAX).min(CONNECT_MAX).min(total);
    Limits { connect, total, body_bytes_max: sandbox.answer_bytes }
}

async fn collect(mut body: WasiBody, bytes_max: usize) -> Result<Bytes, Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > bytes_max {
                return Err(Error::HttpRequestBodySize(None));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

/// The store failed before anything was sent.
fn not_sent(error: &dyn fmt::Display) -> Error {
    tracing::warn!("a request was not sent: {error}");
    Error::ConnectionRefused
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Dns => Self::DnsError { rcode: None, info_code: None },
            SendError::PrivateAddress => Self::DestinationIpProhibited,
            SendError::Refused => Self::ConnectionRefused,
            SendError::Unreachable => Self::DestinationIpUnroutable,
            SendError::ConnectTimeout | SendError::TooLate => Self::ConnectionTimeout,
            SendError::RunOver => ending(),
            // Not `TLS-protocol-error`: other hosts use that for a request under way as well, so the component has to
            // count it as perhaps sent. Here nothing has left.
            SendError::Tls => Self::DestinationUnavailable,
            SendError::Certificate => Self::TlsCertificateError,
            SendError::Proxy => Self::DestinationUnavailable,
            SendError::Terminated => Self::ConnectionTerminated,
            SendError::Timeout => Self::HttpResponseTimeout,
            SendError::Protocol => Self::HttpProtocolError,
            SendError::TooLarge => Self::HttpResponseBodySize(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::rate_limit::{Limiter, Urgency};

    #[test]
    fn what_the_component_asks_for_is_bounded() {
        let seconds = Duration::from_secs;
        let ask = |connect, first_byte| {
            let options = RequestOptions {
                connect_timeout: connect,
                first_byte_timeout: first_byte,
                between_bytes_timeout: None,
            };
            limits(options, &Sandbox::default())
        };
        for (connect, first_byte, expected) in [
            (None, None, (seconds(15), seconds(60))),
            (Some(seconds(600)), Some(seconds(600)), (seconds(15), seconds(60))),
            (Some(seconds(30)), Some(seconds(10)), (seconds(10), seconds(10))),
            (Some(seconds(3)), Some(seconds(20)), (seconds(3), seconds(20))),
            (Some(Duration::MAX), Some(Duration::MAX), (seconds(15), seconds(60))),
        ] {
            let limits = ask(connect, first_byte);
            assert_eq!((limits.connect, limits.total), expected);
        }
        assert!(ask(None, Some(Duration::ZERO)).total > Duration::ZERO);
    }

    #[tokio::test]
    async fn without_a_fence_only_reading_requests_may_leave() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Sqlite::open(&folder.path().join("x.sqlite").display().to_string()).await;
        let store = Arc::new(store.unwrap());
        let origin = Origin::parse("https://acme.amocrm.ru").unwrap();
        let outbound = Outbound {
            client: Arc::default(),
            allow: AllowList::new([origin.clone()]),
            kaspi: origin.clone(),
            kaspi_path: "/shop".to_owned(),
            kaspi_proxy: None,
            share: Arc::new(Limiter::new(store.clone(), origin.account(), 7)).share("default", Urgency::Live),
            account: origin,
            hold: None,
            store,
            stop: crate::base::shutdown::Stop::never(),
        };
        for (method, allowed) in [("GET", true), ("POST", false), ("PATCH", false), ("DELETE", false)] {
            let request = Request::builder().method(method).uri("/").body(Bytes::new()).unwrap();
            assert_eq!(outbound.may_send(&request).await.is_ok(), allowed, "{method}");
        }
    }
}
