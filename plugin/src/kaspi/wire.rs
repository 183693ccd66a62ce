//! JSON:API documents of Kaspi, read tolerantly: a row that makes no sense is a [`BadRow`], not an error of the page.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{
    Buyer, Line, Money, Order, OrderCode, Stage,
    phone::{self, PhoneReading},
};

/// Earliest creation date that is believed, 2015: smaller numbers are seconds in place of milliseconds.
const CREATED_MS_MIN: i64 = 1_420_070_400_000;
/// Latest creation date that is believed, 2100.
const CREATED_MS_MAX: i64 = 4_102_444_800_000;
/// Longest texts that are kept of a foreign answer, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// A row of a page that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// The order's code, or its opaque id, where at least that was there.
    pub code: Option<String>,
    /// What is wrong; names fields, never values.
    pub reason: String,
}

/// One page of the list, decoded.
pub(super) struct PageDocument {
    pub(super) orders: Vec<Order>,
    pub(super) bad_rows: Vec<BadRow>,
    pub(super) page_count: u64,
    pub(super) total_count: u64,
    /// Orders whose phone is hidden.
    pub(super) masked_phones: u64,
}

/// Reads a list answer (docs/apis/kaspi.md 2.1).
pub(super) fn parse_page(body: &[u8], country: &str) -> Result<PageDocument, String> {
    let document: Value =
        serde_json::from_slice(body).map_err(|e| format!("not JSON: {}", e.classify_text()))?;
    let rows = document.get("data").and_then(Value::as_array).ok_or("no data array")?;
    let meta = document.get("meta").ok_or("no meta")?;
    let count = |name: &str| number(meta, name).filter(|n| *n >= 0.0).map(|n| n as u64);
    let page_count = count("pageCount").ok_or("no meta.pageCount")?;
    let total_count = count("totalCount").ok_or("no meta.totalCount")?;

    let mut included: BTreeMap<&str, &Value> = BTreeMap::new();
    for row in document.get("included").and_then(Value::as_array).into_iter().flatten() {
        if row.get("type").and_then(Value::as_str) == Some("orderentries")
            && let Some(id) = row.get("id").and_then(Value::as_str)
        {
            included.insert(id, row);
        }
    }
    let mut orders = Vec::with_capacity(rows.len());
    let mut bad_rows = Vec::new();
    let mut masked_phones = 0;
    for row in rows {
        match parse_order(row, &included, country) {
            Ok((order, is_masked)) => {
                masked_phones += u64::from(is_masked);
                orders.push(order);
            }
            Err(reason) => bad_rows.push(BadRow { code: name_of(row), reason }),
        }
    }
    Ok(PageDocument { orders, bad_rows, page_count, total_count, masked_phones })
}

/// Reads an answer with lines (docs/apis/kaspi.md 2.5).
pub(super) fn parse_entries(body: &[u8]) -> Result<Vec<Line>, String> {
    let document: Value =
        serde_json::from_slice(body).map_err(|e| format!("not JSON: {}", e.classify_text()))?;
    let rows = document.get("data").and_then(Value::as_array).ok_or("no data array")?;
    lines_of(rows.iter()).ok_or_else(|| "a line without quantity or totalPrice".to_owned())
}

/// The `title` of the first error of a JSON:API error body, if there is one (docs/apis/kaspi.md 1.6).
pub(super) fn error_title(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let error = document.get("errors")?.as_array()?.first()?;
    text(error, "title").or_else(|| text(error, "detail"))
}

fn name_of(row: &Value) -> Option<String> {
    row.get("attributes").and_then(|a| text(a, "code")).or_else(|| text(row, "id"))
}

/// An order, and whether its phone is hidden.
fn parse_order(
    row: &Value,
    included: &BTreeMap<&str, &Value>,
    country: &str,
) -> Result<(Order, bool), String> {
    let id = text(row, "id").ok_or("no id")?;
    let attributes = row.get("attributes").ok_or("no attributes")?;
    let code = text(attributes, "code").ok_or("no code")?;
    let code = OrderCode::parse(&code).ok_or("code is not a short word of letters and digits")?;
    let created_ms = millis(attributes, "creationDate").ok_or("no creationDate in milliseconds")?;
    let state = text(attributes, "state").ok_or("no state")?;
    let status = text(attributes, "status").ok_or("no status")?;
    let total = money(attributes, "totalPrice").ok_or("totalPrice is not an amount")?;
    let is_kaspi_delivery = flag(attributes, "isKaspiDelivery");
    let customer = attributes.get("customer").unwrap_or(&Value::Null);
    let reading = phone::parse(&text(customer, "cellPhone").unwrap_or_default(), country);
    let is_masked = reading == PhoneReading::Masked;
    let phone = reading.phone().cloned();
    let stage = (state == "KASPI_DELIVERY" && status == "ACCEPTED_BY_MERCHANT").then(|| stage_of(attributes));
    let order = Order {
        id,
        code,
        created_ms,
        stage,
        cancellation_reason: text(attributes, "cancellationReason"),
        total,
        delivery_cost: money(attributes, "deliveryCost"),
        delivery_mode: text(attributes, "deliveryMode"),
        is_kaspi_delivery,
        address: attributes.get("deliveryAddress").and_then(address_of),
        planned_delivery_ms: millis(attributes, "plannedDeliveryDate"),
        buyer: Buyer { name: buyer_name(customer), phone },
        lines: lines_of_order(row, included),
        state,
        status,
    };
    Ok((order, is_masked))
}

