//! Attacks on the way out.

use crate::{
    bindings::wasi::{
        http::{
            outgoing_handler,
            types::{
                ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
                OutgoingRequest, RequestOptions, Scheme,
            },
        },
        io::streams::StreamError,
    },
    setting::setting,
};

/// What the host said; `None` where this file has no such attack.
pub(crate) fn attack(name: &str) -> Option<String> {
    Some(match name {
        // One address, or several with spaces between them.
        "get" => setting("url").split(' ').map(get).collect::<Vec<_>>().join("|"),
        "giant-headers" => giant_headers(),
        "timeouts" => [0, 1, u64::MAX].map(|ns| get_within(&setting("url"), ns)).join("|"),
        "timeout" => get_within(&setting("url"), setting("timeout_ns").parse().unwrap_or(0)),
        "large-request" => large_request(),
        "flood" => flood(),
        "many-requests" => many_requests(),
        "keep-answers" => keep_answers(),
        "leak-requests" => {
            let mut all = Vec::new();
            loop {
                all.push(OutgoingRequest::new(Fields::new()));
            }
        }
        _ => return None,
    })
}

fn request(url: &str, fields: Fields) -> OutgoingRequest {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(fields);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    // What is refused here is missing there, which is refused in its turn.
    let _ = request.set_scheme(Some(&scheme));
    let _ = request.set_authority(Some(authority));
    let _ = request.set_path_with_query(Some(&format!("/{path}")));
    request
}

fn send(url: &str) -> Result<FutureIncomingResponse, ErrorCode> {
    outgoing_handler::handle(request(url, Fields::new()), None)
}

fn wait(answer: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    loop {
        match answer.get() {
            Some(Ok(result)) => return result,
            Some(Err(())) => panic!("the answer was taken before"),
            None => answer.subscribe().block(),
        }
    }
}

/// Status and length of the answer, or the error.
fn read(response: &IncomingResponse) -> String {
    let status = response.status();
    let Ok(body) = response.consume() else { return format!("{status} without a body") };
    let Ok(stream) = body.stream() else { return format!("{status} without a stream") };
    let mut length = 0;
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(bytes) => length += bytes.len(),
            Err(StreamError::Closed) => return format!("{status} {length}"),
            Err(StreamError::LastOperationFailed(_)) => return format!("{status} cut after {length}"),
        }
    }
}

fn said(result: Result<IncomingResponse, ErrorCode>) -> String {
    match result {
        Ok(response) => read(&response),
        Err(code) => format!("{code:?}").replace('"', "'"),
    }
}

/// Asks and reads.
pub(crate) fn get(url: &str) -> String {
    said(send(url).and_then(|answer| wait(&answer)))
}

fn get_within(url: &str, ns: u64) -> String {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(ns));
    let _ = options.set_first_byte_timeout(Some(ns));
    let _ = options.set_between_bytes_timeout(Some(ns));
    let answer = outgoing_handler::handle(request(url, Fields::new()), Some(options));
    said(answer.and_then(|answer| wait(&answer)))
}

/// Adds headers until the host has enough of them.
fn giant_headers() -> String {
    let fields = Fields::new();
    let mut bytes = 0;
    for i in 0.. {
        let value = vec![b'x'; 1_000];
        if let Err(error) = fields.append(&format!("x-{i}"), &value) {
            return format!("{error:?} after {bytes}");
        }
        bytes += value.len();
    }
    unreachable!("numbers do not end")
}

fn large_request() -> String {
    let request = request(&setting("url"), Fields::new());
    let _ = request.set_method(&Method::Post);
    let Ok(body) = request.body() else { return "no body".to_owned() };
    let answer = match outgoing_handler::handle(request, None) {
        Ok(answer) => answer,
        Err(code) => return format!("{code:?}"),
    };
    let piece = vec![b'x'; 4_096];
    if let Ok(stream) = body.write() {
        for _ in 0..(20 << 20) / piece.len() {
            if stream.blocking_write_and_flush(&piece).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
    said(wait(&answer))
}

/// Many at once, to a server that does not answer them. Answers of those that the host lets through are not waited
/// for; what they hold must be free again once they are dropped.
fn flood() -> String {
    // As much as the host lets the component hold is less than these, so the refused ones are dropped at once.
    let at_once = setting("at_once").parse().unwrap_or(0);
    let open: Vec<_> = (0..at_once).map(|_| send(&setting("url"))).collect();
    let all = 2_000;
    let refused = (at_once..all)
        .map(|_| send(&setting("url")).and_then(|answer| wait(&answer)))
        .filter(|answer| matches!(answer, Err(ErrorCode::ConnectionLimitReached)))
        .count();
    drop(open);
    // The host takes its time to drop a request.
    let mut then = get(&setting("url2"));
    while then.contains("ConnectionLimitReached") {
        then = get(&setting("url2"));
    }
    format!("{refused} of {all} refused, then {then}")
}

/// One after the other, until the host has enough of them.
fn many_requests() -> String {
    for count in 0.. {
        if let Err(ErrorCode::ConnectionLimitReached) = send(&setting("url")).and_then(|answer| wait(&answer))
        {
            return format!("enough after {count}");
        }
    }
    unreachable!("numbers do not end")
}

/// Keeps every answer.
fn keep_answers() -> String {
    let mut kept = Vec::new();
    loop {
        match send(&setting("url")).and_then(|answer| wait(&answer)) {
            Ok(response) => kept.push(response),
            Err(code) => return format!("{code:?} after {}", kept.len()),
        }
    }
}
