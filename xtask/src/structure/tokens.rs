//! Paths in the arguments of macros, which nobody has parsed.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::ItemUse;

use super::imports::{Written, imports, text};

/// Every path of at least two names, and the imports.
pub(super) fn paths(tokens: &TokenStream) -> Vec<Written> {
    let mut found = Vec::new();
    scan(tokens, &mut found);
    found
}

fn scan(tokens: &TokenStream, found: &mut Vec<Written>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) => scan(&group.stream(), found),
            TokenTree::Ident(name) if name == "use" => {
                if let Some((item, length)) = declaration(&tokens[at..]) {
                    found.extend(imports(&item).into_iter().map(|import| import.from));
                    at += length;
                    continue;
                }
            }
            TokenTree::Ident(name) if !goes_on(&tokens[..at]) => {
                let mut names = vec![text(name)];
                let mut last = name;
                while is_separator(&tokens[at + 1..])
                    && let Some(TokenTree::Ident(name)) = tokens.get(at + 3)
                {
                    names.push(text(name));
                    last = name;
                    at += 3;
                }
                if names.len() > 1 {
                    found.push(Written { names, line: last.span().start().line });
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Whether these tokens begin with `::`.
fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), TokenTree::Punct(second), ..]
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':')
}

/// Whether what follows these tokens is a part of a longer path or of a value: `::name`, `.name`, but not `..name`.
fn goes_on(before: &[TokenTree]) -> bool {
    if before.len() >= 2 && is_separator(&before[before.len() - 2..]) {
        return true;
    }
    let is_dot = |token: &TokenTree| matches!(token, TokenTree::Punct(dot) if dot.as_char() == '.');
    match before {
        [.., first, second] => is_dot(second) && !is_dot(first),
        [only] => is_dot(only),
        [] => false,
    }
}

/// The import that these tokens begin with, and how many they are.
fn declaration(tokens: &[TokenTree]) -> Option<(ItemUse, usize)> {
    let end = |token: &TokenTree| matches!(token, TokenTree::Punct(end) if end.as_char() == ';');
    let length = tokens.iter().position(end)? + 1;
    let item = syn::parse2(tokens[..length].iter().cloned().collect()).ok()?;
    Some((item, length))
}
