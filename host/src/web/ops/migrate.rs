//! `/migrate`: what the command does, for those who have no other way in.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use crate::{
    store::StoreError,
    web::{
        app::state::Web,
        http::answer::{internal, json, problem},
    },
};

#[derive(Deserialize)]
pub(crate) struct MigrateQuery {
    token: Option<String>,
}

/// What the command `migrate` does, for those who have no other way in.
pub(crate) async fn migrate(
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
