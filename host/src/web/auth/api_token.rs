//! Who may knock: whoever knows `CRON_SECRET`.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::web::http::answer::problem;

/// Compares tokens with the secret of the settings. Without one it lets nobody through.
#[derive(Clone)]
pub(crate) struct Guard {
    /// A digest, so that the comparison does not depend on the length.
    secret: Option<Arc<[u8; 32]>>,
}

impl Guard {
    pub(crate) fn new(secret: Option<&str>) -> Self {
        Self { secret: secret.map(|secret| Arc::new(digest(secret))) }
    }

    /// Whether there is a secret at all.
    pub(crate) fn can_open(&self) -> bool {
        self.secret.is_some()
    }

    /// The token of the header `Authorization: Bearer`, else that of the query; anything else is turned away.
    // A whole answer is large, and made once for each request that is turned away.
    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    pub(crate) fn check(&self, headers: &HeaderMap, token: Option<&str>) -> Result<(), Response> {
        if self.lets_through(bearer(headers).or(token)) {
            return Ok(());
        }
        Err(problem(StatusCode::UNAUTHORIZED, "unauthorized", "the token is missing or wrong"))
    }

    fn lets_through(&self, token: Option<&str>) -> bool {
        match (&self.secret, token) {
            (Some(secret), Some(token)) => digest(token).ct_eq(secret.as_ref()).into(),
            _ => false,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_secret_opens() {
        let guard = Guard::new(Some("s3cret"));
        for (token, allowed) in [
            (Some("s3cret"), true),
            (Some("s3cre"), false),
            (Some("s3cret "), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(guard.lets_through(token), allowed, "{token:?}");
        }
        assert!(!Guard::new(None).lets_through(Some("")), "without a secret nothing opens");
    }

    #[test]
    fn the_token_may_come_as_a_header() {
        let with = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&with("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("bearer abc")), Some("abc"));
        assert_eq!(bearer(&with("Basic abc")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
