//! The Rust files of a crate, in memory.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};

/// Text by path from the folder of the crate, with `/` on every system.
pub(super) type Sources = BTreeMap<String, String>;

/// Folders that hold no source of ours.
const PASSED_OVER: [&str; 2] = ["node_modules", "target"];

/// Reads every `.rs` file of a crate.
///
/// # Errors
/// When a folder or file cannot be read.
pub(super) fn read(folder: &Path) -> Result<Sources> {
    let mut sources = Sources::new();
    read_folder(folder, "", &mut sources)?;
    Ok(sources)
}

/// Reads the files of a folder beside the crates, by path from the folder of all crates. A crate that names one by
/// `#[path]` leaves its own folder on the way, and what is left of that path is this one.
///
/// # Errors
/// When a folder or file cannot be read.
pub(super) fn read_shared(folder: &Path, name: &str) -> Result<Sources> {
    let mut sources = Sources::new();
    read_folder(folder, &format!("{name}/"), &mut sources)?;
    Ok(sources)
}

fn read_folder(folder: &Path, prefix: &str, sources: &mut Sources) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            if !name.starts_with('.') && !PASSED_OVER.contains(&name.as_str()) {
                read_folder(&path, &format!("{prefix}{name}/"), sources)?;
            }
        } else if name.ends_with(".rs") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            sources.insert(format!("{prefix}{name}"), text);
        }
    }
    Ok(())
}
