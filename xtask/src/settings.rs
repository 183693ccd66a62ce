//! The reference of the settings, written from the code.

use std::fs;

use anyhow::{Context as _, Result};
use kaspi_amocrm_settings::reference;

use crate::{command::say, workspace::Workspace};

/// Rewrites the tables of `docs/configuration.md`, and `.env.example`. A test of the settings holds that both are up
/// to date.
///
/// # Errors
/// When a file cannot be read or written, or has no place for the tables.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("docs/configuration.md");
    let old = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let new = reference::configuration(&old)
        .with_context(|| format!("{} has no lines between which the tables go", path.display()))?;
    for (path, text) in [(path, new), (workspace.root.join(".env.example"), reference::env_example())] {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        say(&format!("written: {}", path.display()));
    }
    Ok(())
}
