//! The key under which a product of an order and an element of the catalog are the same one.

use super::hash::hash;

/// Longest SKU that stands in a key as it is.
const CLEAR_KEY_BYTES_MAX: usize = 60;

/// The key of a product: by SKU where it has one and the catalog can hold it, else by name.
pub(crate) fn element_key(sku: Option<&str>, name: &str) -> String {
    let (kind, text) = sku.map_or(("name", name), |sku| ("sku", sku));
    let is_plain = text.len() <= CLEAR_KEY_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if is_plain { format!("{kind}:{text}") } else { format!("{kind}#{}", hash(&[text.trim()])) }
}
