//! `cargo deny` by the rules of `deny.toml`: licences, bans and sources always, advisories where their database can
//! be fetched.

use std::{
    env::consts::EXE_SUFFIX,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;

use crate::{
    command::{Ending, run, run_within, say},
    workspace::Workspace,
};

/// The version whose rules `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The database is a git repository of a few megabytes.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// All checks.
///
/// # Errors
/// When cargo-deny cannot be installed or finds something.
pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    let tool = install(workspace)?;
    say("checking licences, bans and sources");
    run(deny(workspace, &tool).args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))?;
    // Fetching is a step of its own: a database out of reach must not look like a finding, nor a finding like that.
    say("fetching the advisory database");
    match run_within(deny(workspace, &tool).args(["fetch", "db"]), FETCH_LIMIT)? {
        Ending::Success => {
            say("checking advisories");
            run(deny(workspace, &tool).args(["check", "--disable-fetch", "advisories"]))
        }
        Ending::Failure(why) => {
            say(&format!("advisories were NOT checked: their database cannot be fetched: {why}"));
            Ok(())
        }
    }
}

/// The pinned version, in the target folder, so that it neither needs nor disturbs what is installed elsewhere.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools").join(format!("cargo-deny-{VERSION}"));
    let tool = folder.join("bin").join(format!("cargo-deny{EXE_SUFFIX}"));
    if tool.is_file() {
        return Ok(tool);
    }
    say(&format!("installing cargo-deny {VERSION} into {} (about two minutes, once)", folder.display()));
    // Unoptimised: it reads one small graph, and an optimised build takes longer than all its runs together.
    run(workspace
        .cargo()
        .args(["install", "--locked", "--debug", &format!("cargo-deny@{VERSION}"), "--root"])
        .arg(&folder)
        .env("CARGO_PROFILE_DEV_DEBUG", "false"))?;
    Ok(tool)
}

fn deny(workspace: &Workspace, tool: &Path) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(&workspace.root);
    command
}
