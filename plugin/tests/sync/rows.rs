//! Rows that hosts read from the store: what they say, their order, and that nothing personal is in them.

use crate::support::{NOON_MS, Rig, orders, world};
use kaspi_amocrm_plugin::exports::orders::buyer;
use kaspi_amocrm_simulator::{
    fault::{Fault, Rule},
    kaspi::SimOrder,
};
use serde_json::{Value, json};

/// Rows in the order of their keys.
fn rows(rig: &Rig) -> Vec<Value> {
    let values = rig.store.values.borrow();
    let rows = values.iter().filter(|(key, _)| key.starts_with("shop/default/seen/"));
    rows.map(|(key, value)| {
        let row: Value = serde_json::from_slice(value).expect("a row is JSON, and clear");
        let created_ms = row["created_ms"].as_i64().expect("a moment");
        let wanted =
            format!("{:013}/{}", 9_999_999_999_999 - created_ms, row["code"].as_str().expect("a code"));
        assert_eq!(key.strip_prefix("shop/default/seen/"), Some(wanted.as_str()));
        row
    })
    .collect()
}

#[test]
fn each_order_has_one_row_and_the_newest_comes_first() {
    let mut rig = Rig::new(world(orders(12)));
    rig.set("secret_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    rig.run().expect("a report");
    let told = rows(&rig);
    let codes: Vec<&str> = told.iter().map(|row| row["code"].as_str().expect("a code")).collect();
    let newest_first: Vec<String> = (0..12).rev().map(|i| (1_000_000_000 + i).to_string()).collect();
    assert_eq!(codes, newest_first);
    for row in &told {
        assert_eq!((row["v"].as_u64(), row["step"].as_str()), (Some(1), Some("done")), "{row}");
        assert!(row["lead_id"].is_u64() && row["class"].is_null() && row["next_ms"].is_null(), "{row}");
        assert!(row["changed_ms"].as_i64() > Some(NOON_MS), "{row}");
        let text = row.to_string();
        assert!(!text.contains("Айгерим") && !text.contains("701100"), "{text}");
    }

    let code = told[0]["code"].as_str().expect("a code").to_owned();
    let cancelled_ms = rig.now_ms() + 1_000;
    if let Some(order) = rig.world.borrow_mut().kaspi.order_mut(&code) {
        *order = order.clone().cancelled(cancelled_ms, "BUYER_CANCELLATION_HIMSELF");
    }
    rig.wait_minutes(10);
    rig.reconcile().expect("a report");
    let later = rows(&rig);
    assert_eq!(later.len(), 12, "no second row");
    assert_eq!(later[0]["status"], "CANCELLED");
    assert!(later[0]["changed_ms"].as_i64() > told[0]["changed_ms"].as_i64());
    assert_eq!(later[1..], told[1..], "the others are as they were");
}

#[test]
fn a_row_says_what_keeps_its_order() {
    let old = SimOrder::new("2000000001", NOON_MS - 5 * 86_400_000).state("ARCHIVE", "COMPLETED");
    let mut all = orders(1);
    all.push(old);
    let rig = Rig::new(world(all));
    rig.world
        .borrow_mut()
        .amo
        .faults
        .rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads").always());
    rig.run().expect("a report");
    let told = rows(&rig);
    assert_eq!(told.len(), 2, "{told:?}");
    let parked = &told[0];
    assert_eq!((&parked["step"], &parked["class"]), (&"lead".into(), &"lead_refused".into()), "{parked}");
    assert_eq!(parked["tries"], 1);
    assert!(parked["next_ms"].as_i64() > Some(rig.now_ms()), "{parked}");
    let archived = &told[1];
    assert_eq!((&archived["step"], &archived["lead_id"]), (&"no_lead".into(), &Value::Null), "{archived}");
}

#[test]
fn a_lost_answer_is_a_doubt_until_it_is_settled() {
    let rig = Rig::new(world(orders(1)));
    rig.world
        .borrow_mut()
        .amo
        .faults
        .rule(Rule::new(Fault::LostBeforeCommit).method("POST").path("/api/v4/leads"));
    rig.run().expect("a report");
    assert_eq!(rows(&rig)[0]["class"], "in_doubt");
    rig.run_for(15);
    assert_eq!((&rows(&rig)[0]["class"], &rows(&rig)[0]["step"]), (&Value::Null, &"done".into()));
}

#[test]
fn a_buyer_is_told_until_the_order_is_settled() {
    let mut rig = Rig::new(world(orders(1)));
    rig.set("secret_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    rig.world
        .borrow_mut()
        .amo
        .faults
        .rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads"));
    rig.run().expect("a report");
    let ask = |code: &str| {
        rig.ask(async |ports| {
            let told = buyer(ports, None, code)
                .await?
                .map(|buyer| json!({"name": buyer.name, "phone": buyer.phone, "address": buyer.address}));
            Ok(json!({"buyer": told}))
        })
    };
    let told = ask("1000000000").expect("an answer");
    assert_eq!(
        (&told["buyer"]["name"], &told["buyer"]["phone"]),
        (&"Айгерим Б0".into(), &"+77011000000".into())
    );
    assert!(told["buyer"].as_object().is_some_and(|buyer| buyer.contains_key("address")));
    assert_eq!(ask("1000000009").expect("an answer")["buyer"], Value::Null, "nobody knows that order");
    assert!(ask("no number").is_err());
    rig.run_for(3);
    assert_eq!(rows(&rig)[0]["step"], "done");
    assert_eq!(ask("1000000000").expect("an answer")["buyer"], Value::Null);
}
