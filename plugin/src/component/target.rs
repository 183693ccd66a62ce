//! The parts of an absolute URL, as `wasi:http` wants them.

use crate::ports::{HttpError, NetworkTrouble};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// `https` rather than `http`.
    pub(crate) secure: bool,
    /// Host, with a port where the URL has one.
    pub(crate) authority: &'a str,
    /// Path and query, beginning with `/`.
    pub(crate) path_with_query: String,
}

impl<'a> Target<'a> {
    /// Takes an absolute, percent-encoded `http` or `https` URL apart; a fragment is dropped.
    ///
    /// # Errors
    /// [`HttpError::NotSent`] for anything else. The text repeats nothing of the URL: it may hold secrets.
    pub(crate) fn parse(url: &'a str) -> Result<Self, HttpError> {
        let refuse = |why: &str| {
            let why = format!("the address is no absolute http(s) URL: {why}");
            HttpError::NotSent(NetworkTrouble::Other, why)
        };
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("it has characters that must be percent-encoded"));
        }
        let (secure, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(refuse("it begins with neither https:// nor http://")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(refuse("it has no host"));
        }
        if authority.contains('@') {
            return Err(refuse("a user name or password in it is not supported"));
        }
        let path_with_query = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { secure, authority, path_with_query })
    }
}
