//! The modules of a crate, as `mod` declares them, without those of tests.

use anyhow::{Context as _, Result, bail};
use syn::{Item, ItemMod, Visibility};

use super::{
    attributes::{of_item, only_tests, paths},
    imports::{Import, imports, text},
    sources::Sources,
};

/// Who may use a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// Everybody, as far as is known.
    All,
    /// A module and those within it.
    Within(usize),
}

/// A module, in a file of its own or within another.
pub(super) struct Module {
    pub(super) name: String,
    /// The module that declares it; none for the root of the crate.
    pub(super) parent: Option<usize>,
    pub(super) reach: Reach,
    /// The file that it is written in, by number.
    pub(super) file: usize,
    /// Whether it holds what a macro makes.
    pub(super) is_generated: bool,
    pub(super) children: Vec<usize>,
    /// The imports that hold in all of it.
    pub(super) imports: Vec<(Reach, Import)>,
    /// What is written in it, without the modules.
    pub(super) items: Vec<Item>,
}

/// A file.
pub(super) struct File {
    /// From the folder of the crate.
    pub(super) path: String,
    /// The module of the crate's root that it belongs to; none for the file of the root.
    pub(super) top: Option<String>,
}

/// All modules under one root, that is the first.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Follows the declarations from `src/lib.rs` or another root.
    ///
    /// # Errors
    /// When a file is missing or cannot be read as Rust.
    pub(super) fn load(root: &str, sources: &Sources) -> Result<Self> {
        let mut tree = Self::default();
        tree.add_file(root, "crate", None, Reach::All, None, sources)?;
        Ok(tree)
    }

    /// A module and its like for other systems: the files of which one is compiled.
    pub(super) fn variants(&self, module: usize) -> impl Iterator<Item = &Module> {
        let of = &self.modules[module];
        let siblings = of.parent.map_or(&[][..], |parent| &self.modules[parent].children);
        let others = siblings.iter().map(|&sibling| &self.modules[sibling]);
        std::iter::once(of).chain(others.filter(|sibling| sibling.name == of.name && sibling.file != of.file))
    }

    fn add_file(
        &mut self,
        path: &str,
        name: &str,
        parent: Option<usize>,
        reach: Reach,
        top: Option<String>,
        sources: &Sources,
    ) -> Result<()> {
        let source = sources.get(path).with_context(|| format!("{path} is not there"))?;
        let parsed = syn::parse_file(source)
            .map_err(|error| anyhow::anyhow!("{path}:{}: {error}", error.span().start().line))?;
        if parent.is_some() && only_tests(&parsed.attrs) {
            return Ok(());
        }
        self.files.push(File { path: path.to_owned(), top });
        let file = self.files.len() - 1;
        let folder = folder_of(path);
        let is_folder_file = parent.is_none() || path.ends_with("/mod.rs");
        let inner = if is_folder_file { folder.to_owned() } else { format!("{folder}/{name}") };
        self.add(name, parent, reach, file, parsed.items, &inner, sources)
    }

    #[expect(clippy::too_many_arguments, reason = "all of a module's place at once")]
    fn add(
        &mut self,
        name: &str,
        parent: Option<usize>,
        reach: Reach,
        file: usize,
        items: Vec<Item>,
        folder: &str,
        sources: &Sources,
    ) -> Result<()> {
        let id = self.modules.len();
        let is_macro = |item: &Item| matches!(item, Item::Macro(_));
        self.modules.push(Module {
            name: name.to_owned(),
            parent,
            reach,
            file,
            // Re-exports out of what the macro has made belong to it.
            is_generated: items.iter().any(is_macro)
                && items.iter().all(|item| is_macro(item) || matches!(item, Item::Use(_)))
                && parent.is_some_and(|parent| self.modules[parent].file == file),
            children: Vec::new(),
            imports: Vec::new(),
            items: Vec::new(),
        });
        if let Some(parent) = parent {
            self.modules[parent].children.push(id);
        }
        for item in items.into_iter().filter(|item| !only_tests(of_item(item))) {
            match item {
                Item::Mod(item) => self.add_child(id, item, folder, sources)?,
                item => {
                    if let Item::Use(item) = &item {
                        let reach = self.reach(&item.vis, id);
                        self.modules[id]
                            .imports
                            .extend(imports(item).into_iter().map(|import| (reach, import)));
                    }
                    self.modules[id].items.push(item);
                }
            }
        }
        Ok(())
    }

    fn add_child(&mut self, parent: usize, item: ItemMod, folder: &str, sources: &Sources) -> Result<()> {
        let name = text(&item.ident);
        let reach = self.reach(&item.vis, parent);
        let file = self.modules[parent].file;
        if let Some((_, items)) = item.content {
            return self.add(&name, Some(parent), reach, file, items, &format!("{folder}/{name}"), sources);
        }
        let declared = format!("{}:{}", self.files[file].path, item.ident.span().start().line);
        let top = if parent == 0 { Some(name.clone()) } else { self.files[file].top.clone() };
        let beside = folder_of(&self.files[file].path).to_owned();
        let paths = paths(&item.attrs);
        let usual = match paths.instead {
            Some(path) => joined(&beside, &path),
            None => [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]
                .into_iter()
                .find(|path| sources.contains_key(path))
                .with_context(|| format!("{declared}: there is no file of `mod {name}`"))?,
        };
        let others = paths.sometimes.iter().map(|path| joined(&beside, path));
        for path in std::iter::once(usual).chain(others) {
            if self.files.iter().any(|file| file.path == path) {
                bail!("{declared}: {path} is a module already");
            }
            self.add_file(&path, &name, Some(parent), reach, top.clone(), sources)?;
        }
        Ok(())
    }

    fn reach(&self, visibility: &Visibility, module: usize) -> Reach {
        match visibility {
            Visibility::Inherited => Reach::Within(module),
            Visibility::Restricted(within) if within.path.is_ident("self") => Reach::Within(module),
            Visibility::Restricted(within) if within.path.is_ident("super") => {
                Reach::Within(self.modules[module].parent.unwrap_or(module))
            }
            Visibility::Restricted(_) | Visibility::Public(_) => Reach::All,
        }
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from a folder, with its `..` resolved.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
