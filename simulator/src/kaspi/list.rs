//! `GET /orders`: parameters, windows and pages (docs/apis/kaspi.md 2.1, 2.2 and 8.4).

use serde_json::{Value, json};

use super::{
    answer::{answer, error},
    options::ListOrder,
    order::SimOrder,
    render,
    shop::Kaspi,
};
use crate::{fault::Fault, http::Response, rng::SplitMix64};

const STATES: [&str; 6] = ["NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE"];
const STATUSES: [&str; 8] = [
    "APPROVED_BY_BANK",
    "ACCEPTED_BY_MERCHANT",
    "COMPLETED",
    "CANCELLED",
    "CANCELLING",
    "KASPI_DELIVERY_RETURN_REQUESTED",
    "RETURN_ACCEPTED_BY_MERCHANT",
    "RETURNED",
];
const DELIVERY_TYPES: [&str; 5] =
    ["PICKUP", "DELIVERY", "KASPI_DELIVERY", "DELIVERY_PICKUP", "DELIVERY_LOCAL"];
const DAY_MS: i64 = 86_400_000;

/// What `include[orders]` asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Include {
    pub(super) entries: bool,
    pub(super) user: bool,
}

impl Include {
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut include = Self::default();
        for part in value.split(',') {
            match part {
                "entries" => include.entries = true,
                "user" => include.user = true,
                _ => return None,
            }
        }
        Some(include)
    }
}

/// Parameters as they were sent.
#[derive(Debug, Default)]
struct Raw<'a> {
    number: Option<&'a str>,
    size: Option<&'a str>,
    ge: Option<&'a str>,
    le: Option<&'a str>,
    state: Option<&'a str>,
    status: Option<&'a str>,
    delivery_type: Option<&'a str>,
    signature: Option<&'a str>,
    code: Option<&'a str>,
    include: Option<&'a str>,
    sort: Option<&'a str>,
}

impl<'a> Raw<'a> {
    fn read(parameters: &'a [(String, String)]) -> Result<Self, String> {
        let mut raw = Self::default();
        for (name, value) in parameters {
            let slot = match name.as_str() {
                "page[number]" => &mut raw.number,
                "page[size]" => &mut raw.size,
                "filter[orders][creationDate][$ge]" => &mut raw.ge,
                "filter[orders][creationDate][$le]" => &mut raw.le,
                "filter[orders][state]" => &mut raw.state,
                "filter[orders][status]" => &mut raw.status,
                "filter[orders][deliveryType]" => &mut raw.delivery_type,
                "filter[orders][signatureRequired]" => &mut raw.signature,
                "filter[orders][code]" => &mut raw.code,
                "include[orders]" => &mut raw.include,
                "sort" => &mut raw.sort,
                _ => return Err(format!("Unknown parameter {name}")),
            };
            if slot.replace(value.as_str()).is_some() {
                return Err(format!("Parameter {name} is given twice"));
            }
        }
        Ok(raw)
    }
}

/// Parameters that passed every check.
#[derive(Debug)]
struct Checked<'a> {
    page: usize,
    size: usize,
    window: Option<(i64, i64)>,
    state: Option<&'a str>,
    status: Option<&'a str>,
    code: Option<&'a str>,
    signature: Option<bool>,
    include: Include,
}

