//! `/healthz` and `/readyz`, for whatever watches this process.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{store::StoreError, web::app::state::Web};

pub(crate) async fn healthy() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(web): State<Web>) -> Response {
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
