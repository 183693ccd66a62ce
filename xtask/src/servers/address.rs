//! The URL of a database, in parts for a command line.

/// What a client has to be told.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Address {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) database: String,
}

impl Address {
    /// Takes `scheme://user:password@host:port/database?options` apart; only the host must be there.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let rest = rest.split(['?', '#']).next()?;
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = match place.rsplit_once(':') {
            // The colon of an IPv6 address stands inside brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (place, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        (!host.is_empty()).then_some(())?;
        Some(Self {
            user: decoded(user)?,
            password: decoded(password)?,
            host: decoded(host)?,
            port,
            database: decoded(database)?,
        })
    }
}

/// Percent-encoding undone.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(user: &str, password: &str, host: &str, port: Option<u16>, database: &str) -> Option<Address> {
        let [user, password, host, database] = [user, password, host, database].map(str::to_owned);
        Some(Address { user, password, host, port, database })
    }

    #[test]
    fn parts_are_found_and_decoded() {
        for (url, parts) in [
            (
                "postgres://a:b%40%2Fc@db.example:5433/shop?sslmode=require",
                ("a", "b@/c", "db.example", Some(5433), "shop"),
            ),
            ("mysql://root@127.0.0.1/mysql", ("root", "", "127.0.0.1", None, "mysql")),
            ("postgres://[::1]:5432/x", ("", "", "::1", Some(5432), "x")),
            ("postgres://[::1]", ("", "", "::1", None, "")),
        ] {
            let (user, password, host, port, database) = parts;
            assert_eq!(Address::parse(url), address(user, password, host, port, database), "{url}");
        }
        for url in ["db", "postgres:///x", "postgres://h:port/x", "mysql://a%2@h/x", "mysql://a%zz@h/x"] {
            assert_eq!(Address::parse(url), None, "{url}");
        }
    }
}
