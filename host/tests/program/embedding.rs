//! The example for programs that embed the sync.

use std::{path::Path, process::Command};

use crate::rig::{Ended, Rig, ended};

/// Runs the example as a program of its own, with the settings of the rig.
async fn embed(rig: &Rig, arguments: &[&str]) -> Ended {
    let programs = Path::new(env!("CARGO_BIN_EXE_kaspi-amocrm")).parent().unwrap();
    let example = programs.join("examples/embed");
    assert!(example.is_file(), "`cargo xtask test` without further arguments builds the example");
    let mut command = Command::new(example);
    command.args(arguments).current_dir(rig.folder.path()).envs(&rig.settings);
    ended(command).await
}

#[tokio::test]
async fn the_example_brings_orders_in_and_shares_the_database_with_the_program() {
    let rig = Rig::start().await;
    let first = embed(&rig, &["new"]).await;
    let report = first.report();
    assert_eq!(
        (first.code, report["created"].as_u64(), report["adopted"].as_u64()),
        (Some(0), Some(39), Some(1))
    );
    let writes = rig.writes();
    for again in [embed(&rig, &["new"]).await, rig.run(&["run", "new"]).await] {
        assert_eq!((again.code, &again.report()["created"]), (Some(0), &0.into()), "{}", again.text());
    }
    assert_eq!(rig.writes(), writes, "what is done is known to both");

    let nothing = embed(&rig, &["tomorrow"]).await;
    assert!(
        nothing.code == Some(1) && nothing.stderr.contains("say `new` or `reconcile`"),
        "{}",
        nothing.stderr
    );
}
