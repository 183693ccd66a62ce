//! A dry run shows what the real run then does, and leaves no trace.

use crate::support::{NOON_MS, Rig, orders, world};
use kaspi_amocrm_simulator::{
    amo::account,
    kaspi::{PHONE_MASK, SimOrder},
};
use serde_json::Value;

fn plan(report: &Value) -> &Vec<Value> {
    report["plan"].as_array().expect("a plan")
}

fn entry<'r>(report: &'r Value, code: &str) -> &'r Value {
    plan(report).iter().find(|order| order["code"] == code).unwrap_or_else(|| panic!("{code} in {report}"))
}

fn assert_untouched(rig: &Rig, run: impl FnOnce() -> Value) -> Value {
    let (writes, stored) = (rig.amo_writes(), rig.store.values.borrow().clone());
    let store_writes = rig.store.writes.get();
    let report = run();
    assert_eq!(rig.store.writes.get(), store_writes, "the store is not written to");
    assert_eq!(rig.amo_writes(), writes, "nothing is written into amoCRM");
    assert_eq!(*rig.store.values.borrow(), stored);
    report
}

#[test]
fn the_plan_is_what_the_real_run_does() {
    let mut orders = orders(9);
    orders[2].buyer.phone = Some(PHONE_MASK.to_owned());
    // Two orders of one new buyer, one of a buyer that the CRM knows.
    let phone = orders[3].buyer.phone.clone();
    orders[4].buyer.phone = phone;
    let mut world = world(orders);
    let contact = world.amo.add_contact("Знакомый", &["8 (701) 100-00-05"]);
    let element = world.amo.add_element(account::CATALOG_ID, "Товар 0", "SKU-0");
    let typed_in =
        world.amo.add_lead("Заказ 1000000006", account::PIPELINE_ID, account::STATUS_NEW_ID, NOON_MS - 1_000);
    world.kaspi.add_order(
        SimOrder::new("1000000099", NOON_MS - 3_600_000)
            .buyer("А", "Б", "7010000099")
            .state("ARCHIVE", "COMPLETED"),
    );
    let rig = Rig::new(world);

    let report = assert_untouched(&rig, || rig.dry_run().expect("a report"));
    assert_eq!(report["problems"], serde_json::json!([]), "{report}");
    assert_eq!(plan(&report).len(), 10, "{report}");
    let actions = |action: &str| plan(&report).iter().filter(|order| order["lead"] == action).count();
    assert_eq!((actions("create"), actions("adopt"), actions("none")), (8, 1, 1), "{report}");

    let first = entry(&report, "1000000000");
    assert_eq!((&first["contact"], &first["note"]), (&"create".into(), &true.into()), "{first}");
    assert_eq!(first["products"][0]["element_id"], element, "{first}");
    assert_eq!(first["products"][1]["element_id"], Value::Null, "{first}");
    assert_eq!(first["status_id"], account::STATUS_NEW_ID);
    assert_eq!(entry(&report, "1000000002")["contact"], "none");
    assert_eq!(entry(&report, "1000000005")["contact"]["found"], contact);
    let adopted = entry(&report, "1000000006");
    assert_eq!((&adopted["lead"], &adopted["lead_id"]), (&"adopt".into(), &typed_in.into()));
    assert_eq!(adopted["contact"], "create", "a person's lead without a contact gets the buyer");
    assert!(adopted["why"].as_str().expect("a reason").contains("name"), "{adopted}");
    assert!(entry(&report, "1000000099")["why"].as_str().expect("a reason").contains("archived"));

    let text = report.to_string();
    for personal in ["Айгерим", "7011000000", "Знакомый"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }

    let again = assert_untouched(&rig, || rig.dry_run().expect("a report"));
    assert_eq!(again["plan"], report["plan"], "nothing has changed");

    let real = rig.run().expect("a report");
    assert_eq!((&real["created"], &real["adopted"]), (&8.into(), &1.into()), "{real}");
    let contacts = rig.world.borrow().amo.contacts().len();
    assert_eq!(contacts, 1 + 6, "two orders share one; masked and known need none");
    assert_eq!(real.get("plan"), None);
    rig.wait_minutes(1);
    let after = assert_untouched(&rig, || rig.dry_run().expect("a report"));
    assert_eq!(plan(&after).len(), 0, "{after}");
}

#[test]
fn what_is_parked_stands_in_the_plan_with_its_reason() {
    let mut world = world(orders(3));
    let refusal = serde_json::json!({
        "validation-errors": [{"request_id": "1000000001", "errors": [
            {"code": "NotSupportedChoice", "path": "status_id", "detail": "x"}]}],
        "title": "Bad Request", "status": 400, "detail": "Request validation failed",
    });
    let refusal = kaspi_amocrm_simulator::http::Response::json(400, "application/problem+json", &refusal);
    for _ in 0..4 {
        let fault = kaspi_amocrm_simulator::fault::Fault::Refuse(refusal.clone());
        world
            .amo
            .faults
            .rule(kaspi_amocrm_simulator::fault::Rule::new(fault).method("POST").path("/api/v4/leads"));
    }
    let rig = Rig::new(world);
    assert_eq!(rig.run().expect("a report")["parked"], 1);
    let report = assert_untouched(&rig, || rig.dry_run().expect("a report"));
    let parked = entry(&report, "1000000001");
    assert_eq!(parked["lead"], "park", "{report}");
    assert!(parked["why"].as_str().expect("a reason").contains("NotSupportedChoice"), "{parked}");
}

#[test]
fn wrong_ids_end_a_dry_run_as_they_end_a_real_one() {
    let mut rig = Rig::new(world(orders(3)));
    rig.set("amo_status_id", 999);
    let report = assert_untouched(&rig, || rig.dry_run().expect("a report"));
    assert_eq!(report["problems"][0]["class"], "config", "{report}");
    assert_eq!(plan(&report).len(), 0);
}

#[test]
fn changes_are_planned_and_not_made() {
    let rig = crate::changes::rig(crate::changes::orders(3));
    rig.run().expect("a report");
    rig.complete(0);
    rig.change(1, |order| drop(order.lines.pop()));
    let report = assert_untouched(&rig, || rig.dry_reconcile().expect("a report"));
    let (first, second) = (entry(&report, "1000000000"), entry(&report, "1000000001"));
    assert_eq!(
        (&first["lead"], &first["status_id"], &first["note"]),
        (&"change".into(), &142.into(), &false.into())
    );
    assert!(first["why"].as_str().expect("a reason").contains("-> ARCHIVE/COMPLETED"), "{first}");
    assert_eq!((&second["lead"], &second["note"]), (&"change".into(), &true.into()), "{second}");
    assert!(
        second["why"].as_str().expect("a reason").contains("total 13500 -> 7500, other products"),
        "{second}"
    );
    assert_eq!(plan(&report).len(), 2, "{report}");
}
