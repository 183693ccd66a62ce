//! Where somebody wanted to go before they had to sign in.

use crate::base::percent::encoded;

/// A longer address is not kept.
const BYTES_MAX: usize = 512;
/// Pages that lead elsewhere: going there again would lead in circles.
const DOORS: [&str; 3] = ["/sign-in", "/sign-out", "/welcome"];

/// A path of ours, with its query: never an address of another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// The page that was wanted; the first page where it is none of ours, or one that only leads elsewhere.
    pub(crate) fn of(wanted: &str) -> Self {
        let path = wanted.split(['?', '#']).next().unwrap_or_default();
        Self(if DOORS.contains(&path) { "/" } else { own(wanted) }.to_owned())
    }

    /// The same, where it may be a door.
    pub(crate) fn of_any(wanted: &str) -> Self {
        Self(own(wanted).to_owned())
    }

    /// The path.
    pub(crate) fn path(&self) -> &str {
        &self.0
    }

    /// The address of a door that leads there.
    pub(crate) fn at(&self, door: &str) -> String {
        if self.0 == "/" {
            return door.to_owned();
        }
        let parts: Vec<String> = self.0.split('/').map(encoded).collect();
        format!("{door}?next={}", parts.join("/"))
    }
}

/// A path that leads nowhere else, or the first page.
fn own(wanted: &str) -> &str {
    let is_path = wanted.starts_with('/') && !wanted.starts_with("//");
    // Browsers take a backslash for a slash, and leave out what is no letter.
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_plain && wanted.len() <= BYTES_MAX { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_leads_away() {
        for own in
            ["/", "/orders", "/orders?search=1&connection=two", "/a//b", "/orders?next=https://evil.kz"]
        {
            assert_eq!(Next::of(own).path(), own);
        }
        for other in [
            "",
            "orders",
            "//evil.kz",
            "///evil.kz",
            "/\\evil.kz",
            "\\\\evil.kz",
            "/\tevil",
            "/\t/evil.kz",
            "/\r\nset-cookie: a=b",
            "/заказы",
            "https://evil.kz",
            "https:evil.kz",
            "javascript:alert(1)",
            " /orders",
            "/sign-in",
            "/sign-in?next=/sign-in",
            "/sign-out",
            "/welcome#x",
        ] {
            assert_eq!(Next::of(other).path(), "/", "{other:?}");
        }
        assert_eq!(Next::of(&format!("/{}", "a".repeat(600))).path(), "/");
    }

    #[test]
    fn it_is_kept_in_the_address_of_the_door() {
        assert_eq!(Next::of("/").at("/sign-in"), "/sign-in");
        assert_eq!(
            Next::of("/orders?a=b&c=%20").at("/x/sign-in"),
            "/x/sign-in?next=/orders%3Fa%3Db%26c%3D%2520"
        );
    }
}
