//! `/cron`: one slice of a job, for a hosting panel's crontab.

use std::time::Duration;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::{
    base::job::Job,
    config::DEFAULT_CONNECTION,
    service::{Outcome, RunError, RunLimits, Slices as _},
    web::{
        app::state::Web,
        http::answer::{internal, json, problem},
    },
};

/// A hosting panel cuts a request after half a minute.
const CRON_SLICE: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
pub(crate) struct CronQuery {
    task: Option<String>,
    token: Option<String>,
    connection: Option<String>,
}

pub(crate) async fn run_job(
    State(web): State<Web>,
    headers: HeaderMap,
    query: Result<Query<CronQuery>, QueryRejection>,
) -> Response {
    let query = query.ok().map(|Query(query)| query);
    if let Err(refused) = web.guard.check(&headers, query.as_ref().and_then(|query| query.token.as_deref())) {
        return refused;
    }
    let Some(job) = query.as_ref().and_then(|query| Job::of(query.task.as_deref()?)) else {
        return problem(StatusCode::BAD_REQUEST, "task", "task must be new or reconcile");
    };
    let host = web.site.host();
    let connection = match query.and_then(|query| query.connection) {
        Some(name) => name,
        // A shop whose settings stand in the TOML file only may be the one there is.
        None => {
            let mut names = host.settings().connection_names();
            let only = names.next().filter(|_| names.next().is_none());
            only.unwrap_or(DEFAULT_CONNECTION).to_owned()
        }
    };
    let (sender, receiver) = oneshot::channel();
    // In a task of its own: a caller that hangs up must not cut a run.
    tokio::spawn(async move {
        let limits = RunLimits { total: Some(CRON_SLICE), slice: CRON_SLICE, slices_max: Some(1) };
        match host.begin(&connection, job, Duration::ZERO).await {
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

fn refused(error: &RunError) -> Response {
    match error {
        RunError::Busy => json(StatusCode::ACCEPTED, r#"{"busy":true,"due":true}"#.to_owned()),
        RunError::Config(_) | RunError::InvalidCall(_) | RunError::Settings(_) => {
            problem(StatusCode::INTERNAL_SERVER_ERROR, "config", &error.to_string())
        }
        RunError::Upstream(_) | RunError::Late(_) => {
            problem(StatusCode::BAD_GATEWAY, "upstream", &error.to_string())
        }
        RunError::Interrupted => problem(StatusCode::SERVICE_UNAVAILABLE, "ending", "this host is ending"),
        RunError::Store(error) => {
            tracing::error!("a run could not begin: {error}");
            internal()
        }
        RunError::Internal(_) | RunError::Fault(_) => {
            tracing::error!("a run failed: {error}");
            internal()
        }
    }
}
