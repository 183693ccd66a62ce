//! Which module a path leads to, by the rules of Rust 2024 as far as modules go.

use std::collections::BTreeSet;

use super::{
    imports::{Binding, Import},
    modules::{Reach, Tree},
};

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The modules whose re-exports it takes.
    pub(super) through: Vec<usize>,
    /// The deepest module that it names.
    pub(super) module: usize,
    /// Whether it names that module and nothing in it.
    pub(super) is_module: bool,
}

/// A module that a name stands for, and the modules whose imports were asked on the way.
type Named = (Vec<usize>, usize);

/// Look-ups that are under way; what is asked for again while it is looked for is no module.
type Asked = BTreeSet<(usize, String)>;

impl Tree {
    /// Follows a path that is written in a module, where the imports of some blocks hold too, the innermost last.
    /// None when it leads out of the crate.
    pub(super) fn follow(&self, here: usize, names: &[String], blocks: &[Vec<Import>]) -> Option<Way> {
        self.walk(here, names, blocks, &mut Asked::new())
    }

    fn walk(&self, here: usize, names: &[String], blocks: &[Vec<Import>], asked: &mut Asked) -> Option<Way> {
        let (head, rest) = names.split_first()?;
        let (mut through, mut module) = match head.as_str() {
            "crate" => (Vec::new(), 0),
            "self" => (Vec::new(), here),
            "super" => (Vec::new(), self.modules[here].parent?),
            name => self
                .find_in_blocks(here, name, blocks, asked)
                .or_else(|| self.find(here, name, here, asked))?,
        };
        let mut rest = rest.iter();
        for name in rest.by_ref() {
            let next = match name.as_str() {
                "super" => self.modules[module].parent.map(|parent| (Vec::new(), parent)),
                name => self.find(module, name, here, asked),
            };
            let Some((re_exports, next)) = next else {
                return Some(Way { through, module, is_module: false });
            };
            through.extend(re_exports);
            module = next;
        }
        Some(Way { through, module, is_module: true })
    }

    fn find_in_blocks(
        &self,
        here: usize,
        name: &str,
        blocks: &[Vec<Import>],
        asked: &mut Asked,
    ) -> Option<Named> {
        for (depth, block) in blocks.iter().enumerate().rev() {
            if !asked.insert((usize::MAX - depth, name.to_owned())) {
                continue;
            }
            let found = block.iter().find_map(|import| self.through(here, import, name, blocks, asked));
            asked.remove(&(usize::MAX - depth, name.to_owned()));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The module that a name stands for in another module, as seen from `viewer`.
    fn find(&self, module: usize, name: &str, viewer: usize, asked: &mut Asked) -> Option<Named> {
        let of = &self.modules[module];
        let child = of.children.iter().copied().find(|&child| {
            let child = &self.modules[child];
            child.name == name && self.reaches(child.reach, viewer)
        });
        if let Some(child) = child {
            return Some((Vec::new(), child));
        }
        if !asked.insert((module, name.to_owned())) {
            return None;
        }
        let found = of
            .imports
            .iter()
            .filter(|(reach, _)| self.reaches(*reach, viewer))
            .find_map(|(_, import)| self.through(module, import, name, &[], asked));
        asked.remove(&(module, name.to_owned()));
        let (mut through, found) = found?;
        through.insert(0, module);
        Some((through, found))
    }

    /// The module that an import makes of a name.
    fn through(
        &self,
        here: usize,
        import: &Import,
        name: &str,
        blocks: &[Vec<Import>],
        asked: &mut Asked,
    ) -> Option<Named> {
        match &import.binding {
            Binding::Name(bound) if bound != name => None,
            binding => {
                let mut way =
                    self.walk(here, &import.from.names, blocks, asked).filter(|way| way.is_module)?;
                if *binding == Binding::Glob {
                    let (through, module) = self.find(way.module, name, here, asked)?;
                    way.through.extend(through);
                    way.module = module;
                }
                Some((way.through, way.module))
            }
        }
    }

    fn reaches(&self, reach: Reach, viewer: usize) -> bool {
        match reach {
            Reach::All => true,
            Reach::Within(module) => {
                let mut at = Some(viewer);
                while at.is_some_and(|at| at != module) {
                    at = at.and_then(|at| self.modules[at].parent);
                }
                at.is_some()
            }
        }
    }
}
