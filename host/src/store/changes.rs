//! A batch of changes, as it is written.

use std::collections::BTreeMap;

use super::port::kv::Change;

/// The last change of each key, sorted by key: whoever locks rows in one order cannot lock each other out.
pub(super) fn last_of_each(changes: &[Change]) -> BTreeMap<&str, Option<&[u8]>> {
    let keys_and_values = changes.iter().map(|change| match change {
        Change::Set(key, value) => (key.as_str(), Some(value.as_slice())),
        Change::Delete(key) => (key.as_str(), None),
    });
    keys_and_values.collect()
}
