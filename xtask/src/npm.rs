//! Packages of npm, below the target folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::command::{run, say};

/// What says which packages are needed, and is therefore copied to where they are installed.
const PACKAGE_FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs exactly what the lock file in `from` names into `folder`, unless that has been done. Answers with the
/// modules.
///
/// # Errors
/// When a file cannot be copied or npm fails.
pub(crate) fn install(npm: &Path, from: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let modules = folder.join("node_modules");
    let done = folder.join("installed.json");
    let wanted = fs::read(from.join(PACKAGE_FILES[1]))?;
    if modules.is_dir() && fs::read(&done).is_ok_and(|done| done == wanted) {
        return Ok(modules);
    }
    for file in PACKAGE_FILES {
        fs::copy(from.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    say(&format!("installing the packages of {}", from.join(PACKAGE_FILES[0]).display()));
    // No package of them has a script that it needs.
    run(Command::new(npm).current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    fs::write(&done, wanted)?;
    Ok(modules)
}
