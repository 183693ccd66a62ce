//! `demo`: the real component in the real host, against simulators of both APIs on this machine.
//!
//! What is shown comes from the simulated CRM, not from what our own store believes.

mod scene;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    base::clock::now_ms,
    base::job::Job,
    base::{
        calendar::Range,
        failure::{Exit, Failure},
        shutdown::Stop,
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::print,
        table,
    },
    config::DEFAULT_CONNECTION,
    contract::types::StateCounts,
    service::{Host, RunLimits},
};
use scene::{Counts, Day, Scene};

/// How often progress is looked at.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// With `--keep`: from one new order to the next.
const ORDER_EVERY: Duration = Duration::from_secs(5);

/// Runs the demo; fails where the CRM does not hold what it should.
pub(crate) async fn demo(plugin: Option<&Path>, keep: bool) -> Result<Exit, Failure> {
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let folder = tempfile::tempdir().map_err(Failure::internal)?;
    let scene = Scene::start().await.map_err(Failure::internal)?;
    let host = Host::open(scene.settings(&folder.path().join("demo.sqlite")), plugin).await?;

    let before = scene.counts();
    print(&format!(
        "Kaspi is simulated at {}, amoCRM at {}. Nothing leaves this machine.",
        scene.kaspi_url(),
        scene.amo_url()
    ))?;
    print(&format!(
        "The shop has {} orders of {} buyers over three days. The CRM knows {}, {} and {}.\n",
        before.orders,
        scene.buyers(),
        plural(before.contacts, "contact", "contacts"),
        plural(before.products, "product", "products"),
        plural(before.leads, "lead that a person typed in", "leads that people typed in")
    ))?;

    let started = Instant::now();
    run_once(&host, &scene, Job::New, &stop, true).await?;
    let seconds = started.elapsed().as_secs_f64();
    if stop.is_requested() {
        return Ok(Exit::Done);
    }
    let after = scene.counts();
    show_table(&scene)?;
    show_totals(&scene, before, after, seconds)?;

    print("\nThe same run again:")?;
    run_once(&host, &scene, Job::New, &stop, false).await?;
    let again = scene.counts();
    print(&format!(
        "  {} to Kaspi, {} to amoCRM, of them {} that write",
        plural(again.kaspi_requests - after.kaspi_requests, "request", "requests"),
        again.amo_requests - after.amo_requests,
        again.amo_writes - after.amo_writes
    ))?;
    let mut faults = scene.faults();
    if again.amo_writes > after.amo_writes {
        faults.push("the second run wrote".to_owned());
    }
    show_faults(&faults, "every order has exactly one lead, with its buyer, its products and its note")?;
    show_a_day(&host, &scene, &stop).await?;
    faults.extend(scene.faults());
    show_next_steps()?;
    if keep {
        keep_going(&host, &scene, &stop).await?;
    }
    Ok(if faults.is_empty() { Exit::Done } else { Exit::Bug })
}

/// What is wrong, or that nothing is.
fn show_faults(faults: &[String], verdict: &str) -> Result<(), Failure> {
    for fault in faults {
        print(&format!("  WRONG: {fault}"))?;
    }
    if faults.is_empty() { print(&format!("  {verdict}")) } else { Ok(()) }
}

/// Orders go their ways, one reconcile follows them, and both sides are compared.
async fn show_a_day(host: &Arc<Host>, scene: &Scene, stop: &Stop) -> Result<(), Failure> {
    let Day { completed, cancelled, changed } = scene.let_a_day_go_by();
    print(&format!(
        "\nA day goes by: {} completed, {cancelled} cancelled, {changed} lost a line, and a salesperson moved one lead. \
         After one reconcile:",
        plural(completed, "order was", "orders were")
    ))?;
    let before = scene.counts();
    run_once(host, scene, Job::Reconcile, stop, false).await?;
    let after = scene.counts();
    print(&format!(
        "  {} to Kaspi, {} to amoCRM, of them {} that write; {} more",
        plural(after.kaspi_requests - before.kaspi_requests, "request", "requests"),
        after.amo_requests - before.amo_requests,
        after.amo_writes - before.amo_writes,
        plural(after.notes - before.notes, "note", "notes")
    ))?;
    let to_ms = now_ms();
    let range = Range { from_ms: to_ms - 4 * 86_400_000, to_ms };
    let statement = Box::pin(host.statement(DEFAULT_CONNECTION, range, stop)).await?;
    let count = |kind: fn(&StateCounts) -> u64| statement.states.iter().map(kind).sum::<u64>();
    print(&format!(
        "  statement: {} orders at Kaspi, {} leads: {} agree, {} kept as a person wants it, {} missing, {} doubled, \
         {} different",
        statement.orders,
        statement.leads,
        count(|state| state.agree),
        count(|state| state.kept),
        count(|state| state.missing),
        count(|state| state.doubled),
        count(|state| state.different)
    ))?;
    show_faults(&scene.faults(), "every lead is in the stage of its order, but for the one that was moved")
}

