//! Builds the component and the program that embeds it.

mod strip;

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    command::{run, say},
    workspace::{WASM, Workspace},
};

/// The build script of the program and the tests of the component take its path from here.
pub(crate) const COMPONENT_VARIABLE: &str = "KASPI_AMOCRM_COMPONENT";

/// The tests of the host's limits take the path of the hostile component from here.
pub(crate) const HOSTILE_VARIABLE: &str = "KASPI_AMOCRM_HOSTILE";

/// How the program is built. The component is always built for release.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Quick to build, dependencies at full speed.
    Dev,
    /// To ship.
    Release,
}

/// Builds the component and answers with its path.
///
/// # Errors
/// When the target cannot be installed or the build fails.
pub(crate) fn component(workspace: &Workspace) -> Result<PathBuf> {
    workspace.need_wasm()?;
    say("building the component");
    // On top of the profile of the manifest, which the program shares: link-time optimisation of a whole wasmtime
    // would take longer than all the rest. Only for the crate type `cdylib` alone does cargo optimise at link time,
    // and on this target it leaves the stripping to us.
    run(workspace
        .cargo()
        .args(["rustc", "--package=kaspi-amocrm-plugin", "--lib", "--release", "--target", WASM])
        .args(["--crate-type=cdylib", "--", "-C", "strip=symbols"])
        // A run waits for the network, not for the processor: what counts of the component's code is its size.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z")
        .env("CARGO_PROFILE_RELEASE_LTO", "fat")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", short_paths()?))?;
    let path = component_path(workspace);
    let stripped = strip::without_names(&fs::read(&path)?).context("the component is cut short")?;
    // In place of the file, not into it: cargo keeps the same file under a second name.
    fs::remove_file(&path)?;
    fs::write(&path, stripped)?;
    say(&format!("component: {}, {} bytes", path.display(), size(&path)?));
    Ok(path)
}

/// Leaves the folders of this machine out of the places that a panic names: shorter, and the same bytes everywhere.
fn short_paths() -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).context("no home folder")?;
    let sources = home.join("registry/src");
    let folders = fs::read_dir(&sources).into_iter().flatten().flatten().map(|entry| entry.path());
    let flags: Vec<String> =
        folders.map(|folder| format!("--remap-path-prefix={}/=", folder.display())).collect();
    Ok(flags.join(" "))
}

/// Where [`component`] leaves it.
pub(crate) fn component_path(workspace: &Workspace) -> PathBuf {
    workspace.target.join(WASM).join("release").join("kaspi_amocrm_plugin.wasm")
}

/// Builds the component that misbehaves, for the tests of the host's limits, and answers with its path.
///
/// # Errors
/// When the target cannot be installed or the build fails.
pub(crate) fn hostile(workspace: &Workspace) -> Result<PathBuf> {
    workspace.need_wasm()?;
    say("building the hostile component");
    run(workspace
        .cargo()
        .args(["rustc", "--package=kaspi-amocrm-hostile", "--lib", "--release", "--target", WASM])
        .args(["--crate-type=cdylib"]))?;
    Ok(workspace.target.join(WASM).join("release").join("kaspi_amocrm_hostile.wasm"))
}

/// Builds the component and the program around it; answers with the program's path.
///
/// # Errors
/// When a build fails.
pub(crate) fn program(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let component = component(workspace)?;
    let mut cargo = cargo_with_component(workspace, &component);
    let folder = match profile {
        Profile::Dev => {
            say("building the program (the first time takes several minutes)");
            // Naming a test makes cargo choose the features of all crates as `cargo test --workspace` does.
            // Otherwise half of them differ, and whoever runs both chores builds wasmtime twice.
            cargo.args(["build", "--workspace", "--bin=kaspi-amocrm", "--test=imports"]);
            "debug"
        }
        Profile::Release => {
            say("building the program for release (the first time takes 10 to 15 minutes on two cores)");
            cargo.args(["build", "--package=kaspi-amocrm", "--release"]);
            "release"
        }
    };
    run(&mut cargo)?;
    let path = workspace.target.join(folder).join(format!("kaspi-amocrm{EXE_SUFFIX}"));
    say(&format!("program: {}, {} bytes", path.display(), size(&path)?));
    Ok(path)
}

/// Cargo for everything that compiles the program, always with the same component, so that no chore makes another
/// one build it again.
pub(crate) fn cargo_with_component(workspace: &Workspace, component: &Path) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env(COMPONENT_VARIABLE, component);
    cargo
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("cannot find {}", path.display()))?.len())
}
