//! A request on its way through the handlers.

use serde_json::Value;

use super::options::AmoOptions;
use crate::{codec, http::Request};

/// Path of the API below the host.
pub const BASE_PATH: &str = "/api/v4";

/// What every handler gets.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) now_ms: i64,
    pub(crate) options: &'a AmoOptions,
    pub(super) base_url: String,
}

impl Call<'_> {
    /// Seconds, as all times of this API.
    pub(crate) fn now_s(&self) -> i64 {
        self.now_ms.div_euclid(1000)
    }

    /// A link to an address below the API.
    pub(crate) fn link(&self, path: &str) -> Value {
        serde_json::json!({"self": {"href": format!("{}{BASE_PATH}/{path}", self.base_url)}})
    }

    /// The address of the list that is asked for, at a page.
    pub(crate) fn href(&self, page: usize) -> String {
        href(&self.base_url, self.request, page)
    }

    /// Whether lists show an entity already.
    pub(crate) fn lists(&self, made_at_ms: i64) -> bool {
        self.options.list_lag_ms == 0 || made_at_ms + self.options.list_lag_ms <= self.now_ms
    }
}

/// The address of this list at another page.
fn href(base: &str, request: &Request, page: usize) -> String {
    let mut parts: Vec<String> = request
        .parameters()
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| name != "page")
        .map(|(name, value)| format!("{}={}", codec::percent_encode(name), codec::percent_encode(value)))
        .collect();
    parts.push(format!("page={page}"));
    format!("{base}{}?{}", request.path, parts.join("&"))
}
