use serde_json::{Value, json};

use super::*;
use crate::{
    amo::account::{self, CATALOG_ID, LEAD_ORDER_CODE_FIELD_ID, PIPELINE_ID, STATUS_NEW_ID},
    http::Request,
    kaspi::PHONE_MASK,
};

const CREATED_MS: i64 = 1_790_000_000_000;
const NOW_MS: i64 = CREATED_MS + 3_600_000;
const CODE: &str = "1000000001";
const PHONE: &str = "+77010000001";

/// One order of two pieces and whatever the sync is supposed to have written.
struct Bench {
    world: World,
    now_ms: i64,
}

impl Bench {
    fn new() -> Self {
        let mut world = World::default();
        let line = SimLine::new("SKU-1", "Чайник", 1, 1000);
        world.kaspi.add_order(
            SimOrder::new(CODE, CREATED_MS).buyer("А", "Б", "7010000001").lines(vec![line.clone(), line]),
        );
        Self { world, now_ms: NOW_MS }
    }

    fn post(&mut self, path: &str, body: Value) -> u64 {
        self.now_ms += 1000;
        let request = Request::json("POST", &format!("/api/v4/{path}"), &body)
            .with_header("Authorization", "Bearer amo-test-token");
        let response = self.world.amo.handle(&request, self.now_ms).response;
        assert_eq!(response.status, 200, "{path}");
        let body = response.body_json().expect("JSON");
        let lists = body["_embedded"].as_object().expect("a list");
        lists.values().find_map(|rows| rows[0]["id"].as_u64()).unwrap_or(0)
    }

    fn contact(&mut self, phone: &str) -> u64 {
        self.post(
            "contacts",
            json!([{"first_name": "А", "custom_fields_values": [
                {"field_code": "PHONE", "values": [{"value": phone}]}]}]),
        )
    }

    fn lead(&mut self, code: &str, price: i64, contacts: &[u64]) -> u64 {
        let contacts: Vec<Value> = contacts.iter().map(|id| json!({"id": id})).collect();
        self.post(
            "leads",
            json!([{"name": format!("Kaspi {code}"), "price": price, "_embedded": {"contacts": contacts},
                "custom_fields_values": [{"field_id": LEAD_ORDER_CODE_FIELD_ID, "values": [{"value": code}]}]}]),
        )
    }

    fn element(&mut self, sku: &str) -> u64 {
        self.post(
            "catalogs/4500/elements",
            json!([{"name": "Чайник", "custom_fields_values": [
                {"field_code": "SKU", "values": [{"value": sku}]}]}]),
        )
    }

    fn link(&mut self, lead: u64, element: u64, quantity: u32) {
        self.post(
            "leads/link",
            json!([{"entity_id": lead, "to_entity_id": element, "to_entity_type": "catalog_elements",
                "metadata": {"quantity": quantity, "catalog_id": CATALOG_ID}}]),
        );
    }

    fn note(&mut self, lead: u64, revision: u32) {
        let text = format!("Заказ {CODE}\n[kaspi:{CODE}:{revision}]");
        self.post(
            "leads/notes",
            json!([{"entity_id": lead, "note_type": "common", "params": {"text": text}}]),
        );
    }

    /// Everything as it should be; gives the ids of lead and element.
    fn right(&mut self) -> (u64, u64) {
        let contact = self.contact(PHONE);
        let element = self.element("SKU-1");
        let lead = self.lead(CODE, 2000, &[contact]);
        self.link(lead, element, 2);
        self.note(lead, 1);
        (lead, element)
    }

    fn violations(&self) -> Vec<String> {
        check(&self.world, &Scope::at(self.now_ms))
    }
}

#[test]
fn a_right_world_has_no_violations() {
    let mut bench = Bench::new();
    bench.right();
    assert_eq!(bench.violations(), Vec::<String>::new());
}

