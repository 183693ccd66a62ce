//! The check on small crates in memory.

use super::{
    faults_of, faults_of_crates,
    layers::{Layers, Levels},
    sources::Sources,
};

/// What is found in a crate named `room` whose modules are all on levels of their own, in the order of `levels`.
fn found(files: &[(&str, &str)], levels: &[&str]) -> Vec<String> {
    let levels = levels.iter().map(|level| level.split(' ').map(str::to_owned).collect()).collect();
    found_with(files, &levels)
}

fn found_with(files: &[(&str, &str)], levels: &Levels) -> Vec<String> {
    let sources: Sources =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    faults_of("room", &sources, levels).unwrap()
}

/// What is found in the folder `src/a`, with `mod a;` in the root and this as `src/a/mod.rs`.
fn found_in_a(parent: &str, files: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec![("src/lib.rs", "mod a;"), ("src/a/mod.rs", parent)];
    all.extend(files);
    found(&all, &["a"])
}

#[track_caller]
fn assert_one(faults: &[String], expected: &str) {
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].contains(expected), "{}", faults[0]);
}

#[test]
fn circle_of_two_files_is_printed_with_both_lines() {
    let faults = found_in_a(
        "mod b;\nmod c;",
        &[
            ("src/a/b.rs", "use super::c::C;\npub struct B;"),
            ("src/a/c.rs", "pub struct C;\n\nuse super::b::B;"),
        ],
    );
    assert_one(
        &faults,
        "a circle of 2 files: move down what both sides need, or let the upper one hand it in\n    \
         room/src/a/b.rs:1: super::c::C\n    \
         room/src/a/c.rs:3: super::b::B\n    \
         -> room/src/a/b.rs",
    );
}

#[test]
fn circle_of_three_files_through_a_re_export_is_printed_as_whole_path() {
    let faults = found_in_a(
        "mod b;\nmod c;\nmod names;",
        &[
            ("src/a/b.rs", "use super::names::C;\npub struct B;"),
            ("src/a/names.rs", "pub(super) use super::c::C;"),
            ("src/a/c.rs", "pub struct C(super::b::B);"),
        ],
    );
    assert_one(
        &faults,
        "    room/src/a/b.rs:1: super::names::C\n    \
         room/src/a/names.rs:1: super::c::C\n    \
         room/src/a/c.rs:1: super::b::B\n    \
         -> room/src/a/b.rs",
    );
}

#[test]
fn circle_behind_a_glob_of_a_prelude_is_found() {
    let faults = found_in_a(
        "mod b;\nmod c;\nmod prelude;",
        &[
            ("src/a/b.rs", "use super::prelude::*;\npub fn b() -> C { c() }"),
            ("src/a/prelude.rs", "pub use super::c::*;"),
            ("src/a/c.rs", "pub struct C;\nfn c() { super::b::b(); }"),
        ],
    );
    assert_one(&faults, "a circle of 3 files");
}

#[test]
fn circle_behind_a_re_exported_module_is_found() {
    // `names::inner` is `c`, and `c` has a child that uses `b`: `b` uses the child without naming its folder.
    let faults = found_in_a(
        "mod b;\nmod c;\nmod names;",
        &[
            ("src/a/b.rs", "pub fn b() { super::names::inner::deep::d() }"),
            ("src/a/names.rs", "pub use super::c as inner;"),
            ("src/a/c.rs", "pub mod deep;"),
            ("src/a/c/deep.rs", "pub fn d() { crate::a::b::b() }"),
        ],
    );
    assert_one(&faults, "a circle of 2 files");
    assert!(faults[0].contains("room/src/a/c/deep.rs:1: crate::a::b::b"), "{}", faults[0]);
}

