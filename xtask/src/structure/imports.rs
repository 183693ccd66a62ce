//! `use` declarations, one name at a time.

use proc_macro2::Ident;
use syn::{ItemUse, UseTree, ext::IdentExt as _};

/// A path as it is written, without the names that only rename it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// Its names.
    pub(super) names: Vec<String>,
    /// The line of its last name, which tells the members of a group apart.
    pub(super) line: usize,
}

impl Written {
    /// Whether it only leads up: `crate`, `self`, `super::super`.
    pub(super) fn is_root(&self) -> bool {
        self.names.iter().all(|name| matches!(name.as_str(), "crate" | "self" | "super"))
    }
}

/// What an import makes known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    /// One name.
    Name(String),
    /// All names of a module.
    Glob,
}

/// One name of a `use`.
#[derive(Debug, Clone)]
pub(super) struct Import {
    /// Where it comes from.
    pub(super) from: Written,
    /// What it is here.
    pub(super) binding: Binding,
}

/// All names of a declaration; none where the path begins with `::`, which leads to other crates.
pub(super) fn imports(item: &ItemUse) -> Vec<Import> {
    let mut found = Vec::new();
    if item.leading_colon.is_none() {
        flatten(&item.tree, &mut Vec::new(), &mut found);
    }
    found
}

fn flatten(tree: &UseTree, prefix: &mut Vec<Ident>, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.clone());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
        UseTree::Name(name) => add(prefix, &name.ident, None, found),
        UseTree::Rename(rename) => add(prefix, &rename.ident, Some(&rename.rename), found),
        UseTree::Glob(glob) => {
            let names = prefix.iter().map(text).collect();
            let line = glob.star_token.span.start().line;
            found.push(Import { from: Written { names, line }, binding: Binding::Glob });
        }
    }
}

fn add(prefix: &[Ident], last: &Ident, renamed: Option<&Ident>, found: &mut Vec<Import>) {
    let mut names: Vec<_> = prefix.iter().map(text).collect();
    // `a::{self}` is `a`.
    if last != "self" || names.is_empty() {
        names.push(text(last));
    }
    let name = renamed.map(text).or_else(|| names.last().cloned());
    if let Some(name) = name {
        let line = last.span().start().line;
        found.push(Import { from: Written { names, line }, binding: Binding::Name(name) });
    }
}

/// A name without the `r#` that lets a keyword be one.
pub(super) fn text(name: &Ident) -> String {
    name.unraw().to_string()
}
