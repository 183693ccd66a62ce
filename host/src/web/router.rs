//! All addresses of `serve`. Queries are never logged.

use std::sync::Arc;

use axum::{Router, middleware, routing::get};

use super::{
    app::state::{Site, Web},
    auth::{api_token::Guard, login::Door},
    console,
    http::{answer, body},
    oauth,
    ops::{cron, health, metrics, migrate},
};
use crate::base::shutdown::Stop;

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
        .route("/healthz", get(health::healthy))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::figures));
    for path in ["/cron", "/cron.php", "/public/cron.php"] {
        router = router.route(path, get(cron::run_job).post(cron::run_job));
    }
    for path in ["/migrate", "/migrate.php", "/public/migrate.php"] {
        router = router.route(path, get(migrate::migrate).post(migrate::migrate));
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
