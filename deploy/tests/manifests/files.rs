//! The files of this repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file, by its path from the root.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every source file of the program, one after the other.
pub(crate) fn program_sources() -> String {
    fn add(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, text);
            } else {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    add(&root().join("host/src"), &mut text);
    text
}

/// Every object of every manifest, with the name of its file.
pub(crate) fn manifests() -> Vec<(String, Value)> {
    let mut objects = Vec::new();
    for entry in fs::read_dir(root().join("deploy/kubernetes")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.ends_with(".yaml"), "{name} is no manifest");
        let text = fs::read_to_string(&path).unwrap();
        objects.extend(parse(&name, &text).into_iter().map(|object| (name.clone(), object)));
    }
    assert!(!objects.is_empty());
    objects
}

/// The objects of one YAML text.
pub(crate) fn parse(name: &str, text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The objects of a kind.
pub(crate) fn of_kind(kind: &str) -> Vec<Value> {
    let objects: Vec<Value> =
        manifests().into_iter().map(|(_, object)| object).filter(|object| object["kind"] == kind).collect();
    assert!(!objects.is_empty(), "there is no {kind}");
    objects
}

/// The only object of a kind.
pub(crate) fn the(kind: &str) -> Value {
    let objects = of_kind(kind);
    assert_eq!(objects.len(), 1, "{kind}");
    objects.into_iter().next().unwrap()
}
