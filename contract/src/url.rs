//! Addresses of accounts, databases and other servers, as they may be written.

/// Domains of amoCRM accounts (docs/apis/amocrm.md, conventions).
const AMO_DOMAINS: [&str; 3] = ["amocrm.ru", "amocrm.com", "kommo.com"];

/// The host of an account from what people write: `acme`, `acme.kommo.com`, or an address copied from a browser.
pub fn account_host(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    let host = match value.split_once("://") {
        Some(("https", rest)) => rest.split('/').next().unwrap_or_default(),
        Some(_) => return None,
        None => value.trim_end_matches('/'),
    };
    let (subdomain, domain) = host.split_once('.').unwrap_or((host, AMO_DOMAINS[0]));
    let shaped = !subdomain.is_empty()
        && subdomain.len() <= 63
        && !subdomain.starts_with('-')
        && !subdomain.ends_with('-')
        && subdomain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // `www` is the platform, not an account.
    (shaped && subdomain != "www" && AMO_DOMAINS.contains(&domain)).then(|| format!("{subdomain}.{domain}"))
}

/// Whether an address names a database that others can reach over the network.
pub fn is_server_database(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    matches!(scheme, "postgres" | "postgresql" | "mysql" | "mariadb")
}

pub(crate) fn is_base_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        // The colon of an IPv6 address stands inside brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_ok = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let path_ok = rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'\\' | b'@'));
    host_ok && port_ok && path_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_as_people_write_them() {
        for (value, wanted) in [
            ("acme", Some("acme.amocrm.ru")),
            ("Acme-2", Some("acme-2.amocrm.ru")),
            ("acme.amocrm.ru/", Some("acme.amocrm.ru")),
            ("acme.amocrm.com", Some("acme.amocrm.com")),
            ("https://acme.kommo.com/leads/pipeline/1/", Some("acme.kommo.com")),
            ("http://acme.amocrm.ru", None),
            ("www.amocrm.ru", None),
            ("acme.example.com", None),
            ("-acme", None),
            ("", None),
        ] {
            assert_eq!(account_host(value).as_deref(), wanted, "{value:?}");
        }
    }
}
