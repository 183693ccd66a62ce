//! Time and memory of the component in each of its homes, for the same work: `cargo xtask bench homes`.
//!
//! `homes ORDERS PROGRAM [NODE_FOLDER]` measures; `homes fire` is one process of the emulation of Spin, with the settings
//! in its environment.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use kaspi_amocrm::wasm::EMBEDDED;
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::next_demo_order,
    oracle::{self, Scope},
    serve::{serve, wall_clock_ms},
};

#[path = "../tests/spin/mod.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it belongs to the tests, which need more of it")]
mod spin;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fire"] => fire().await,
        [orders, program, rest @ ..] => {
            let orders = orders.parse().context("the first word is a number of orders")?;
            let itself = env::current_exe()?;
            measure("program", orders, Command::new(program).args(["run", "new"])).await?;
            measure("Spin, emulated", orders, Command::new(itself).arg("fire")).await?;
            if let [folder] = rest {
                let script = Path::new(folder).join("run.mjs");
                measure("Node.js", orders, Command::new("node").arg(script).arg("new")).await?;
            }
            Ok(())
        }
        _ => bail!("usage: homes ORDERS PROGRAM [NODE_FOLDER]"),
    }
}

/// One process of a trigger: fires until nothing is left.
async fn fire() -> Result<()> {
    let variables: BTreeMap<String, String> =
        env::vars().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let allowed = vec![variables["amo_base_url"].clone()];
    let spin = Arc::new(spin::Spin::start(EMBEDDED)?);
    let app = spin::App::new(spin, variables, allowed, spin::Backend::Sqlite);
    loop {
        let fired = app.fire(&[("job", "new")]).await;
        fired.result.map_err(anyhow::Error::msg)?;
        let report: serde_json::Value = serde_json::from_str(fired.output.trim())?;
        if report["more"] != true {
            writeln!(std::io::stderr(), "  memory of the component: {} MiB", app.memory_bytes_max() >> 20)?;
            return Ok(());
        }
    }
}

/// Lets a process bring the orders in, and says what it took.
async fn measure(home: &str, orders: u64, command: &mut Command) -> Result<()> {
    let now_ms = wall_clock_ms();
    let mut world = World::default();
    for seq in 0..orders {
        let age_ms = i64::try_from(seq % 3_600).unwrap_or(0) * 1_000;
        world.kaspi.add_order(next_demo_order(seq, now_ms - age_ms));
    }
    let token = world.amo.options.token.clone();
    let kaspi_token = world.kaspi.options.token.clone();
    let world = Arc::new(Mutex::new(world));
    let server = serve(world.clone(), 0).await?;
    let folder = tempfile::tempdir()?;
    command
        .current_dir(folder.path())
        .env("KASPI_API_BASE", server.kaspi_base_url())
        .env("KASPI_API_TOKEN", kaspi_token)
        .env("AMO_BASE_URL", server.base_url())
        .env("AMO_LONG_LIVED_TOKEN", token)
        .env("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string())
        .env("AMO_STATUS_ID", account::STATUS_NEW_ID.to_string())
        .env("AMO_CATALOG_ID", account::CATALOG_ID.to_string())
        .env("AMO_LEAD_ORDER_CODE_FIELD_ID", account::LEAD_ORDER_CODE_FIELD_ID.to_string())
        .env("SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
        .stdout(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {home}"))?;
    let mut peak = Peak::default();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak.look(child.id());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let took = began.elapsed();
    let world = world.lock().map_err(|_| anyhow::anyhow!("the simulator has panicked"))?;
    let violations = oracle::check(&world, &Scope::at(now_ms));
    if !status.success() || !violations.is_empty() {
        bail!("{home}: {status}, {violations:?}");
    }
    writeln!(
        std::io::stdout(),
        "{home}: {orders} orders in {:.1} s, {:.1} s of processor, {} MiB at most, {} requests to amoCRM",
        took.as_secs_f64(),
        peak.processor.as_secs_f64(),
        peak.resident_kib / 1_024,
        world.amo.requests().len(),
    )?;
    Ok(())
}

/// What a process has used so far, where the system tells it in `/proc`.
#[derive(Default)]
struct Peak {
    resident_kib: u64,
    processor: Duration,
}

impl Peak {
    fn look(&mut self, process: u32) {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        self.resident_kib = kib.unwrap_or(self.resident_kib);
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // After the name, which may hold anything: user and system time are the 12th and 13th.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        if let (Some(user), Some(system)) = (ticks(), ticks()) {
            // A hundred a second, on all Linux that there is.
            self.processor = Duration::from_millis((user + system) * 10);
        }
    }
}
