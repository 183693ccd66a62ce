use serde_json::Value;

use super::*;
use crate::fault::Rule;

const NOW_MS: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 86_400_000;

fn request(path: &str, query: &str) -> Request {
    Request::get(&format!("{BASE_PATH}{path}"), query)
        .with_header("X-Auth-Token", "kaspi-test-token")
        .with_header("Accept", MEDIA_TYPE)
        .with_header("Content-Type", MEDIA_TYPE)
        .with_header("User-Agent", "tests/1")
}

/// A query from readable pairs.
fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", codec::percent_encode(name), codec::percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn window(page: usize, size: usize, from_ms: i64, to_ms: i64, more: &[(&str, &str)]) -> Request {
    let (page, size, from, to) = (page.to_string(), size.to_string(), from_ms.to_string(), to_ms.to_string());
    let mut pairs = vec![
        ("page[number]", page.as_str()),
        ("page[size]", size.as_str()),
        ("filter[orders][creationDate][$ge]", from.as_str()),
        ("filter[orders][creationDate][$le]", to.as_str()),
    ];
    pairs.extend(more);
    request("/orders", &query(&pairs))
}

fn shop(orders: usize) -> Kaspi {
    let mut kaspi = Kaspi::default();
    for at in 0..orders {
        kaspi.add_order(SimOrder::new(&(1_000_000_000 + at).to_string(), NOW_MS - DAY_MS + at as i64 * 1000));
    }
    kaspi
}

fn body(reply: &Reply) -> Value {
    reply.response.body_json().expect("an answer with JSON")
}

fn codes(reply: &Reply) -> Vec<String> {
    let body = body(reply);
    let rows = body["data"].as_array().expect("a list");
    rows.iter().map(|row| row["attributes"]["code"].as_str().expect("a code").to_owned()).collect()
}

fn without(request: Request, header: &str) -> Request {
    let headers = request.headers.into_iter().filter(|(name, _)| name != header).collect();
    Request { headers, ..request }
}

#[test]
fn headers_are_checked() {
    let good = || window(0, 10, NOW_MS - DAY_MS, NOW_MS, &[]);
    let cases: Vec<(&str, Request, u16, Delivery)> = vec![
        ("all there", good(), 200, Delivery::Whole),
        ("no token", without(good(), "x-auth-token"), 401, Delivery::Whole),
        (
            "foreign token",
            without(good(), "x-auth-token").with_header("x-auth-token", "another"),
            401,
            Delivery::Whole,
        ),
        ("no accept", without(good(), "accept"), 404, Delivery::Whole),
        ("no content type", without(good(), "content-type"), 400, Delivery::Whole),
        ("no agent", without(good(), "user-agent"), 403, Delivery::Hang),
        (
            "a library's agent",
            without(good(), "user-agent").with_header("user-agent", "python-requests/2.32"),
            403,
            Delivery::Hang,
        ),
        ("a merchant, none wanted", good().with_header("x-merchant-uid", "1"), 200, Delivery::Whole),
        ("a write", Request { method: "POST".into(), ..good() }, 405, Delivery::Whole),
        ("another version", Request { path: "/shop/api/v3/orders".into(), ..good() }, 404, Delivery::Whole),
    ];
    for (name, request, status, delivery) in cases {
        let reply = shop(1).handle(&request, NOW_MS);
        assert_eq!((reply.response.status, reply.delivery), (status, delivery), "{name}");
        assert_eq!(reply.response.header("date"), Some(codec::http_date(NOW_MS).as_str()), "{name}");
    }
    let mut kaspi = shop(1);
    kaspi.options.merchant_uid = Some("2".into());
    assert_eq!(kaspi.handle(&good().with_header("x-merchant-uid", "1"), NOW_MS).response.status, 403);
    kaspi.options.disabled = true;
    assert_eq!(kaspi.handle(&good(), NOW_MS).response.status, 403);
}

