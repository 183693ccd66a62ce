//! The browser that the console is tested in: Chromium of the system, driven from Node.js.
//!
//! The tests take what they need from three variables; the first of them may say `absent`. The packages of npm are those
//! of `host/tests/browser/package-lock.json`, installed below the target folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    command::{output, run, say},
    packages,
    servers::ABSENT,
    workspace::Workspace,
};

const CHROMIUM_VARIABLE: &str = "KASPI_AMOCRM_TEST_CHROMIUM";
const MODULES_VARIABLE: &str = "KASPI_AMOCRM_TEST_NODE_MODULES";
const SCREENSHOTS_VARIABLE: &str = "KASPI_AMOCRM_TEST_SCREENSHOTS";
/// Names under which it is installed.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What says which packages the tests need, and is therefore copied to where they are installed.
const PACKAGE_FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// What the tests of the console are run in.
pub(crate) struct Browser {
    chromium: PathBuf,
    version: String,
    modules: PathBuf,
    screenshots: PathBuf,
}

/// Finds the browser and what drives it; with `all` it is installed where it is missing.
///
/// # Errors
/// When `all` is wanted and cannot be had, or the packages of npm cannot be installed.
pub(crate) fn find(workspace: &Workspace, all: bool) -> Result<Option<Browser>> {
    let named = env::var(CHROMIUM_VARIABLE).unwrap_or_default();
    if named.trim() == ABSENT {
        if all {
            bail!("--all wants a browser, and {CHROMIUM_VARIABLE} says `{ABSENT}`");
        }
        return Ok(None);
    }
    let installed = |names: &[&str]| packages::first_of(names, &packages::search_path());
    let mut chromium = match named.trim() {
        "" => installed(&CHROMIUM),
        path => Some(PathBuf::from(path)),
    };
    let mut npm = installed(&["npm"]);
    if all {
        if chromium.is_none() {
            packages::install(&["chromium"])?;
            chromium = installed(&CHROMIUM);
        }
        if npm.is_none() {
            packages::install(&["nodejs", "npm"])?;
            npm = installed(&["npm"]);
        }
    }
    let (Some(chromium), Some(npm)) = (chromium, npm) else {
        if all {
            bail!("Chromium and npm were installed and are not found");
        }
        return Ok(None);
    };
    let version = output(Command::new(&chromium).arg("--version"))?.trim().to_owned();
    let folder = workspace.target.join("browser");
    let modules = install_modules(&npm, &workspace.root.join("host/tests/browser"), &folder)?;
    let screenshots = folder.join("screenshots");
    fs::create_dir_all(&screenshots).with_context(|| format!("cannot make {}", screenshots.display()))?;
    Ok(Some(Browser { chromium, version, modules, screenshots }))
}

/// Installs exactly what the lock file names, unless that has been done.
fn install_modules(npm: &Path, from: &Path, folder: &Path) -> Result<PathBuf> {
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
    say("installing what drives the browser");
    // No package of them has a script that it needs.
    run(Command::new(npm).current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    fs::write(&done, wanted)?;
    Ok(modules)
}

/// What the tests find in their environment.
pub(crate) fn variables(browser: Option<&Browser>) -> Vec<(&'static str, PathBuf)> {
    match browser {
        None => vec![(CHROMIUM_VARIABLE, ABSENT.into())],
        Some(Browser { chromium, modules, screenshots, .. }) => vec![
            (CHROMIUM_VARIABLE, chromium.clone()),
            (MODULES_VARIABLE, modules.clone()),
            (SCREENSHOTS_VARIABLE, screenshots.clone()),
        ],
    }
}

/// In what the console is tested, or that it is not.
pub(crate) fn summary(browser: Option<&Browser>) -> String {
    match browser {
        Some(browser) => format!("console in {}", browser.version),
        None => "console in NO browser: `cargo xtask test --all` installs one".to_owned(),
    }
}
