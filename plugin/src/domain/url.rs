//! Percent-encoding of query values and path segments.

/// Decodes a value of a query; a `+` is a space. What is not encoded rightly stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        // A sign would be read as part of a number.
        let digits =
            after.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Encodes everything but unreserved characters (RFC 3986 2.3).
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn encodes_what_is_not_unreserved() {
        assert_eq!(super::encode("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(super::encode("+7 [ы]&="), "%2B7%20%5B%D1%8B%5D%26%3D");
    }

    #[test]
    fn decodes_what_is_encoded_and_leaves_what_is_not() {
        assert_eq!(super::decode("%2B7%20%5B%D1%8B%5D+%26%3d"), "+7 [ы] &=");
        assert_eq!(super::decode("100%"), "100%");
        assert_eq!(super::decode("%+1%zz%4"), "% 1%zz%4");
    }
}
