//! Tests, and the demo that shows the whole working.

use std::{
    env::{self, consts::EXE_SUFFIX},
    process::Command,
    thread,
};

use anyhow::Result;

use crate::{
    browser,
    build::{self, HOSTILE_VARIABLE, Profile, cargo_with_component},
    command::{run, say},
    node, servers,
    workspace::Workspace,
};

/// Read by the harness of the tests.
const THREADS_VARIABLE: &str = "RUST_TEST_THREADS";

/// Builds both components and runs all tests; further arguments go to `cargo test`. With `all` none of the
/// databases may be left out, and the browser neither.
///
/// # Errors
/// When a server cannot be had, or a build or a test fails.
pub(crate) fn all(workspace: &Workspace, all: bool, arguments: &[&str]) -> Result<()> {
    // First: what is missing shows before minutes of building.
    let servers = servers::find(all)?;
    let browser = browser::find(workspace, all)?;
    let node = node::find(all)?;
    let places = format!(
        "{}; {}; {}",
        servers.summary(),
        browser::summary(browser.as_ref()),
        node::summary(node.as_ref())
    );
    let component = build::component(workspace)?;
    let hostile = build::hostile(workspace)?;
    let in_node = node.map(|node| node::prepare(workspace, &node, &component)).transpose()?;
    say(&format!("running all tests, {places}"));
    run(cargo_with_component(workspace, &component)
        .env(HOSTILE_VARIABLE, hostile)
        .env(THREADS_VARIABLE, threads())
        .envs(servers.variables())
        .envs(browser::variables(browser.as_ref()))
        .envs([node::variable(in_node)])
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments))?;
    let which = if arguments.is_empty() { "all tests passed" } else { "the tests that were named passed" };
    say(&format!("{which}; {places}"));
    Ok(())
}

/// How many tests run at once, unless that is said from outside: most of those that take long wait for the clock or for
/// another process.
fn threads() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    env::var(THREADS_VARIABLE).unwrap_or_else(|_| (2 * cores).to_string())
}

/// Finds or starts the database servers of the tests and says which they are.
///
/// # Errors
/// When a server cannot be had.
pub(crate) fn servers(all: bool) -> Result<()> {
    say(&servers::find(all)?.summary());
    Ok(())
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bench {
    /// What the limits around the component cost: one run with them and one without.
    Limits,
    /// What the component costs before it does anything.
    Component,
    /// What hung connections do to two hundred others: four minutes without any, four with five of them.
    Connections,
    /// How long the pages of the console take with 100,000 orders.
    Console,
}

/// Measures, and prints a line for each variant.
///
/// # Errors
/// When a build or a run fails.
pub(crate) fn bench(workspace: &Workspace, bench: Bench) -> Result<()> {
    let component = build::component(workspace)?;
    let path = component.to_string_lossy();
    let component_variants: [&[&str]; 1] = [&[&path]];
    let (name, variants): (_, &[&[&str]]) = match bench {
        Bench::Component => ("component", &component_variants),
        Bench::Limits => ("limits", &[&["with"], &["without"]]),
        Bench::Connections => ("connections", &[&["200", "0", "3"], &["200", "5", "3"]]),
        Bench::Console => ("console", &[&["100000"]]),
    };
    say("measuring (the host is built as for tests: dependencies at full speed, our own code not)");
    // Naming the workspace keeps the features of the tests; with the package alone wasmtime would be built again.
    run(cargo_with_component(workspace, &component).args(["build", "--workspace", "--example", name]))?;
    let example = workspace.target.join("debug/examples").join(format!("{name}{EXE_SUFFIX}"));
    for variant in variants {
        run(Command::new(&example).args(*variant))?;
    }
    Ok(())
}

/// Measures the same work in each home of the component.
///
/// # Errors
/// When a build or a run fails.
pub(crate) fn bench_homes(workspace: &Workspace) -> Result<()> {
    let node = node::find(false)?;
    let program = build::program(workspace, Profile::Dev)?;
    let component = build::component_path(workspace);
    let folder = node.map(|node| node::prepare(workspace, &node, &component)).transpose()?;
    run(cargo_with_component(workspace, &component).args(["build", "--workspace", "--example", "homes"]))?;
    say("measuring (the program is built as for tests: dependencies at full speed, our own code not)");
    let example = workspace.target.join("debug/examples").join(format!("homes{EXE_SUFFIX}"));
    run(Command::new(example).arg("1000").arg(program).args(folder))
}

/// Plays seeds through the native sync and holds them against the committed digests; arguments as of the program.
///
/// # Errors
/// When the build fails, or a seed does something else than before.
pub(crate) fn trace(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    const PROGRAM: &str = "kaspi-amocrm-testkit";
    say("building the trace");
    // As for the program: naming a test chooses the features that the tests have.
    run(workspace.cargo().args(["build", "--workspace", "--bin", PROGRAM, "--test=imports"]))?;
    say("playing the seeds");
    run(Command::new(workspace.target.join("debug").join(format!("{PROGRAM}{EXE_SUFFIX}"))).args(arguments))
}

/// Builds the program and runs its demo on this terminal.
///
/// # Errors
/// When the build or the demo fails.
pub(crate) fn demo(workspace: &Workspace, keep: bool) -> Result<()> {
    let program = build::program(workspace, Profile::Dev)?;
    say("running the demo");
    let mut demo = Command::new(program);
    demo.current_dir(&workspace.root).arg("demo");
    if keep {
        demo.arg("--keep");
    }
    run(&mut demo)
}