impl Kaspi {
    /// The checks in the order of 8.4: page, `$ge`, range, size, enumerations.
    fn check<'a>(&self, raw: &Raw<'a>, now_ms: i64) -> Result<Checked<'a>, String> {
        let by_code = raw.code.is_some();
        let page = number::<usize>("page[number]", raw.number)?;
        let size = number::<usize>("page[size]", raw.size)?;
        let ge = number::<i64>("filter[orders][creationDate][$ge]", raw.ge)?;
        let le = number::<i64>("filter[orders][creationDate][$le]", raw.le)?;
        if !by_code && (page.is_none() || size.is_none()) {
            return Err("Required parameters page[number] and page[size] are empty.".into());
        }
        if !by_code && ge.is_none() {
            return Err("Required filter [orders][creationDate][$ge] is empty.".into());
        }
        let window = ge.map(|ge| (ge, le.unwrap_or(now_ms)));
        if let Some((ge, le)) = window
            && le - ge > self.options.window_days_max * DAY_MS
        {
            return Err(format!(
                "Exceeded the maximum difference for the filter[orders][creationDate] (in days). Actual [{}], \
                 max [{}].",
                (le - ge) / DAY_MS,
                self.options.window_days_max
            ));
        }
        let size = size.unwrap_or(self.options.page_size_max);
        if size == 0 || size > self.options.page_size_max {
            return Err(format!("page[size] must be from 1 to {}", self.options.page_size_max));
        }
        one_of("filter[orders][state]", raw.state, &STATES)?;
        one_of("filter[orders][status]", raw.status, &STATUSES)?;
        one_of("filter[orders][deliveryType]", raw.delivery_type, &DELIVERY_TYPES)?;
        one_of("filter[orders][signatureRequired]", raw.signature, &["true", "false"])?;
        one_of("sort", raw.sort, &["creationDate", "-creationDate"])?;
        if raw.signature.is_some() && raw.state == Some("SIGN_REQUIRED") {
            return Err("signatureRequired cannot be used with the state SIGN_REQUIRED".into());
        }
        let include = match raw.include {
            Some(value) => Include::parse(value).ok_or("Unknown value of include[orders]")?,
            None => Include::default(),
        };
        if include.entries && self.options.reject_include_entries {
            return Err("Include of entries is not supported".into());
        }
        Ok(Checked {
            page: page.unwrap_or(0),
            size,
            window,
            state: raw.state,
            status: raw.status,
            code: raw.code,
            signature: raw.signature.map(|value| value == "true"),
            include,
        })
    }

    /// The list itself.
    pub(super) fn list(
        &mut self,
        parameters: &[(String, String)],
        now_ms: i64,
        fault: Option<&Fault>,
    ) -> Response {
        let query = match Raw::read(parameters).and_then(|raw| self.check(&raw, now_ms)) {
            Ok(query) => query,
            Err(message) => return error(400, &message),
        };
        let shift = self.shift(&query, fault);
        let mut rows: Vec<&SimOrder> =
            self.visible(now_ms).filter(|order| self.selects(&query, order, now_ms)).collect();
        self.sort(&mut rows);
        rows.truncate(self.options.window_rows_max);
        // Rows that came in at the top since the first page: they only push the others down.
        let total = rows.len() + shift;
        let start = (query.page * query.size).saturating_sub(shift).min(rows.len());
        let end = ((query.page + 1) * query.size).saturating_sub(shift).min(rows.len());
        let mut data = Vec::new();
        let mut included = Vec::new();
        for order in &rows[start..end] {
            let (row, more) = self.render(order, query.include, now_ms, fault);
            data.push(row);
            included.extend(more);
        }
        let (mut pages, mut total) = (total.div_ceil(query.size), total);
        if let Some(Fault::WrongTotals(by)) = fault {
            let by_pages = isize::try_from(*by).unwrap_or_default();
            pages = pages.saturating_add_signed(by_pages);
            total = total.saturating_add_signed(by_pages * query.size.cast_signed());
        }
        answer(&json!({
            "data": data, "included": included, "meta": {"pageCount": pages, "totalCount": total},
        }))
    }

    /// By how many rows this page has moved; a new read of the first page starts over.
    fn shift(&mut self, query: &Checked<'_>, fault: Option<&Fault>) -> usize {
        let key = format!("{:?} {:?} {:?} {}", query.window, query.state, query.status, query.size);
        if query.page == 0 {
            self.shifts.remove(&key);
            return 0;
        }
        if let Some(Fault::PageShift(rows)) = fault {
            *self.shifts.entry(key.clone()).or_default() += rows.min(&query.size);
        }
        // More than a page of unseen rows would be shown on the second page; the shift never needs that many.
        self.shifts.get(&key).copied().unwrap_or(0).min(query.size)
    }

    fn selects(&self, query: &Checked<'_>, order: &SimOrder, now_ms: i64) -> bool {
        let (state, status) = order.at(now_ms);
        let is_return = query.status == Some("KASPI_DELIVERY_RETURN_REQUESTED");
        query.window.is_none_or(|(ge, le)| (ge..=le).contains(&order.created_ms))
            && query.code.is_none_or(|code| code == order.code)
            && query.state.is_none_or(|wanted| wanted == state)
            && query
                .status
                .is_none_or(|wanted| wanted == status || (is_return && self.options.ignore_return_filter))
            && query.signature.is_none_or(|wanted| wanted == order.signature_required)
    }

    fn sort(&self, rows: &mut [&SimOrder]) {
        match self.options.list_order {
            ListOrder::NewestFirst => {
                rows.sort_by(|a, b| (b.created_ms, &b.code).cmp(&(a.created_ms, &a.code)));
            }
            ListOrder::OldestFirst => {
                rows.sort_by(|a, b| (a.created_ms, &a.code).cmp(&(b.created_ms, &b.code)));
            }
            ListOrder::Scrambled => rows.sort_by_cached_key(|order| {
                let seed = order.code.bytes().fold(0_u64, |sum, byte| sum * 31 + u64::from(byte));
                SplitMix64::new(seed).next_u64()
            }),
        }
    }

    /// A row and what is included with it.
    pub(super) fn render(
        &self,
        order: &SimOrder,
        include: Include,
        now_ms: i64,
        fault: Option<&Fault>,
    ) -> (Value, Vec<Value>) {
        let masked = self.masks(order, now_ms);
        let without_lines = fault == Some(&Fault::EmptyEntries);
        let row = render::order(order, &self.id(order), masked, now_ms, without_lines);
        let mut included = Vec::new();
        if self.options.ignore_include {
            return (row, included);
        }
        if include.user {
            included.push(render::customer_resource(order, masked));
        }
        if include.entries && !without_lines {
            let shown = order.lines.len().saturating_sub(usize::from(self.options.lose_included_line));
            included.extend((0..shown).map(|line| render::entry(order, line)));
        }
        (row, included)
    }
}

fn number<T: std::str::FromStr>(name: &str, value: Option<&str>) -> Result<Option<T>, String> {
    value.map(|text| text.parse().map_err(|_| format!("{name} must be a number"))).transpose()
}

fn one_of(name: &str, value: Option<&str>, allowed: &[&str]) -> Result<(), String> {
    match value {
        Some(value) if !allowed.contains(&value) => Err(format!("Unknown value of {name}")),
        _ => Ok(()),
    }
}
