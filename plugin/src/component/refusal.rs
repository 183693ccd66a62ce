//! How the exports that cannot do anything yet say so.

use super::{
    Reactor,
    bindings::wasi::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam},
};

/// Says what is missing and what works.
pub(super) fn detail(what: &str) -> String {
    format!(
        "not built yet: the {what} of this component does nothing; run its jobs through the export `sync`"
    )
}

/// Answers a request with 501 and a problem of RFC 9457.
pub(super) async fn answer(reactor: &Reactor, outparam: ResponseOutparam) {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "Not Implemented",
        "status": 501,
        "detail": detail("HTTP interface"),
    });
    let headers = Fields::new();
    // Both are refused only where invalid, and the answer is understood without them.
    let _ = headers.append("content-type", b"application/problem+json");
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(501);
    let body = response.body();
    ResponseOutparam::set(outparam, Ok(response));
    if let Ok(body) = body {
        write(reactor, body, problem.to_string().as_bytes()).await;
    }
}

/// Writes the body; a client that went away is nobody's loss.
async fn write(reactor: &Reactor, body: OutgoingBody, mut rest: &[u8]) {
    let Ok(stream) = body.write() else { return };
    while !rest.is_empty() {
        match stream.check_write() {
            Ok(0) => reactor.ready(stream.subscribe()).await,
            Ok(room) => {
                let (now, later) = rest.split_at(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
                if stream.write(now).is_err() {
                    return;
                }
                rest = later;
            }
            Err(_) => return,
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
