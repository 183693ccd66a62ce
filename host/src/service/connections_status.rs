//! How all connections are doing, from what their runs have left in the store. Asks nobody and needs no component.

use serde::Serialize;

use super::stored_report::StoredReport;
use crate::{
    base::job::Job,
    config::Settings,
    store::{Blocker, LastRuns, RunRecord, Store, StoreError},
};

/// New orders are looked for every minute: after five without success something holds them up.
const LATE_AFTER_MS: i64 = 300_000;

/// The state of a connection in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Its last look for new orders was good.
    Working,
    /// Nobody has looked for new orders for a while.
    Late,
    /// Its last look for new orders failed.
    Failing,
    /// It has never run.
    Never,
}

/// How one connection is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionStatus {
    /// Its name.
    pub connection: String,
    /// Host of its amoCRM account, where the settings name one.
    pub account: String,
    /// In one word.
    pub health: Health,
    /// How far reading Kaspi is behind at this moment.
    pub lag_ms: Option<i64>,
    /// Orders that are not settled.
    pub backlog: u64,
    /// Orders of them that wait until it is known what became of a lost answer.
    pub in_doubt: u64,
    /// Orders of them that were put aside with a reason.
    pub parked: u64,
    /// How long ago the token pair was renewed; not with a long-lived token.
    pub token_age_ms: Option<i64>,
    /// How long its access token lives on; negative when it has ended.
    pub token_left_ms: Option<i64>,
    /// How long ago the last good look for new orders ended.
    pub last_success_ms_ago: Option<i64>,
    /// How long ago the last good reconciliation ended.
    pub last_reconcile_ms_ago: Option<i64>,
    /// Why the last look for new orders failed, or the last reconciliation.
    pub last_error: Option<String>,
    /// What that error is about.
    #[serde(rename = "hindrance", skip_serializing_if = "Option::is_none")]
    pub blocker: Option<Blocker>,
}

/// All connections of the settings, in their order.
///
/// # Errors
/// When the store fails.
pub async fn status(settings: &Settings, store: &dyn Store) -> Result<Vec<ConnectionStatus>, StoreError> {
    let now_ms = store.now_ms().await?;
    let mut all = Vec::new();
    for name in settings.connection_names() {
        let runs = store.last_runs(name).await?;
        all.push(ConnectionStatus::of(name, &runs, now_ms).with_settings(settings));
    }
    Ok(all)
}

/// What it looks like before anything has run: without a database.
pub fn never(settings: &Settings) -> Vec<ConnectionStatus> {
    let never = |name| ConnectionStatus::of(name, &[], 0).with_settings(settings);
    settings.connection_names().map(never).collect()
}

impl ConnectionStatus {
    fn with_settings(mut self, settings: &Settings) -> Self {
        let account = settings.connection(&self.connection).and_then(|connection| connection.amo_origin());
        match account {
            Ok(origin) => origin.host().clone_into(&mut self.account),
            // Its runs do not begin, and leave nothing behind.
            Err(error) => {
                self.health = Health::Failing;
                self.last_error = Some(error.to_string());
                self.blocker = Some(Blocker::Setting);
            }
        }
        self
    }

    fn of(connection: &str, runs: &[LastRuns], now_ms: i64) -> Self {
        let of_job = |job| runs.iter().find(|runs| runs.latest.job == job);
        let good = |job| of_job(job).and_then(|runs: &LastRuns| runs.latest_good.as_ref());
        let ago = |run: &RunRecord| (now_ms - ended_ms(run)).max(0);
        let last_success_ms_ago = good(Job::New).map(ago);
        let health = match of_job(Job::New) {
            None => Health::Never,
            Some(runs) if runs.latest.error.is_some() => Health::Failing,
            Some(_) if last_success_ms_ago.is_none_or(|ago| ago > LATE_AFTER_MS) => Health::Late,
            Some(_) => Health::Working,
        };
        // What is known of the shop comes from the newest report, whichever job wrote it.
        let newest = runs.iter().flat_map(|runs| [Some(&runs.latest), runs.latest_good.as_ref()]).flatten();
        let newest = newest.filter(|run| run.report.is_some()).max_by_key(|run| ended_ms(run));
        let report = newest.and_then(StoredReport::of).unwrap_or_default();
        let since_ms = newest.map_or(0, ago);
        Self {
            connection: connection.to_owned(),
            account: String::new(),
            health,
            lag_ms: report.lag_ms.map(|lag_ms| lag_ms.saturating_add(since_ms)),
            backlog: report.backlog,
            in_doubt: report.in_doubt,
            parked: report.parked,
            token_age_ms: report.token_age_ms.map(|age_ms| age_ms.saturating_add(since_ms)),
            token_left_ms: report.token_left_ms.map(|left_ms| left_ms.saturating_sub(since_ms)),
            last_success_ms_ago,
            last_reconcile_ms_ago: good(Job::Reconcile).map(ago),
            last_error: [Job::New, Job::Reconcile]
                .into_iter()
                .find_map(|job| of_job(job).and_then(|runs| runs.latest.error.clone())),
            blocker: [Job::New, Job::Reconcile]
                .into_iter()
                .find_map(|job| of_job(job).and_then(|runs| runs.latest.blocker)),
        }
    }
}

