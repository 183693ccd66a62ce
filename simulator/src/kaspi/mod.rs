//! Kaspi's order API as a state machine (docs/apis/kaspi.md, sections 1, 2 and 8).
//!
//! Reading only: the sync writes nothing to Kaspi, so any other method is refused and [`crate::oracle`] counts it.

mod list;
mod order;
mod render;

pub use order::{Address, Buyer, Change, SimLine, SimOrder};

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    codec,
    fault::{self, Fault, FaultPlan, Machine},
    http::{Delivery, LoggedRequest, Reply, Request, Response},
    limiter::{Limit, Limiter, Verdict},
    rng::SplitMix64,
};

/// Media type of all JSON of this API.
pub const MEDIA_TYPE: &str = "application/vnd.api+json";
/// Path of the API below the host.
pub const BASE_PATH: &str = "/shop/api/v2";
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

/// One shop.
#[derive(Debug, Default)]
pub struct Kaspi {
    /// Switches; may be changed between requests.
    pub options: KaspiOptions,
    /// What goes wrong on purpose.
    pub faults: FaultPlan,
    orders: Vec<SimOrder>,
    log: Vec<LoggedRequest>,
    limiter: Limiter,
    /// By how many rows the pages of a window have moved since its first page was read.
    shifts: BTreeMap<String, usize>,
}

impl Kaspi {
    /// A shop without orders.
    pub fn new(options: KaspiOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Adds an order. A code that exists already is replaced.
    pub fn add_order(&mut self, order: SimOrder) {
        match self.order_mut(&order.code) {
            Some(present) => *present = order,
            None => self.orders.push(order),
        }
    }

    /// All orders, also those that are not visible yet.
    pub fn orders(&self) -> &[SimOrder] {
        &self.orders
    }

    /// One order, to change it.
    pub fn order_mut(&mut self, code: &str) -> Option<&mut SimOrder> {
        self.orders.iter_mut().find(|order| order.code == code)
    }

    /// Every request that arrived, in order.
    pub fn requests(&self) -> &[LoggedRequest] {
        &self.log
    }

    /// The answer to one request that arrives now.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Reply {
        let mut label = None;
        let mut reply = if let Some(limited) = self.limit(now_ms) {
            Reply { response: limited, delay_ms: self.options.latency_ms, delivery: Delivery::Whole }
        } else if is_dropped_agent(request) {
            // The firewall says nothing at all (docs/apis/kaspi.md 1.3).
            Reply { response: Response::empty(403), delay_ms: 0, delivery: Delivery::Hang }
        } else {
            let fault = self.faults.pick(request);
            label = fault.as_ref().map(Fault::name);
            fault::run(self, request, now_ms, self.options.latency_ms, fault.as_ref())
        };
        if label.is_none() && self.options.reject_include_entries && reply.response.status == 400 {
            label = request.query.contains("entries").then(|| "include refused".to_owned());
        }
        let refusal =
            (label.is_none() && reply.response.status >= 400).then(|| refusal_text(&reply.response));
        let date = codec::http_date(now_ms + self.options.clock_skew_ms);
        reply.response.headers.push(("date".into(), date));
        self.log.push(LoggedRequest {
            at_ms: now_ms,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            items: crate::http::body_items(request),
            status: reply.response.status,
            fault: label,
            refusal,
        });
        reply
    }

    fn limit(&mut self, now_ms: i64) -> Option<Response> {
        let limit = Limit { rps_max: self.options.rps_max?, penalty_ms: 0, violations_max: usize::MAX };
        (self.limiter.admit(limit, now_ms) != Verdict::Pass).then(|| fault::gateway_page(429))
    }

    /// Checks of 8.2, 8.3 and 1.2, then the routes of 2.1-2.6.
    fn route(&mut self, request: &Request, now_ms: i64, fault: Option<&Fault>) -> Response {
        if request.header("accept").is_none() {
            return fault::gateway_page(404);
        }
        if request.header("x-auth-token") != Some(self.options.token.as_str()) {
            return error(401, "Unauthorized");
        }
        if self.options.disabled {
            return error(403, "Forbidden");
        }
        if let (Some(wanted), Some(sent)) = (&self.options.merchant_uid, request.header("x-merchant-uid"))
            && wanted != sent
        {
            return error(403, "Forbidden");
        }
        let Some(rest) = request.path.strip_prefix(BASE_PATH) else { return fault::gateway_page(404) };
        if request.method != "GET" {
            return error(405, "This shop is read only");
        }
        let media_type = request.header("content-type").unwrap_or_default();
        if media_type.split(';').next().map(str::trim) != Some(MEDIA_TYPE) {
            return error(400, "Content-Type must be application/vnd.api+json");
        }
        let parameters = match request.parameters() {
            Ok(parameters) => parameters,
            Err(message) => return error(400, &message),
        };
        let segments: Vec<&str> = rest.split('/').skip(1).collect();
        match segments.as_slice() {
            ["orders"] => self.list(&parameters, now_ms, fault),
            ["orders", id] => self.single(id, &parameters, now_ms, fault),
            ["orders", id, "entries"] => self.with_order(id, now_ms, |order| {
                let lines = if fault == Some(&Fault::EmptyEntries) { &[][..] } else { &order.lines[..] };
                let rows: Vec<Value> = lines.iter().enumerate().map(|(n, _)| render::entry(order, n)).collect();
                json!({"data": rows, "included": []})
            }),
            ["orders", id, "user"] => self.with_order(id, now_ms, |order| {
                json!({"data": render::customer_resource(order, self.masks(order, now_ms)), "included": []})
            }),
            ["orderentries", id] => self.with_line(id, now_ms, render::entry),
            ["orderentries", id, "product"] => self.with_line(id, now_ms, render::master_product),
            ["masterproducts", id] => self.with_product(id, now_ms, render::master_product),
            ["masterproducts", id, "merchantProduct"] => self.with_product(id, now_ms, render::merchant_product),
            _ => fault::gateway_page(404),
        }
    }

