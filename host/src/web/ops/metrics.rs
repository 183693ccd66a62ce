//! `/metrics`: how all connections are doing, in the text format of Prometheus.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use crate::{
    service::connections_status::{self, ConnectionStatus, Health},
    web::{app::state::Web, http::answer::internal},
};

/// A figure of a connection.
type Figure = fn(&ConnectionStatus) -> Option<f64>;

/// Name, meaning, value. Names end in their unit; what is not known has no line.
const GAUGES: [(&str, &str, Figure); 9] = [
    ("kaspi_amocrm_working", "Whether the last look for new orders was good and recent.", |one| {
        Some(if one.health == Health::Working { 1.0 } else { 0.0 })
    }),
    ("kaspi_amocrm_lag_seconds", "How far reading Kaspi is behind.", |one| seconds(one.lag_ms)),
    ("kaspi_amocrm_backlog_orders", "Orders that are not settled.", |one| count(one.backlog)),
    ("kaspi_amocrm_in_doubt_orders", "Orders that wait for the outcome of a lost answer.", |one| {
        count(one.in_doubt)
    }),
    ("kaspi_amocrm_parked_orders", "Orders that were put aside with a reason.", |one| count(one.parked)),
    (
        "kaspi_amocrm_last_success_age_seconds",
        "How long ago the last good look for new orders ended.",
        |one| seconds(one.last_success_ms_ago),
    ),
    ("kaspi_amocrm_last_reconcile_age_seconds", "How long ago the last good reconciliation ended.", |one| {
        seconds(one.last_reconcile_ms_ago)
    }),
    ("kaspi_amocrm_token_age_seconds", "How long ago the token pair was renewed.", |one| {
        seconds(one.token_age_ms)
    }),
    ("kaspi_amocrm_token_left_seconds", "How long the access token of the pair lives on.", |one| {
        seconds(one.token_left_ms)
    }),
];

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn seconds(ms: Option<i64>) -> Option<f64> {
    ms.map(|ms| ms as f64 / 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn count(count: u64) -> Option<f64> {
    Some(count as f64)
}

/// `GET /metrics`
pub(crate) async fn figures(State(web): State<Web>, headers: HeaderMap) -> Response {
    if let Err(refused) = web.guard.check(&headers, None) {
        return refused;
    }
    let host = web.site.host();
    match connections_status::status(host.settings(), host.store().as_ref()).await {
        Ok(all) => {
            let content = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (content, text(&all)).into_response()
        }
        Err(error) => {
            tracing::warn!("no figures: {error}");
            internal()
        }
    }
}

/// All figures of all connections.
fn text(all: &[ConnectionStatus]) -> String {
    let mut text = String::new();
    for (name, help, figure) in GAUGES {
        let values: Vec<_> = all.iter().filter_map(|one| Some((one, figure(one)?))).collect();
        if values.is_empty() {
            continue;
        }
        // Writing into a text cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (one, value) in values {
            let _ = writeln!(text, "{name}{{connection=\"{}\"}} {value}", escaped(&one.connection));
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    let info = "kaspi_amocrm_info";
    let _ = writeln!(
        text,
        "# HELP {info} The version that answers.\n# TYPE {info} gauge\n{info}{{version=\"{version}\"}} 1"
    );
    text
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_their_units_and_what_is_not_known_is_left_out() {
        let one = ConnectionStatus {
            connection: "al\"maty\\".to_owned(),
            account: "acme.amocrm.ru".to_owned(),
            health: Health::Working,
            lag_ms: Some(21_500),
            backlog: 7,
            in_doubt: 0,
            parked: 2,
            token_age_ms: None,
            token_left_ms: Some(-3_000),
            last_success_ms_ago: Some(20_000),
            last_reconcile_ms_ago: None,
            last_error: Some("never told here".to_owned()),
            blocker: None,
        };
        let text = text(&[one]);
        for line in [
            "# TYPE kaspi_amocrm_lag_seconds gauge",
            r#"kaspi_amocrm_working{connection="al\"maty\\"} 1"#,
            r#"kaspi_amocrm_lag_seconds{connection="al\"maty\\"} 21.5"#,
            r#"kaspi_amocrm_backlog_orders{connection="al\"maty\\"} 7"#,
            r#"kaspi_amocrm_token_left_seconds{connection="al\"maty\\"} -3"#,
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("token_age") && !text.contains("never told"), "{text}");
        assert!(super::text(&[]).contains("kaspi_amocrm_info{version="));
    }
}