/// Each defect on top of the right world, and a part of what must be said about it.
#[test]
fn every_defect_is_seen() {
    type Defect = fn(&mut Bench, u64, u64);
    let cases: [(&str, Defect, &str); 16] = [
        ("second lead", |b, _, _| _ = b.lead(CODE, 2000, &[]), "has 2 leads"),
        (
            "deleted twin",
            |b, lead, _| {
                b.lead(CODE, 2000, &[]);
                b.world.amo.lead_mut(lead).expect("there").is_deleted = true;
            },
            "has 2 leads",
        ),
        ("stranger", |b, _, _| _ = b.lead("77", 1, &[]), "belongs to no order"),
        ("price", |b, lead, _| b.world.amo.lead_mut(lead).expect("there").price = 1, "says 1 and not 2000"),
        ("second summary", |b, lead, _| b.note(lead, 1), "note 1 of order 1000000001 is there 2 times"),
        (
            "no summary",
            |b, lead, _| {
                b.world.amo.remove_lead(lead);
                b.lead(CODE, 2000, &[]);
            },
            "has no summary note",
        ),
        ("gap", |b, lead, _| b.note(lead, 3), "has note 3 but no note 2"),
        (
            "the same note elsewhere",
            |b, lead, _| {
                b.note(lead, 2);
                let other = b.world.amo.add_lead("x", PIPELINE_ID, STATUS_NEW_ID, NOW_MS);
                b.note(other, 2);
            },
            "note 2 of order 1000000001 is there 2 times",
        ),
        ("second contact", |b, _, _| _ = b.contact("8 701 000 00 01"), "same phone"),
        ("mask", |b, _, _| _ = b.contact(PHONE_MASK), "no phone or a mask"),
        (
            "foreign contact",
            |b, lead, _| {
                let other = b.contact("+77010000002");
                b.world.amo.lead_mut(lead).expect("there").contacts = vec![(other, true)];
            },
            "contact of another phone",
        ),
        (
            "no contact",
            |b, lead, _| {
                b.world.amo.lead_mut(lead).expect("there").contacts.clear();
            },
            "has 0 contacts",
        ),
        ("quantity", |b, lead, element| b.link(lead, element, 1), "has 1 and not 2 of SKU-1"),
        (
            "other product",
            |b, lead, _| {
                let other = b.element("SKU-2");
                b.link(lead, other, 1);
            },
            "that nobody ordered",
        ),
        ("second product", |b, _, _| _ = b.element("SKU-1"), "article SKU-1 has 2 elements"),
        (
            "no lead",
            |b, _, _| {
                b.world.kaspi.add_order(SimOrder::new("1000000002", CREATED_MS));
            },
            "1000000002 has no lead",
        ),
    ];
    for (name, defect, expected) in cases {
        let mut bench = Bench::new();
        let (lead, element) = bench.right();
        defect(&mut bench, lead, element);
        let violations = bench.violations();
        assert!(violations.iter().any(|text| text.contains(expected)), "{name}: {violations:?}");
    }
}

#[test]
fn contacts_that_people_made_are_not_doubled() {
    let mut bench = Bench::new();
    bench.world.amo.add_contact("А Б", &["8 (701) 000-00-01"]);
    bench.right();
    assert!(bench.violations().iter().any(|text| text.contains("doubles")), "{:?}", bench.violations());
}

#[test]
fn a_typed_in_lead_is_adopted_and_not_doubled() {
    let name = format!("заказ №{CODE} (перезвонить)");
    let adopted = || {
        let mut bench = Bench::new();
        let lead = bench.world.amo.add_lead(&name, PIPELINE_ID, STATUS_NEW_ID, CREATED_MS + 1000);
        (bench, lead)
    };
    let (mut bench, lead) = adopted();
    let element = bench.element("SKU-1");
    bench.link(lead, element, 2);
    bench.note(lead, 1);
    assert_eq!(bench.violations(), Vec::<String>::new());
    let (mut bench, _) = adopted();
    bench.right();
    assert!(bench.violations().iter().any(|text| text.contains("beside a person's")));
}

