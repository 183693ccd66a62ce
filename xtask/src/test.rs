//! Tests, and the demo that shows the whole working.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{self, HOSTILE_VARIABLE, Profile, cargo_with_component},
    command::{run, say},
    workspace::Workspace,
};

/// Builds both components and runs all tests; further arguments go to `cargo test`.
///
/// # Errors
/// When a build or a test fails.
pub(crate) fn all(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let component = build::component(workspace)?;
    let hostile = build::hostile(workspace)?;
    say("running all tests");
    run(cargo_with_component(workspace, &component)
        .env(HOSTILE_VARIABLE, hostile)
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments))?;
    say(
        "all tests passed; not run: the store on PostgreSQL and MariaDB (SQLite is the only store built yet)",
    );
    Ok(())
}

/// Measures what the limits around the component cost; prints a table.
///
/// # Errors
/// When a build or a run fails.
pub(crate) fn bench(workspace: &Workspace) -> Result<()> {
    let component = build::component(workspace)?;
    let hostile = build::hostile(workspace)?;
    say("measuring (the host is built as for tests: dependencies at full speed, our own code not)");
    run(cargo_with_component(workspace, &component).env(HOSTILE_VARIABLE, hostile).args([
        "bench",
        "--profile=dev",
        "--package=kaspi-amocrm",
        "--bench=limits",
    ]))
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
