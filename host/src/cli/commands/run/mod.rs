//! `run new|reconcile`.

mod plan;

use std::{path::Path, time::Duration};

use crate::{
    base::job::Job,
    base::{
        failure::{Exit, Failure},
        shutdown::Stop,
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{print, print_outcome},
    },
    config::Settings,
    service::{Host, RunLimits, Slices as _},
};

/// A dry run is one call of the component: what it has found out is gone with it.
const DRY_RUN_MAX: Duration = Duration::from_secs(600);

/// What was asked for.
pub(crate) struct Wanted {
    pub(crate) job: Job,
    pub(crate) max_seconds: Option<u64>,
    pub(crate) wait: u64,
    pub(crate) connection: String,
    pub(crate) dry_run: bool,
}

/// Runs until done and prints one report. A run that began always prints it, also when it failed later.
pub(crate) async fn run(settings: Settings, plugin: Option<&Path>, wanted: Wanted) -> Result<Exit, Failure> {
    // Settings first: they are what a new user gets wrong, and nothing is opened or sent with wrong ones.
    settings.connection(&wanted.connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    if wanted.dry_run {
        let host = Host::open_unchanged(settings, plugin).await?;
        return dry_run(&host, &wanted, &stop).await;
    }
    let host = Host::open(settings, plugin).await?;
    let limits = RunLimits { total: wanted.max_seconds.map(Duration::from_secs), ..RunLimits::default() };
    let wait = Duration::from_secs(wanted.wait);
    let outcome = Box::pin(host.run(&wanted.connection, wanted.job, limits, wait, &stop))
        .await
        .map_err(Failure::from)?;
    print_outcome(outcome)
}

/// The report with its plan goes to stdout, the same in words to stderr.
async fn dry_run(host: &Host, wanted: &Wanted, stop: &Stop) -> Result<Exit, Failure> {
    let max = wanted.max_seconds.map_or(DRY_RUN_MAX, Duration::from_secs);
    let report = Box::pin(host.dry_run(&wanted.connection, wanted.job, max, stop)).await?;
    print(&report.to_line())?;
    plan::show(&report)?;
    Ok(report.exit())
}
