//! Ids of two systems that must not be mixed up.

use std::fmt;

macro_rules! amocrm_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

amocrm_id!(
    /// A lead of amoCRM.
    LeadId
);
amocrm_id!(
    /// A contact of amoCRM.
    ContactId
);
amocrm_id!(
    /// An element of amoCRM's product catalog.
    ElementId
);

/// The order number that buyer and merchant see: digits, 9 until 2026 and 10 since (docs/apis/kaspi.md 2.0).
///
/// Compared as text; a leading zero matters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderCode(String);

impl OrderCode {
    /// Longest code that is believed; it stands in keys, names and fields.
    const LENGTH_MAX: usize = 64;

    /// Checks a code as Kaspi sent it.
    ///
    /// Surrounding spaces are dropped. `None` where it is empty, too long or has anything but ASCII letters, digits
    /// and `-`: such a code cannot be found again as a whole token of a lead's name.
    pub fn parse(raw: &str) -> Option<Self> {
        let code = raw.trim();
        let fits = !code.is_empty()
            && code.len() <= Self::LENGTH_MAX
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| Self(code.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has this code as a whole token: `№1000000001,` yes, `11000000001` no.
    pub fn is_token_of(&self, text: &str) -> bool {
        text.match_indices(&self.0).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + self.0.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    }
}

impl fmt::Display for OrderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_short_token() {
        for (raw, wanted) in [
            ("1000000001", Some("1000000001")),
            (" 000000001 ", Some("000000001")),
            ("", None),
            ("10 00", None),
            ("1000\n", Some("1000")),
            ("a/b", None),
            ("№1", None),
        ] {
            assert_eq!(OrderCode::parse(raw).as_ref().map(OrderCode::as_str), wanted, "{raw:?}");
        }
        assert_eq!(OrderCode::parse(&"1".repeat(65)), None);
    }

    #[test]
    fn a_code_is_found_only_as_a_whole_token() {
        let code = OrderCode::parse("1000000001").expect("a code");
        for (text, wanted) in [
            ("1000000001", true),
            ("Kaspi 1000000001", true),
            ("Заказ №1000000001, Алия", true),
            ("каспи-1000000001", true),
            ("11000000001", false),
            ("1000000001а", false),
            ("10000000011 1000000001", true),
            ("100000000", false),
        ] {
            assert_eq!(code.is_token_of(text), wanted, "{text}");
        }
    }
}
