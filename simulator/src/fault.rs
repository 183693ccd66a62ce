//! What goes wrong on purpose: an ordered list of rules, then seeded rates.
//!
//! A rule says which request it waits for and what befalls it; the first one that fits is used. Both machines run
//! their requests through `run`, so that a fault means the same on both sides.

use serde_json::{Value, json};

use crate::{
    http::{Delivery, Reply, Request, Response},
    rng::SplitMix64,
};

/// What befalls one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This answer instead of the effect: nothing is applied. See the constructors for the usual ones.
    Refuse(Response),
    /// Applied, but the gateway answers with this status and HTML.
    ErrorAfterCommit(u16),
    /// The gateway answers at once with this status and HTML; the effect comes `after_ms` later.
    CommitLater {
        /// Status of the answer.
        status: u16,
        /// From the arrival to the effect.
        after_ms: i64,
    },
    /// Connection closed without an answer, nothing applied.
    LostBeforeCommit,
    /// Applied, then the connection is closed without an answer.
    LostAfterCommit,
    /// Nothing applied, nothing answered, the connection held.
    HangBeforeCommit,
    /// Applied, nothing answered, the connection held.
    HangAfterCommit,
    /// Applied, the answer's body ends after that many bytes.
    CutAfterCommit(usize),
    /// Applied, but the body is an HTML page with status 200.
    HtmlAfterCommit,
    /// Applied and answered, that much later.
    Slow(u64),
    /// Only the first items of the array are applied, then 504 (amoCRM).
    PartialCommit(usize),
    /// Applied; the rows of the answer come in an order of their own.
    ShuffledRows,
    /// New rows push the ones of this and all later pages of the window down by that many (Kaspi lists).
    PageShift(usize),
    /// Orders and entries answer without lines (Kaspi).
    EmptyEntries,
    /// `pageCount` is wrong by that many pages and `totalCount` with it (Kaspi lists).
    WrongTotals(i64),
}

impl Fault {
    /// An HTML page of that status, nothing applied: 500, 502, 503, 504.
    pub fn gateway(status: u16) -> Self {
        Self::Refuse(gateway_page(status))
    }

    /// 429 as amoCRM sends it: HTML without a hint.
    pub fn too_many() -> Self {
        Self::gateway(429)
    }

    /// 429 with a `Retry-After` header.
    pub fn too_many_with_header(seconds: u32) -> Self {
        Self::Refuse(gateway_page(429).with_header("retry-after", &seconds.to_string()))
    }

    /// 429 with the JSON field that one page of the vendor shows.
    pub fn too_many_with_json(seconds: u32) -> Self {
        let body = json!({"title": "Too Many Requests", "status": 429, "retry_after": seconds});
        Self::Refuse(Response::json(429, "application/problem+json", &body))
    }

    /// 403 with HTML: the account or address is blocked.
    pub fn blocked() -> Self {
        Self::gateway(403)
    }

    /// 403 with JSON: no right for this call.
    pub fn forbidden() -> Self {
        Self::Refuse(problem_page(403, "Forbidden", "Доступ запрещен"))
    }

    /// 402 with JSON: the account is not paid.
    pub fn unpaid() -> Self {
        Self::Refuse(problem_page(402, "Payment Required", "Аккаунт не оплачен"))
    }

    /// 301 to the host that the account has now.
    pub fn moved(host: &str) -> Self {
        Self::Refuse(gateway_page(301).with_header("location", &format!("https://{host}/")))
    }

    /// 401 with JSON.
    pub fn unauthorized() -> Self {
        Self::Refuse(problem_page(401, "Unauthorized", "Неверный логин или пароль"))
    }

    /// 400 with JSON that names no item.
    pub fn bad_request() -> Self {
        Self::Refuse(problem_page(400, "Bad Request", "Request validation failed"))
    }

    /// 200 with an HTML page in place of JSON, nothing applied.
    pub fn html_before_commit() -> Self {
        Self::Refuse(Response::html(200, "OK"))
    }

    /// A short name for the record.
    pub fn name(&self) -> String {
        match self {
            Self::Refuse(response) => format!("refused {}", response.status),
            Self::ErrorAfterCommit(status) => format!("{status} after commit"),
            Self::CommitLater { status, after_ms } => format!("{status}, commit after {after_ms} ms"),
            Self::LostBeforeCommit => "lost before commit".into(),
            Self::LostAfterCommit => "lost after commit".into(),
            Self::HangBeforeCommit => "hang before commit".into(),
            Self::HangAfterCommit => "hang after commit".into(),
            Self::CutAfterCommit(bytes) => format!("cut after {bytes} bytes"),
            Self::HtmlAfterCommit => "html after commit".into(),
            Self::Slow(ms) => format!("slow by {ms} ms"),
            Self::PartialCommit(items) => format!("504 after {items} items"),
            Self::ShuffledRows => "shuffled rows".into(),
            Self::PageShift(rows) => format!("pages shifted by {rows}"),
            Self::EmptyEntries => "empty entries".into(),
            Self::WrongTotals(pages) => format!("page count wrong by {pages}"),
        }
    }
}

