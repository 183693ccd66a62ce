//! amoCRM's API v4 as a state machine (docs/apis/amocrm.md, sections 2-4 and 8).
//!
//! Only what an order sync needs; anything else is 404. One long-lived token is accepted, and those of [`oauth`].

pub mod account;
mod answer;
mod call;
mod change;
mod check;
mod contacts;
mod directory;
mod elements;
mod fields;
mod layout;
mod leads;
mod links;
mod list;
mod notes;
pub mod oauth;
mod options;
mod people;
mod routes;
mod state;

pub use account::{Account, Owner};
pub use call::BASE_PATH;
pub use oauth::{OAuth, Pair};
pub use options::{AmoOptions, ApiFilter};
pub use state::{Contact, Element, FieldValue, FieldValues, Lead, Link, Note};

use serde_json::Value;

use crate::{
    codec,
    fault::{self, Fault, FaultPlan, Machine},
    http::{Delivery, LoggedRequest, Reply, Request, Response, body_items},
    limiter::{Limit, Limiter, Verdict},
    rng::SplitMix64,
};
use call::Call;
use state::State;

/// One account.
#[derive(Debug)]
pub struct Amo {
    /// Switches; may be changed between requests.
    pub options: AmoOptions,
    /// What goes wrong on purpose.
    pub faults: FaultPlan,
    state: State,
    oauth: OAuth,
    log: Vec<LoggedRequest>,
    limiter: Limiter,
    /// Requests whose effect is still to come.
    deferred: Vec<(i64, Request)>,
    /// Leads whose price is still to be computed.
    repricing: Vec<(i64, u64)>,
}

impl Default for Amo {
    fn default() -> Self {
        Self::new(AmoOptions::default())
    }
}

impl Amo {
    /// An account with the default layout and nothing in it.
    pub fn new(options: AmoOptions) -> Self {
        Self::with_account(options, Account::default())
    }

    /// An account with a layout of its own.
    pub fn with_account(options: AmoOptions, account: Account) -> Self {
        Self {
            options,
            faults: FaultPlan::default(),
            state: State::new(account),
            oauth: OAuth::default(),
            log: Vec::new(),
            limiter: Limiter::default(),
            deferred: Vec::new(),
            repricing: Vec::new(),
        }
    }

    /// The layout.
    pub fn account(&self) -> &Account {
        &self.state.account
    }

    /// The layout, to change it: switch a user off, delete a field.
    pub fn account_mut(&mut self) -> &mut Account {
        &mut self.state.account
    }

    /// Tokens that were given out.
    pub fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    /// Tokens that were given out, to kill them.
    pub fn oauth_mut(&mut self) -> &mut OAuth {
        &mut self.oauth
    }

    /// A fresh pair, as after the callback.
    pub fn issue_pair(&mut self, now_ms: i64) -> Pair {
        self.oauth.issue(&self.options, now_ms)
    }

    /// All leads by rising id, deleted ones included.
    pub fn leads(&self) -> &[Lead] {
        &self.state.leads
    }

    /// All contacts by rising id, deleted ones included.
    pub fn contacts(&self) -> &[Contact] {
        &self.state.contacts
    }

    /// All elements of all lists by rising id.
    pub fn elements(&self) -> &[Element] {
        &self.state.elements
    }

    /// All rows of products on leads.
    pub fn links(&self) -> &[Link] {
        &self.state.links
    }

    /// All notes by rising id.
    pub fn notes(&self) -> &[Note] {
        &self.state.notes
    }

    /// The name of a tag.
    pub fn tag_name(&self, id: u64) -> Option<&str> {
        self.state.tag_name(id)
    }

    /// Every request that arrived, in order.
    pub fn requests(&self) -> &[LoggedRequest] {
        &self.log
    }

    /// Blocks the account: 403 with HTML until [`Amo::unblock`].
    pub fn block(&mut self) {
        self.limiter.block();
    }

    /// What the vendor's support does after a block.
    pub fn unblock(&mut self) {
        self.limiter.reset();
    }

