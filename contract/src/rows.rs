//! What a host may read of the component's store by itself: the row of each order, and whether a key is in use.
//!
//! With the record of an order the component writes a row in clear, without personal data, so that lists and counts need
//! no call. Everything else in the store is the component's own.

use serde::{Deserialize, Serialize};

/// Stands in the store as soon as something is encrypted there: it proves with which key.
pub const KEY_PROOF: &str = "seal";

/// The version of rows that this crate writes.
pub const ROW_VERSION: u32 = 1;

/// Later than any order; what is left to it makes the newest order the first one in the order of keys.
const LAST_MS: i64 = 9_999_999_999_999;

/// One order, as JSON. Words are those of `orders` (see `wit/world.wit`), moments milliseconds since 1970.
/// What another version has left out is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderRow {
    /// [`ROW_VERSION`].
    pub v: u32,
    /// The order's code.
    pub code: String,
    /// When the buyer placed it.
    pub created_ms: i64,
    /// As Kaspi names it.
    pub state: String,
    /// As Kaspi names it.
    pub status: String,
    /// Sub-stage of Kaspi delivery.
    pub stage: Option<String>,
    /// What comes next.
    pub step: String,
    /// What keeps it from going on.
    pub class: Option<String>,
    /// Its lead.
    pub lead_id: Option<i64>,
    /// Its total in tenge.
    pub total_kzt: i64,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again.
    pub next_ms: Option<i64>,
    /// When something was last read or done.
    pub changed_ms: i64,
}

impl OrderRow {
    /// As it is stored.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a row is plain data")
    }

    /// From the store. A row that cannot be read still is an order: its place tells code and time.
    pub fn decode(place: &str, value: &[u8]) -> Self {
        let row = serde_json::from_slice(value).ok().filter(|row: &Self| !row.code.is_empty());
        row.unwrap_or_else(|| Self {
            code: place.split_once('/').map_or("", |(_, code)| code).to_owned(),
            created_ms: created_ms(place).unwrap_or_default(),
            ..Self::default()
        })
    }
}

/// What the keys of all rows of a connection begin with. The rest of a key is the [`place`] of its order.
pub fn prefix(connection: &str) -> String {
    format!("shop/{connection}/seen/")
}

/// Where an order stands in the list: the newest comes first. An order never changes when it was placed, so it has one
/// row.
pub fn place(code: &str, created_ms: i64) -> String {
    format!("{:013}/{code}", (LAST_MS - created_ms).clamp(0, LAST_MS))
}

/// When the order at a place was placed.
pub fn created_ms(place: &str) -> Option<i64> {
    let before_last: i64 = place.split_once('/')?.0.parse().ok()?;
    Some(LAST_MS - before_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_two_orders_sort_the_newest_first() {
        assert!(place("1", 2_000) < place("2", 1_000));
        assert_eq!(place("7", 1_795_503_600_000), "8204496399999/7");
        assert_eq!(created_ms("8204496399999/7"), Some(1_795_503_600_000));
        assert_eq!(created_ms("x/7"), None);
    }

    #[test]
    fn decoding_a_row_that_cannot_be_read_keeps_code_and_time() {
        let row = OrderRow { v: ROW_VERSION, code: "7".into(), created_ms: 5, ..OrderRow::default() };
        assert_eq!(OrderRow::decode("", &row.encode()), row);
        let bare = OrderRow::decode(&place("8", 9_000), b"not JSON");
        assert_eq!((bare.code.as_str(), bare.created_ms), ("8", 9_000));
    }
}
