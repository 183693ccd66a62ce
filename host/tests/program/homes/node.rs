//! Node.js, through what jco makes of the component: `embedding/node`.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kaspi_amocrm_simulator::{demo::demo_world, serve::wall_clock_ms};

use crate::rig::{Ended, Rig, ended};

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
        let ended = ended(self.command(rig, job)).await;
        assert_eq!(ended.code, Some(0), "{job}: {}", ended.text());
        ended.stdout
    }

    fn command(&self, rig: &Rig, job: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(program().join("run.mjs")).arg(job).current_dir(&self.folder).stdin(Stdio::null());
        command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).envs(&rig.settings);
        command
    }
}

fn program() -> PathBuf {
    let path = env::var_os(VARIABLE);
    path.unwrap_or_else(|| panic!("{VARIABLE} is not set: `cargo xtask test` sets it")).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_store_do_not_work_at_once() {
    if !Node::is_wanted() {
        return;
    }
    let rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    let node = Node::in_folder(rig.folder.path());
    let run = || ended(node.command(&rig, "new"));
    let (one, two) = tokio::join!(run(), run());
    let mut codes = [one.code, two.code];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(75)], "{}{}", one.text(), two.text());
    let busy: &Ended = if one.code == Some(75) { &one } else { &two };
    assert!(busy.stderr.starts_with("busy: process "), "{}", busy.text());
    rig.assert_right("after both");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_last_write_was_cut_goes_on() {
    if !Node::is_wanted() {
        return;
    }
    let rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    let node = Node::in_folder(rig.folder.path());
    node.run(&rig, "new").await;
    let writes = rig.writes();
    let path = rig.folder.path().join("store.jsonl");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.write_all(br#"[["shop/default/meta","eyJ2Ijox"#).unwrap();
    // Left behind as well by a process that died; nobody has that number.
    fs::write(rig.folder.path().join("store.jsonl.lock"), "4194305").unwrap();
    for _ in 0..2 {
        node.run(&rig, "new").await;
    }
    assert_eq!(rig.writes(), writes, "all is known");
    rig.assert_right("after the cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_wrong_have_the_exit_code_of_the_program() {
    if !Node::is_wanted() {
        return;
    }
    let mut rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    rig.settings.insert("AMO_RPS", "many".to_owned());
    let node = Node::in_folder(rig.folder.path());
    let wrong = ended(node.command(&rig, "new")).await;
    assert_eq!(wrong.code, Some(78), "{}", wrong.text());
    assert!(wrong.stderr.starts_with("config: AMO_RPS"), "{}", wrong.text());
    assert_eq!(ended(node.command(&rig, "tomorrow")).await.code, Some(2));
}