/// Which requests a rule or rate waits for; empty parts fit everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matcher {
    method: Option<String>,
    path: Option<String>,
    prefix: Option<String>,
    contains: Option<String>,
}

impl Matcher {
    fn fits(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.path.as_ref().is_none_or(|path| *path == request.path)
            && self.prefix.as_ref().is_none_or(|prefix| request.path.starts_with(prefix.as_str()))
            && self.contains.as_ref().is_none_or(|part| {
                request.path.contains(part.as_str()) || request.query.contains(part.as_str())
            })
    }
}

/// One fault for some of the requests that fit, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    matcher: Matcher,
    skip: u32,
    times: u32,
    fault: Fault,
}

impl Rule {
    /// Befalls the next request of any kind, once.
    pub fn new(fault: Fault) -> Self {
        Self { matcher: Matcher::default(), skip: 0, times: 1, fault }
    }

    /// Only requests of that method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.matcher.method = Some(method.into());
        self
    }

    /// Only requests of exactly that path.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.matcher.path = Some(path.into());
        self
    }

    /// Only requests whose path starts like that.
    #[must_use]
    pub fn path_prefix(mut self, prefix: &str) -> Self {
        self.matcher.prefix = Some(prefix.into());
        self
    }

    /// Only requests whose path or raw query contains that.
    #[must_use]
    pub fn contains(mut self, part: &str) -> Self {
        self.matcher.contains = Some(part.into());
        self
    }

    /// Lets that many fitting requests pass first.
    #[must_use]
    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls that many requests instead of one.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    /// Befalls every fitting request from here on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }
}

/// One fault for a share of the requests that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    matcher: Matcher,
    per_mille: u32,
    fault: Fault,
}

impl Rate {
    /// Befalls that many of a thousand requests.
    pub fn new(per_mille: u32, fault: Fault) -> Self {
        Self { matcher: Matcher::default(), per_mille, fault }
    }

    /// Only requests of that method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.matcher.method = Some(method.into());
        self
    }

    /// Only requests whose path starts like that.
    #[must_use]
    pub fn path_prefix(mut self, prefix: &str) -> Self {
        self.matcher.prefix = Some(prefix.into());
        self
    }
}

/// Rules first, in their order, then rates in theirs; one fault at most befalls a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlan {
    rules: Vec<Rule>,
    rates: Vec<Rate>,
    rng: SplitMix64,
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl FaultPlan {
    /// No faults yet; the seed decides about rates and shuffles.
    pub fn seeded(seed: u64) -> Self {
        Self { rules: Vec::new(), rates: Vec::new(), rng: SplitMix64::new(seed) }
    }

    /// Adds a rule behind the others.
    pub fn rule(&mut self, rule: Rule) -> &mut Self {
        self.rules.push(rule);
        self
    }

    /// Adds a rate behind the others.
    pub fn rate(&mut self, rate: Rate) -> &mut Self {
        self.rates.push(rate);
        self
    }

    /// No faults from here on; the generator goes on where it stands.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.rates.clear();
    }

    /// Rules that still wait for their requests, for tests that want all of them used.
    pub fn rules_left(&self) -> usize {
        self.rules.iter().filter(|rule| rule.times > 0 && rule.times < u32::MAX / 2).count()
    }

    /// The fault of this request.
    pub(crate) fn pick(&mut self, request: &Request) -> Option<Fault> {
        for rule in &mut self.rules {
            if rule.times == 0 || !rule.matcher.fits(request) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fault.clone());
        }
        // Every fitting rate draws, so that a hit of one does not move the draws of the others.
        let mut hit = None;
        for rate in self.rates.iter().filter(|rate| rate.matcher.fits(request)) {
            if self.rng.per_mille(rate.per_mille) && hit.is_none() {
                hit = Some(rate.fault.clone());
            }
        }
        hit
    }

    /// Numbers for whoever carries a fault out.
    pub(crate) fn rng(&mut self) -> &mut SplitMix64 {
        &mut self.rng
    }
}

/// What a machine offers to [`run`].
pub(crate) trait Machine {
    /// Carries a request out. The fault is for those kinds that change the answer itself.
    fn apply(&mut self, request: &Request, now_ms: i64, fault: Option<&Fault>) -> Response;