#[test]
fn parameters_of_lists_are_checked() {
    let from = (NOW_MS - DAY_MS).to_string();
    let ge = ("filter[orders][creationDate][$ge]", from.as_str());
    let (number, size) = (("page[number]", "0"), ("page[size]", "100"));
    let long = (NOW_MS - 30 * DAY_MS).to_string();
    let fortnight = (NOW_MS - 14 * DAY_MS).to_string();
    type Case<'a> = (Vec<(&'a str, &'a str)>, Option<&'a str>);
    let cases: Vec<Case<'_>> = vec![
        (vec![number, size, ge], None),
        (vec![size, ge], Some("page[number]")),
        (vec![number, ge], Some("page[size]")),
        (vec![number, size], Some("Required filter [orders][creationDate][$ge] is empty.")),
        (vec![number, size, (ge.0, &fortnight)], None),
        (vec![number, size, (ge.0, &long)], Some("Actual [30], max [14].")),
        (vec![number, ("page[size]", "101"), ge], Some("page[size]")),
        (vec![number, ("page[size]", "0"), ge], Some("page[size]")),
        (vec![("page[number]", "one"), size, ge], Some("page[number]")),
        (vec![number, size, ge, ("filter[orders][state]", "KASPI_DELIVERY")], None),
        (vec![number, size, ge, ("filter[orders][state]", "UNKNOWN")], Some("state")),
        (vec![number, size, ge, ("filter[orders][status]", "ASSEMBLE")], Some("status")),
        (vec![number, size, ge, ("include[orders]", "entries,user")], None),
        (vec![number, size, ge, ("include[orders]", "lines")], Some("include")),
        (vec![number, size, ge, ("filter[orders][updatedAt]", "1")], Some("Unknown parameter")),
        (vec![number, size, ge, ge], Some("twice")),
        (vec![("filter[orders][code]", "1000000000")], None),
    ];
    for (pairs, expected) in cases {
        let reply = shop(1).handle(&request("/orders", &query(&pairs)), NOW_MS);
        match expected {
            None => assert_eq!(reply.response.status, 200, "{pairs:?}"),
            Some(part) => {
                assert_eq!(reply.response.status, 400, "{pairs:?}");
                let body = body(&reply);
                let title = body["errors"][0]["title"].as_str().expect("a title");
                assert!(title.contains(part), "{title} for {pairs:?}");
            }
        }
    }
    let raw = request("/orders", "filter[orders][code]=1000000000");
    assert_eq!(shop(1).handle(&raw, NOW_MS).response.status, 400, "brackets must be encoded");
}

#[test]
fn pages_hold_every_order_once() {
    let mut kaspi = shop(25);
    for order in [ListOrder::NewestFirst, ListOrder::OldestFirst, ListOrder::Scrambled] {
        kaspi.options.list_order = order;
        let mut seen = Vec::new();
        for page in 0..3 {
            let reply = kaspi.handle(&window(page, 10, NOW_MS - DAY_MS, NOW_MS, &[]), NOW_MS);
            assert_eq!(body(&reply)["meta"], json!({"pageCount": 3, "totalCount": 25}));
            seen.extend(codes(&reply));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25, "{order:?}");
    }
    let empty = kaspi.handle(&window(0, 10, 0, DAY_MS, &[]), NOW_MS);
    assert_eq!(body(&empty)["meta"], json!({"pageCount": 0, "totalCount": 0}));
    assert_eq!(codes(&empty), Vec::<String>::new());
}

#[test]
fn both_ends_of_a_window_belong_to_it() {
    let mut kaspi = Kaspi::default();
    kaspi.add_order(SimOrder::new("1", 1000));
    for (from, to, expected) in [(1000, 2000, 1), (0, 1000, 1), (1001, 2000, 0), (0, 999, 0)] {
        let reply = kaspi.handle(&window(0, 10, from, to, &[]), NOW_MS);
        assert_eq!(codes(&reply).len(), expected, "{from}..{to}");
    }
}

