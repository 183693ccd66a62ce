//! Which values are sealed.

/// Whether the value of a key holds secrets or personal data, and is therefore sealed: tokens, payloads,
/// and the salt without which the hashes of phones tell nothing.
pub fn is_private(key: &str) -> bool {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        ["oauth", ..] => true,
        ["shop", _, part, ..] => *part == "payload",
        ["amo", _, part, ..] => *part == "salt",
        _ => false,
    }
}