/// One run of a job, with a line whenever the CRM has changed.
async fn run_once(
    host: &Arc<Host>,
    scene: &Scene,
    job: Job,
    stop: &Stop,
    with_progress: bool,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut shown = None;
    let run = host.run(DEFAULT_CONNECTION, job, RunLimits::default(), Duration::ZERO, stop);
    let mut run = Box::pin(run);
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    let outcome = loop {
        tokio::select! {
            outcome = &mut run => break outcome,
            _ = ticks.tick(), if with_progress => show_progress(started, scene.counts(), &mut shown)?,
        }
    };
    if with_progress {
        show_progress(started, scene.counts(), &mut shown)?;
    }
    match outcome.map_err(Failure::from)?.error {
        Some(error) if !stop.is_requested() => Err(error.into()),
        _ => Ok(()),
    }
}

fn show_progress(started: Instant, counts: Counts, shown: &mut Option<Counts>) -> Result<(), Failure> {
    if *shown == Some(counts) {
        return Ok(());
    }
    *shown = Some(counts);
    print(&format!(
        "{:5.1} s   leads {:3}   contacts {:3}   products {:3}   notes {:3}   requests: Kaspi {}, amoCRM {}",
        started.elapsed().as_secs_f64(),
        counts.leads,
        counts.contacts,
        counts.products,
        counts.notes,
        counts.kaspi_requests,
        counts.amo_requests
    ))
}

fn show_table(scene: &Scene) -> Result<(), Failure> {
    let mut known = BTreeSet::new();
    let rows: Vec<[String; 6]> = scene
        .results()
        .into_iter()
        .map(|row| {
            let contact = match row.contact {
                None => "none",
                Some(contact) if scene.is_old_contact(contact) => "found",
                // Made for an earlier order of the same buyer.
                Some(contact) if !known.insert(contact) => "same buyer",
                Some(_) => "created",
            };
            let products = format!("{} ({} pcs)", row.products, row.pieces);
            let lead = row.leads.first().map_or_else(|| "-".to_owned(), u64::to_string);
            [row.code, row.buyer, lead, contact.to_owned(), products, row.state.to_owned()]
        })
        .collect();
    print("")?;
    for line in table::lines(["Order", "Buyer", "Lead", "Contact", "Products", "State"], &rows) {
        print(&line)?;
    }
    Ok(())
}

fn show_totals(scene: &Scene, before: Counts, after: Counts, seconds: f64) -> Result<(), Failure> {
    let results = scene.results();
    let adopted = results.iter().filter(|row| row.state == "adopted").count();
    let found: BTreeSet<u64> = results
        .iter()
        .filter_map(|row| row.contact)
        .filter(|contact| scene.is_old_contact(*contact))
        .collect();
    let without = results.iter().filter(|row| row.contact.is_none()).count();
    let verdict = if scene.faults().is_empty() { ", none lost, none doubled" } else { "" };
    let created = plural(after.leads - before.leads, "lead", "leads");
    print(&format!("\n{} orders: {created} created, {adopted} adopted{verdict}", results.len()))?;
    print(&format!(
        "contacts: {} created, {} found, {} without one",
        after.contacts - before.contacts,
        found.len(),
        plural(without, "order", "orders")
    ))?;
    print(&format!("products: {} created", after.products - before.products))?;
    let per_order = |requests: usize| requests as f64 / results.len().max(1) as f64;
    print(&format!(
        "requests: Kaspi {} ({:.2} an order), amoCRM {} ({:.2} an order), at most {} in any second",
        after.kaspi_requests,
        per_order(after.kaspi_requests),
        after.amo_requests,
        per_order(after.amo_requests),
        scene.amo_requests_in_a_second_max()
    ))?;
    print(&format!("time: {seconds:.1} s"))
}

fn show_next_steps() -> Result<(), Failure> {
    print(
        "\nTo connect a real account, write these lines into .env in the folder where you start the program:\n  \
         KASPI_API_TOKEN=...          merchant cabinet: Settings, API token\n  \
         AMO_SUBDOMAIN=acme           the account's name: acme.amocrm.ru\n  \
         AMO_LONG_LIVED_TOKEN=...     amoCRM: Integrations, your integration, Keys and access\n  \
         AMO_PIPELINE_ID=... AMO_STATUS_ID=... AMO_CATALOG_ID=...\n\
         then: kaspi-amocrm config check, kaspi-amocrm run new, kaspi-amocrm serve",
    )
}

async fn keep_going(host: &Arc<Host>, scene: &Scene, stop: &Stop) -> Result<(), Failure> {
    print("\nA new order every few seconds; Ctrl-C ends it.")?;
    for number in 0.. {
        if stop.is_requested() {
            break;
        }
        let code = scene.add_order(number);
        run_once(host, scene, Job::New, stop, false).await?;
        if let Some(row) = scene.results().into_iter().find(|row| row.code == code) {
            let lead = row.leads.first().map_or_else(|| "-".to_owned(), u64::to_string);
            print(&format!("order {code} of {}: lead {lead}, {}", row.buyer, row.state))?;
        }
        tokio::select! {
            () = tokio::time::sleep(ORDER_EVERY) => {}
            () = stop.requested() => {}
        }
    }
    Ok(())
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
