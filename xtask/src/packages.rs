//! Programs of the operating system: where they are, and how they come onto a machine that lacks them.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::command::{output, run, say, succeeds};

/// Installs packages of Debian or Ubuntu.
///
/// # Errors
/// When there is no apt-get, it may not install, or it fails.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !succeeds(Command::new("apt-get").arg("--version"))? {
        bail!("{names}: not installed here, and there is no apt-get to install it with");
    }
    say(&format!("installing {names}"));
    run(apt_get()?.args(["update", "--quiet"]))
        .and_then(|()| {
            run(apt_get()?.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages))
        })
        .with_context(|| format!("cannot install {names}"))
}

fn apt_get() -> Result<Command> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

/// Whether this user may do everything.
///
/// # Errors
/// When the machine does not say who the user is.
pub(crate) fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// The folders in which programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").iter().flat_map(env::split_paths).filter(|path| path.is_absolute()).collect()
}

/// The first of these names that there is, in any of the folders.
pub(crate) fn first_of(names: &[&str], folders: &[PathBuf]) -> Option<PathBuf> {
    names
        .iter()
        .find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}