#[test]
fn shifted_pages_repeat_rows_and_lose_none() {
    let mut kaspi = shop(25);
    kaspi.faults.rule(Rule::new(Fault::PageShift(3)).contains("number%5D=1"));
    let mut seen = Vec::new();
    let mut page = 0;
    loop {
        let reply = kaspi.handle(&window(page, 10, NOW_MS - DAY_MS, NOW_MS, &[]), NOW_MS);
        seen.extend(codes(&reply));
        page += 1;
        if page as u64 >= body(&reply)["meta"]["pageCount"].as_u64().expect("a count") {
            break;
        }
    }
    assert_eq!(seen.len(), 28, "three rows came twice");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

#[test]
fn orders_appear_when_they_are_visible_and_change_with_time() {
    let mut kaspi = Kaspi::default();
    kaspi.add_order(
        SimOrder::new("1", NOW_MS).state("NEW", "APPROVED_BY_BANK").visible_from(NOW_MS + 5000).later(
            NOW_MS + 9000,
            "ARCHIVE",
            "CANCELLED",
        ),
    );
    let mut at = |now_ms| {
        let reply = kaspi.handle(&window(0, 10, NOW_MS, NOW_MS + DAY_MS, &[]), now_ms);
        body(&reply)["data"][0]["attributes"]["state"].as_str().map(str::to_owned)
    };
    assert_eq!(at(NOW_MS), None);
    assert_eq!(at(NOW_MS + 5000).as_deref(), Some("NEW"));
    assert_eq!(at(NOW_MS + 9000).as_deref(), Some("ARCHIVE"));
}

#[test]
fn orders_are_packed_handed_over_and_cancelled_in_time() {
    let order = |code: &str| SimOrder::new(code, NOW_MS);
    let packed = order("1").assembled_from(NOW_MS + 1000).handed_over(NOW_MS + 2000);
    let cancelled = order("2").later(NOW_MS + 1000, "KASPI_DELIVERY", "CANCELLING");
    let cancelled = cancelled.cancelled(NOW_MS + 2000, "BUYER_CANCELLATION_BY_MERCHANT");
    let returned = order("3").cancelled(NOW_MS + 1000, "OTHER").later(NOW_MS + 2000, "ARCHIVE", "COMPLETED");
    let mut kaspi = Kaspi::default();
    [packed, cancelled, returned].into_iter().for_each(|order| kaspi.add_order(order));
    let mut at = |code: &str, now_ms| {
        let reply = kaspi.handle(&request("/orders", &query(&[("filter[orders][code]", code)])), now_ms);
        body(&reply)["data"][0]["attributes"].clone()
    };
    for (offset_ms, assembled, handed_over) in
        [(0, false, json!(null)), (1000, true, json!(null)), (2000, true, json!(NOW_MS + 2000))]
    {
        let order = at("1", NOW_MS + offset_ms);
        assert_eq!(order["assembled"], assembled, "{offset_ms}");
        assert_eq!(order["kaspiDelivery"]["courierTransmissionDate"], handed_over, "{offset_ms}");
    }
    let reason = json!("BUYER_CANCELLATION_BY_MERCHANT");
    for (offset_ms, status, reason) in [
        (0, "ACCEPTED_BY_MERCHANT", None),
        (1000, "CANCELLING", Some(&reason)),
        (2000, "CANCELLED", Some(&reason)),
    ] {
        let order = at("2", NOW_MS + offset_ms);
        assert_eq!((&order["status"], order.get("cancellationReason")), (&json!(status), reason));
    }
    assert_eq!(at("3", NOW_MS + 1000)["cancellationReason"], "OTHER");
    assert_eq!(at("3", NOW_MS + 2000).get("cancellationReason"), None, "it is not cancelled any more");
}

#[test]
fn lines_come_included_or_by_themselves() {
    let lines = vec![
        SimLine::new("A", "one", 2, 1000),
        SimLine { sku: None, ..SimLine::new("", "two", 1, 500) },
        SimLine { without_offer: true, ..SimLine::new("C", "three", 1, 5) },
    ];
    let with_lines = |options: KaspiOptions| {
        let mut kaspi = Kaspi::new(options);
        kaspi.add_order(SimOrder::new("1000000001", NOW_MS).lines(lines.clone()));
        kaspi
    };
    let include = window(0, 10, NOW_MS - 1, NOW_MS, &[("include[orders]", "entries")]);

    let reply = with_lines(KaspiOptions::default()).handle(&include, NOW_MS);
    let list = body(&reply);
    assert_eq!(list["included"].as_array().map(Vec::len), Some(3));
    assert_eq!(list["data"][0]["attributes"]["totalPrice"], 2505.0);
    assert_eq!(list["data"][0]["relationships"]["entries"]["data"].as_array().map(Vec::len), Some(3));
    let entries = request("/orders/MTAwMDAwMDAwMQ/entries", "");
    let single = body(&with_lines(KaspiOptions::default()).handle(&entries, NOW_MS));
    assert_eq!(single["data"], list["included"]);
    assert_eq!(single["data"][0]["id"], "MTAwMDAwMDAwMSMjMA");
    assert_eq!(single["data"][0]["attributes"]["offer"], json!({"code": "A", "name": "one"}));
    assert_eq!(single["data"][1]["attributes"]["offer"], json!({"name": "two"}));
    assert_eq!(single["data"][2]["attributes"].get("offer"), None);

    let product = single["data"][2]["relationships"]["product"]["data"]["id"].as_str().expect("an id");
    let article = request(&format!("/masterproducts/{product}/merchantProduct"), "");
    let article = body(&with_lines(KaspiOptions::default()).handle(&article, NOW_MS));
    assert_eq!(article["data"]["attributes"]["code"], "C");

    let rejecting = KaspiOptions { reject_include_entries: true, ..KaspiOptions::default() };
    let mut kaspi = with_lines(rejecting);
    assert_eq!(kaspi.handle(&include, NOW_MS).response.status, 400);
    assert_eq!(kaspi.requests()[0].refusal, None, "refused by a switch, not for a fault of the client");
    let losing = KaspiOptions { lose_included_line: true, ..KaspiOptions::default() };
    let list = body(&with_lines(losing).handle(&include, NOW_MS));
    assert_eq!(list["included"].as_array().map(Vec::len), Some(2));
    let ignoring = KaspiOptions { ignore_include: true, ..KaspiOptions::default() };
    let list = body(&with_lines(ignoring).handle(&include, NOW_MS));
    assert_eq!(list["included"], json!([]));

    let mut kaspi = with_lines(KaspiOptions::default());
    kaspi.faults.rule(Rule::new(Fault::EmptyEntries).times(2));
    assert_eq!(body(&kaspi.handle(&include, NOW_MS))["included"], json!([]));
    assert_eq!(body(&kaspi.handle(&entries, NOW_MS))["data"], json!([]));
}

#[test]
fn single_orders_are_found_by_opaque_id_only() {
    let cases = [
        ("/orders/MTAwMDAwMDAwMA", 200),
        ("/orders/1000000000", 404),
        ("/orders/MTAwMDAwMDAwMA/entries", 200),
        ("/orders/MTAwMDAwMDAwMA/user", 200),
        ("/orders/MTAwMDAwMDAwMA/imei", 404),
        ("/products", 404),
    ];
    for (path, status) in cases {
        assert_eq!(shop(1).handle(&request(path, ""), NOW_MS).response.status, status, "{path}");
    }
    let mut kaspi = shop(1);
    kaspi.options.odd_ids = true;
    assert_eq!(kaspi.handle(&request("/orders/MTAwMDAwMDAwMA", ""), NOW_MS).response.status, 404);
}

#[test]
fn phones_are_masked_as_the_switch_says() {
    let cases = [
        (Mask::Never, "ARCHIVE", "7010000001"),
        (Mask::Archive, "ARCHIVE", PHONE_MASK),
        (Mask::Archive, "PICKUP", "7010000001"),
        (Mask::Always, "PICKUP", PHONE_MASK),
    ];
    for (mask, state, expected) in cases {
        let mut kaspi = Kaspi::new(KaspiOptions { mask, ..KaspiOptions::default() });
        kaspi.add_order(SimOrder::new("1", NOW_MS).state(state, "COMPLETED").buyer("А", "Б", "7010000001"));
        let reply = kaspi.handle(&request("/orders", &query(&[("filter[orders][code]", "1")])), NOW_MS);
        let row = body(&reply)["data"][0].clone();
        assert_eq!(row["attributes"]["customer"]["cellPhone"], expected, "{mask:?} {state}");
    }
}

#[test]
fn totals_can_be_wrong_and_requests_limited() {
    let mut kaspi = shop(25);
    kaspi.faults.rule(Rule::new(Fault::WrongTotals(-1)));
    let reply = kaspi.handle(&window(0, 10, NOW_MS - DAY_MS, NOW_MS, &[]), NOW_MS);
    assert_eq!(body(&reply)["meta"], json!({"pageCount": 2, "totalCount": 15}));

    kaspi.options.rps_max = Some(2);
    let statuses: Vec<u16> = (0..3)
        .map(|_| kaspi.handle(&window(0, 10, NOW_MS - DAY_MS, NOW_MS, &[]), NOW_MS).response.status)
        .collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn the_record_tells_faults_from_refusals() {
    let mut kaspi = shop(1);
    kaspi.faults.rule(Rule::new(Fault::gateway(502)));
    let good = window(0, 10, NOW_MS - DAY_MS, NOW_MS, &[]);
    for request in [good.clone(), good.clone(), without(good, "x-auth-token")] {
        kaspi.handle(&request, NOW_MS);
    }
    let log: Vec<_> = kaspi
        .requests()
        .iter()
        .map(|entry| (entry.status, entry.fault.as_deref(), entry.refusal.as_deref()))
        .collect();
    assert_eq!(log, [(502, Some("refused 502"), None), (200, None, None), (401, None, Some("Unauthorized"))]);
}
