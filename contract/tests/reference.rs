//! What people read about settings is what the code does.

use std::{fs, path::Path};

use kaspi_amocrm_contract::reference::{COMMAND, configuration, env_example, messages_json, spin_toml};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}; run `{COMMAND}`"))
}

#[test]
fn the_reference_is_up_to_date() {
    let old = file("docs/configuration.md");
    let new = configuration(&old).expect("docs/configuration.md has lines between which the tables go");
    assert!(old == new, "docs/configuration.md is out of date; run `{COMMAND}` and commit what it writes");
}

#[test]
fn the_manifest_for_spin_is_up_to_date() {
    let old = file("spin.toml");
    let new = spin_toml(&old).expect("spin.toml has lines between which the variables go");
    assert!(old == new, "spin.toml is out of date; run `{COMMAND}` and commit what it writes");
}

#[test]
fn the_example_is_up_to_date() {
    let is_same = file("embedding/node/messages.json") == messages_json();
    assert!(
        is_same,
        "embedding/node/messages.json is out of date; run `{COMMAND}` and commit what it writes"
    );
    let is_same = file(".env.example") == env_example();
    assert!(is_same, ".env.example is out of date; run `{COMMAND}` and commit what it writes");
}