    /// Keeps a request until its effect is due.
    fn defer(&mut self, request: &Request, due_ms: i64);

    /// The generator of the plan.
    fn rng(&mut self) -> &mut SplitMix64;
}

/// Carries one request out under a fault.
pub(crate) fn run<M: Machine>(
    machine: &mut M,
    request: &Request,
    now_ms: i64,
    latency_ms: u64,
    fault: Option<&Fault>,
) -> Reply {
    let mut delivery = Delivery::Whole;
    let mut delay_ms = latency_ms;
    let response = match fault {
        Some(Fault::Refuse(response)) => response.clone(),
        Some(Fault::LostBeforeCommit) => {
            delivery = Delivery::Lost;
            Response::empty(502)
        }
        Some(Fault::HangBeforeCommit) => {
            delivery = Delivery::Hang;
            Response::empty(504)
        }
        Some(Fault::CommitLater { status, after_ms }) => {
            if request.is_write() {
                machine.defer(request, now_ms + after_ms);
            }
            gateway_page(*status)
        }
        _ => machine.apply(request, now_ms, fault),
    };
    let response = match fault {
        // A refused request is answered as such: there was no commit to go wrong after.
        Some(Fault::ErrorAfterCommit(status)) if response.is_success() => gateway_page(*status),
        Some(Fault::PartialCommit(_)) if response.is_success() => gateway_page(504),
        Some(Fault::HtmlAfterCommit) if response.is_success() => Response::html(200, "OK"),
        Some(Fault::LostAfterCommit) => {
            delivery = Delivery::Lost;
            response
        }
        Some(Fault::HangAfterCommit) => {
            delivery = Delivery::Hang;
            response
        }
        Some(Fault::CutAfterCommit(bytes)) => {
            // Nothing can be cut off an empty body: then the answer is lost as a whole.
            delivery = match response.body.len() {
                0 => Delivery::Lost,
                length => Delivery::Cut((*bytes).min(length - 1)),
            };
            response
        }
        Some(Fault::Slow(ms)) => {
            delay_ms += ms;
            response
        }
        Some(Fault::ShuffledRows) => shuffled(response, machine.rng()),
        _ => response,
    };
    Reply { response, delay_ms, delivery }
}

/// A gateway's page of that status.
pub(crate) fn gateway_page(status: u16) -> Response {
    let title = match status {
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        _ => "Error",
    };
    Response::html(status, title)
}

fn problem_page(status: u16, title: &str, detail: &str) -> Response {
    // `errors` beside the fields of amoCRM, so that one page serves both APIs.
    let body = json!({
        "title": title, "type": format!("https://httpstatus.es/{status}"), "status": status, "detail": detail,
        "errors": [{"title": title}],
    });
    Response::json(status, "application/problem+json", &body)
}

/// Shuffles `data` (Kaspi) and the lists in `_embedded` (amoCRM).
fn shuffled(mut response: Response, rng: &mut SplitMix64) -> Response {
    let Some(mut body) = response.body_json() else { return response };
    if let Some(Value::Array(rows)) = body.get_mut("data") {
        rng.shuffle(rows);
    }
    if let Some(Value::Object(lists)) = body.get_mut("_embedded") {
        for rows in lists.values_mut().filter_map(Value::as_array_mut) {
            rng.shuffle(rows);
        }
    }
    response.body = body.to_string().into_bytes();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_skip_and_end() {
        let mut plan = FaultPlan::default();
        plan.rule(Rule::new(Fault::too_many()).method("POST").path("/a").skip(1).times(2));
        plan.rule(Rule::new(Fault::LostAfterCommit).path_prefix("/a").contains("page"));
        let post = Request::json("POST", "/a", &json!([]));
        let hits: Vec<bool> = (0..5).map(|_| plan.pick(&post).is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert_eq!(plan.pick(&Request::get("/a", "")), None);
        assert_eq!(plan.rules_left(), 1);
        assert_eq!(plan.pick(&Request::get("/a/b", "page=2")), Some(Fault::LostAfterCommit));
        assert_eq!(plan.rules_left(), 0);
    }

    #[test]
    fn rates_follow_the_seed() {
        let picks = |seed| {
            let mut plan = FaultPlan::seeded(seed);
            plan.rate(Rate::new(100, Fault::gateway(502)).method("GET"));
            plan.rate(Rate::new(100, Fault::LostAfterCommit));
            (0..300).map(|_| plan.pick(&Request::get("/", "")).map(|f| f.name())).collect::<Vec<_>>()
        };
        assert_eq!(picks(1), picks(1));
        assert_ne!(picks(1), picks(2));
        let hits = picks(1).iter().flatten().count();
        assert!((30..90).contains(&hits), "{hits} of 300 at 19 %");
    }
}
