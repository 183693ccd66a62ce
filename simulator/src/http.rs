//! Requests and answers as plain values.
//!
//! Both state machines speak these; neither knows sockets. `serve` turns them into real HTTP.

use serde_json::Value;

use crate::codec;

/// One request as a server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// In capitals: `GET`, `POST` ...
    pub method: String,
    /// Without the query: `/api/v4/leads`.
    pub path: String,
    /// Raw, still percent-encoded; empty if there is none.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty if there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` without headers.
    pub fn get(path: &str, query: &str) -> Self {
        Self { method: "GET".into(), path: path.into(), query: query.into(), ..Self::default() }
    }

    /// A request with a JSON body and no headers.
    pub fn json(method: &str, path: &str, body: &Value) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            body: body.to_string().into_bytes(),
            ..Self::default()
        }
    }

    /// The same request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request may change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// Parameters in their order, decoded.
    ///
    /// # Errors
    /// When brackets stand there unencoded or an escape is broken (docs/apis/kaspi.md 1.3, docs/apis/amocrm.md 3).
    pub(crate) fn parameters(&self) -> Result<Vec<(String, String)>, String> {
        if self.query.contains(['[', ']']) {
            return Err("brackets of the query must be percent-encoded".into());
        }
        self.query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                match (codec::percent_decode(name), codec::percent_decode(value)) {
                    (Some(name), Some(value)) => Ok((name, value)),
                    _ => Err("the query has a broken percent escape".into()),
                }
            })
            .collect()
    }
}

/// One whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, complete.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with JSON of the given media type.
    pub fn json(status: u16, media_type: &str, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), media_type.into())],
            body: body.to_string().into_bytes(),
        }
    }

    /// A gateway's HTML page.
    pub fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} \
             {title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
            body: body.into_bytes(),
        }
    }

    /// A page for people.
    pub fn page(status: u16, html: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
            body: html.into(),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `None` where it is empty or something else.
    pub fn body_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// How much of an answer reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    Whole,
    /// The body is cut after that many bytes and the connection closed.
    Cut(usize),
    /// The connection is closed without any answer.
    Lost,
    /// Nothing comes; the connection is held until the client's deadline.
    Hang,
}

/// An answer and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the server would say.
    pub response: Response,
    /// Time from arrival to the answer. The effect of a request is there from its arrival on.
    pub delay_ms: u64,
    /// What the client gets of it.
    pub delivery: Delivery,
}

/// One line of the append-only record of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Arrival, epoch milliseconds.
    pub at_ms: i64,
    /// In capitals.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Raw.
    pub query: String,
    /// Length of the array in the body, 0 where there is none.
    pub items: usize,
    /// What was answered, also where nobody received it.
    pub status: u16,
    /// What went wrong on purpose, by the name of the fault or of the switch.
    pub fault: Option<String>,
    /// Why a request was refused that nothing on purpose befell: the text of the answer's first error.
    pub refusal: Option<String>,
}

/// Items in the body, for the record and for the time an answer takes.
pub(crate) fn body_items(request: &Request) -> usize {
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(Value::Array(items)) => items.len(),
        Ok(Value::Object(_)) => 1,
        _ => 0,
    }
}
