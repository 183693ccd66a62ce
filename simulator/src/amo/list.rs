//! Query parameters and pages of lists (docs/apis/amocrm.md 2.4, 3 and 4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{answer, call::Call, fields, options::ApiFilter, state::FieldValues};
use crate::http::{Request, Response};

/// Largest `limit` and largest list of ids.
const ROWS_MAX: usize = 250;

/// What an endpoint accepts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spec {
    /// Values of `with`.
    pub(crate) with: &'static [&'static str],
    /// Keys of `order[...]`.
    pub(crate) order: &'static [&'static str],
    /// `filter[key][]` with ids.
    pub(crate) ids: &'static [&'static str],
    /// `filter[key][]` with texts.
    pub(crate) texts: &'static [&'static str],
    /// `filter[key][from|to]`.
    pub(crate) ranges: &'static [&'static str],
    /// `filter[custom_fields_values]`.
    pub(crate) custom_fields: bool,
    /// `filter[statuses]`.
    pub(crate) statuses: bool,
    /// `query`.
    pub(crate) query: bool,
    /// Plain `id[]` beside `filter[id][]`.
    pub(crate) plain_ids: bool,
    /// `filter[key]=value` without brackets at the end.
    pub(crate) scalars: &'static [&'static str],
}

/// What a request asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) page: usize,
    pub(crate) limit: usize,
    pub(crate) query: Option<String>,
    /// Key and whether it falls.
    pub(crate) order: Option<(String, bool)>,
    pub(crate) with: Vec<String>,
    ids: BTreeMap<String, Vec<u64>>,
    texts: BTreeMap<String, Vec<String>>,
    ranges: BTreeMap<String, (Option<i64>, Option<i64>)>,
    pub(crate) custom_fields: BTreeMap<u64, Vec<String>>,
    statuses: BTreeMap<String, (Option<u64>, Option<u64>)>,
    pub(crate) scalars: BTreeMap<String, String>,
}

impl Query {
    /// Reads and checks everything after the question mark.
    pub(crate) fn parse(request: &Request, spec: Spec) -> Result<Self, Response> {
        let refuse = |detail: String| answer::bad_request(&detail);
        let mut query = Self { page: 1, limit: 50, ..Self::default() };
        for (name, value) in request.parameters().map_err(refuse)? {
            query.read(&name, &value, spec).map_err(refuse)?;
        }
        if query.ids.values().any(|ids| ids.len() > ROWS_MAX) {
            return Err(answer::bad_request("a filter takes 250 values"));
        }
        Ok(query)
    }

    fn read(&mut self, name: &str, value: &str, spec: Spec) -> Result<(), String> {
        let unknown = || Err(format!("unknown parameter {name}={value}"));
        let flat = name.replace(']', "");
        let parts: Vec<&str> = flat.split('[').collect();
        match parts.as_slice() {
            ["page"] => self.page = bounded(name, value, 1, 1_000_000)?,
            ["limit"] => self.limit = bounded(name, value, 1, ROWS_MAX)?,
            ["query"] if spec.query => self.query = Some(value.to_owned()),
            ["with"] => {
                for part in value.split(',').filter(|part| !part.is_empty()) {
                    if !spec.with.contains(&part) {
                        return unknown();
                    }
                    self.with.push(part.to_owned());
                }
            }
            ["order", key] if spec.order.contains(key) => match value {
                "asc" => self.order = Some(((*key).to_owned(), false)),
                "desc" => self.order = Some(((*key).to_owned(), true)),
                _ => return unknown(),
            },
            ["id", index] if spec.plain_ids && is_index(index) => {
                self.ids.entry("id".into()).or_default().push(number(name, value)?);
            }
            ["filter", "custom_fields_values", field, index] if spec.custom_fields && is_index(index) => {
                let field = number(name, field)?;
                self.custom_fields.entry(field).or_default().push(value.to_owned());
            }
            ["filter", "statuses", index, key @ ("pipeline_id" | "status_id")] if spec.statuses => {
                let pair = self.statuses.entry((*index).to_owned()).or_default();
                let slot = if *key == "pipeline_id" { &mut pair.0 } else { &mut pair.1 };
                *slot = Some(number(name, value)?);
            }
            ["filter", key, "from"] if spec.ranges.contains(key) => {
                self.ranges.entry((*key).to_owned()).or_default().0 = Some(number(name, value)?);
            }
            ["filter", key, "to"] if spec.ranges.contains(key) => {
                self.ranges.entry((*key).to_owned()).or_default().1 = Some(number(name, value)?);
            }
            ["filter", key, index] if spec.ids.contains(key) && is_index(index) => {
                self.ids.entry((*key).to_owned()).or_default().push(number(name, value)?);
            }
            ["filter", key, index] if spec.texts.contains(key) && is_index(index) => {
                self.texts.entry((*key).to_owned()).or_default().push(value.to_owned());
            }
            ["filter", key] if spec.scalars.contains(key) => {
                self.scalars.insert((*key).to_owned(), value.to_owned());
            }
            _ => return unknown(),
        }
        Ok(())
    }