/// docs/apis/kaspi.md 3.4. `preOrder` may stay true after dispatch, so hand-over comes first.
fn stage_of(attributes: &Value) -> Stage {
    let parcel = attributes.get("kaspiDelivery").unwrap_or(&Value::Null);
    if millis(parcel, "courierTransmissionDate").is_some() {
        Stage::HandedOver
    } else if flag(attributes, "preOrder") {
        Stage::PreOrder
    } else if flag(attributes, "assembled") {
        Stage::Packed
    } else {
        Stage::Packing
    }
}

/// `None` where a line is not among `included` or cannot be read: then `/orders/{id}/entries` has to be asked.
fn lines_of_order(row: &Value, included: &BTreeMap<&str, &Value>) -> Option<Vec<Line>> {
    let data = row.get("relationships")?.get("entries")?.get("data")?.as_array()?;
    if data.is_empty() {
        return None;
    }
    let rows: Option<Vec<&Value>> =
        data.iter().map(|link| included.get(link.get("id")?.as_str()?).copied()).collect();
    lines_of(rows?.into_iter())
}

fn lines_of<'a>(rows: impl Iterator<Item = &'a Value>) -> Option<Vec<Line>> {
    let lines: Option<Vec<Line>> = rows.map(|row| parse_line(row.get("attributes")?)).collect();
    // A line that was cancelled down to nothing is no line.
    lines.map(|lines| lines.into_iter().filter(|line| line.quantity > 0).collect())
}

fn parse_line(attributes: &Value) -> Option<Line> {
    let offer = attributes.get("offer").unwrap_or(&Value::Null);
    let category = attributes.get("category").unwrap_or(&Value::Null);
    let quantity = number(attributes, "quantity").filter(|q| (0.0..=1e6).contains(q))?;
    Some(Line {
        sku: text(offer, "code"),
        name: text(offer, "name").or_else(|| text(category, "title")).unwrap_or_else(|| "Товар".to_owned()),
        quantity: quantity.round() as i64,
        unit_price: money(attributes, "basePrice"),
        total: money(attributes, "totalPrice")?,
    })
}

fn buyer_name(customer: &Value) -> Option<String> {
    let parts: Vec<String> =
        ["firstName", "lastName"].iter().filter_map(|name| text(customer, name)).collect();
    let name = if parts.is_empty() { text(customer, "name")? } else { parts.join(" ") };
    name.chars().any(char::is_alphabetic).then_some(name)
}

fn address_of(address: &Value) -> Option<String> {
    let whole = text(address, "formattedAddress").unwrap_or_else(|| {
        ["town", "streetName", "streetNumber", "building", "apartment"]
            .iter()
            .filter_map(|name| text(address, name))
            .collect::<Vec<_>>()
            .join(", ")
    });
    let whole = whole.trim_matches(|c: char| c == ',' || c.is_whitespace());
    (!whole.is_empty()).then(|| whole.to_owned())
}

