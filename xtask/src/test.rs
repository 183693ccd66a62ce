//! Tests, and the demo that shows the whole working.

use std::{env::consts::EXE_SUFFIX, process::Command};

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

/// Measures what the limits around the component cost: one run with them and one without, a line each.
///
/// # Errors
/// When a build or a run fails.
pub(crate) fn bench(workspace: &Workspace) -> Result<()> {
    let component = build::component(workspace)?;
    say("measuring (the host is built as for tests: dependencies at full speed, our own code not)");
    // Naming the workspace keeps the features of the tests; with the package alone wasmtime would be built again.
    run(cargo_with_component(workspace, &component).args(["build", "--workspace", "--example=limits"]))?;
    let example = workspace.target.join("debug/examples").join(format!("limits{EXE_SUFFIX}"));
    for variant in ["with", "without"] {
        run(Command::new(&example).arg(variant))?;
    }
    Ok(())
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