    /// Whether an id passes that filter.
    pub(crate) fn has_id(&self, key: &str, id: u64) -> bool {
        self.ids.get(key).is_none_or(|ids| ids.contains(&id))
    }

    /// The ids of a filter, where it is given.
    pub(crate) fn ids(&self, key: &str) -> Option<&[u64]> {
        self.ids.get(key).map(Vec::as_slice)
    }

    /// Whether a text passes that filter.
    pub(crate) fn has_text(&self, key: &str, text: &str) -> bool {
        self.texts.get(key).is_none_or(|texts| texts.iter().any(|wanted| wanted == text))
    }

    /// Whether a number lies in that range; both ends belong to it (docs/apis/amocrm.md 5.11).
    pub(crate) fn in_range(&self, key: &str, value: Option<i64>) -> bool {
        self.ranges.get(key).is_none_or(|(from, to)| {
            value.is_some_and(|value| from.is_none_or(|f| value >= f) && to.is_none_or(|t| value <= t))
        })
    }

    /// Whether a pair passes `filter[statuses]`.
    pub(crate) fn has_status(&self, pipeline_id: u64, status_id: u64) -> bool {
        self.statuses.is_empty()
            || self.statuses.values().any(|(pipeline, status)| {
                pipeline.is_none_or(|id| id == pipeline_id) && status.is_none_or(|id| id == status_id)
            })
    }

    pub(crate) fn with(&self, name: &str) -> bool {
        self.with.iter().any(|with| with == name)
    }

    /// `query` and custom-field filters: both read an index that lags behind.
    pub(crate) fn searches(
        &self,
        call: &Call<'_>,
        made_at_ms: i64,
        name: &str,
        values: &FieldValues,
    ) -> bool {
        let indexed = made_at_ms + call.options.search_lag_ms <= call.now_ms;
        let text = self.query.as_deref().is_none_or(|query| {
            query.trim().is_empty() || (indexed && fields::found_by(query, name, values))
        });
        let filters =
            self.custom_fields.iter().all(|(id, wanted)| indexed && fields::has_value(values, *id, wanted));
        text && filters
    }
}

impl Call<'_> {
    /// The answer to a custom-field filter on accounts without that option.
    pub(crate) fn refuses_filter(&self, query: &Query) -> Option<Response> {
        let refused = self.options.api_filter == ApiFilter::Refused && !query.custom_fields.is_empty();
        refused.then(|| answer::bad_request("Invalid filter for current account"))
    }
}

fn is_index(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} must be a number"))
}

fn bounded(name: &str, value: &str, min: usize, max: usize) -> Result<usize, String> {
    match value.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("{name} must be from {min} to {max}")),
    }
}

/// Puts rows into the order asked for. Without one, and where the account ignores it, the oldest come first.
pub(crate) fn sort<T>(call: &Call<'_>, query: &Query, rows: &mut [T], key: impl Fn(&T, &str) -> (i64, u64)) {
    let order = query.order.as_ref().filter(|_| !call.options.order_ignored);
    let (name, falls) = order.map_or(("id", false), |(name, falls)| (name.as_str(), *falls));
    rows.sort_by_cached_key(|row| key(row, name));
    if falls {
        rows.reverse();
    }
}

/// One page in its envelope, or 204.
pub(crate) fn page<T>(
    call: &Call<'_>,
    query: &Query,
    name: &str,
    rows: &[T],
    with_totals: bool,
    render: impl Fn(&T) -> Value,
) -> Response {
    let start = (query.page - 1).saturating_mul(query.limit);
    if start >= rows.len() {
        return answer::no_content();
    }
    let end = (start + query.limit).min(rows.len());
    let shown: Vec<Value> = rows[start..end].iter().map(render).collect();
    let mut links = json!({"self": {"href": call.href(query.page)}});
    if end < rows.len() {
        links["next"] = json!({"href": call.href(query.page + 1)});
    }
    if query.page > 1 {
        links["first"] = json!({"href": call.href(1)});
        links["prev"] = json!({"href": call.href(query.page - 1)});
    }
    let mut body = json!({"_page": query.page, "_links": links, "_embedded": {name: shown}});
    if with_totals {
        body["_total_items"] = json!(rows.len());
        body["_page_count"] = json!(rows.len().div_ceil(query.limit));
    }
    answer::hal(&body)
}
