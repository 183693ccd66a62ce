//! How the simulated shop differs from others.

/// What a masked phone looks like (docs/apis/kaspi.md 4).
pub const PHONE_MASK: &str = "+0(000)-000-00-00";

/// Whose phones are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mask {
    /// Nobody's.
    #[default]
    Never,
    /// Those of orders in the state `ARCHIVE`.
    Archive,
    /// Everybody's.
    Always,
}

/// In which order a list comes; clients must not rely on any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListOrder {
    /// Latest creation date first.
    #[default]
    NewestFirst,
    /// Earliest creation date first.
    OldestFirst,
    /// Without a visible rule, but the same each time.
    Scrambled,
}

/// Switches of the simulated shop.
#[derive(Debug, Clone, PartialEq)]
pub struct KaspiOptions {
    /// The one token that is accepted.
    pub token: String,
    /// If set, an `X-Merchant-Uid` that is sent must be this one.
    pub merchant_uid: Option<String>,
    /// The token is right but the API is not enabled: 403.
    pub disabled: bool,
    /// Largest `page[size]`.
    pub page_size_max: usize,
    /// Largest window in days.
    pub window_days_max: i64,
    /// Rows that one window yields at most, whatever the paging.
    pub window_rows_max: usize,
    /// Whose phones are hidden.
    pub mask: Mask,
    /// Order of lists.
    pub list_order: ListOrder,
    /// `include[orders]=entries` is answered with 400.
    pub reject_include_entries: bool,
    /// `include[orders]` is accepted but nothing is included.
    pub ignore_include: bool,
    /// The last line of each order is missing among the included ones, though its id is named.
    pub lose_included_line: bool,
    /// Ids of orders cannot be computed from the code.
    pub odd_ids: bool,
    /// `filter[orders][status]` for returns lets other orders through.
    pub ignore_return_filter: bool,
    /// Requests in any second; Kaspi publishes none.
    pub rps_max: Option<usize>,
    /// Time of an answer.
    pub latency_ms: u64,
    /// How far the server's clock is ahead of everybody's.
    pub clock_skew_ms: i64,
}

impl Default for KaspiOptions {
    fn default() -> Self {
        Self {
            token: "kaspi-test-token".into(),
            merchant_uid: None,
            disabled: false,
            page_size_max: 100,
            window_days_max: 14,
            window_rows_max: 10_000,
            mask: Mask::Never,
            list_order: ListOrder::NewestFirst,
            reject_include_entries: false,
            ignore_include: false,
            lose_included_line: false,
            odd_ids: false,
            ignore_return_filter: false,
            rps_max: None,
            latency_ms: 120,
            clock_skew_ms: 0,
        }
    }
}
