//! `wit/world.wit` against the kept copy of the last version: hosts that bound that one must go on working, or the
//! package has another minor version.

use std::{fs, path::PathBuf};

use wit_component::semver_check;
use wit_parser::{PackageId, Resolve};

const PACKAGE: &str = "package kaspi-amocrm:plugin@";
const WORLD: &str = "plugin";

fn wit() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

fn read(name: &str) -> String {
    let path = wit().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// `0.2.0`
fn version(text: &str) -> (u64, u64, u64) {
    let rest = text.split_once(PACKAGE).expect("a package").1;
    let version = rest.split_once(';').expect("a version").0;
    let parts: Vec<u64> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    let [major, minor, patch] = parts[..] else { panic!("{version} has not three numbers") };
    (major, minor, patch)
}

/// The newest of the kept copies.
fn released() -> String {
    let folder = fs::read_dir(wit().join("released")).expect("wit/released is there");
    let copies = folder.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a copy"));
    copies.max_by_key(|text| version(text)).expect("at least one copy")
}

/// A world of that text, in a package of a version of its own, so that several stand beside each other.
fn push(resolve: &mut Resolve, text: &str, number: u32) -> PackageId {
    let rest = text.split_once(PACKAGE).expect("a package").1.split_once(';').expect("a version").1;
    resolve.push_str(format!("{number}.wit"), &format!("{PACKAGE}0.0.{number};{rest}")).expect("WIT")
}

/// Whether a host that bound the world of `before` can work with a component of the world of `after`.
fn serves(before: &str, after: &str) -> bool {
    let mut resolve = Resolve::default();
    // For the packages that both import.
    resolve.push_dir(wit()).expect("WIT");
    let [before, after] = [(before, 1), (after, 2)].map(|(text, number)| push(&mut resolve, text, number));
    let [before, after] =
        [before, after].map(|package| resolve.select_world(&[package], Some(WORLD)).expect("the world"));
    // The check asks whether what has the first shape can stand where the second one is wanted.
    semver_check(resolve, after, before).is_ok()
}

#[test]
fn world_that_serves_hosts_of_the_last_version_no_more_has_another_minor_version() {
    let (released, current) = (released(), read("world.wit"));
    let (last, now) = (version(&released), version(&current));
    assert!(now >= last, "{now:?} is older than the kept copy {last:?}");
    if serves(&released, &current) {
        assert_eq!((now.0, now.1), (last.0, last.1), "nothing asks for another minor version");
    } else {
        assert!(
            (now.0, now.1) > (last.0, last.1),
            "hosts of {last:?} cannot work with this world: it needs another minor version, see docs/embedding.md"
        );
    }
}

#[test]
fn world_with_one_more_function_serves_hosts_of_the_last_version() {
    let text = released();
    let more = text.replace("interface sync {", "interface sync {\n  ping: func();\n");
    assert!(serves(&text, &more));
    assert!(!serves(&more, &text), "a function that a host binds is missing");
}

#[test]
fn world_with_another_shape_serves_hosts_of_the_last_version_no_more() {
    let text = released();
    for (old, new) in [
        ("    is-adopted: bool,\n", ""),
        ("    is-adopted: bool,\n", "    is-adopted: bool,\n    is-new: bool,\n"),
        ("  enum token-kind {\n", "  enum token-kind {\n    none,\n"),
        ("account-id: s64", "account-id: u64"),
        ("    busy,\n", ""),
    ] {
        let changed = text.replace(old, new);
        assert_ne!(changed, text, "{old} is there");
        assert!(!serves(&text, &changed), "{old:?} -> {new:?}");
    }
}
