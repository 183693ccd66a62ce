//! The page that asks, and the token endpoint: single-use codes and refresh tokens that rotate (docs/apis/amocrm.md 1.2
//! to 1.4 and 1.8).

use serde_json::{Value, json};

use super::options::AmoOptions;
use crate::{
    codec,
    http::{Request, Response},
    rng::SplitMix64,
};

/// Where pairs are given out and renewed.
pub const TOKEN_PATH: &str = "/oauth2/access_token";
/// Where people are asked whether an integration may work with their account.
pub const PAGE_PATH: &str = "/oauth";
/// An authorization code that nobody uses ends after 20 minutes.
const CODE_TTL_MS: i64 = 20 * 60_000;
/// A refresh token that nobody uses ends after three months.
const REFRESH_TTL_MS: i64 = 90 * 86_400_000;

/// One integration and the pairs that it was given.
#[derive(Debug, Clone, Default)]
pub struct OAuth {
    pairs: Vec<Pair>,
    presented: Vec<String>,
    codes: Vec<Code>,
}

/// An authorization code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Code {
    text: String,
    ends_ms: i64,
    is_used: bool,
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

    /// A fresh authorization code, as when somebody allows it.
    pub fn issue_code(&mut self, now_ms: i64) -> String {
        let mut rng = SplitMix64::new(0x0C0D_u64 + self.codes.len() as u64);
        let text = format!("def50200{:016x}{:016x}", rng.next_u64(), rng.next_u64());
        self.codes.push(Code { text: text.clone(), ends_ms: now_ms + CODE_TTL_MS, is_used: false });
        text
    }

    /// Answers a request to [`PAGE_PATH`]: a page with the two ways back. `host` is that of the account.
    pub(crate) fn page(
        &mut self,
        options: &AmoOptions,
        request: &Request,
        host: &str,
        now_ms: i64,
    ) -> Response {
        let parameters = request.parameters().unwrap_or_default();
        let value = |name: &str| {
            let found = parameters.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| codec::percent_encode(value)).unwrap_or_default()
        };
        if value("client_id") != codec::percent_encode(&options.client_id) {
            return Response::page(400, "<h1>Интеграция не найдена</h1>");
        }
        let (uri, state, host) = (&options.redirect_uri, value("state"), codec::percent_encode(host));
        let back = format!("{uri}?state={state}&amp;referer={host}&amp;client_id={}", value("client_id"));
        let code = self.issue_code(now_ms);
        Response::page(
            200,
            &format!(
                "<!doctype html><html lang=\"ru\"><meta charset=\"utf-8\"><title>amoCRM</title><h1>Доступ к аккаунту</h1>\
                 <p><a href=\"{back}&amp;code={code}\">Разрешить</a></p>\
                 <p><a href=\"{back}&amp;error=access_denied\">Отказать</a></p></html>"
            ),
        )
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
        match text("grant_type") {
            "authorization_code" => return self.trade(options, text("code"), now_ms),
            "refresh_token" => {}
            _ => return wrong("grant_type"),
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
        self.give_out(options, now_ms)
    }

    fn trade(&mut self, options: &AmoOptions, wanted: &str, now_ms: i64) -> Response {
        let refused = |hint| refusal(400, "Bad Request", hint);
        let Some(code) = self.codes.iter_mut().find(|code| code.text == wanted) else {
            return refused("Cannot decrypt the authorization code");
        };
        if code.is_used {
            return refused("Authorization code has been revoked");
        }
        if now_ms >= code.ends_ms {
            return refused("Authorization code has expired");
        }
        code.is_used = true;
        self.give_out(options, now_ms)
    }

    fn give_out(&mut self, options: &AmoOptions, now_ms: i64) -> Response {
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
    fn a_code_works_once_and_for_twenty_minutes() {
        let mut oauth = OAuth::default();
        let mut trade = |code: &str, now_ms| {
            ask(&mut oauth, "", &[("grant_type", "authorization_code"), ("code", code)], now_ms).status
        };
        assert_eq!(trade("guessed", NOW_MS), 400);
        let mut oauth = OAuth::default();
        let (first, late) = (oauth.issue_code(NOW_MS), oauth.issue_code(NOW_MS));
        let mut trade = |code: &str, now_ms| {
            ask(&mut oauth, "", &[("grant_type", "authorization_code"), ("code", code)], now_ms).status
        };
        assert_eq!(
            [trade(&first, NOW_MS), trade(&first, NOW_MS), trade(&late, NOW_MS + CODE_TTL_MS)],
            [200, 400, 400]
        );
    }

    #[test]
    fn the_page_leads_back_with_the_state_and_the_account() {
        let (mut oauth, options) = (OAuth::default(), AmoOptions::default());
        let query = format!("client_id={}&state=a%26b&mode=popup", options.client_id);
        let page = oauth.page(&options, &Request::get(PAGE_PATH, &query), "acme.amocrm.ru", NOW_MS);
        let text = String::from_utf8(page.body).expect("UTF-8");
        assert!(page.status == 200 && text.contains("state=a%26b&amp;referer=acme.amocrm.ru"), "{text}");
        let other =
            oauth.page(&options, &Request::get(PAGE_PATH, "client_id=other"), "acme.amocrm.ru", NOW_MS);
        assert_eq!(other.status, 400);
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
