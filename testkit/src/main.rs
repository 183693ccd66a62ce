//! `cargo xtask trace`: plays seeds and holds them against the committed digests.
//!
//! `trace` plays all, `trace 50` the first 50, `trace --seed 7` prints one whole, `trace --accept` writes the file.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{fs, path::PathBuf, process::ExitCode, thread};

use anyhow::{Context as _, Result, bail};
use kaspi_amocrm_testkit::trace::record;

/// Seeds of the committed file.
const SEEDS: u64 = 300;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => compare(SEEDS),
        ["--accept"] => accept(),
        ["--seed", seed] => show(seed.parse().context("--seed takes a number")?),
        [count] => compare(count.parse().context("the number of seeds")?),
        _ => bail!("usage: trace [COUNT | --seed N | --accept]"),
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("trace.txt")
}

/// Lines of the first seeds, in their order.
fn lines(count: u64) -> Vec<String> {
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let parts = thread::scope(|scope| {
        let play = |worker| scope.spawn(move || part(worker, workers, count));
        let running: Vec<_> = (0..workers).map(play).collect();
        running.into_iter().map(|worker| worker.join().expect("a seed that panics")).collect::<Vec<_>>()
    });
    let mut lines: Vec<(u64, String)> = parts.into_iter().flatten().collect();
    lines.sort_unstable();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn part(worker: u64, workers: u64, count: u64) -> Vec<(u64, String)> {
    (worker..count)
        .step_by(usize::try_from(workers).expect("few"))
        .map(|seed| (seed, record(seed).line(seed)))
        .collect()
}

fn compare(count: u64) -> Result<()> {
    let file = fs::read_to_string(path()).context("cannot read testkit/trace.txt")?;
    let kept: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    if count == 0 || count > kept.len() as u64 {
        bail!("testkit/trace.txt holds {} seeds, {count} were asked for", kept.len());
    }
    let played = lines(count);
    let changed: Vec<(&&str, &String)> =
        kept.iter().zip(&played).filter(|(kept, played)| *kept != played).collect();
    for (kept, played) in &changed {
        println!("- {kept}\n+ {played}");
    }
    if !changed.is_empty() {
        bail!(
            "{} of {count} seeds do something else than before (requests, reports, CRM: lines and digest). \
             `cargo xtask trace --seed N` prints one whole, here and in an older checkout; \
             `cargo xtask trace --accept` takes the new ones",
            changed.len()
        );
    }
    println!("{count} seeds do what they did");
    Ok(())
}

fn accept() -> Result<()> {
    let head = "# seed, then of requests, reports and the CRM at the end: number of lines and digest\n";
    let body: String = lines(SEEDS).into_iter().map(|line| line + "\n").collect();
    Ok(fs::write(path(), head.to_owned() + &body)?)
}

fn show(seed: u64) -> Result<()> {
    let trace = record(seed);
    for (name, lines) in [("request", trace.requests), ("report", trace.reports), ("crm", trace.crm)] {
        lines.iter().for_each(|line| println!("{name} {line}"));
    }
    Ok(())
}
