//! What is written to the store together.

/// Pairs that are written together.
pub(crate) type Pairs = Vec<(String, Vec<u8>)>;
