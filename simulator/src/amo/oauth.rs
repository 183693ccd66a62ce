//! The token endpoint: single-use refresh tokens that rotate (docs/apis/amocrm.md 1.4 and 1.8).

use serde_json::{Value, json};

use super::AmoOptions;
use crate::{
    http::{Request, Response},
    rng::SplitMix64,
};

/// Where pairs are renewed.
pub const TOKEN_PATH: &str = "/oauth2/access_token";
/// A refresh token that nobody uses ends after three months.
const REFRESH_TTL_MS: i64 = 90 * 86_400_000;

/// One integration and the pairs that it was given.
#[derive(Debug, Clone, Default)]
pub struct OAuth {
    pairs: Vec<Pair>,
    presented: Vec<String>,
}

/// What amoCRM gives out at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// For calls of the API.
    pub access: String,
    /// For the next pair.
    pub refresh: String,
    /// When the access token ends, epoch milliseconds.
    pub access_ends_ms: i64,
    /// When the refresh token ends.
    pub refresh_ends_ms: i64,
    /// The refresh token was used, or the integration switched off.
    pub is_refresh_dead: bool,
    /// The access token is refused although its time is not over.
    pub is_access_dead: bool,
}

impl OAuth {
    /// A fresh pair, as after the callback.
    pub fn issue(&mut self, options: &AmoOptions, now_ms: i64) -> Pair {
        let mut rng = SplitMix64::new(0x0A07_u64 + self.pairs.len() as u64);
        let mut token = |kind: &str| {
            format!("{kind}{:016x}{:016x}{:016x}", rng.next_u64(), rng.next_u64(), rng.next_u64())
        };
        let pair = Pair {
            access: token("eyJ"),
            refresh: token("def502"),
            access_ends_ms: now_ms + options.access_ttl_s * 1_000,
            refresh_ends_ms: now_ms + REFRESH_TTL_MS,
            is_refresh_dead: false,
            is_access_dead: false,
        };
        self.pairs.push(pair.clone());
        pair
    }

    /// All pairs, oldest first, to look at or to kill.
    pub fn pairs_mut(&mut self) -> &mut [Pair] {
        &mut self.pairs
    }

    /// Refresh tokens in the order in which they arrived, whatever came of them.
    pub fn presented(&self) -> &[String] {
        &self.presented
    }

    /// Whether a bearer token opens the API.
    pub(crate) fn accepts(&self, token: &str, now_ms: i64) -> bool {
        self.pairs
            .iter()
            .any(|pair| pair.access == token && !pair.is_access_dead && now_ms < pair.access_ends_ms)
    }

    /// Answers a request to [`TOKEN_PATH`].
    pub(crate) fn token(&mut self, options: &AmoOptions, request: &Request, now_ms: i64) -> Response {
        if request.method != "POST" {
            return refusal(405, "Method Not Allowed", "POST only");
        }
        let is_json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let Some(body) = serde_json::from_slice::<Value>(&request.body).ok().filter(|_| is_json) else {
            return refusal(401, "Unauthorized", "The request body is no JSON");
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let wrong = |name: &str| refusal(400, "Bad Request", &format!("Check the `{name}` parameter"));
        if text("client_id") != options.client_id {
            return wrong("client_id");
        }
        if text("client_secret") != options.client_secret {
            return wrong("client_secret");
        }
        if text("redirect_uri") != options.redirect_uri {
            return refusal(400, "Bad Request", "Redirect URI is not associated with client");
        }
        if text("grant_type") != "refresh_token" {
            return wrong("grant_type");
        }
        let wanted = text("refresh_token");
        self.presented.push(wanted.to_owned());
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.refresh == wanted) else {
            return refusal(401, "Unauthorized", "Cannot decrypt the refresh token");
        };
        if pair.is_refresh_dead || now_ms >= pair.refresh_ends_ms {
            return refusal(401, "Unauthorized", "Token has been revoked");
        }
        pair.is_refresh_dead = true;
        if options.refresh_kills_access {
            pair.is_access_dead = true;
        }
        let fresh = self.issue(options, now_ms);
        let answer = json!({
            "token_type": "Bearer",
            "expires_in": options.access_ttl_s,
            "access_token": fresh.access,
            "refresh_token": fresh.refresh,
            "server_time": now_ms.div_euclid(1000),
        });
        Response::json(200, "application/json", &answer)
    }
}

fn refusal(status: u16, title: &str, hint: &str) -> Response {
    let body = json!({
        "hint": hint,
        "title": title,
        "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
        "status": status,
        "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
    });
    Response::json(status, "application/problem+json", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    fn ask(oauth: &mut OAuth, refresh: &str, changes: &[(&str, &str)], now_ms: i64) -> Response {
        let options = AmoOptions::default();
        let mut body = json!({
            "client_id": options.client_id, "client_secret": options.client_secret,
            "redirect_uri": options.redirect_uri, "grant_type": "refresh_token", "refresh_token": refresh,
        });
        for (name, value) in changes {
            body[*name] = json!(value);
        }
        let request =
            Request::json("POST", TOKEN_PATH, &body).with_header("content-type", "application/json");
        oauth.token(&options, &request, now_ms)
    }

    #[test]
    fn a_refresh_token_works_once_and_the_next_pair_works() {
        let mut oauth = OAuth::default();
        let first = oauth.issue(&AmoOptions::default(), NOW_MS);
        assert!(oauth.accepts(&first.access, NOW_MS) && !oauth.accepts(&first.access, first.access_ends_ms));
        let answer = ask(&mut oauth, &first.refresh, &[], NOW_MS);
        let fresh = answer.body_json().expect("JSON");
        assert_eq!(answer.status, 200);
        assert!(oauth.accepts(fresh["access_token"].as_str().expect("text"), NOW_MS));
        assert!(oauth.accepts(&first.access, NOW_MS), "the old access token ends by itself");
        assert_eq!(ask(&mut oauth, &first.refresh, &[], NOW_MS).status, 401);
        assert_eq!(ask(&mut oauth, fresh["refresh_token"].as_str().expect("text"), &[], NOW_MS).status, 200);
        assert_eq!(oauth.presented().len(), 3);
    }

    #[test]
    fn everything_in_the_request_must_be_right() {
        for (name, value, status) in [
            ("client_id", "other", 400),
            ("client_secret", "other", 400),
            ("redirect_uri", "https://sync.example/cb/", 400),
            ("grant_type", "password", 400),
            ("refresh_token", "unknown", 401),
        ] {
            let mut oauth = OAuth::default();
            let pair = oauth.issue(&AmoOptions::default(), NOW_MS);
            assert_eq!(ask(&mut oauth, &pair.refresh, &[(name, value)], NOW_MS).status, status, "{name}");
            assert_eq!(ask(&mut oauth, &pair.refresh, &[], NOW_MS).status, 200, "{name} used nothing up");
        }
        let mut oauth = OAuth::default();
        let pair = oauth.issue(&AmoOptions::default(), NOW_MS);
        assert_eq!(ask(&mut oauth, &pair.refresh, &[], NOW_MS + REFRESH_TTL_MS).status, 401);
    }
}
