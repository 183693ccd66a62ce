//! What an error code of `wasi:http` says about the fate of the request.
//!
//! Works on the names that the WIT gives the codes, so that the table is tested natively against that file.

use crate::ports::{HttpError, NetworkTrouble};

/// Classes a failure before the head of the answer by the code's name in `wit/deps/wasi-http-0.2.6.wit`.
///
/// Only codes that can come from nothing but the way to the server count as not sent. Three that sound like it are
/// left out, because a wrong "not sent" makes a lead twice, and a wrong doubt costs a look:
/// - `connection-timeout`: Node (jco) reports a server that is connected and silent with it.
/// - `TLS-protocol-error` and `TLS-alert-received`: hosts that keep connections open report a record that breaks
///   under a running request as they report a handshake that fails.
pub(crate) fn classify(code: &str) -> HttpError {
    match code {
        "DNS-timeout"
        | "DNS-error"
        | "destination-not-found"
        | "destination-unavailable"
        | "destination-IP-unroutable"
        | "connection-refused"
        | "connection-limit-reached"
        | "TLS-certificate-error"
        | "HTTP-request-method-invalid"
        | "HTTP-request-URI-invalid"
        | "HTTP-request-URI-too-long" => HttpError::NotSent(trouble(code), code.to_owned()),
        "HTTP-request-denied" | "destination-IP-prohibited" => HttpError::Denied(code.to_owned()),
        _ => HttpError::Unknown(trouble(code), code.to_owned()),
    }
}

/// What kept a request from its answer, by the same name.
fn trouble(code: &str) -> NetworkTrouble {
    match code {
        "DNS-timeout" | "DNS-error" | "destination-not-found" => NetworkTrouble::Dns,
        "connection-refused" => NetworkTrouble::Refused,
        "TLS-protocol-error" | "TLS-certificate-error" | "TLS-alert-received" => NetworkTrouble::Tls,
        "connection-timeout"
        | "connection-read-timeout"
        | "connection-write-timeout"
        | "HTTP-response-timeout" => NetworkTrouble::Timeout,
        _ => NetworkTrouble::Other,
    }
}
