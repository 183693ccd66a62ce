//! Things of the store that the component holds by a handle.
#![expect(unreachable_pub, reason = "the generated code re-exports them")]

use crate::store::Versioned;

/// An open bucket.
#[derive(Debug)]
pub struct Bucket;

/// A value as it was seen, to be replaced if it is still the same.
#[derive(Debug)]
pub struct Cas {
    pub(crate) key: String,
    pub(crate) seen: Option<Versioned>,
}

impl Cas {
    pub(crate) fn bytes(&self) -> usize {
        self.key.len() + self.seen.as_ref().map_or(0, |seen| seen.value.len())
    }
}
