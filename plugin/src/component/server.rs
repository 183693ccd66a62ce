//! One request of a client of the host, and its answer.

use super::{
    bindings::wasi::http::types::{
        Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
    },
    http::write,
    polling::Reactor,
};
use crate::exports::http::{Answer, Request};

/// What [`Request`] borrows from.
pub(super) struct Head {
    method: &'static str,
    path_with_query: String,
    authorization: Option<String>,
    accept: Option<String>,
}

impl Head {
    pub(super) fn read(request: &IncomingRequest) -> Self {
        let headers = request.headers();
        let header = |name: &str| {
            let first = headers.get(name).into_iter().next()?;
            String::from_utf8(first).ok()
        };
        Self {
            method: match request.method() {
                Method::Get => "GET",
                Method::Post => "POST",
                _ => "",
            },
            path_with_query: request.path_with_query().unwrap_or_default(),
            authorization: header("authorization"),
            accept: header("accept"),
        }
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            path_with_query: &self.path_with_query,
            authorization: self.authorization.as_deref(),
            accept: self.accept.as_deref(),
        }
    }
}

/// Sends the answer; a client that went away is nobody's loss.
pub(super) async fn send(reactor: &Reactor, outparam: ResponseOutparam, answer: &Answer) {
    let headers = Fields::new();
    for (name, value) in &answer.headers {
        // Refused only where invalid, and the answer is understood without it.
        let _ = headers.append(name, value.as_bytes());
    }
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(answer.status);
    let body = response.body();
    ResponseOutparam::set(outparam, Ok(response));
    let Ok(body) = body else { return };
    let Ok(stream) = body.write() else { return };
    if write(reactor, &stream, answer.body.as_bytes(), None).await {
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
