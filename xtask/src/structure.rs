//! The structure of the sources: no circle of imports between the files of a crate, no import against the order of
//! `layers.toml`, no file too long to read.
//!
//! Only what is shipped is asked about its imports: no tests, examples or build scripts, and nothing that a macro
//! makes. Cargo keeps the order of the crates themselves.

mod attributes;
mod circles;
mod imports;
mod layers;
mod modules;
mod resolve;
mod sources;
#[cfg(test)]
mod tests;
mod tokens;
mod uses;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use self::{
    circles::circles,
    layers::{Layers, Levels, fault_of_use, faults_of_list, names},
    modules::Tree,
    sources::Sources,
    uses::{Arrow, arrows},
};
use crate::{command::say, workspace::Workspace};

/// The folder of the files that several crates compile as their own, by `#[path]`.
const SHARED: &str = "wit";
/// The order of the layers, from the root of the workspace.
const LAYERS: &str = "xtask/layers.toml";

/// A longer file holds more than one thing.
const MOST_LINES: usize = 500;

/// Looks through every crate of the workspace.
///
/// # Errors
/// When anything is found, or a file cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    say("checking the structure of the sources");
    let layers = Layers::parse(&read(&workspace.root.join(LAYERS))?).context(LAYERS)?;
    let members = members(&read(&workspace.root.join("Cargo.toml"))?)?;
    let mut faults = faults_of_crates(&layers, &members);
    for folder in &members {
        if layers.unchecked.contains(folder) {
            eprintln!("    {folder}/ is not checked");
        } else if let Some(levels) = layers.levels.get(folder) {
            let mut sources = sources::read(&workspace.root.join(folder))?;
            sources.extend(sources::read_shared(&workspace.root.join(SHARED), SHARED)?);
            faults.extend(faults_of(folder, &sources, levels)?);
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} of the structure:\n\n{}", plural(faults.len()), faults.join("\n\n"))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn plural(count: usize) -> String {
    if count == 1 { "1 fault".into() } else { format!("{count} faults") }
}

/// The folders of all crates.
fn members(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")).and_then(names);
    let members = members.context("Cargo.toml lists no members")?;
    if members.iter().any(|member| member.contains('*')) {
        bail!("Cargo.toml: this reads the names of members, not patterns");
    }
    Ok(members)
}

fn faults_of_crates(layers: &Layers, members: &[String]) -> Vec<String> {
    let listed = || layers.levels.keys().chain(&layers.unchecked);
    let missing = members.iter().filter(|member| !listed().any(|name| name == *member)).map(|member| {
        format!("{member}: the crate has no order of layers: add `{member} = [..]` to {LAYERS}")
    });
    let gone = listed()
        .filter(|name| !members.contains(name))
        .map(|name| format!("{name}: there is no such crate: take it out of {LAYERS}"));
    missing.chain(gone).collect()
}

/// What is wrong with one crate.
///
/// # Errors
/// When a file is missing or is no Rust.
fn faults_of(folder: &str, sources: &Sources, levels: &Levels) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (path, text) in sources {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!(
                "{folder}/{path} has {lines} lines, {MOST_LINES} is the most: split it by what it holds"
            ));
        }
    }
    let mut tops = Vec::new();
    for root in sources.keys().filter(|path| is_root(path)) {
        let tree = Tree::load(root, sources).with_context(|| format!("in {folder}/"))?;
        let arrows = arrows(&tree);
        // An arrow to the root is a fault by itself, and would be a circle with everything.
        let (to_root, others): (Vec<_>, Vec<_>) =
            arrows.into_iter().partition(|arrow| tree.files[arrow.to].top.is_none());
        for arrow in &to_root {
            faults.push(format!(
                "{} uses what only the root of the crate has: move it down into a module",
                shown(folder, &tree, &[arrow])
            ));
        }
        for circle in circles(&others) {
            faults.push(format!(
                "a circle of {} files: move down what both sides need, or let the upper one hand it in\n{}",
                circle.len(),
                shown(folder, &tree, &circle)
            ));
        }
        for arrow in &others {
            if let (Some(user), Some(used)) = (&tree.files[arrow.from].top, &tree.files[arrow.to].top)
                && let Some(fault) = fault_of_use(levels, user, used)
            {
                faults.push(format!(
                    "against the order of {LAYERS}: {fault}; a module uses lower levels only\n{}",
                    shown(folder, &tree, &[arrow])
                ));
            }
        }
        tops.extend(tree.files.into_iter().filter_map(|file| file.top));
    }
    tops.sort();
    tops.dedup();
    faults.extend(faults_of_list(folder, levels, &tops));
    Ok(faults)
}

/// Files that cargo compiles by themselves.
fn is_root(path: &str) -> bool {
    path == "src/lib.rs"
        || path == "src/main.rs"
        || path.strip_prefix("src/bin/").is_some_and(|rest| !rest.contains('/') || rest.ends_with("/main.rs"))
}

/// Arrows that follow one another, a line each, as editors open them.
fn shown(folder: &str, tree: &Tree, arrows: &[&Arrow]) -> String {
    let mut text = String::new();
    for arrow in arrows {
        let path = &tree.files[arrow.from].path;
        text += &format!("    {folder}/{path}:{}: {}\n", arrow.line, arrow.written);
    }
    if let Some(last) = arrows.last() {
        text += &format!("    -> {folder}/{}", tree.files[last.to].path);
    }
    text
}