    /// The answer to one request that arrives now.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Reply {
        self.settle(now_ms);
        let items = body_items(request);
        let latency_ms = self.options.latency_ms + self.options.latency_per_item_ms * items as u64;
        let limit = Limit {
            rps_max: self.options.rps_max,
            penalty_ms: self.options.penalty_ms,
            violations_max: self.options.violations_max,
        };
        let mut label = None;
        let limited = match self.limiter.admit(limit, now_ms) {
            Verdict::Pass => None,
            Verdict::TooMany => Some(429),
            Verdict::Blocked => Some(403),
        };
        let mut reply = if let Some(status) = limited {
            Reply { response: fault::gateway_page(status), delay_ms: 20, delivery: Delivery::Whole }
        } else {
            let fault = self.faults.pick(request);
            label = fault.as_ref().map(Fault::name);
            fault::run(self, request, now_ms, latency_ms, fault.as_ref())
        };
        if limited.is_none() && latency_ms > self.options.gateway_timeout_ms {
            reply.response = fault::gateway_page(504);
            reply.delay_ms = self.options.gateway_timeout_ms;
            label = Some("504, the batch takes too long".into());
        }
        if label.is_none()
            && self.options.api_filter == ApiFilter::Refused
            && reply.response.status == 400
            && request.query.contains("custom_fields_values")
        {
            label = Some("filter refused".into());
        }
        let refusal =
            (label.is_none() && reply.response.status >= 400).then(|| refusal_text(&reply.response));
        let request_id = request_id(self.log.len());
        let date = codec::http_date(now_ms + self.options.clock_skew_ms);
        reply.response.headers.push(("date".into(), date));
        reply.response.headers.push(("x-request-id".into(), request_id));
        self.log.push(LoggedRequest {
            at_ms: now_ms,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            items,
            status: reply.response.status,
            fault: label,
            refusal,
        });
        reply
    }

    /// Brings late effects up to this moment: commits after a 504, computed prices.
    pub fn settle(&mut self, now_ms: i64) {
        self.deferred.sort_by_key(|(due_ms, _)| *due_ms);
        let due = self.deferred.partition_point(|(due_ms, _)| *due_ms <= now_ms);
        for (due_ms, request) in self.deferred.drain(..due).collect::<Vec<_>>() {
            self.route(&request, due_ms);
        }
        let (due, later): (Vec<_>, Vec<_>) =
            self.repricing.drain(..).partition(|(due_ms, _)| *due_ms <= now_ms);
        self.repricing = later;
        for (due_ms, lead_id) in due {
            let price = self.state.rows_total(lead_id);
            if let Some(lead) = self.state.lead_mut(lead_id) {
                lead.price = price;
                lead.is_price_computed = true;
                lead.updated_at = due_ms.div_euclid(1000);
            }
        }
    }

    fn route(&mut self, request: &Request, now_ms: i64) -> Response {
        if request.path == oauth::TOKEN_PATH {
            return self.oauth.token(&self.options, request, now_ms);
        }
        if request.path == oauth::PAGE_PATH {
            let base_url = self.state.account.base_url();
            let own = base_url.split("://").nth(1).unwrap_or_default();
            // As it is reached here: on loopback that is where the account is.
            let host = request.header("host").unwrap_or(own);
            return self.oauth.page(&self.options, request, host, now_ms);
        }
        let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if !token.is_some_and(|token| token == self.options.token || self.oauth.accepts(token, now_ms)) {
            return answer::problem(401, "Unauthorized", "Неверный логин или пароль");
        }
        let path = request.path.strip_prefix(BASE_PATH).and_then(|rest| rest.strip_prefix('/'));
        let Some(path) = path else { return answer::not_found() };
        let base_url = self.state.account.base_url();
        let call = Call { request, now_ms, options: &self.options, base_url };
        let segments: Vec<&str> = path.split('/').collect();
        let response = routes::dispatch(&mut self.state, &call, &segments);
        if self.options.auto_price && path.ends_with("link") && response.is_success() {
            let rows = serde_json::from_slice::<Vec<Value>>(&request.body).unwrap_or_default();
            let single = segments.get(1).and_then(|id| id.parse().ok());
            let mut leads: Vec<u64> =
                rows.iter().filter_map(|row| single.or_else(|| row["entity_id"].as_u64())).collect();
            leads.dedup();
            self.repricing.extend(leads.into_iter().map(|lead| (now_ms + 1000, lead)));
        }
        response
    }
}

fn refusal_text(response: &Response) -> String {
    let Some(body) = response.body_json() else { return format!("status {}", response.status) };
    let first = &body["validation-errors"][0]["errors"][0];
    match (first["code"].as_str(), first["path"].as_str()) {
        (Some(code), Some(path)) => format!("{code} at {path}"),
        _ => body["detail"].as_str().unwrap_or("no detail").to_owned(),
    }
}

/// 32 hexadecimal digits that follow from the number of the request.
fn request_id(number: usize) -> String {
    let mut rng = SplitMix64::new(number as u64);
    format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64())
}

impl Machine for Amo {
    fn apply(&mut self, request: &Request, now_ms: i64, fault: Option<&Fault>) -> Response {
        let Some(Fault::PartialCommit(items)) = fault else { return self.route(request, now_ms) };
        // The whole batch is checked first, then only its head is written.
        let before = self.state.clone();
        let response = self.route(request, now_ms);
        if response.is_success() && request.is_write() {
            self.state = before;
            let mut rows = serde_json::from_slice::<Vec<Value>>(&request.body).unwrap_or_default();
            rows.truncate(*items);
            if !rows.is_empty() {
                let body = Value::Array(rows).to_string().into_bytes();
                self.route(&Request { body, ..request.clone() }, now_ms);
            }
        }
        response
    }

    fn defer(&mut self, request: &Request, due_ms: i64) {
        self.deferred.push((due_ms, request.clone()));
    }

    fn rng(&mut self) -> &mut SplitMix64 {
        self.faults.rng()
    }
}

#[cfg(test)]
mod tests;
