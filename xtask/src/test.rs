//! Tests, and the demo that shows the whole working.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{self, Profile, cargo_with_component},
    command::{run, say},
    workspace::Workspace,
};

/// Builds the component and runs all tests; further arguments go to `cargo test`.
///
/// # Errors
/// When a build or a test fails.
pub(crate) fn all(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let component = build::component(workspace)?;
    say("running all tests");
    run(cargo_with_component(workspace, &component)
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments))?;
    say(
        "all tests passed; not run: the store on PostgreSQL and MariaDB (SQLite is the only store built yet)",
    );
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
