//! The browser that the console is tested in: Chromium of the system, driven from Node.js.
//!
//! The tests take what they need from three variables; the first of them may say `absent`. The packages of npm are those
//! of `host/tests/browser/package-lock.json`, installed below the target folder.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{command::output, npm, packages, servers::ABSENT, workspace::Workspace};

const CHROMIUM_VARIABLE: &str = "KASPI_AMOCRM_TEST_CHROMIUM";
const MODULES_VARIABLE: &str = "KASPI_AMOCRM_TEST_NODE_MODULES";
const SCREENSHOTS_VARIABLE: &str = "KASPI_AMOCRM_TEST_SCREENSHOTS";
/// Names under which it is installed.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

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
    let modules = npm::install(&npm, &workspace.root.join("host/tests/browser"), &folder)?;
    let screenshots = folder.join("screenshots");
    fs::create_dir_all(&screenshots).with_context(|| format!("cannot make {}", screenshots.display()))?;
    Ok(Some(Browser { chromium, version, modules, screenshots }))
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