#[test]
fn a_lead_that_only_mentions_a_code_is_not_the_order() {
    let cases = [
        (format!("заказ {CODE}"), PIPELINE_ID, STATUS_NEW_ID, CREATED_MS - 5000, "too old"),
        (format!("заказ {CODE}"), account::OTHER_PIPELINE_ID, account::OTHER_STATUS_ID, NOW_MS, "elsewhere"),
        (format!("заказ {CODE}"), PIPELINE_ID, account::STATUS_LOST_ID, NOW_MS, "closed"),
        (format!("заказ {CODE}5"), PIPELINE_ID, STATUS_NEW_ID, NOW_MS, "part of a word"),
    ];
    for (name, pipeline, status, at_ms, case) in cases {
        let mut bench = Bench::new();
        bench.world.amo.add_lead(&name, pipeline, status, at_ms);
        assert!(bench.violations().contains(&format!("order {CODE} has no lead")), "{case}");
        bench.right();
        assert_eq!(bench.violations(), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn excluded_orders_get_nothing_and_unsettled_ones_at_most_one_lead() {
    let mut bench = Bench::new();
    let mut scope = Scope::at(NOW_MS);
    scope.unsettled.insert(CODE.into());
    assert_eq!(check(&bench.world, &scope), Vec::<String>::new());
    bench.lead(CODE, 1, &[]);
    assert_eq!(check(&bench.world, &scope), Vec::<String>::new());
    scope.excluded.insert(CODE.into());
    assert_eq!(check(&bench.world, &scope).len(), 1);
}

#[test]
fn leads_are_in_the_stage_of_their_order() {
    let keys = [("KASPI_DELIVERY", account::STATUS_NEW_ID), ("ARCHIVE/CANCELLED", account::STATUS_LOST_ID)];
    let by_key = keys.map(|(key, id)| (key.to_owned(), id)).into();
    let stages = Some(Stages { by_key, default: None });
    let mut bench = Bench::new();
    let (lead, _) = bench.right();
    let scope = |bench: &Bench| Scope { stages: stages.clone(), ..Scope::at(bench.now_ms) };
    assert_eq!(check(&bench.world, &scope(&bench)), Vec::<String>::new());
    bench.world.amo.lead_mut(lead).expect("there").status_id = account::STATUS_PACKING_ID;
    let expected = format!("lead {lead} of order {CODE} is in stage 3303 and not 3302");
    assert_eq!(check(&bench.world, &scope(&bench)), [expected]);
    assert_eq!(bench.violations(), Vec::<String>::new(), "not judged without stages");
    bench.world.kaspi.order_mut(CODE).expect("there").status = "UNKNOWN".into();
    bench.world.kaspi.order_mut(CODE).expect("there").state = "UNKNOWN".into();
    assert_eq!(check(&bench.world, &scope(&bench)), Vec::<String>::new(), "it stays where it is");
}

#[test]
fn cancellations_and_returns_are_noted_where_orders_are_followed() {
    let cases = [
        ("ARCHIVE", "CANCELLED", true),
        ("KASPI_DELIVERY", "CANCELLING", true),
        ("ARCHIVE", "RETURNED", true),
        ("KASPI_DELIVERY", "KASPI_DELIVERY_RETURN_REQUESTED", true),
        ("ARCHIVE", "COMPLETED", false),
    ];
    for (state, status, is_noted) in cases {
        let mut bench = Bench::new();
        let (lead, _) = bench.right();
        let order = bench.world.kaspi.orders()[0].clone();
        let made_at_ms = bench.world.amo.leads()[0].made_at_ms;
        let scope = Scope { stages: Some(Stages::default()), ..Scope::at(NOW_MS * 2) };
        bench.world.kaspi.add_order(order.clone().later(made_at_ms, state, status));
        assert_eq!(check(&bench.world, &scope), Vec::<String>::new(), "{status} before there was a lead");
        bench.world.kaspi.add_order(order.later(made_at_ms + 1, state, status));
        let expected = format!("lead {lead} of order {CODE} has no note on {status}");
        let expected = if is_noted { vec![expected] } else { vec![] };
        assert_eq!(check(&bench.world, &scope), expected);
        assert_eq!(check(&bench.world, &Scope { stages: None, ..scope.clone() }), Vec::<String>::new());
        bench.note(lead, 2);
        assert_eq!(check(&bench.world, &scope), Vec::<String>::new(), "{status} with a second note");
    }
}

#[test]
fn the_lead_of_a_person_shows_the_order_as_its_summary_does() {
    for (cancelled_after_ms, faults) in [(0, 0), (2, 1)] {
        let mut bench = Bench::new();
        let lead = bench.world.amo.add_lead(&format!("заказ {CODE}"), PIPELINE_ID, STATUS_NEW_ID, CREATED_MS);
        let element = bench.element("SKU-1");
        bench.link(lead, element, 2);
        bench.note(lead, 1);
        let order = bench.world.kaspi.order_mut(CODE).expect("there");
        *order = order.clone().cancelled(bench.now_ms - 1 + cancelled_after_ms, "OTHER");
        let scope = Scope { stages: Some(Stages::default()), ..Scope::at(NOW_MS * 2) };
        assert_eq!(check(&bench.world, &scope).len(), faults, "{cancelled_after_ms}");
    }
}

#[test]
fn what_people_touch_is_theirs_but_still_one_lead_with_its_note() {
    let mut bench = Bench::new();
    let (id, element) = bench.right();
    bench.link(id, element, 7);
    let lead = bench.world.amo.lead_mut(id).expect("there");
    (lead.status_id, lead.price) = (account::STATUS_WON_ID, 5);
    let by_key = [("KASPI_DELIVERY".to_owned(), account::STATUS_NEW_ID)].into();
    let mut scope = Scope {
        stages: Some(Stages { by_key, default: None }),
        touched: [CODE.to_owned()].into(),
        ..Scope::at(NOW_MS * 2)
    };
    assert_eq!(check(&bench.world, &scope), Vec::<String>::new());
    scope.touched.clear();
    assert_eq!(check(&bench.world, &scope).len(), 3, "stage, price and rows");
    scope.touched.insert(CODE.into());
    bench.note(id, 1);
    let violations = check(&bench.world, &scope);
    assert!(violations.len() == 1 && violations[0].contains("is there 2 times"), "{violations:?}");
    bench.lead(CODE, 2000, &[]);
    let violations = check(&bench.world, &scope);
    assert!(violations.iter().any(|text| text.contains("2 leads")), "{violations:?}");
}

#[test]
fn seconds_are_counted_without_gaps() {
    let at = |at_ms| LoggedRequest {
        at_ms,
        method: "GET".into(),
        path: "/".into(),
        query: String::new(),
        items: 0,
        status: 200,
        fault: None,
        refusal: None,
    };
    let seven_and_one: Vec<_> = [0, 0, 0, 0, 0, 0, 999, 1000].map(at).into();
    assert_eq!(requests_per_second_max(&seven_and_one), 7);
    assert_eq!(rate(&seven_and_one, 7), None);
    let eight: Vec<_> = [0, 1, 2, 3, 4, 5, 6, 999].map(at).into();
    assert!(rate(&eight, 7).is_some());
}

#[test]
fn refusals_without_a_fault_are_violations() {
    let mut bench = Bench::new();
    bench.right();
    bench.world.amo.handle(&Request::get("/api/v4/leads", "limit=500"), bench.now_ms + 5000);
    bench.world.kaspi.handle(&Request::json("POST", "/shop/api/v2/orders", &json!({})), bench.now_ms);
    let violations = bench.violations();
    assert_eq!(violations.len(), 3, "{violations:?}");
}

#[test]
fn phones_are_equal_however_they_are_typed() {
    for (raw, expected) in [
        ("7010000001", Some("77010000001")),
        ("+7 (701) 000-00-01", Some("77010000001")),
        ("8 701 000 00 01", Some("77010000001")),
        ("+49 151 00000001", Some("4915100000001")),
        (PHONE_MASK, None),
        ("0000000000", None),
        ("12345", None),
        ("", None),
    ] {
        assert_eq!(phone_key(raw).as_deref(), expected, "{raw}");
    }
}
