//! The addresses of `serve`: health for machines, `/cron` for a hosting panel's crontab. Queries are never logged.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    job::Job,
    run::{Host, Outcome, RunError, RunLimits},
    settings::DEFAULT_CONNECTION,
    stop::Stop,
    store::StoreError,
};

/// A hosting panel cuts a request after half a minute.
const CRON_SLICE: Duration = Duration::from_secs(25);

#[derive(Clone)]
struct Web {
    host: Arc<Host>,
    /// Digest of the secret, so that the comparison does not depend on its length.
    secret: Option<[u8; 32]>,
    stop: Stop,
}

/// Answers requests until it is time to end.
///
/// # Errors
/// When the listener fails.
pub async fn serve(host: Arc<Host>, listener: TcpListener, stop: Stop) -> std::io::Result<()> {
    let router = router(host, stop.clone());
    axum::serve(listener, router).with_graceful_shutdown(async move { stop.requested().await }).await
}

/// All addresses, at the root and under `BASE_PATH`: a proxy in front may have taken the prefix away.
pub fn router(host: Arc<Host>, stop: Stop) -> Router {
    let settings = host.settings();
    let base = settings.process("BASE_PATH").unwrap_or_default().trim_matches('/').to_owned();
    let secret = settings.process("CRON_SECRET").map(digest);
    if secret.is_none() {
        tracing::info!("CRON_SECRET is not set: /cron refuses everything, the schedule works");
    }
    let mut cron = Router::new();
    for path in ["/cron", "/cron.php", "/public/cron.php"] {
        cron = cron.route(path, get(run_job).post(run_job));
    }
    let health = Router::new().route("/healthz", get(healthy)).route("/readyz", get(ready));
    let mut router = health.merge(cron);
    if !base.is_empty() {
        router = Router::new().nest(&format!("/{base}"), router.clone()).merge(router);
    }
    router.with_state(Web { host, secret, stop })
}

/// Says where the server listens, for people.
pub fn announce(address: SocketAddr) {
    tracing::info!("listening on http://{address}");
    if !address.ip().is_loopback() {
        tracing::warn!("other machines can reach this address; put TLS in front of it");
    }
}

async fn healthy() -> &'static str {
    "ok\n"
}

async fn ready(State(web): State<Web>) -> Response {
    match web.host.store().pending_migrations().await {
        Ok(pending) if pending.is_empty() => "ready\n".into_response(),
        // A newer program has begun to take over: this one goes on until it is asked to end.
        Err(StoreError::Newer(_)) => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the schema is not up to date\n").into_response(),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

#[derive(Deserialize)]
struct CronQuery {
    task: Option<String>,
    token: Option<String>,
    connection: Option<String>,
}

async fn run_job(
    State(web): State<Web>,
    headers: HeaderMap,
    query: Result<Query<CronQuery>, QueryRejection>,
) -> Response {
    let query = query.ok().map(|Query(query)| query);
    let token = bearer(&headers).or_else(|| query.as_ref()?.token.as_deref());
    if !is_allowed(web.secret.as_ref(), token) {
        return problem(StatusCode::UNAUTHORIZED, "unauthorized", "the token is missing or wrong");
    }
    let Some(job) = query.as_ref().and_then(|query| Job::of(query.task.as_deref()?)) else {
        return problem(StatusCode::BAD_REQUEST, "task", "task must be new or reconcile");
    };
    let connection = match query.and_then(|query| query.connection) {
        Some(name) => name,
        // A shop whose settings stand in the TOML file only may be the one there is.
        None => {
            let mut names = web.host.settings().connection_names();
            let only = names.next().filter(|_| names.next().is_none());
            only.unwrap_or(DEFAULT_CONNECTION).to_owned()
        }
    };
    let (sender, receiver) = oneshot::channel();
    // In a task of its own: a caller that hangs up must not cut a run.
    tokio::spawn(async move {
        let limits = RunLimits { total: Some(CRON_SLICE), slice: CRON_SLICE, slices_max: Some(1) };
        match web.host.begin(&connection, job, Duration::ZERO).await {
            Err(error) => {
                let _ = sender.send(Err(error));
            }
            Ok(run) => {
                let outcome = run.work(limits, &web.stop).await;
                let _ = sender.send(Ok(outcome));
                run.finish(&web.stop).await;
            }
        }
    });
    match receiver.await {
        Ok(Ok(Outcome { report: Some(report), .. })) => json(StatusCode::OK, report.to_line()),
        Ok(Ok(Outcome { error: Some(error), .. }) | Err(error)) => refused(&error),
        Ok(Ok(Outcome { report: None, error: None })) | Err(_) => internal(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn is_allowed(secret: Option<&[u8; 32]>, token: Option<&str>) -> bool {
    match (secret, token) {
        (Some(secret), Some(token)) => digest(token).ct_eq(secret).into(),
        _ => false,
    }
}

fn refused(error: &RunError) -> Response {
    match error {
        RunError::Busy => json(StatusCode::ACCEPTED, r#"{"busy":true,"due":true}"#.to_owned()),
        RunError::Config(text) => problem(StatusCode::INTERNAL_SERVER_ERROR, "config", text),
        RunError::Settings(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, "config", &error.to_string()),
        RunError::Upstream(text) => problem(StatusCode::BAD_GATEWAY, "upstream", text),
        RunError::Interrupted => problem(StatusCode::SERVICE_UNAVAILABLE, "ending", "this host is ending"),
        RunError::Store(error) => {
            tracing::error!("a run could not begin: {error}");
            internal()
        }
        RunError::Internal(text) => {
            tracing::error!("a run failed: {text}");
            internal()
        }
    }
}

fn internal() -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "see the log")
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    json(status, serde_json::json!({"error": {"code": code, "message": message}}).to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_secret_opens() {
        let secret = digest("s3cret");
        for (token, allowed) in [
            (Some("s3cret"), true),
            (Some("s3cre"), false),
            (Some("s3cret "), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(is_allowed(Some(&secret), token), allowed, "{token:?}");
        }
        assert!(!is_allowed(None, Some("")), "without a secret nothing opens");
    }

    #[test]
    fn the_token_may_come_as_a_header() {
        let with = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&with("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("Basic abc")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