/// A text that is not blank, without control characters; numbers are taken as their digits.
fn text(object: &Value, name: &str) -> Option<String> {
    let raw = match object.get(name)? {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    let clean: String =
        raw.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// A number, also one that came as text.
fn number(object: &Value, name: &str) -> Option<f64> {
    match object.get(name)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
    .filter(|n| n.is_finite())
}

fn money(object: &Value, name: &str) -> Option<Money> {
    number(object, name).and_then(Money::from_tenge)
}

fn millis(object: &Value, name: &str) -> Option<i64> {
    let ms = number(object, name)? as i64;
    (CREATED_MS_MIN..CREATED_MS_MAX).contains(&ms).then_some(ms)
}

fn flag(object: &Value, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The kind of a JSON error without the text around it, which may be personal data.
trait ClassifyText {
    fn classify_text(&self) -> String;
}

impl ClassifyText for serde_json::Error {
    fn classify_text(&self) -> String {
        format!("{:?} error at line {} column {}", self.classify(), self.line(), self.column())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row() -> Value {
        json!({
            "type": "orders", "id": "MTAwMDAwMDAwMQ",
            "attributes": {
                "code": "1000000001", "totalPrice": 15000.0, "creationDate": 1_767_243_600_000_i64,
                "state": "KASPI_DELIVERY", "status": "ACCEPTED_BY_MERCHANT", "assembled": true,
                "isKaspiDelivery": true, "deliveryMode": "DELIVERY_PICKUP", "preOrder": false,
                "deliveryAddress": {"formattedAddress": " Тестоград, ", "streetName": null},
                "kaspiDelivery": {"courierTransmissionDate": null},
                "customer": {"firstName": "Тест", "lastName": "П", "cellPhone": "7010000001"}
            },
            "relationships": {"entries": {"data": [{"type": "orderentries", "id": "e1"}]}}
        })
    }

    fn entry() -> Value {
        json!({"type": "orderentries", "id": "e1", "attributes": {
            "quantity": 3, "basePrice": 5000.0, "totalPrice": 15000.0,
            "category": {"title": "Образцы"}, "offer": {"code": "SKU-1", "name": "Чайник"}}})
    }

    fn page(rows: Vec<Value>, included: Vec<Value>) -> PageDocument {
        let body = json!({"data": rows, "included": included, "meta": {"pageCount": 1, "totalCount": 1}});
        parse_page(body.to_string().as_bytes(), "KZ").expect("a page")
    }

    #[test]
    fn reads_an_order_with_its_lines() {
        let page = page(vec![row()], vec![entry()]);
        assert_eq!(page.bad_rows, []);
        let order = &page.orders[0];
        assert_eq!(order.code.as_str(), "1000000001");
        assert_eq!(order.total.tenge(), 15000);
        assert_eq!(order.stage, Some(Stage::Packed));
        assert_eq!(order.address.as_deref(), Some("Тестоград"));
        assert_eq!(order.buyer.name.as_deref(), Some("Тест П"));
        let lines = order.lines.as_ref().expect("lines");
        assert_eq!((lines[0].sku.as_deref(), lines[0].quantity), (Some("SKU-1"), 3));
    }

    #[test]
    fn lines_that_are_not_all_there_have_to_be_asked_for() {
        assert_eq!(page(vec![row()], vec![]).orders[0].lines, None);
        let mut broken = entry();
        broken["attributes"]["totalPrice"] = json!("many");
        assert_eq!(page(vec![row()], vec![broken]).orders[0].lines, None);
        let mut without = row();
        without["relationships"] = json!({});
        assert_eq!(page(vec![without], vec![entry()]).orders[0].lines, None);
    }

    #[test]
    fn a_row_that_makes_no_sense_does_not_stop_the_others() {
        for (field, value) in [
            ("code", json!("")),
            ("creationDate", json!(1_767_243_600)),
            ("totalPrice", json!(-1)),
            ("state", json!(null)),
        ] {
            let mut bad = row();
            bad["attributes"][field] = value;
            let page = page(vec![bad, row()], vec![entry()]);
            assert_eq!(page.orders.len(), 1, "{field}");
            assert!(page.bad_rows[0].reason.contains(field), "{field}: {}", page.bad_rows[0].reason);
        }
    }

    #[test]
    fn numbers_may_come_as_text() {
        let mut odd = row();
        odd["attributes"]["totalPrice"] = json!("15000.0");
        odd["attributes"]["code"] = json!(1_000_000_001);
        assert_eq!(page(vec![odd], vec![]).orders[0].total.tenge(), 15000);
    }

    #[test]
    fn documents_that_are_no_pages_are_refused() {
        for body in ["", "<html>", "{}", "[]", r#"{"data":[]}"#, r#"{"data":{},"meta":{}}"#] {
            assert!(parse_page(body.as_bytes(), "KZ").is_err(), "{body}");
        }
    }

    #[test]
    fn the_stage_is_told_by_the_parcel_before_the_flags() {
        let mut attributes = row()["attributes"].clone();
        attributes["preOrder"] = json!(true);
        assert_eq!(stage_of(&attributes), Stage::PreOrder);
        attributes["kaspiDelivery"]["courierTransmissionDate"] = json!(1_767_243_600_000_i64);
        assert_eq!(stage_of(&attributes), Stage::HandedOver);
    }
}