    fn single(
        &self,
        id: &str,
        parameters: &[(String, String)],
        now_ms: i64,
        fault: Option<&Fault>,
    ) -> Response {
        let mut include = list::Include::default();
        for (name, value) in parameters {
            match name.as_str() {
                "include[orders]" => match list::Include::parse(value) {
                    Some(parsed) => include = parsed,
                    None => return error(400, "Unknown value of include[orders]"),
                },
                _ => return error(400, &format!("Unknown parameter {name}")),
            }
        }
        if include.entries && self.options.reject_include_entries {
            return error(400, "Include of entries is not supported");
        }
        self.with_order(id, now_ms, |order| {
            let (row, included) = self.render(order, include, now_ms, fault);
            json!({"data": row, "included": included})
        })
    }

    fn with_order(&self, id: &str, now_ms: i64, body: impl Fn(&SimOrder) -> Value) -> Response {
        match self.visible(now_ms).find(|order| self.id(order) == id) {
            Some(order) => answer(&body(order)),
            None => error(404, "Order not found"),
        }
    }

    fn with_line(&self, id: &str, now_ms: i64, body: impl Fn(&SimOrder, usize) -> Value) -> Response {
        let found = self.visible(now_ms).find_map(|order| {
            let line = (0..order.lines.len()).find(|line| render::entry_id(order, *line) == id)?;
            Some(body(order, line))
        });
        found.map_or_else(
            || error(404, "Order entry not found"),
            |data| answer(&json!({"data": data, "included": []})),
        )
    }

    fn with_product(&self, id: &str, now_ms: i64, body: impl Fn(&SimOrder, usize) -> Value) -> Response {
        let found = self.visible(now_ms).find_map(|order| {
            let line = (0..order.lines.len()).find(|line| render::product_id(&order.lines[*line]) == id)?;
            Some(body(order, line))
        });
        found.map_or_else(
            || error(404, "Product not found"),
            |data| answer(&json!({"data": data, "included": []})),
        )
    }

    fn visible(&self, now_ms: i64) -> impl Iterator<Item = &SimOrder> {
        self.orders.iter().filter(move |order| order.visible_from_ms <= now_ms && order.created_ms <= now_ms)
    }

    fn masks(&self, order: &SimOrder, now_ms: i64) -> bool {
        match self.options.mask {
            Mask::Never => false,
            Mask::Archive => order.at(now_ms).0 == "ARCHIVE",
            Mask::Always => true,
        }
    }

    /// The phone of an order as this API shows it now.
    pub fn shown_phone(&self, order: &SimOrder, now_ms: i64) -> Option<String> {
        match &order.buyer.phone {
            Some(_) if self.masks(order, now_ms) => Some(PHONE_MASK.to_owned()),
            phone => phone.clone(),
        }
    }

    fn id(&self, order: &SimOrder) -> String {
        if self.options.odd_ids {
            codec::base64(&format!("o:{}", order.code))
        } else {
            codec::base64(&order.code)
        }
    }
}

impl Machine for Kaspi {
    fn apply(&mut self, request: &Request, now_ms: i64, fault: Option<&Fault>) -> Response {
        self.route(request, now_ms, fault)
    }

    /// Nothing is ever deferred: this API only reads.
    fn defer(&mut self, _: &Request, _: i64) {}

    fn rng(&mut self) -> &mut SplitMix64 {
        self.faults.rng()
    }
}

fn answer(body: &Value) -> Response {
    Response::json(200, "application/vnd.api+json;charset=UTF-8", body)
}

/// An error body: only `title` has ever been seen (docs/apis/kaspi.md 1.6).
fn error(status: u16, title: &str) -> Response {
    Response::json(status, "application/vnd.api+json;charset=UTF-8", &json!({"errors": [{"title": title}]}))
}

fn refusal_text(response: &Response) -> String {
    response
        .body_json()
        .and_then(|body| body["errors"][0]["title"].as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("status {}", response.status))
}

/// Agents that the firewall drops; one that sends none is treated alike, which is stricter than what was observed.
fn is_dropped_agent(request: &Request) -> bool {
    let agent = request.header("user-agent").unwrap_or_default();
    let known = ["python-requests/", "python-httpx/", "Python-urllib", "aiohttp"];
    agent.is_empty() || known.iter().any(|prefix| agent.starts_with(prefix))
}

#[cfg(test)]
mod tests;
