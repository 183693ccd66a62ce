//! Requests over `wasi:http/outgoing-handler`.
//!
//! The order of the host calls matters: the request is started before its body is written, a request without a body
//! opens none, and every resource is dropped before the one that it came from (pollable, stream, body, response).

use std::pin::pin;

use futures_util::future::{Either, select};

use super::{
    bindings::wasi::{
        http::{
            outgoing_handler,
            types::{
                self, ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, OutgoingBody,
                OutgoingRequest, RequestOptions, Scheme,
            },
        },
        io::streams::{OutputStream, StreamError},
    },
    clock::{nanoseconds, sleep},
    failure::classify,
    polling::Reactor,
    target::Target,
};
use crate::ports::{Http, HttpError, HttpRequest, HttpResponse, LocalFuture, Method, NetworkTrouble};

/// The largest body that is read; both APIs answer a full page in less than a tenth of it.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Names and values of all headers together.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// How a host says that it is about to end and has not sent the request: a convention of `wit/world.wit`.
const ENDING: &str = "kaspi-amocrm: ending";

/// One read of the answer's stream.
const READ_BYTES: u64 = 64 * 1024;

/// Sends requests through the host.
pub(super) struct WasiHttp<'r> {
    reactor: &'r Reactor,
}

impl<'r> WasiHttp<'r> {
    pub(super) fn new(reactor: &'r Reactor) -> Self {
        Self { reactor }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let outgoing = prepare(&request)?;
        let options = timeouts(request.deadline_ms)?;
        let body = match request.body {
            Some(data) => {
                Some((outgoing.body().map_err(|()| not_sent("the host gives no body to write"))?, data))
            }
            None => None,
        };
        let answer = outgoing_handler::handle(outgoing, Some(options)).map_err(|code| failure(&code))?;
        // Kept until the answer is there: dropped unfinished, it would cut a request that was answered early.
        let _unfinished = match body {
            Some((body, data)) => self.upload(&answer, body, &data).await,
            None => None,
        };
        let response = loop {
            match answer.get() {
                Some(Ok(Ok(response))) => break response,
                Some(Ok(Err(code))) => return Err(failure(&code)),
                Some(Err(())) => return Err(unknown("the host gave the answer away twice")),
                None => self.reactor.ready(answer.subscribe()).await,
            }
        };
        self.read(response).await
    }

    /// Writes the body. Returns it where the answer came, or the stream closed, before all was written.
    async fn upload(
        &self,
        answer: &FutureIncomingResponse,
        body: OutgoingBody,
        data: &[u8],
    ) -> Option<OutgoingBody> {
        let written = match body.write() {
            Ok(stream) => write(self.reactor, &stream, data, Some(answer)).await,
            Err(()) => false,
        };
        if !written {
            return Some(body);
        }
        // A failure to finish shows in the answer too, with its code.
        let _ = OutgoingBody::finish(body, None);
        None
    }

    /// Reads the whole answer. The server has the request by now, so no failure in here means "not sent".
    async fn read(&self, response: IncomingResponse) -> Result<HttpResponse, HttpError> {
        let status = response.status();
        let headers = headers(&response)?;
        let incoming = response.consume().map_err(|()| unknown("the host gives no body to read"))?;
        let stream = incoming.stream().map_err(|()| unknown("the host gives no stream to read"))?;
        let mut body = Vec::new();
        loop {
            match stream.read(READ_BYTES) {
                Ok(bytes) if bytes.is_empty() => self.reactor.ready(stream.subscribe()).await,
                Ok(bytes) => body.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break,
                // Which failure it was is not asked: Node's `http-error-code` (preview2-shim 0.26) answers with a value
                // that is no code, and that is the end of the component.
                Err(StreamError::LastOperationFailed(_)) => {
                    return Err(unknown(&format!("answer {status} cut short")));
                }
            }
            if body.len() > BODY_BYTES_MAX {
                return Err(unknown(&format!("answer {status} is larger than {BODY_BYTES_MAX} bytes")));
            }
        }
        Ok(HttpResponse { status, headers, body })
    }
}

impl Http for WasiHttp<'_> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let deadline_ms = request.deadline_ms;
            // The options limit each phase of its own; this is the limit of all of them together.
            // Losing the race drops the exchange, and with it the request.
            let exchange = pin!(self.exchange(request));
            let deadline = pin!(sleep(self.reactor, deadline_ms));
            match select(exchange, deadline).await {
                Either::Left((result, _)) => result,
                Either::Right(((), _)) => {
                    let why = format!("no complete answer within {deadline_ms} ms");
                    Err(HttpError::Unknown(NetworkTrouble::Timeout, why))
                }
            }
        })
    }
}

/// Writes a body and answers whether all of it was. That of a request ends where its answer comes first.
pub(super) async fn write(
    reactor: &Reactor,
    stream: &OutputStream,
    mut rest: &[u8],
    answer: Option<&FutureIncomingResponse>,
) -> bool {
    while !rest.is_empty() {
        match stream.check_write() {
            Ok(0) => {
                let writable = reactor.ready(stream.subscribe());
                let Some(answer) = answer else {
                    writable.await;
                    continue;
                };
                if let Either::Right(_) = select(writable, reactor.ready(answer.subscribe())).await {
                    return false;
                }
            }
            Ok(room) => {
                let (now, later) = rest.split_at(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
                if stream.write(now).is_err() {
                    return false;
                }
                rest = later;
            }
            Err(_) => return false,
        }
    }
    true
}

/// The request without its body.
fn prepare(request: &HttpRequest) -> Result<OutgoingRequest, HttpError> {
    let target = Target::parse(&request.url)?;
    let mut headers: Vec<(String, Vec<u8>)> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    // Without it the host sends the body in chunks, which not every server in front of an API takes.
    if let Some(body) = &request.body
        && !headers.iter().any(|(name, _)| name == "content-length")
    {
        headers.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    }
    let headers = Fields::from_list(&headers).map_err(|error| not_sent(&format!("bad header: {error}")))?;
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => types::Method::Get,
        Method::Post => types::Method::Post,
        Method::Patch => types::Method::Patch,
    };
    let scheme = if target.secure { Scheme::Https } else { Scheme::Http };
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(target.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&target.path_with_query)))
        .map_err(|()| not_sent("the host refuses the address"))?;
    Ok(outgoing)
}

