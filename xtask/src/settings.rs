//! The reference of the settings, written from the code.

use std::fs;

use anyhow::{Context as _, Result};
use kaspi_amocrm_contract::reference;

use crate::{command::say, workspace::Workspace};

/// Rewrites the tables of `docs/configuration.md`, the variables of `spin.toml`, `.env.example`, and the messages for
/// Node.js. A test of the
/// settings holds that they are up to date.
///
/// # Errors
/// When a file cannot be read or written, or has no place for the tables.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    let with_part = |name: &str, render: fn(&str) -> Option<String>| {
        let path = workspace.root.join(name);
        let old = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let new = render(&old);
        let new = new.with_context(|| format!("{} has no lines between which it goes", path.display()))?;
        anyhow::Ok((path, new))
    };
    for (path, text) in [
        with_part("docs/configuration.md", reference::configuration)?,
        with_part("spin.toml", reference::spin_toml)?,
        (workspace.root.join(".env.example"), reference::env_example()),
        (workspace.root.join("embedding/node/messages.json"), reference::messages_json()),
    ] {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        say(&format!("written: {}", path.display()));
    }
    Ok(())
}
