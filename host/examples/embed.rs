//! The sync inside a program of yours: one job, then its report.
//!
//! The settings are those of `docs/configuration.md`, from the environment. The program decides when jobs run; two that
//! share a database never run one connection at the same time.
//! `cargo run --workspace --example embed -- new`

use std::{env, io::Write as _, time::Duration};

use anyhow::Context as _;
use kaspi_amocrm::{
    base::job::Job,
    base::shutdown::stop,
    config::{DEFAULT_CONNECTION, Settings},
    service::{Host, RunLimits, Slices as _},
    wasm::{Plugin, default_cache_folder},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let job = env::args().nth(1).and_then(|word| Job::of(&word)).context("say `new` or `reconcile`")?;

    // The component is part of the library; compiling it once takes a second, later programs find it in the cache.
    let plugin = Plugin::load(None, default_cache_folder().as_deref())?;
    // Names that are not ours are passed over.
    let settings = Settings::from_pairs(env::vars());
    // Opens the database, and brings a SQLite file up to date.
    let host = Host::open(settings, plugin).await?;

    // Ctrl-C ends the run cleanly: what is under way comes back and is recorded.
    let (stopper, stopped) = stop();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });
    let (limits, wait) = (RunLimits::default(), Duration::from_secs(30));
    let outcome = host.run(DEFAULT_CONNECTION, job, limits, wait, &stopped).await?;

    // A run that failed half-way has both: what was done, and why it ended.
    if let Some(report) = outcome.report {
        writeln!(std::io::stdout(), "{}", report.to_line())?;
    }
    outcome.error.map_or(Ok(()), |error| Err(error.into()))
}
