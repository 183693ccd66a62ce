//! Requests of the sync as the simulators read them, and their answers on the way back.

use std::cell::RefCell;

use kaspi_amocrm_plugin::ports::{Clock as _, HttpError, HttpRequest, HttpResponse, Method, NetworkTrouble};
use kaspi_amocrm_simulator::http::{Delivery, Reply, Request};

use crate::clock::VirtualClock;

/// Time on the wire, one way.
pub const LATENCY_MS: u64 = 10;

/// A request as the simulators read it.
pub fn wire(request: &HttpRequest) -> Request {
    let rest = request.url.split_once("://").expect("an absolute url").1;
    let target = rest.split_once('/').map_or("", |(_, target)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
        .to_owned(),
        path: format!("/{path}"),
        query: query.to_owned(),
        headers: request.headers.clone(),
        body: request.body.clone().unwrap_or_default(),
    }
}

/// Waits for an answer as long as the request may last.
pub async fn delivered(
    clock: &VirtualClock,
    reply: Reply,
    deadline_ms: u64,
    latency_ms: u64,
) -> Result<HttpResponse, HttpError> {
    let left_ms = deadline_ms.saturating_sub(latency_ms);
    let hangs = matches!(reply.delivery, Delivery::Hang);
    if hangs || reply.delay_ms + latency_ms > left_ms {
        clock.sleep(left_ms).await;
        return Err(HttpError::Unknown(NetworkTrouble::Timeout, "deadline".into()));
    }
    clock.sleep(reply.delay_ms + latency_ms).await;
    match reply.delivery {
        Delivery::Whole => Ok(HttpResponse {
            status: reply.response.status,
            headers: reply.response.headers,
            body: reply.response.body,
        }),
        Delivery::Cut(_) | Delivery::Lost | Delivery::Hang => {
            Err(HttpError::Unknown(NetworkTrouble::Other, "cut".into()))
        }
    }
}

/// One request that reached a simulator.
pub struct Sent {
    pub at_ms: i64,
    /// The shop that sent it; empty where there is one.
    pub by: String,
    pub request: Request,
}

/// Keeps what is sent, once it is told to.
#[derive(Default)]
pub struct WireLog(RefCell<Option<Vec<Sent>>>);

impl WireLog {
    pub fn begin(&self) {
        self.0.borrow_mut().get_or_insert_default();
    }

    pub fn note(&self, at_ms: i64, by: &str, request: &Request) {
        if let Some(sent) = &mut *self.0.borrow_mut() {
            sent.push(Sent { at_ms, by: by.to_owned(), request: request.clone() });
        }
    }

    pub fn take(&self) -> Vec<Sent> {
        self.0.borrow_mut().take().unwrap_or_default()
    }
}
