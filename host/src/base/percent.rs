//! Percent-encoding.

use std::fmt::Write as _;

/// Text as one part of an address: everything but unreserved letters is escaped (RFC 3986, 2.3).
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use crate::base::percent::encoded;

    #[test]
    fn a_part_of_an_address_holds_any_text() {
        assert_eq!(encoded("0100-a/é&\"<"), "0100-a%2F%C3%A9%26%22%3C");
        assert_eq!(encoded("a b&c=д"), "a%20b%26c%3D%D0%B4");
    }
}
