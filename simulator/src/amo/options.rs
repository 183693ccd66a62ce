//! How the simulated account differs from others.

/// What the account does with `filter[custom_fields_values]` (docs/apis/amocrm.md 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiFilter {
    /// It works, from an index that lags.
    #[default]
    On,
    /// 400.
    Refused,
    /// Everything comes back.
    Ignored,
}

/// Switches of the simulated CRM.
#[derive(Debug, Clone, PartialEq)]
pub struct AmoOptions {
    /// The long-lived token; others come from [`Amo::issue_pair`](super::Amo::issue_pair) and the token endpoint.
    pub token: String,
    /// Id of the integration.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its redirect address.
    pub redirect_uri: String,
    /// How long an access token lives.
    pub access_ttl_s: i64,
    /// A refresh ends the old access token at once; it is not known whether the real one does (1.4).
    pub refresh_kills_access: bool,
    /// Requests in any second; refused ones count.
    pub rps_max: usize,
    /// How long everything is refused after an excess.
    pub penalty_ms: i64,
    /// Refusals within 60 s before the account is blocked.
    pub violations_max: usize,
    /// How long `query` and custom-field filters do not see a new entity.
    pub search_lag_ms: i64,
    /// How long lists do not see a new entity. Real lists are immediate.
    pub list_lag_ms: i64,
    /// Lists ignore `order`: the oldest come first.
    pub order_ignored: bool,
    /// Custom-field filters.
    pub api_filter: ApiFilter,
    /// Entities in one request.
    pub items_max: usize,
    /// Time of an answer.
    pub latency_ms: u64,
    /// More of it for each entity that is written.
    pub latency_per_item_ms: u64,
    /// An answer that takes longer becomes a 504; the effect stays.
    pub gateway_timeout_ms: u64,
    /// The price of a lead follows its products, a second later.
    pub auto_price: bool,
    /// Everybody may list the users, not only administrators.
    pub users_for_all: bool,
    /// How far the server's clock is ahead of everybody's.
    pub clock_skew_ms: i64,
}

impl Default for AmoOptions {
    fn default() -> Self {
        Self {
            token: "amo-test-token".into(),
            client_id: "0f3c2d1e-1111-4222-8333-444455556666".into(),
            client_secret: "amo-test-client-secret".into(),
            redirect_uri: "https://sync.example/cb".into(),
            access_ttl_s: 86_400,
            refresh_kills_access: false,
            rps_max: 7,
            penalty_ms: 1000,
            violations_max: 100,
            search_lag_ms: 5000,
            list_lag_ms: 0,
            order_ignored: false,
            api_filter: ApiFilter::On,
            items_max: 250,
            latency_ms: 150,
            latency_per_item_ms: 8,
            gateway_timeout_ms: 20_000,
            auto_price: false,
            users_for_all: false,
            clock_skew_ms: 0,
        }
    }
}
