//! Formatting, clippy and rustdoc, with warnings denied.

use anyhow::Result;

use crate::{
    build::{self, cargo_with_component},
    command::{run, say},
    structure,
    workspace::{WASM, Workspace},
};

/// Formatting, structure and clippy.
///
/// # Errors
/// When anything is found.
pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    format(workspace)?;
    structure::check(workspace)?;
    clippy(workspace)
}

/// Formatting; the quickest chore.
///
/// # Errors
/// When a file is not formatted.
pub(crate) fn format(workspace: &Workspace) -> Result<()> {
    workspace.need_component("rustfmt", "fmt")?;
    say("checking the formatting (`cargo fmt` mends it)");
    run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

/// Clippy over everything natively, and over the components for their own target: their bindings exist only there.
///
/// # Errors
/// When anything is found, or `Cargo.lock` is not up to date.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    workspace.need_component("clippy", "clippy")?;
    let component = build::component(workspace)?;
    say("clippy for WebAssembly");
    run(workspace
        .cargo()
        .args(["clippy", "--locked", "--package=kaspi-amocrm-plugin", "--package=kaspi-amocrm-hostile"])
        .args(["--lib", "--target", WASM])
        .args(["--", "-D", "warnings"]))?;
    say("clippy for this machine");
    run(cargo_with_component(workspace, &component)
        .args(["clippy", "--locked", "--workspace", "--all-targets"])
        .args(["--", "-D", "warnings"]))
}

/// Rustdoc of our own crates: broken links and missing docs.
///
/// # Errors
/// When anything is found.
pub(crate) fn docs(workspace: &Workspace) -> Result<()> {
    let component = build::component(workspace)?;
    say("building the documentation");
    // There are no examples. Asking for them makes cargo choose features as clippy has, whose work is then used again.
    run(cargo_with_component(workspace, &component)
        .args(["doc", "--workspace", "--no-deps", "--lib", "--bin=xtask", "--examples"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    say(&format!("documentation: {}", workspace.target.join("doc/kaspi_amocrm/index.html").display()));
    Ok(())
}
