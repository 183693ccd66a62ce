//! Node.js, through what jco makes of the component: `embedding/node`.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::rig::{Rig, ended};

/// Says where `embedding/node` is ready to run, or `absent`.
const VARIABLE: &str = "KASPI_AMOCRM_TEST_NODE";

pub(super) struct Node {
    /// Where its store is.
    folder: PathBuf,
}

impl Node {
    /// Whether the tests are to be run in Node; a variable that is not set is an error, so that nothing is left out
    /// unseen.
    pub(super) fn is_wanted() -> bool {
        program() != Path::new("absent")
    }

    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Runs a job; answers with its reports, one a line.
    pub(super) async fn run(&self, rig: &Rig, job: &str) -> String {
        let mut command = Command::new("node");
        command.arg(program().join("run.mjs")).arg(job).current_dir(&self.folder).stdin(Stdio::null());
        command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).envs(&rig.settings);
        let ended = ended(command).await;
        assert_eq!(ended.code, Some(0), "{job}: {}", ended.text());
        ended.stdout
    }
}

fn program() -> PathBuf {
    let path = env::var_os(VARIABLE);
    path.unwrap_or_else(|| panic!("{VARIABLE} is not set: `cargo xtask test` sets it")).into()
}
