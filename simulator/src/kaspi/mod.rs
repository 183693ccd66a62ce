//! Kaspi's order API as a state machine (docs/apis/kaspi.md, sections 1, 2 and 8).
//!
//! Reading only: the sync writes nothing to Kaspi, so any other method is refused and [`crate::oracle`] counts it.

mod answer;
mod list;
mod options;
mod order;
mod render;
mod shop;

pub use options::{KaspiOptions, ListOrder, Mask, PHONE_MASK};
pub use order::{Address, Buyer, Change, SimLine, SimOrder};
pub use shop::Kaspi;

use serde_json::{Value, json};

use crate::{
    codec,
    fault::{self, Fault, Machine},
    http::{Delivery, LoggedRequest, Reply, Request, Response},
    limiter::{Limit, Verdict},
    rng::SplitMix64,
};
use answer::{answer, error};

/// Media type of all JSON of this API.
pub const MEDIA_TYPE: &str = "application/vnd.api+json";
/// Path of the API below the host.
pub const BASE_PATH: &str = "/shop/api/v2";
impl Kaspi {
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
