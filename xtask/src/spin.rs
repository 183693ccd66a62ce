//! The application of `spin.toml` on the Spin of this machine.

use std::{env::consts::EXE_SUFFIX, fs, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    build::{self, cargo_with_component},
    command::{output, run, say},
    packages,
    workspace::Workspace,
};

/// Runs it against the simulators.
///
/// # Errors
/// When there is no `spin`, a build fails, or something is not as it must be.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let Some(spin) = packages::first_of(&[&format!("spin{EXE_SUFFIX}")], &packages::search_path()) else {
        bail!(
            "there is no `spin` on PATH, so nothing was checked on the real Spin.\n\
             Install Spin 3.5 or newer and `spin plugins install trigger-cron`, see docs/spin.md.\n\
             The tests run the component on an emulation of Spin's interfaces: `cargo xtask test --test program homes::`"
        );
    };
    let component = build::component(workspace)?;
    say("building what checks it");
    // Naming the workspace keeps the features of the tests; otherwise half of everything would be built again.
    run(cargo_with_component(workspace, &component).args([
        "build",
        "--workspace",
        "--example",
        "spin_check",
    ]))?;
    say(&format!("checking on {}", output(Command::new(&spin).arg("--version"))?.trim()));
    let folder = workspace.target.join("spin-check");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let example = workspace.target.join("debug/examples").join(format!("spin_check{EXE_SUFFIX}"));
    run(Command::new(example).args([&spin, &workspace.root.join("spin.toml"), &component, &folder]))
}
