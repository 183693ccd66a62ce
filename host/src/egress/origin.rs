//! Scheme, host and port of an address, and the list of those that may be reached.

use std::{fmt, net::IpAddr};

use http::Uri;

/// Why a text is no address of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not an absolute address.
    #[error("must be an absolute address such as https://example.kz")]
    NotAbsolute,
    /// Another scheme.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// `user:password@` in front of the host.
    #[error("must not carry a user name")]
    UserInfo,
    /// No host, or a port that is none.
    #[error("has no valid host and port")]
    HostPort,
}

/// Where a request goes: exactly this scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Takes the origin of an absolute address; path and query are not looked at.
    ///
    /// # Errors
    /// For anything but `http(s)://host[:port]...`.
    pub fn parse(url: &str) -> Result<Self, OriginError> {
        Self::of(&url.trim().parse().map_err(|_| OriginError::NotAbsolute)?)
    }

    /// The origin of a request.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of(uri: &Uri) -> Result<Self, OriginError> {
        let authority = uri.authority().ok_or(OriginError::NotAbsolute)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(OriginError::Scheme),
            None => return Err(OriginError::NotAbsolute),
        };
        if authority.as_str().contains('@') {
            return Err(OriginError::UserInfo);
        }
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host).ok_or(OriginError::HostPort)? {
            "" => {
                if https {
                    443
                } else {
                    80
                }
            }
            rest => rest
                .strip_prefix(':')
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok())
                .filter(|port| *port != 0)
                .ok_or(OriginError::HostPort)?,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return Err(OriginError::HostPort);
        }
        Ok(Self { https, host: bare.to_ascii_lowercase(), port })
    }

    /// Whether TLS is used.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Name of the account whose tickets a request to this origin needs.
    pub fn account(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// The origins that a connection's settings name. Everything else is refused.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    origins: Vec<Origin>,
}

impl AllowList {
    /// Allows exactly these.
    pub fn new(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self { origins: origins.into_iter().collect() }
    }

    /// The origin of a request, if it may be sent.
    pub fn check(&self, uri: &Uri) -> Option<&Origin> {
        let wanted = Origin::of(uri).ok()?;
        self.origins.iter().find(|origin| **origin == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_origins_pass() {
        let list = AllowList::new([
            Origin::parse("https://kaspi.kz/shop/api/v2").unwrap(),
            Origin::parse("http://127.0.0.1:8080").unwrap(),
            Origin::parse("https://Acme.amocrm.ru:443").unwrap(),
        ]);
        for (uri, passes) in [
            ("https://kaspi.kz/shop/api/v2/orders?x=1", true),
            ("https://KASPI.KZ/", true),
            ("https://kaspi.kz:443/", true),
            ("http://127.0.0.1:8080/a", true),
            ("https://acme.amocrm.ru/api/v4/leads", true),
            ("http://kaspi.kz/", false),
            ("https://kaspi.kz:444/", false),
            ("https://kaspi.kz./", false),
            ("https://kaspi.kz:/", false),
            ("https://kaspi.kz:0443/", true),
            ("https://user@kaspi.kz/", false),
            ("https://kaspi.kz@evil.example/", false),
            ("https://kaspi.kz:443@evil.example/", false),
            ("https://evil.example/kaspi.kz", false),
            ("https://kaspi.kz.evil.example/", false),
            ("https://sub.kaspi.kz/", false),
            ("https://[::1]/", false),
            ("http://127.0.0.1:8081/", false),
            ("http://localhost:8080/", false),
            ("http://2130706433:8080/", false),
            ("http://127.1:8080/", false),
            ("http://[::ffff:127.0.0.1]:8080/", false),
            ("ftp://kaspi.kz/", false),
            ("/shop/api/v2", false),
        ] {
            let allowed = uri.parse::<Uri>().is_ok_and(|uri| list.check(&uri).is_some());
            assert_eq!(allowed, passes, "{uri}");
        }
    }

    #[test]
    fn addresses_in_settings_are_checked() {
        for (text, error) in [
            ("kaspi.kz", OriginError::NotAbsolute),
            ("", OriginError::NotAbsolute),
            ("ftp://kaspi.kz", OriginError::Scheme),
            ("https://me:pw@kaspi.kz", OriginError::UserInfo),
            ("https://kaspi.kz:0", OriginError::HostPort),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
        assert_eq!(Origin::parse("http://[::1]:80/x").unwrap().to_string(), "http://[::1]:80");
    }
}
