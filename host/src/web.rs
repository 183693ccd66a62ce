//! The addresses of `serve`: health and figures for machines, `/cron` and `/migrate` for a hosting panel. Queries are
//! never logged.

mod answer;
mod body;
mod client;
mod connections;
mod console;
mod cron;
mod door;
mod guard;
mod metrics;
mod oauth;
mod session;
mod site;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::{base::shutdown::Stop, service::connections_status, store::StoreError};
use answer::{internal, json, problem};
use door::Door;
use guard::Guard;

pub use client::TrustedProxies;
pub(crate) use door::{new_start_code, replace_password};
pub use site::Site;

#[derive(Clone)]
struct Web {
    site: Arc<Site>,
    guard: Guard,
    door: Door,
    /// `BASE_PATH` with a slash in front, or empty.
    base: Arc<str>,
    stop: Stop,
    desk: Arc<console::Desk>,
}

/// Answers requests until it is time to end.
pub async fn serve(site: Arc<Site>, listener: TcpListener, stop: Stop) {
    connections::serve(router(site, stop.clone()), listener, stop).await;
}

/// All addresses, at the root and under `BASE_PATH`: a proxy in front may have taken the prefix away. Those of the older
/// PHP tool work as they did.
pub fn router(site: Arc<Site>, stop: Stop) -> Router {
    let host = site.host();
    let settings = host.settings();
    let base = settings.process("BASE_PATH").unwrap_or_default().trim_matches('/').to_owned();
    let guard = Guard::new(settings.process("CRON_SECRET"));
    let door = Door::new(settings);
    if !guard.can_open() {
        tracing::info!(
            "CRON_SECRET is not set: /cron, /migrate and /metrics refuse everything, the schedule works"
        );
    }
    let mut router = Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures));
    for path in ["/cron", "/cron.php", "/public/cron.php"] {
        router = router.route(path, get(cron::run_job).post(cron::run_job));
    }
    for path in ["/migrate", "/migrate.php", "/public/migrate.php"] {
        router = router.route(path, get(migrate).post(migrate));
    }
    let mut router = router.merge(console::routes()).merge(oauth::routes());
    if !base.is_empty() {
        router = Router::new().nest(&format!("/{base}"), router.clone()).merge(router);
    }
    let mut router = router
        .fallback(oauth::elsewhere)
        .layer(middleware::from_fn(body::limited))
        .layer(middleware::map_response(answer::with_headers));
    if door.is_secure() {
        router = router.layer(middleware::map_response(answer::with_transport_security));
    }
    let base = if base.is_empty() { base } else { format!("/{base}") };
    router.with_state(Web { site, guard, door, base: base.into(), stop, desk: Arc::default() })
}

/// Says where the server listens, for people.
pub fn announce(address: SocketAddr) {
    tracing::info!("listening on http://{address}");
}

async fn healthy() -> &'static str {
    "ok\n"
}

async fn ready(State(web): State<Web>) -> Response {
    match web.site.host().store().pending_migrations().await {
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

async fn figures(State(web): State<Web>, headers: HeaderMap) -> Response {
    if let Err(refused) = web.guard.check(&headers, None) {
        return refused;
    }
    let host = web.site.host();
    match connections_status::status(host.settings(), host.store().as_ref()).await {
        Ok(all) => {
            let content = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (content, metrics::text(&all)).into_response()
        }
        Err(error) => {
            tracing::warn!("no figures: {error}");
            internal()
        }
    }
}

#[derive(Deserialize)]
struct MigrateQuery {
    token: Option<String>,
}

/// What the command `migrate` does, for those who have no other way in.
async fn migrate(
    State(web): State<Web>,
    headers: HeaderMap,
    query: Result<Query<MigrateQuery>, QueryRejection>,
) -> Response {
    let token = query.ok().and_then(|Query(query)| query.token);
    if let Err(refused) = web.guard.check(&headers, token.as_deref()) {
        return refused;
    }
    match web.site.host().store().migrate().await {
        Ok(applied) => json(StatusCode::OK, serde_json::json!({"applied": applied}).to_string()),
        Err(error @ StoreError::Newer(_)) => problem(StatusCode::CONFLICT, "newer", &error.to_string()),
        Err(error) => {
            tracing::error!("cannot migrate: {error}");
            internal()
        }
    }
}
