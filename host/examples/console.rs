//! How long the pages of the console take with many orders in the database.
//!
//! `cargo run --example console -- 100000`: fills a SQLite file with so many rows of orders and 30 days of runs, then
//! loads each page over HTTP, one after the other, and prints a line for each. With `stay` as a second argument it serves
//! the pages until it is interrupted, and prints a cookie to look at them with.
//!
//! The orders of the simulator's demo are real: read, written into a simulated account, some of them refused.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kaspi_amocrm::{
    base::clock::now_ms,
    base::job::Job,
    base::shutdown::{Stop, stop},
    config::Settings,
    service::{Host, RunLimits},
    store::{Blocker, Change, LeaseAnswer, LeaseRequest, RunRecord, Session, Store, Values},
    wasm::Plugin,
    web::{self, Site},
};
use kaspi_amocrm_contract::rows::{OrderRow, ROW_VERSION, place, prefix};
use kaspi_amocrm_simulator::{
    amo::account,
    demo::demo_world,
    fault::{Fault, Rule},
    serve::serve,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const LOADS: usize = 41;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Rows that are written at once.
const AT_ONCE: i64 = 2_000;
/// Where the list of orders is in the middle of 100,000.
const ONE_ORDER_MS: i64 = 25_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let orders: i64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let stays = arguments.next().as_deref() == Some("stay");
    let now_ms = now_ms();

    let mut world = demo_world(now_ms);
    let (kaspi_token, amo_token) = (world.kaspi.options.token.clone(), world.amo.options.token.clone());
    world.amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
    let server = serve(Arc::new(Mutex::new(world)), 0).await?;
    let folder = tempfile::tempdir()?;
    let settings = Settings::from_pairs([
        ("DATABASE_URL", format!("sqlite://{}", folder.path().join("bench.sqlite").display())),
        ("KASPI_API_BASE", server.kaspi_base_url()),
        ("KASPI_API_TOKEN", kaspi_token),
        ("AMO_BASE_URL", server.base_url()),
        ("AMO_LONG_LIVED_TOKEN", amo_token),
        ("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string()),
        ("AMO_STATUS_ID", account::STATUS_NEW_ID.to_string()),
        ("AMO_CATALOG_ID", account::CATALOG_ID.to_string()),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", account::LEAD_ORDER_CODE_FIELD_ID.to_string()),
    ]);
    let host = Host::open(settings, Plugin::load(None, None)?).await?;
    let filled = Instant::now();
    fill_runs(host.store().as_ref(), now_ms).await?;
    fill_orders(host.store().as_ref(), orders, now_ms).await?;
    say(&format!(
        "filled with {orders} orders and 30 days of runs in {:.0} s",
        filled.elapsed().as_secs_f64()
    ))?;
    host.run("default", Job::New, RunLimits::default(), Duration::ZERO, &Stop::never()).await?;
    let stuck = host.find_orders("default", &[], &Stop::never()).await?;
    let real = stuck.first().context("the simulator has refused nothing")?.code.clone();

    let digest: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    let session = Session { digest: &digest, purpose: "console", data: "", until_in_ms: DAY_MS };
    host.store().keep_session(&session).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stopper, stop) = stop();
    let serving = tokio::spawn(web::serve(Site::new(host, folder.path().to_owned()), listener, stop));

    let profile =
        if cfg!(debug_assertions) { "dev profile: our own code not optimised" } else { "release profile" };
    say(&format!("{profile}; {LOADS} loads of each page, milliseconds"))?;
    say(&format!("{:<34} {:>8} {:>8} {:>9}", "page", "median", "longest", "bytes"))?;
    let middle = format!("{}/", 9_999_999_999_999 - (now_ms - orders / 2 * ONE_ORDER_MS));
    for path in [
        "/".to_owned(),
        "/orders".to_owned(),
        format!("/orders?after={middle}"),
        "/orders?work=stuck".to_owned(),
        format!("/orders/{real}"),
        "/problems".to_owned(),
        "/statement".to_owned(),
        "/runs".to_owned(),
    ] {
        let mut took = Vec::with_capacity(LOADS);
        let mut bytes = 0;
        for _ in 0..LOADS {
            let began = Instant::now();
            bytes = load(address, &path).await?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        took.sort_by(f64::total_cmp);
        say(&format!(
            "{:<34} {:>8.1} {:>8.1} {:>9}",
            shortened(&path),
            took[LOADS / 2],
            took[LOADS - 1],
            bytes
        ))?;
    }
    if stays {
        say(&format!("http://{address}/ with the cookie session={TOKEN}; an order: {real}"))?;
        tokio::signal::ctrl_c().await?;
    }
    stopper.stop();
    serving.await?;
    Ok(())
}

/// Loads a page as a browser does that keeps no connection; answers with its length.
async fn load(address: std::net::SocketAddr, path: &str) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: session={TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{path}: {}", String::from_utf8_lossy(&answer));
    Ok(answer.len())
}

async fn fill_orders(store: &dyn Store, orders: i64, now_ms: i64) -> anyhow::Result<()> {
    let request = LeaseRequest {
        connection: "default",
        job: Job::New,
        note_due: false,
        holder: "bench",
        ttl_ms: DAY_MS,
    };
    let LeaseAnswer::Taken(fence) = store.take_lease(request).await? else {
        anyhow::bail!("somebody else has the connection")
    };
    for first in (0..orders).step_by(usize::try_from(AT_ONCE)?) {
        let changes: Vec<Change> = (first..orders.min(first + AT_ONCE)).map(|n| order(n, now_ms)).collect();
        Values::write(store, &fence, "default", &changes).await?;
    }
    store.release_lease(&fence).await?;
    Ok(())
}

/// The row of the n-th order, counted back from now.
fn order(n: i64, now_ms: i64) -> Change {
    let created_ms = now_ms - n * ONE_ORDER_MS;
    let code = (700_000_000 - n).to_string();
    let (step, class, state, status) = match n % 100 {
        0..3 => ("note", Some("note_refused"), "NEW", "APPROVED_BY_BANK"),
        3 => ("lead", Some("in_doubt"), "NEW", "APPROVED_BY_BANK"),
        4..8 => ("changes", Some("waiting"), "KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT"),
        8 => ("no_lead", Some("no_lead"), "ARCHIVE", "CANCELLED"),
        _ => ("done", None, "ARCHIVE", "COMPLETED"),
    };
    let key = format!("{}{}", prefix("default"), place(&code, created_ms));
    let row = OrderRow {
        v: ROW_VERSION,
        code,
        created_ms,
        state: state.to_owned(),
        status: status.to_owned(),
        stage: None,
        step: step.to_owned(),
        class: class.map(str::to_owned),
        lead_id: Some(40_000_000 + n),
        total_kzt: 5_000 + n % 90_000,
        tries: 0,
        next_ms: None,
        changed_ms: created_ms,
    };
    Change::Set(key, row.encode())
}

async fn fill_runs(store: &dyn Store, now_ms: i64) -> anyhow::Result<()> {
    for minute in (1..30 * 24 * 60).rev() {
        // A quarter of an hour in which the machine was off.
        if (200..215).contains(&minute) {
            continue;
        }
        let started_ms = now_ms - minute * MINUTE_MS;
        let failed = minute % 700 == 33;
        let report = json!({
            "job": "new", "connection": "default", "took_ms": 900 + minute % 500, "complete": !failed, "more": false,
            "seen": minute % 7, "created": minute * minute % 5, "adopted": 0, "updated": minute % 2, "skipped": 0,
            "parked": 0, "in_doubt": 0, "backlog": 3, "requests": {"kaspi": 4, "amocrm": 2 + minute % 9},
            "watermark": null, "lag_ms": 1_000,
            "problems": if failed { json!([{"code": "", "class": "upstream_kaspi", "message": "Kaspi: 503"}]) } else { json!([]) },
        });
        let run = |job: Job| RunRecord {
            connection: "default".to_owned(),
            job,
            started_ms,
            took_ms: 900 + minute % 500,
            report: Some(report.to_string()),
            error: failed.then(|| "Kaspi: 503".to_owned()),
            blocker: failed.then_some(Blocker::Kaspi),
        };
        store.record_run(&run(Job::New)).await?;
        if minute % 10 == 0 {
            store.record_run(&run(Job::Reconcile)).await?;
        }
    }
    Ok(())
}

fn shortened(path: &str) -> String {
    path.chars().take(34).collect()
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
