//! amoCRM's API v4 as a state machine (docs/apis/amocrm.md, sections 2-4 and 8).
//!
//! Only what an order sync needs; anything else is 404. One long-lived token is accepted, and those of [`oauth`].

pub mod account;
mod answer;
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
mod people;
mod state;

pub use account::{Account, Owner};
pub use oauth::{OAuth, Pair};
pub use state::{Contact, Element, FieldValue, FieldValues, Lead, Link, Note};

use serde_json::Value;

use crate::{
    codec,
    fault::{self, Fault, FaultPlan, Machine},
    http::{Delivery, LoggedRequest, Reply, Request, Response, body_items},
    limiter::{Limit, Limiter, Verdict},
    rng::SplitMix64,
};
use state::State;

/// Path of the API below the host.
pub const BASE_PATH: &str = "/api/v4";

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
    /// The long-lived token; others come from [`Amo::issue_pair`] and the token endpoint.
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

/// What every handler gets.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) now_ms: i64,
    pub(crate) options: &'a AmoOptions,
    base_url: String,
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
        list::href(&self.base_url, self.request, page)
    }

    /// Whether lists show an entity already.
    pub(crate) fn lists(&self, made_at_ms: i64) -> bool {
        self.options.list_lag_ms == 0 || made_at_ms + self.options.list_lag_ms <= self.now_ms
    }

    /// The answer to a custom-field filter on accounts without that option.
    pub(crate) fn refuses_filter(&self, query: &list::Query) -> Option<Response> {
        let refused = self.options.api_filter == ApiFilter::Refused && !query.custom_fields.is_empty();
        refused.then(|| answer::bad_request("Invalid filter for current account"))
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
        let response = dispatch(&mut self.state, &call, &segments);
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

/// The table of routes.
fn dispatch(state: &mut State, call: &Call<'_>, segments: &[&str]) -> Response {
    let id = |text: &str| text.parse::<u64>().ok();
    let method = call.request.method.as_str();
    let known = match (segments, method) {
        (["account"], "GET") => Some(directory::account(state, call)),
        (["users"], "GET") => Some(directory::users(state, call)),
        (["catalogs"], "GET") => Some(directory::catalogs(state, call)),
        (["catalogs"], "POST") => Some(layout::create_catalogs(state, call)),
        (["leads", "pipelines"], "GET") => Some(directory::pipelines(state, call)),
        (["leads", "loss_reasons"], "GET") => Some(directory::loss_reasons(state, call)),
        (["leads", "custom_fields"], "GET") => Some(directory::custom_fields(state, call, Owner::Leads)),
        (["leads", "custom_fields"], "POST") => Some(layout::create_fields(state, call, Owner::Leads)),
        (["contacts", "custom_fields"], "POST") => Some(layout::create_fields(state, call, Owner::Contacts)),
        (["contacts", "custom_fields"], "GET") => {
            Some(directory::custom_fields(state, call, Owner::Contacts))
        }
        (["catalogs", catalog, rest @ ..], _) => return catalog_route(state, call, id(catalog), rest),
        (["leads"], "GET") => Some(leads::list(state, call)),
        (["leads"], "POST") => Some(leads::create(state, call)),
        (["leads"], "PATCH") => Some(leads::change(state, call, None)),
        (["leads", "links"], "GET") => Some(links::list(state, call, None)),
        (["leads", "link"], "POST") => Some(links::link(state, call, None)),
        (["leads", "unlink"], "POST") => Some(links::unlink(state, call, None)),
        (["leads", "notes"], "GET") => Some(notes::list(state, call, None)),
        (["leads", "notes"], "POST") => Some(notes::create(state, call, None)),
        (["contacts"], "GET") => Some(contacts::list(state, call)),
        (["contacts"], "POST") => Some(contacts::create(state, call)),
        (["contacts"], "PATCH") => Some(contacts::change(state, call, None)),
        (["contacts", contact], "GET") => id(contact).map(|id| contacts::single(state, call, id)),
        (["contacts", contact], "PATCH") => id(contact).map(|id| contacts::change(state, call, Some(id))),
        (["leads", lead], "GET") => id(lead).map(|id| leads::single(state, call, id)),
        (["leads", lead], "PATCH") => id(lead).map(|id| leads::change(state, call, Some(id))),
        (["leads", lead, "links"], "GET") => id(lead).map(|id| links::list(state, call, Some(id))),
        (["leads", lead, "link"], "POST") => id(lead).map(|id| links::link(state, call, Some(id))),
        (["leads", lead, "unlink"], "POST") => id(lead).map(|id| links::unlink(state, call, Some(id))),
        (["leads", lead, "notes"], "GET") => id(lead).map(|id| notes::list(state, call, Some(id))),
        (["leads", lead, "notes"], "POST") => id(lead).map(|id| notes::create(state, call, Some(id))),
        _ => None,
    };
    known.unwrap_or_else(|| unknown(segments))
}

fn catalog_route(state: &mut State, call: &Call<'_>, catalog: Option<u64>, rest: &[&str]) -> Response {
    let known = catalog.filter(|id| state.account.catalogs.iter().any(|catalog| catalog.id == *id));
    let Some(catalog) = known else { return answer::not_found() };
    match (rest, call.request.method.as_str()) {
        (["custom_fields"], "GET") => directory::custom_fields(state, call, Owner::Catalog(catalog)),
        (["custom_fields"], "POST") => layout::create_fields(state, call, Owner::Catalog(catalog)),
        (["elements"], "GET") => elements::list(state, call, catalog),
        (["elements"], "POST") => elements::create(state, call, catalog),
        (["elements", element], "GET") => match element.parse() {
            Ok(id) => elements::single(state, call, catalog, id),
            Err(_) => answer::not_found(),
        },
        (["custom_fields" | "elements"] | ["elements", _], _) => method_not_allowed(),
        _ => answer::not_found(),
    }
}

/// A wrong method on a path that exists is 405, all else 404.
fn unknown(segments: &[&str]) -> Response {
    let exists = match segments {
        ["account" | "users" | "catalogs" | "leads" | "contacts"] => true,
        ["leads", "pipelines" | "loss_reasons" | "custom_fields" | "links" | "link" | "unlink" | "notes"]
        | ["contacts", "custom_fields"] => true,
        ["leads" | "contacts", id] | ["leads", id, "links" | "link" | "unlink" | "notes"] => {
            id.parse::<u64>().is_ok()
        }
        _ => false,
    };
    if exists { method_not_allowed() } else { answer::not_found() }
}

fn method_not_allowed() -> Response {
    answer::problem(405, "Method Not Allowed", "Method not allowed")
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
