//! What a timer wakes on hosts without a schedule of their own: Spin's cron trigger, a command line.

use crate::contract::json;
use crate::contract::types::{Caller, Lease, RunOptions};

use crate::{
    domain::Job,
    ports::Ports,
    run::{RunError, run},
    settings::Trigger,
};

/// Slices of one call. New orders come again in a minute; changes come in ten, so what is left of them is gone on with.
const SLICES_MAX: u32 = 10;
/// How long a job waits for the one that has the connection.
const WAIT_MS: u64 = 20_000;
/// Between two looks.
const LOOK_AGAIN_MS: u64 = 500;
/// Between two slices, so that somebody who waits gets the connection. Longer than the rest after a run and a look.
const PAUSE_MS: u64 = 2_000;

/// Runs the job that the setting `JOB` names, slice by slice. `tell` gets the report of each.
///
/// # Errors
/// When a slice has no report. [`RunError::Busy`] is no trouble: another run is doing the work.
pub async fn fire(ports: Ports<'_>, tell: &dyn Fn(&str)) -> Result<(), RunError> {
    let Trigger { job, slice_ms } = Trigger::load(ports.config)?;
    let slices = match job {
        Job::New => 1,
        Job::Reconcile => SLICES_MAX,
    };
    for slice in 0..slices {
        if slice > 0 {
            ports.clock.sleep(PAUSE_MS).await;
        }
        let began_ms = ports.clock.monotonic_ms();
        let report = loop {
            let caller = Caller { connection: None, lease: Lease::Component };
            let options = RunOptions { caller, max_ms: Some(slice_ms), continues: slice > 0, dry_run: false };
            match run(ports, job, &options).await {
                Err(RunError::Busy) if ports.clock.monotonic_ms() - began_ms < WAIT_MS => {
                    ports.clock.sleep(LOOK_AGAIN_MS).await;
                }
                result => break result?,
            }
        };
        tell(&json::report(&report).to_string());
        if !report.more {
            break;
        }
    }
    Ok(())
}