#[test]
fn path_without_a_use_is_an_arrow() {
    for way in [
        "fn f() { super::b::b() }",
        "fn f() { crate::a::b::b() }",
        "fn f(b: &super::b::B) {}",
        "use super as up;\nfn f() { up::b::b() }",
        "use crate as root;\nfn f() { root::a::b::b() }",
        "use super::super::a;\nfn f() { a::b::b() }",
        "use super::*;\nfn f() { b::b() }",
        "fn f() { use super::{b as other}; other::b() }",
        "mod inner { fn f() { super::super::b::b() } }",
        "mod inner { use super::super::b::*; }",
        "use crate::{a::{b::{self, B}}};",
        "impl super::b::B for i32 {}",
        "fn f() { if let super::b::B::One = x {} }",
        "#[derive(super::b::B)] struct S;",
    ] {
        let faults = found_in_a("mod b;\nmod c;", &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", way)]);
        let is_found = faults.iter().any(|fault| fault.contains("-> room/src/a/b.rs"));
        assert!(is_found, "{way}: {faults:#?}");
    }
}

#[test]
fn path_in_the_arguments_of_a_macro_is_an_arrow() {
    for way in [
        "fn f() { html! { p { (crate::a::b::b()) } } }",
        r#"fn f() { format!("{}", super::b::B); }"#,
        "fn f() { bail!(super::b::B { x: 0..super::b::N }) }",
        "use super::b;\nfn f() { select! { x = b::b() => {} } }",
        "macro_rules! m { () => { $crate::a::b::b() } }",
        "m! { use super::{b::B}; }",
    ] {
        let faults = found_in_a("mod b;\nmod c;", &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", way)]);
        assert_one(&faults, "a circle of 2 files");
    }
}

#[test]
fn what_only_looks_like_a_path_is_no_arrow() {
    for way in [
        "fn f() { vec![self.b::<u8>(), x.b::<u8>()]; }",
        "fn f() { m!(::b::b(), x::b::b()) }",
        "use ::b::B;\nfn f() { other::b::b() }",
        "pub(in crate::a) struct S;",
        "//! [`super::b::B`]\n/// crate::a::b::B\nstruct S;",
    ] {
        let faults = found_in_a("mod b;\nmod c;", &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", way)]);
        assert!(faults.is_empty(), "{way}: {faults:#?}");
    }
}

#[test]
fn names_of_other_crates_are_not_taken_for_private_modules_behind_a_glob() {
    let faults = found_in_a(
        "mod c;\nmod d;",
        &[
            ("src/a/c.rs", "use super::d::*;\npub fn c() -> http::Uri {}"),
            ("src/a/d.rs", "mod http;"),
            ("src/a/d/http.rs", "use crate::a::c::c;"),
        ],
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn code_of_tests_is_not_asked() {
    for way in [
        "#[cfg(test)] use super::b::B;",
        "#[cfg(test)] mod tests { use super::super::b::B; }",
        "#[cfg(all(test, unix))] fn f() { super::b::b() }",
        "#[test] fn f() { super::b::b() }",
        "fn f() { #[cfg(test)] let x = super::b::b(); }",
        "struct S { #[cfg(test)] b: super::b::B }",
        "impl S { #[cfg(test)] fn f() { super::b::b() } }",
        "#[cfg(test)] mod tests;",
    ] {
        let files = [
            ("src/a/b.rs", "use super::c::C;"),
            ("src/a/c.rs", way),
            ("src/a/c/tests.rs", "use crate::a::b::B;"),
            ("tests/whole.rs", "mod nowhere;"),
            ("build.rs", "mod nowhere;"),
        ];
        let faults = found_in_a("mod b;\nmod c;", &files);
        assert!(faults.is_empty(), "{way}: {faults:#?}");
    }
    let faults = found_in_a(
        "mod b;\nmod c;",
        &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", "#[cfg(any(test, unix))] use super::b::B;")],
    );
    assert_one(&faults, "a circle of 2 files");
}

#[test]
fn code_of_a_macro_is_not_asked() {
    let faults = found_in_a(
        "mod b;\nmod bindings { generate!(); pub use self::made::X; }\nuse b::B;",
        &[("src/a/b.rs", "use super::bindings::made::Y;")],
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn parent_that_uses_its_child_is_allowed() {
    let faults =
        found_in_a("mod b;\npub use self::b::B;\nfn f() { b::b() }", &[("src/a/b.rs", "pub struct B;")]);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn parent_that_only_declares_its_child_may_be_used_by_it() {
    let faults = found_in_a("mod b;\npub struct A;", &[("src/a/b.rs", "use super::A;")]);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn child_that_uses_a_parent_that_uses_it_is_a_circle() {
    let faults = found_in_a("mod b;\npub struct A;\nfn f() { b::b() }", &[("src/a/b.rs", "use super::A;")]);
    assert_one(
        &faults,
        "    room/src/a/mod.rs:3: b::b\n    room/src/a/b.rs:1: super::A\n    -> room/src/a/mod.rs",
    );
}

#[test]
fn each_file_of_a_knot_is_in_a_printed_circle() {
    let faults = found_in_a(
        "mod b;\nmod c;\nmod d;",
        &[
            ("src/a/b.rs", "use super::{c::C, d::D};"),
            ("src/a/c.rs", "use super::b::B;"),
            ("src/a/d.rs", "use super::b::B;"),
        ],
    );
    assert_eq!(faults.len(), 2, "{faults:#?}");
    let all = faults.join("\n");
    assert!(all.contains("src/a/c.rs:1") && all.contains("src/a/d.rs:1"), "{all}");
}

const THREE: [(&str, &str); 4] = [
    ("src/lib.rs", "mod low;\nmod middle;\npub mod top;\nuse middle::M;"),
    ("src/low.rs", "pub struct L;"),
    ("src/middle.rs", "use crate::low::L;\npub struct M;"),
    ("src/top.rs", "use crate::{low::L, middle::M};"),
];

#[test]
fn use_of_lower_levels_is_allowed() {
    let faults = found(&THREE, &["low", "middle", "top"]);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn use_of_an_upper_level_is_printed_with_its_line() {
    let faults = found(&THREE, &["low", "top", "middle"]);
    assert_one(
        &faults,
        "against the order of xtask/layers.toml: `top` is on level 2, `middle` above it on level 3; \
         a module uses lower levels only\n    \
         room/src/top.rs:1: crate::middle::M",
    );
}

#[test]
fn use_of_the_same_level_is_a_fault() {
    let faults = found(&THREE, &["low", "middle top"]);
    assert_one(&faults, "`top` and `middle` are on the same level 2");
}

#[test]
fn use_of_the_root_is_a_fault() {
    let files = [("src/main.rs", "mod a;\nstruct Root;"), ("src/a.rs", "fn f() -> crate::Root {}")];
    assert_one(
        &found(&files, &["a"]),
        "room/src/a.rs:1: crate::Root\n    -> room/src/main.rs uses what only",
    );
}

#[test]
fn module_without_a_level_is_told_where_to_add_it() {
    let faults = found(&THREE, &["low", "middle"]);
    assert_one(&faults, "room: the module `top` has no level: add it to `room` in xtask/layers.toml");
}

#[test]
fn module_on_two_levels_is_a_fault() {
    let faults = found(&THREE, &["low", "middle", "top", "low"]);
    assert_one(&faults, "room: the module `low` is on two levels");
}

#[test]
fn level_of_a_module_that_is_gone_is_a_fault() {
    let faults = found(&THREE, &["low", "middle", "top", "gone"]);
    assert_one(&faults, "room: there is no module `gone`: take it out of `room` in xtask/layers.toml");
}

#[test]
fn file_of_501_lines_is_printed_with_its_count() {
    let long = "\n".repeat(501);
    let most = "\n".repeat(500);
    let files = [("src/lib.rs", most.as_str()), ("tests/long.rs", long.as_str())];
    assert_one(&found(&files, &["gone"])[..1], "room/tests/long.rs has 501 lines, 500 is the most");
}

#[test]
fn file_at_another_path_is_read_too() {
    let faults = found_in_a(
        "mod b;\n#[cfg_attr(not(unix), path = \"c_elsewhere.rs\")]\nmod c;",
        &[
            ("src/a/b.rs", "use super::c::C;"),
            ("src/a/c.rs", ""),
            ("src/a/c_elsewhere.rs", "use super::b::B;"),
        ],
    );
    // Both are `c`, whichever is compiled.
    assert_one(&faults, "room/src/a/c_elsewhere.rs:1: super::b::B");
}

#[test]
fn missing_file_is_an_error_that_names_the_declaration() {
    let sources = Sources::from([("src/lib.rs".to_owned(), "\nmod a;".to_owned())]);
    let error = faults_of("room", &sources, &Levels::new()).unwrap_err();
    assert_eq!(format!("{error:#}"), "in room/: src/lib.rs:2: there is no file of `mod a`");
}

#[test]
fn crate_without_an_order_is_told_where_to_add_it() {
    let layers =
        Layers::parse("unchecked = [\"b\", \"d\"]\n[levels]\na = [[\"x\"], [\"y\", \"z\"]]").unwrap();
    assert_eq!(layers.levels["a"], [vec!["x".to_owned()], vec!["y".into(), "z".into()]]);
    let faults = faults_of_crates(&layers, &["a".to_owned(), "b".into(), "c".into()]);
    assert_eq!(
        faults,
        [
            "c: the crate has no order of layers: add `c = [..]` to xtask/layers.toml",
            "d: there is no such crate: take it out of xtask/layers.toml",
        ]
    );
}

#[test]
fn order_of_another_shape_is_refused() {
    for text in ["level = []", "[levels]\na = [\"x\"]", "unchecked = \"a\""] {
        assert!(Layers::parse(text).is_err(), "{text}");
    }
}
