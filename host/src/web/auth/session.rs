//! Tokens, and the cookies that carry them.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

const TOKEN_BYTES: usize = 32;

/// A secret that only its holder has: 256 random bits, in hex. The store knows its digest.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When this machine has no randomness.
    pub(crate) fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex(&bytes)))
    }

    /// What a browser brought, if it looks like one of ours.
    fn brought(text: &str) -> Option<Self> {
        let is_ours = text.len() == 2 * TOKEN_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self(text.to_owned()))
    }

    /// The token itself, for the one who is to hold it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps of it.
    pub(crate) fn digest(&self) -> String {
        digest(&self.0)
    }

    /// What forms of its session bring back. It tells nothing about the token, and another site cannot know it.
    pub(crate) fn form_token(&self) -> String {
        digest(&format!("form {}", self.0))
    }
}

/// The digest of a secret, in hex.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cookie of a request.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// How cookies are set: scripts never see them, and they go with requests of our own pages only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    /// Whether browsers reach us over TLS.
    pub(crate) is_secure: bool,
}

impl Cookies {
    /// `__Host-` binds a cookie to this host and to TLS; over plain HTTP on this machine browsers would refuse that.
    fn full_name(self, name: &str) -> String {
        format!("{}{name}", if self.is_secure { "__Host-" } else { "" })
    }

    /// A token that a browser brought.
    pub(crate) fn token(self, headers: &HeaderMap, name: &str) -> Option<Token> {
        Token::brought(cookie(headers, &self.full_name(name))?)
    }

    /// Keeps a token in a browser, until it is closed or for `seconds`.
    pub(crate) fn keep(self, name: &str, token: &Token, seconds: Option<u32>) -> HeaderValue {
        self.set(&self.full_name(name), &token.0, seconds)
    }

    /// Takes it away again.
    pub(crate) fn remove(self, name: &str) -> HeaderValue {
        self.set(&self.full_name(name), "", Some(0))
    }

    /// Keeps a word of ours in a browser for `seconds`.
    pub(crate) fn keep_word(self, name: &str, word: &'static str, seconds: u32) -> HeaderValue {
        self.set(name, word, Some(seconds))
    }

    fn set(self, full_name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
        let mut text = format!("{full_name}={value}; Path=/; HttpOnly; SameSite=Strict");
        if self.is_secure {
            text.push_str("; Secure");
        }
        if let Some(seconds) = seconds {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        HeaderValue::from_str(&text).expect("names and values are plain letters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_from_everybody_else() {
        let token = Token::fresh().unwrap();
        assert_ne!(token, Token::fresh().unwrap());
        assert_eq!(format!("{token:?}"), "Token");
        for (is_secure, expected) in [
            (false, format!("session={}; Path=/; HttpOnly; SameSite=Strict", token.0)),
            (true, format!("__Host-session={}; Path=/; HttpOnly; SameSite=Strict; Secure", token.0)),
        ] {
            let cookies = Cookies { is_secure };
            assert_eq!(cookies.keep("session", &token, None), expected);
            assert_eq!(cookies.keep("session", &token, Some(9)), format!("{expected}; Max-Age=9"));
            let removed = cookies.remove("session");
            assert_eq!(removed, format!("{}; Max-Age=0", expected.replace(&token.0, "")));
            let pair = expected.split(';').next().unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, format!("a=b; {pair}").parse().unwrap())]);
            assert_eq!(cookies.token(&headers, "session"), Some(token.clone()));
            // Over TLS a cookie without the prefix may have been planted by a neighbour.
            assert_eq!(Cookies { is_secure: !is_secure }.token(&headers, "session"), None);
        }
        assert_ne!(token.digest(), token.form_token());
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"a".repeat(65), &"é".repeat(32)] {
            assert_eq!(Token::brought(text), None, "{text}");
        }
    }
}
