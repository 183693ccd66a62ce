//! A pair of tokens: as it is stored, and as amoCRM gives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::{base64::from_base64, hash::hash},
    settings::OAuthClient,
};

/// A pair as it is stored, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) v: u32,
    pub(super) access: String,
    pub(super) refresh: String,
    /// When we renewed it.
    pub(super) made_ms: Option<i64>,
    /// When to renew although the access token still works.
    pub(super) renew_ms: Option<i64>,
    /// When the access token ends.
    pub(super) ends_ms: Option<i64>,
    /// Fingerprint of the pair that the settings of each connection held when it was taken over.
    pub(super) taken: BTreeMap<String, String>,
    /// amoCRM refused to renew it.
    pub(super) dead: Option<Dead>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dead {
    /// Of the pair and the integration that were refused: another secret deserves another try.
    pub(super) of: String,
    /// amoCRM's own words.
    pub(super) reason: String,
}

impl Stored {
    pub(super) fn fresh(
        access: String,
        refresh: String,
        now_ms: i64,
        lives_ms: i64,
        taken: BTreeMap<String, String>,
    ) -> Self {
        Self {
            v: 1,
            access,
            refresh,
            made_ms: Some(now_ms),
            renew_ms: Some(now_ms + lives_ms / 2),
            ends_ms: Some(now_ms + lives_ms),
            taken,
            dead: None,
        }
    }
}

/// Where the pair of an account is stored; it belongs to the account and its integration, not to a shop.
pub(crate) fn pair_key(base_url: &str) -> String {
    let host = base_url.split("://").last().unwrap_or_default();
    format!("oauth/{host}")
}

/// When a token ends, by its own words (docs/apis/amocrm.md 1.5). Nothing but a text for people depends on it.
pub(super) fn ends_ms_of(token: &str) -> Option<i64> {
    let claims = token.split('.').nth(1)?;
    // The alphabet of addresses, in that of everything else.
    let claims = from_base64(&claims.replace('-', "+").replace('_', "/"))?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("exp")?.as_i64()?.checked_mul(1_000)
}

pub(super) enum Renewal {
    Done { access: String, refresh: String, lives_ms: i64 },
    Refused(String),
}

/// Reads a pair; `None` where anything of it is missing or could not be sent back.
pub(super) fn new_pair(document: &Value) -> Option<Renewal> {
    let token = |name: &str| {
        let text = document.get(name)?.as_str()?;
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
    };
    let lives_s =
        document.get("expires_in")?.as_i64().filter(|seconds| (1..=31_536_000).contains(seconds))?;
    Some(Renewal::Done {
        access: token("access_token")?,
        refresh: token("refresh_token")?,
        lives_ms: lives_s * 1_000,
    })
}

/// What a refusal of a refresh token is a refusal of.
pub(super) fn of(client: &OAuthClient, refresh: &str) -> String {
    hash(&[refresh, &client.id, client.secret.expose(), &client.redirect_uri])
}
