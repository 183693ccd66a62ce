//! What the sandbox costs: one run of 200 orders with all limits and with none, each in a process of its own.
//!
//! `cargo run --example limits -- with`, then `-- without`. The simulators run in the same process, and their work is
//! part of the figures; the compilation of the component is not part of the times.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use kaspi_amocrm::{
    base::job::Job,
    base::shutdown::Stop,
    config::{DEFAULT_CONNECTION, Settings},
    service::{Host, RunLimits},
    wasm::{EMBEDDED, Plugin, Sandbox},
};
use kaspi_amocrm_simulator::{
    amo::account,
    demo::{demo_world, next_demo_order},
    serve::{serve, wall_clock_ms},
};

#[path = "usage/mod.rs"]
mod usage;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let with_limits = std::env::args().nth(1).as_deref() != Some("without");
    let plugin = if with_limits {
        Plugin::load(None, None)?
    } else {
        Plugin::load_uninterruptible(EMBEDDED)?.with_sandbox(Sandbox::unlimited())
    };
    let now_ms = wall_clock_ms();
    let mut world = demo_world(now_ms);
    (0..160).for_each(|seq| world.kaspi.add_order(next_demo_order(seq, now_ms - 60_000)));
    let (kaspi_token, amo_token) = (world.kaspi.options.token.clone(), world.amo.options.token.clone());
    let server = serve(Arc::new(Mutex::new(world)), 0).await?;
    let folder = tempfile::tempdir()?;
    let settings = Settings::from_pairs([
        ("KASPI_API_BASE", server.kaspi_base_url()),
        ("KASPI_API_TOKEN", kaspi_token),
        ("AMO_BASE_URL", server.base_url()),
        ("AMO_LONG_LIVED_TOKEN", amo_token),
        ("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string()),
        ("AMO_CATALOG_ID", account::CATALOG_ID.to_string()),
        ("DATABASE_URL", format!("sqlite://{}", folder.path().join("limits.sqlite").display())),
    ]);
    let host = Host::open(settings, plugin).await?;
    let (began, cpu, stop) = (Instant::now(), usage::cpu_ms()?, Stop::never());
    let run = host.run(DEFAULT_CONNECTION, Job::New, RunLimits::default(), Duration::ZERO, &stop);
    let report = Box::pin(run).await?.report;
    let created = report.map_or(0, |report| report.created + report.adopted);
    writeln!(
        std::io::stdout(),
        "{} limits: {created} orders, {} ms wall, {} ms CPU, {} kB peak",
        if with_limits { "with" } else { "without" },
        began.elapsed().as_millis(),
        usage::cpu_ms()? - cpu,
        usage::peak_kb()?
    )?;
    Ok(())
}
