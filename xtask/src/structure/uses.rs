//! Who uses whom: the arrows between the files of a crate.

use proc_macro2::TokenStream;
use syn::{
    Arm, Block, Field, FieldValue, ImplItem, Item, ItemUse, Path, Stmt, TraitItem, UseTree, Variant,
    VisRestricted,
    visit::{self, Visit},
};

use super::{
    attributes::{of_impl_item, of_item, of_statement, of_trait_item, only_tests},
    imports::{Binding, Import, Written, imports, text},
    modules::Tree,
    tokens,
};

/// One file uses something of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// In the file that it comes from.
    pub(super) line: usize,
    /// The path as it is written.
    pub(super) written: String,
}

/// All arrows of a crate, one for each pair of files and line.
pub(super) fn arrows(tree: &Tree) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for (module, of) in tree.modules.iter().enumerate() {
        if of.is_generated {
            continue;
        }
        let mut reader = Reader { tree, module, blocks: Vec::new(), arrows: &mut arrows };
        for item in &of.items {
            reader.visit_item(item);
        }
    }
    arrows.sort_by_key(|arrow| (arrow.from, arrow.line, arrow.to));
    arrows.dedup_by_key(|arrow| (arrow.from, arrow.line, arrow.to));
    arrows
}

struct Reader<'a> {
    tree: &'a Tree,
    module: usize,
    /// The imports of the blocks around, the innermost last.
    blocks: Vec<Vec<Import>>,
    arrows: &'a mut Vec<Arrow>,
}

impl Reader<'_> {
    fn see(&mut self, written: &Written) {
        let Some(way) = self.tree.follow(self.module, &written.names, &self.blocks) else { return };
        let from = self.tree.modules[self.module].file;
        let modules = way.through.into_iter().chain([way.module]);
        for to in modules.flat_map(|module| self.tree.variants(module)) {
            if to.file != from && !to.is_generated {
                let written_as = written.names.join("::");
                self.arrows.push(Arrow { from, to: to.file, line: written.line, written: written_as });
            }
        }
    }

    fn see_import(&mut self, import: &Import) {
        // `use super as parent` takes nothing yet; what it is used for does.
        if import.binding == Binding::Glob || !import.from.is_root() {
            self.see(&import.from);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_tests(of_item(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !only_tests(of_impl_item(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !only_tests(of_trait_item(item)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !only_tests(of_statement(statement)) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if !only_tests(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !only_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, value: &'ast FieldValue) {
        if !only_tests(&value.attrs) {
            visit::visit_field_value(self, value);
        }
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        if !only_tests(&variant.attrs) {
            visit::visit_variant(self, variant);
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let uses = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(Item::Use(item)) if !only_tests(&item.attrs) => Some(imports(item)),
            _ => None,
        });
        self.blocks.push(uses.flatten().collect());
        visit::visit_block(self, block);
        self.blocks.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for import in imports(item) {
            self.see_import(&import);
        }
    }

    fn visit_use_tree(&mut self, _: &'ast UseTree) {}

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && path.segments.len() > 1
            && let Some(last) = path.segments.last()
        {
            let names = path.segments.iter().map(|segment| text(&segment.ident)).collect();
            self.see(&Written { names, line: last.ident.span().start().line });
        }
        visit::visit_path(self, path);
    }

    // `pub(in crate::a)` says who may use it and uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        for written in tokens::paths(tokens) {
            if !written.is_root() {
                self.see(&written);
            }
        }
    }
}
