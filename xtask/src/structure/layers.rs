//! The written order of the layers, `xtask/layers.toml`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

/// Names of modules of the crate's root, the lowest level first.
pub(super) type Levels = Vec<Vec<String>>;

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// Folders of crates that nothing is asked of yet.
    pub(super) unchecked: Vec<String>,
    /// By folder of the crate.
    pub(super) levels: BTreeMap<String, Levels>,
}

impl Layers {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is not of the shape that its first lines describe.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse()?;
        let mut layers = Self::default();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("unchecked", value) => {
                    layers.unchecked = names(value).context("`unchecked` is no list of folders")?;
                }
                ("levels", Value::Table(crates)) => {
                    for (folder, levels) in crates {
                        let levels = levels
                            .as_array()
                            .and_then(|levels| levels.iter().map(names).collect::<Option<Levels>>())
                            .with_context(|| format!("`{folder}` is no list of levels, lists of names"))?;
                        layers.levels.insert(folder.clone(), levels);
                    }
                }
                _ => anyhow::bail!("nobody reads `{key}`"),
            }
        }
        Ok(layers)
    }
}

/// A list of strings.
pub(super) fn names(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

/// What is wrong with the list itself: every module of the root is there once and nothing else.
pub(super) fn faults_of_list(folder: &str, levels: &Levels, modules: &[String]) -> Vec<String> {
    let listed: Vec<&String> = levels.iter().flatten().collect();
    let mut faults = Vec::new();
    for module in modules {
        match listed.iter().filter(|name| **name == module).count() {
            0 => faults.push(format!(
                "{folder}: the module `{module}` has no level: add it to `{folder}` in xtask/layers.toml, above all that it \
                 uses and below all that use it"
            )),
            1 => {}
            _ => faults.push(format!(
                "{folder}: the module `{module}` is on two levels: leave one of them in xtask/layers.toml"
            )),
        }
    }
    for name in listed.into_iter().filter(|name| !modules.contains(name)) {
        faults.push(format!(
            "{folder}: there is no module `{name}`: take it out of `{folder}` in xtask/layers.toml, or write its new name"
        ));
    }
    faults
}

/// What is wrong when a module uses another; none also where one of them is not listed, which is a fault by itself.
pub(super) fn fault_of_use(levels: &Levels, user: &str, used: &str) -> Option<String> {
    let level = |module: &str| levels.iter().position(|level| level.iter().any(|name| name == module));
    let (of_user, of_used) = (level(user)?, level(used)?);
    if user == used || of_used < of_user {
        None
    } else if of_used == of_user {
        Some(format!("`{user}` and `{used}` are on the same level {}", of_user + 1))
    } else {
        Some(format!("`{user}` is on level {}, `{used}` above it on level {}", of_user + 1, of_used + 1))
    }
}