fn ended_ms(run: &RunRecord) -> i64 {
    run.started_ms.saturating_add(run.took_ms)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const NOW_MS: i64 = 10_000_000;

    fn run(job: Job, ended_ms_ago: i64, error: Option<&str>, report: Option<Value>) -> RunRecord {
        RunRecord {
            connection: "shop".to_owned(),
            job,
            started_ms: NOW_MS - ended_ms_ago - 2_000,
            took_ms: 2_000,
            report: report.map(|report| report.to_string()),
            error: error.map(str::to_owned),
            blocker: error.map(|_| Blocker::Other),
        }
    }

    fn of(runs: &[LastRuns]) -> ConnectionStatus {
        ConnectionStatus::of("shop", runs, NOW_MS)
    }

    fn only(latest: RunRecord) -> LastRuns {
        let latest_good = latest.error.is_none().then(|| latest.clone());
        LastRuns { latest, latest_good }
    }

    #[test]
    fn a_word_tells_whether_orders_come_through() {
        let report = Some(serde_json::json!({"job": "new"}));
        let good = run(Job::New, 30_000, None, report.clone());
        let old = run(Job::New, 600_000, None, report.clone());
        let failed = run(Job::New, 1_000, Some("Kaspi: 503"), report);
        for (runs, health) in [
            (vec![], Health::Never),
            (vec![only(good.clone())], Health::Working),
            (vec![only(old.clone())], Health::Late),
            (vec![LastRuns { latest: failed.clone(), latest_good: Some(good) }], Health::Failing),
            (vec![only(failed)], Health::Failing),
        ] {
            let status = of(&runs);
            assert_eq!(status.health, health);
            assert_eq!(status.last_error.is_some(), health == Health::Failing);
        }
    }

    #[test]
    fn what_holds_a_connection_up_is_what_its_last_run_met() {
        let met = |job, blocker| RunRecord { blocker, ..run(job, 1_000, blocker.map(|_| "x"), None) };
        assert_eq!(of(&[]).blocker, None);
        for blocker in [None, Some(Blocker::Token), Some(Blocker::Kaspi)] {
            let runs = [only(met(Job::New, blocker)), only(met(Job::Reconcile, Some(Blocker::Setting)))];
            assert_eq!(of(&runs).blocker, blocker.or(Some(Blocker::Setting)), "new orders come first");
        }
        let status = of(&[only(met(Job::New, Some(Blocker::Amocrm)))]);
        assert_eq!(serde_json::to_value(status).unwrap()["hindrance"], "amocrm");
    }

    #[test]
    fn figures_come_from_the_newest_report_and_have_aged_since() {
        let report = |backlog: u64| {
            serde_json::json!({"job": "new", "lag_ms": 1_000, "backlog": backlog, "in_doubt": 2, "parked": 1,
                               "token_age_ms": 50_000, "token_left_ms": 60_000})
        };
        let runs = [
            only(run(Job::New, 40_000, None, Some(report(7)))),
            only(run(Job::Reconcile, 90_000, Some("amoCRM: 504"), Some(report(9)))),
        ];
        let status = of(&runs);
        assert_eq!((status.backlog, status.in_doubt, status.parked), (7, 2, 1));
        assert_eq!((status.lag_ms, status.last_success_ms_ago), (Some(41_000), Some(40_000)));
        assert_eq!((status.token_age_ms, status.token_left_ms), (Some(90_000), Some(20_000)));
        assert_eq!((status.last_reconcile_ms_ago, status.last_error.as_deref()), (None, Some("amoCRM: 504")));
    }

    #[test]
    fn a_failed_run_without_a_report_leaves_the_figures_of_the_last_one() {
        let good = run(Job::New, 60_000, None, Some(serde_json::json!({"job": "new", "backlog": 3})));
        let runs = [LastRuns { latest: run(Job::New, 0, Some("dead pair"), None), latest_good: Some(good) }];
        assert_eq!((of(&runs).backlog, of(&runs).health), (3, Health::Failing));
        let nonsense = run(Job::New, 0, None, Some(serde_json::json!("no report")));
        assert_eq!(of(&[only(nonsense)]).backlog, 0);
    }

    #[test]
    fn a_connection_with_wrong_settings_is_failing() {
        let toml = "[connections.good]\nkaspi_api_token = 'a-token'\namo_subdomain = 'acme'\n\
                    amo_long_lived_token = 'another-token'\n[connections.bad]\namo_subdomain = 'acme'\n";
        let all = never(&Settings::from_sources([], None, Some(toml)));
        let told: Vec<_> =
            all.iter().map(|one| (one.connection.as_str(), one.account.as_str(), one.health)).collect();
        assert_eq!(told, [("bad", "", Health::Failing), ("good", "acme.amocrm.ru", Health::Never)]);
        let error = all[0].last_error.as_deref().unwrap_or_default();
        assert!(error.contains("KASPI_API_TOKEN") && !error.contains("a-token"), "{error}");
    }
}