/// Unset, each of the three would be 600 s.
fn timeouts(deadline_ms: u64) -> Result<RequestOptions, HttpError> {
    let duration = Some(nanoseconds(deadline_ms));
    let options = RequestOptions::new();
    options
        .set_connect_timeout(duration)
        .and_then(|()| options.set_first_byte_timeout(duration))
        .and_then(|()| options.set_between_bytes_timeout(duration))
        .map_err(|()| not_sent("the host cannot limit the time of a request"))?;
    Ok(options)
}

/// Headers with lower-case names; a value that is no UTF-8 keeps what is readable.
fn headers(response: &IncomingResponse) -> Result<Vec<(String, String)>, HttpError> {
    let entries = response.headers().entries();
    let bytes: usize = entries.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        return Err(unknown(&format!("headers of the answer are larger than {HEADER_BYTES_MAX} bytes")));
    }
    Ok(entries
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
        .collect())
}

fn not_sent(why: &str) -> HttpError {
    HttpError::NotSent(NetworkTrouble::Other, why.to_owned())
}

fn unknown(why: &str) -> HttpError {
    HttpError::Unknown(NetworkTrouble::Other, why.to_owned())
}

/// A failure before the head of the answer.
fn failure(code: &ErrorCode) -> HttpError {
    match code {
        ErrorCode::InternalError(Some(text)) if text == ENDING => HttpError::Ending,
        code => classify(name(code)),
    }
}

/// The code's name in the WIT. Payloads are left out: some hosts put the address with its query in there.
fn name(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::DnsTimeout => "DNS-timeout",
        ErrorCode::DnsError(_) => "DNS-error",
        ErrorCode::DestinationNotFound => "destination-not-found",
        ErrorCode::DestinationUnavailable => "destination-unavailable",
        ErrorCode::DestinationIpProhibited => "destination-IP-prohibited",
        ErrorCode::DestinationIpUnroutable => "destination-IP-unroutable",
        ErrorCode::ConnectionRefused => "connection-refused",
        ErrorCode::ConnectionTerminated => "connection-terminated",
        ErrorCode::ConnectionTimeout => "connection-timeout",
        ErrorCode::ConnectionReadTimeout => "connection-read-timeout",
        ErrorCode::ConnectionWriteTimeout => "connection-write-timeout",
        ErrorCode::ConnectionLimitReached => "connection-limit-reached",
        ErrorCode::TlsProtocolError => "TLS-protocol-error",
        ErrorCode::TlsCertificateError => "TLS-certificate-error",
        ErrorCode::TlsAlertReceived(_) => "TLS-alert-received",
        ErrorCode::HttpRequestDenied => "HTTP-request-denied",
        ErrorCode::HttpRequestLengthRequired => "HTTP-request-length-required",
        ErrorCode::HttpRequestBodySize(_) => "HTTP-request-body-size",
        ErrorCode::HttpRequestMethodInvalid => "HTTP-request-method-invalid",
        ErrorCode::HttpRequestUriInvalid => "HTTP-request-URI-invalid",
        ErrorCode::HttpRequestUriTooLong => "HTTP-request-URI-too-long",
        ErrorCode::HttpRequestHeaderSectionSize(_) => "HTTP-request-header-section-size",
        ErrorCode::HttpRequestHeaderSize(_) => "HTTP-request-header-size",
        ErrorCode::HttpRequestTrailerSectionSize(_) => "HTTP-request-trailer-section-size",
        ErrorCode::HttpRequestTrailerSize(_) => "HTTP-request-trailer-size",
        ErrorCode::HttpResponseIncomplete => "HTTP-response-incomplete",
        ErrorCode::HttpResponseHeaderSectionSize(_) => "HTTP-response-header-section-size",
        ErrorCode::HttpResponseHeaderSize(_) => "HTTP-response-header-size",
        ErrorCode::HttpResponseBodySize(_) => "HTTP-response-body-size",
        ErrorCode::HttpResponseTrailerSectionSize(_) => "HTTP-response-trailer-section-size",
        ErrorCode::HttpResponseTrailerSize(_) => "HTTP-response-trailer-size",
        ErrorCode::HttpResponseTransferCoding(_) => "HTTP-response-transfer-coding",
        ErrorCode::HttpResponseContentCoding(_) => "HTTP-response-content-coding",
        ErrorCode::HttpResponseTimeout => "HTTP-response-timeout",
        ErrorCode::HttpUpgradeFailed => "HTTP-upgrade-failed",
        ErrorCode::HttpProtocolError => "HTTP-protocol-error",
        ErrorCode::LoopDetected => "loop-detected",
        ErrorCode::ConfigurationError => "configuration-error",
        ErrorCode::InternalError(_) => "internal-error",
    }
}
