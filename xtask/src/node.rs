//! Node.js as a host of the component: `embedding/node`, made ready below the target folder.
//!
//! The tests take the folder from a variable, which may say `absent`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    command::{output, run, say},
    npm, packages,
    servers::ABSENT,
    workspace::Workspace,
};

const VARIABLE: &str = "KASPI_AMOCRM_TEST_NODE";
/// The oldest one that jco works with.
const VERSION_MIN: u32 = 20;
/// Which files of ours stand for which imports.
const MAPS: [&str; 2] = ["wasi:keyvalue/*=../store.mjs#*", "wasi:config/store=../store.mjs#config"];

/// The Node.js of this machine.
pub(crate) struct Node {
    program: PathBuf,
    npm: PathBuf,
    version: String,
}

/// Finds it.
///
/// # Errors
/// When `all` is wanted and it is missing or too old.
pub(crate) fn find(all: bool) -> Result<Option<Node>> {
    let path = packages::search_path();
    let first = |name: &str| packages::first_of(&[name], &path);
    let is_wanted = env::var(VARIABLE).map_or(true, |value| value.trim() != ABSENT);
    let found = match (first("node"), first("npm")) {
        (Some(program), Some(npm)) if is_wanted => {
            let version = output(Command::new(&program).arg("--version"))?.trim().to_owned();
            let major = version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
            major.is_some_and(|major: u32| major >= VERSION_MIN).then_some(Node { program, npm, version })
        }
        _ => None,
    };
    if all && found.is_none() {
        bail!("--all wants Node.js {VERSION_MIN} or newer with npm, and it is not on PATH");
    }
    Ok(found)
}

/// Lets jco make modules of the component, beside those that run it; answers with the folder.
///
/// # Errors
/// When a package cannot be installed or jco fails.
pub(crate) fn prepare(workspace: &Workspace, node: &Node, component: &Path) -> Result<PathBuf> {
    let from = workspace.root.join("embedding/node");
    let folder = workspace.target.join("node");
    let modules = npm::install(&node.npm, &from, &folder)?;
    for file in ["store.mjs", "run.mjs", "report.mjs", "messages.json", "tsconfig.json"] {
        fs::copy(from.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    say("translating the component for Node.js");
    let mut jco = Command::new(&node.program);
    jco.current_dir(&folder)
        .arg(modules.join("@bytecodealliance/jco/dist/jco.js"))
        .arg("transpile")
        .arg(component)
        .args(["--quiet", "--name", "plugin", "--out-dir", "component"]);
    run(jco.args(MAPS.iter().flat_map(|map| ["--map", map])))?;
    say("checking the types that it makes of the WIT against ours");
    run(Command::new(&node.program)
        .current_dir(&folder)
        .arg(modules.join("typescript/bin/tsc"))
        .args(["--project", "."]))?;
    Ok(folder)
}

/// What the tests find in their environment.
pub(crate) fn variable(folder: Option<PathBuf>) -> (&'static str, PathBuf) {
    (VARIABLE, folder.unwrap_or_else(|| ABSENT.into()))
}

/// Where the component is run besides, or that it is not.
pub(crate) fn summary(node: Option<&Node>) -> String {
    match node {
        Some(node) => format!("Node.js {}", node.version),
        None => format!("NO Node.js {VERSION_MIN} or newer"),
    }
}
