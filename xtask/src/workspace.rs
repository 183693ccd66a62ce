//! Where things are, and what is installed.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::command::{output, run, say, succeeds};

/// The target of the component.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// The folders of this clone.
pub(crate) struct Workspace {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    cargo: OsString,
}

impl Workspace {
    /// Finds the folders, from wherever it is called.
    ///
    /// # Errors
    /// When cargo cannot say where it builds.
    pub(crate) fn find() -> Result<Self> {
        // Asked at run time: clones that share a target folder share the compiled xtask too.
        let xtask = env::var_os("CARGO_MANIFEST_DIR").context("this runs as `cargo xtask`, not by itself")?;
        let root = Path::new(&xtask).parent().context("the folder of xtask has no parent")?.to_path_buf();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // Asked where this program was started: a relative CARGO_TARGET_DIR counts from there.
        let metadata = output(
            Command::new(&cargo)
                .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"])
                .arg(root.join("Cargo.toml")),
        )?;
        let target = target_directory(&metadata).context("`cargo metadata` names no target directory")?;
        Ok(Self { root, target: target.into(), cargo })
    }

    /// Cargo in the root, with the target folder as found.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(&self.cargo);
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// Installs the WebAssembly target where it is missing. `rust-toolchain.toml` names it, but not every machine
    /// lets rustup install by itself.
    ///
    /// # Errors
    /// When it is missing and cannot be installed.
    pub(crate) fn need_wasm(&self) -> Result<()> {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(&self.root).args(["--print", "target-libdir", "--target", WASM]);
        if Path::new(output(&mut rustc)?.trim()).is_dir() {
            return Ok(());
        }
        say(&format!("installing the target {WASM}"));
        run(Command::new("rustup").current_dir(&self.root).args(["target", "add", WASM]))
            .with_context(|| format!("the target {WASM} is missing; `rustup target add {WASM}` installs it"))
    }

    /// Installs a component of the toolchain where its cargo command is missing.
    ///
    /// # Errors
    /// When it is missing and cannot be installed.
    pub(crate) fn need_component(&self, component: &str, command: &str) -> Result<()> {
        if succeeds(self.cargo().args([command, "--version"]))? {
            return Ok(());
        }
        say(&format!("installing {component}"));
        run(Command::new("rustup").current_dir(&self.root).args(["component", "add", component]))
            .with_context(|| {
                format!("{component} is missing; `rustup component add {component}` installs it")
            })
    }
}

/// The one string that is wanted of the JSON, unescaped.
fn target_directory(metadata: &str) -> Option<String> {
    let (_, rest) = metadata.split_once("\"target_directory\":\"")?;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::target_directory;

    #[test]
    fn finds_the_target_directory() {
        let metadata = r#"{"packages":[],"target_directory":"/a \"b\"/c\\d","version":1}"#;
        assert_eq!(target_directory(metadata).as_deref(), Some(r#"/a "b"/c\d"#));
        assert_eq!(target_directory("{}"), None);
        assert_eq!(target_directory(r#"{"target_directory":"/cut"#), None);
    }
}
