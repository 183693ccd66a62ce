//! The component's imports are frozen, its exports complete and its size bounded.
//!
//! Hosts link a component by the names of its imports, so one more of them decides where it can still run.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use wasmparser::{ComponentTypeRef, Parser, Payload};

const ALLOWED: &str = include_str!("imports.txt");

const EXPORTS: [&str; 4] = [
    "handle-cron-event",
    "kaspi-amocrm:plugin/sync@0.2.0",
    "wasi:cli/run@0.2.6",
    "wasi:http/incoming-handler@0.2.6",
];

const SIZE_BYTES_MAX: usize = 2560 * 1024;

/// The built component, or a failure that says how to get one.
fn component() -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "a test is told by its environment what to test")]
    let path = env::var_os("KASPI_AMOCRM_COMPONENT").map_or_else(
        || {
            PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
                .with_file_name("wasm32-wasip2/release/kaspi_amocrm_plugin.wasm")
        },
        PathBuf::from,
    );
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "cannot read the component {}: {error}\nhint: `cargo xtask build --component` builds it, \
             `cargo xtask test` builds it and runs all tests",
            path.display()
        )
    })
}

/// Names of imports and exports at the outermost level of the component.
fn names(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a well-formed component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            // The last one ends the component itself.
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|import| import.expect("a readable import"))
                        // A type that stands alone is part of the world's own signatures; nobody links it.
                        .filter(|import| !matches!(import.ty, ComponentTypeRef::Type(_)))
                        .map(|import| import.name.name.to_owned()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(
                    section.into_iter().map(|export| export.expect("a readable export").name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn imports_nothing_that_a_host_may_lack() {
    let (imports, _) = names(&component());
    let allowed: BTreeSet<String> = ALLOWED
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    assert!(
        imports.contains("wasi:http/outgoing-handler@0.2.6"),
        "this component sends no requests: {imports:?}"
    );
    let unknown: Vec<&String> = imports.difference(&allowed).collect();
    assert!(
        unknown.is_empty(),
        "the component imports {unknown:?}, which plugin/tests/imports.txt does not list.\n\
         A host that does not know an import refuses the whole component at start: Spin with `component imports \
         instance .., but a matching implementation was not found`.\n\
         Find what brought it in (a dependency, a newer standard library, wit/world.wit). Add the line only when \
         every supported host offers it in exactly this version."
    );
}

#[test]
fn exports_what_the_hosts_call() {
    let (_, exports) = names(&component());
    assert_eq!(exports, EXPORTS.map(str::to_owned).into());
}

#[test]
fn stays_small() {
    let size = component().len();
    assert!(
        size <= SIZE_BYTES_MAX,
        "the component has {size} bytes, more than {SIZE_BYTES_MAX}: Spin compiles it anew in each process. \
         Was it built by `cargo xtask build`, which optimises for size?"
    );
}
