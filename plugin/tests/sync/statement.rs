//! Statements, repairs, questions about orders, second tries and backfills, against strict simulators.

use crate::{
    changes::{DAY_MS, code, orders, rig},
    support::{NOON_MS, Rig, world},
};
use kaspi_amocrm_plugin::{
    contract::{self, types::OrdersQuery},
    exports::orders::orders as find_orders,
};
use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, Rule},
    kaspi::SimOrder,
};
use serde_json::{Value, json};

/// Codes of a kind.
fn of_kind(statement: &Value, kind: &str) -> Vec<String> {
    let differences = statement["differences"].as_array().expect("differences");
    let of_kind = differences.iter().filter(|difference| difference["kind"] == kind);
    of_kind.map(|difference| difference["code"].as_str().expect("a code").to_owned()).collect()
}

fn fields(statement: &Value, code: &str) -> Value {
    let differences = statement["differences"].as_array().expect("differences");
    let of_order = differences.iter().find(|difference| difference["code"] == code).expect("it differs");
    let names = of_order["fields"].as_array().expect("fields").iter().map(|field| field["field"].clone());
    names.collect()
}

/// Drops, doubles and alters leads as nobody should.
fn spoil(rig: &Rig) {
    let id = rig.lead_id(1);
    rig.world.borrow_mut().amo.remove_lead(id);
    let copy = rig.lead(2, |lead| lead.clone());
    {
        let mut world = rig.world.borrow_mut();
        let twin = world.amo.add_lead(&copy.name, account::PIPELINE_ID, account::STATUS_PACKING_ID, NOON_MS);
        world.amo.lead_mut(twin).expect("just made").fields = copy.fields;
    }
    rig.edit(3, |lead| lead.price += 1);
    rig.edit(4, |lead| lead.status_id = account::STATUS_DELIVERY_ID);
    rig.unlink_first(5);
    rig.edit(6, |lead| lead.name = "Моя сделка".to_owned());
}

#[test]
fn a_statement_names_exactly_what_was_dropped_doubled_or_altered() {
    let rig = rig(orders(12));
    rig.run().expect("a report");
    let clean = rig.statement(13, "");
    assert_eq!(clean["complete"], true, "{clean}");
    assert_eq!(clean["differences"], json!([]), "{clean}");
    assert_eq!((&clean["orders"], &clean["leads"]), (&json!(12), &json!(12)));
    spoil(&rig);
    let (rows, writes) = (rig.store.values.borrow().clone(), rig.amo_writes());
    let statement = rig.statement(13, "");
    assert_eq!(of_kind(&statement, "missing"), [code(1)], "{statement}");
    assert_eq!(of_kind(&statement, "doubled"), [code(2)]);
    assert_eq!(of_kind(&statement, "different"), [code(3), code(4), code(5)]);
    assert_eq!(fields(&statement, &code(3)), json!(["price"]));
    assert_eq!(fields(&statement, &code(4)), json!(["stage"]));
    assert_eq!(fields(&statement, &code(5)), json!(["lines"]));
    let counted = &statement["states"][0];
    assert_eq!(
        (
            &counted["orders"],
            &counted["agree"],
            &counted["missing"],
            &counted["doubled"],
            &counted["different"]
        ),
        (&json!(12), &json!(7), &json!(1), &json!(1), &json!(3)),
    );
    assert_eq!(*rig.store.values.borrow(), rows, "it stores nothing");
    assert_eq!(rig.amo_writes(), writes, "and changes nothing");
}

#[test]
fn a_statement_of_a_lost_database_says_the_same() {
    let rig = rig(orders(12));
    rig.run().expect("a report");
    spoil(&rig);
    rig.store.values.borrow_mut().clear();
    let statement = rig.statement(13, "");
    assert_eq!(of_kind(&statement, "missing"), [code(1)], "{statement}");
    assert_eq!(of_kind(&statement, "doubled"), [code(2)], "{statement}");
    assert_eq!(of_kind(&statement, "different"), [code(3), code(4), code(5)], "{statement}");
}

#[test]
fn a_repair_mends_what_is_safe_and_lists_the_rest() {
    let rig = rig(orders(12));
    rig.run().expect("a report");
    spoil(&rig);
    rig.touched.borrow_mut().clear();
    rig.statement(13, r#","repair":true,"lease":"host""#);
    rig.reconcile().expect("a report");
    let after = rig.statement(13, "");
    assert_eq!(of_kind(&after, "different"), Vec::<String>::new(), "{after}");
    assert_eq!(of_kind(&after, "missing"), [code(1)], "what is gone is not made again without being asked");
    assert_eq!(of_kind(&after, "doubled"), [code(2)], "and doubles are for people");
    let asked = rig.statement(13, r#","repair":true,"missing":true,"lease":"host""#);
    assert_eq!(asked["differences"][0]["will_mend"], true, "{asked}");
    let report = rig.reconcile().expect("a report");
    assert_eq!(report["created"], 1, "{report}");
    let after = rig.statement(13, "");
    assert_eq!(of_kind(&after, "missing"), Vec::<String>::new(), "{after}");
    assert_eq!(rig.world.borrow().amo.leads().len(), 13);
    assert_eq!(rig.lead(6, |lead| lead.name.clone()), "Моя сделка", "names are people's");
}

#[test]
fn edits_and_deleted_leads_stand_apart() {
    let rig = rig(orders(6));
    rig.run().expect("a report");
    rig.edit(0, |lead| lead.status_id = account::STATUS_NEW_ID);
    rig.edit(1, |lead| lead.is_deleted = true);
    rig.edit(2, |lead| lead.price = 5);
    let now_ms = rig.now_ms();
    rig.change(0, |order| *order = order.clone().handed_over(now_ms));
    rig.change(2, |order| order.lines[0].quantity = 9);
    rig.complete(1);
    rig.reconcile().expect("a report");
    let statement = rig.statement(13, "");
    assert_eq!(of_kind(&statement, "no_lead"), [code(1)], "{statement}");
    assert_eq!(of_kind(&statement, "kept"), [code(0), code(2)], "{statement}");
    assert_eq!(of_kind(&statement, "different"), Vec::<String>::new(), "{statement}");
    assert_eq!(of_kind(&statement, "missing"), Vec::<String>::new(), "{statement}");
}

#[test]
fn a_statement_that_cannot_see_one_side_says_so() {
    let rig = rig(orders(3));
    rig.run().expect("a report");
    for side in ["kaspi", "amocrm"] {
        let rule = || Rule::new(Fault::gateway(503)).always();
        if side == "kaspi" {
            rig.world.borrow_mut().kaspi.faults.rule(rule());
        } else {
            rig.world.borrow_mut().amo.faults.rule(rule());
        }
        let statement = rig.statement(13, "");
        assert_eq!(statement["complete"], false, "{side}: {statement}");
        assert_eq!(statement["differences"], json!([]), "{side}: nothing is claimed");
        rig.world.borrow_mut().kaspi.faults.clear();
        rig.world.borrow_mut().amo.faults.clear();
    }
}

fn asked(rig: &Rig, codes: &[&str], limit: Option<u32>, after: Option<&str>) -> Value {
    let query = OrdersQuery {
        connection: None,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        after: after.map(str::to_owned),
        limit,
    };
    rig.ask(async |ports| Ok(contract::json::orders(&find_orders(ports, query).await?))).expect("an answer")
}

#[test]
fn an_order_tells_its_steps_and_why_it_waits() {
    let mut rig = rig(orders(3));
    rig.set("first_lookback_days", 10);
    rig.world
        .borrow_mut()
        .amo
        .faults
        .rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
    rig.run().expect("a report");
    let answer = asked(&rig, &["1000000002", "1000000000", "77", "1000000001"], None, None);
    let row = |i: usize| &answer["orders"][i];
    assert_eq!(row(0)["step"], "note", "{answer}");
    assert_eq!(row(0)["cause"]["class"], "note_refused", "{answer}");
    assert_eq!(row(0)["cause"]["tries"], 1);
    assert!(row(0)["cause"]["next_try_at"].is_string() && row(0)["cause"]["ru"].is_string());
    let steps: Vec<&str> =
        row(0)["steps"].as_array().expect("steps").iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(steps, ["placed", "recorded", "lead", "products"]);
    assert_eq!(row(1)["cause"]["class"], "too_old", "twelve days old: {answer}");
    assert_eq!((&row(2)["found"], &row(2)["cause"]["class"]), (&json!(false), &json!("not_at_kaspi")));
    let waiting = asked(&rig, &[], None, None);
    assert_eq!(waiting["orders"].as_array().expect("orders").len(), 2, "{waiting}");
    let first = asked(&rig, &[], Some(1), None);
    assert_eq!(first["next"], "1000000001", "{first}");
    let second = asked(&rig, &[], Some(1), Some("1000000001"));
    assert_eq!((&second["orders"][0]["code"], &second["next"]), (&json!("1000000002"), &Value::Null));
}

#[test]
fn a_retry_does_not_wait_for_the_rhythm_but_for_doubt() {
    let rig = rig(orders(2));
    rig.world
        .borrow_mut()
        .amo
        .faults
        .rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
    rig.run().expect("a report");
    let retried = |codes: &[&str]| rig.retry(codes).expect("an answer");
    let all_retried = || rig.retry_all().expect("an answer");
    let answer = retried(&["1000000000", "5"]);
    assert_eq!(answer, json!({"retried": ["1000000000"], "in_doubt": [], "done": [], "unknown": ["5"]}));
    rig.run().expect("a report");
    assert_eq!((rig.notes(0).len(), rig.notes(1).len()), (1, 0));
    assert_eq!(all_retried()["retried"], json!(["1000000001"]));
    rig.run().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
    assert_eq!(retried(&["1000000001"])["done"], json!(["1000000001"]));

    let late = SimOrder::new("2000000001", rig.now_ms());
    rig.world.borrow_mut().kaspi.add_order(late);
    rig.world.borrow_mut().amo.faults.rule(
        Rule::new(Fault::CommitLater { status: 504, after_ms: 200_000 }).method("POST").path("/api/v4/leads"),
    );
    rig.run().expect("a report");
    assert_eq!(all_retried()["in_doubt"], json!(["2000000001"]));
    let writes = rig.amo_writes();
    rig.run().expect("a report");
    assert_eq!(rig.amo_writes(), writes, "nothing is sent for it");
    rig.run_for(15);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn a_backfill_brings_in_what_the_first_start_left_out() {
    let mut all = orders(24);
    for order in all.iter_mut().take(8) {
        *order = order.clone().state("ARCHIVE", "COMPLETED");
    }
    let mut rig = Rig::new(world(all));
    rig.set("first_lookback_days", 2);
    rig.run().expect("a report");
    assert!(rig.world.borrow().amo.leads().len() < 6);
    // A live order comes in the middle, and goes first.
    let live = SimOrder::new("2000000001", rig.now_ms());
    rig.world.borrow_mut().kaspi.add_order(live);
    let (mut from_ms, to_ms) = (NOON_MS - 13 * DAY_MS, NOON_MS);
    let mut slices = 0;
    let mut is_first_batch = true;
    loop {
        slices += 1;
        let report = rig.backfill_slice(from_ms, to_ms, 4_000).expect("a report");
        if is_first_batch {
            rig.run().expect("a report");
            is_first_batch = false;
        }
        match report["next_from_ms"].as_i64() {
            Some(next_ms) => from_ms = next_ms,
            None => break,
        }
        assert!(slices < 50, "{report}");
    }
    assert!(slices > 1, "a slice is not the whole range");
    rig.run().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
    assert_eq!(rig.world.borrow().amo.leads().len(), 25);
    let writes = rig.amo_writes();
    rig.backfill(NOON_MS - 13 * DAY_MS, to_ms).expect("a report");
    assert_eq!(rig.amo_writes(), writes, "a second time there is nothing to do");
    // What was brought in is followed like all others.
    rig.cancel(10, "BUYER_CANCELLATION_HIMSELF");
    rig.wait_minutes(10);
    rig.reconcile().expect("a report");
    assert_eq!(rig.notes(10).len(), 2);
}

#[test]
fn edits_that_a_reconcile_has_seen_are_kept_and_not_called_damage() {
    let rig = rig(orders(6));
    rig.run().expect("a report");
    rig.wait_minutes(30);
    let now_s = rig.now_ms() / 1_000;
    let touch = |i: usize, edit: fn(&mut kaspi_amocrm_simulator::amo::Lead)| {
        rig.edit(i, |lead| {
            edit(lead);
            lead.updated_at = now_s;
        });
    };
    touch(0, |lead| lead.status_id = account::STATUS_NEW_ID);
    touch(1, |lead| lead.price = 1);
    rig.unlink_first(2);
    touch(2, |_| {});
    assert_eq!(of_kind(&rig.statement(13, ""), "different"), [code(0), code(1), code(2)]);
    rig.reconcile().expect("a report");
    let statement = rig.statement(13, "");
    assert_eq!(of_kind(&statement, "different"), Vec::<String>::new(), "{statement}");
    assert_eq!(of_kind(&statement, "kept"), [code(0), code(1), code(2)], "{statement}");
    let writes = rig.amo_writes();
    rig.statement(13, r#","repair":true,"lease":"host""#);
    rig.reconcile().expect("a report");
    assert_eq!(rig.amo_writes(), writes, "a repair keeps them too");
    // Taken back, they are edits no more.
    rig.edit(1, |lead| {
        lead.price = 13_500;
        lead.updated_at = now_s + 700;
    });
    rig.wait_minutes(20);
    rig.reconcile().expect("a report");
    assert_eq!(of_kind(&rig.statement(13, ""), "kept"), [code(0), code(2)]);
}

#[test]
fn a_repair_of_one_part_leaves_what_people_keep_of_the_others() {
    let rig = rig(orders(2));
    rig.run().expect("a report");
    rig.wait_minutes(30);
    let now_s = rig.now_ms() / 1_000;
    rig.edit(0, |lead| {
        lead.price = 1;
        lead.updated_at = now_s;
    });
    rig.reconcile().expect("a report");
    rig.unlink_first(0);
    let statement = rig.statement(13, r#","repair":true,"lease":"host""#);
    assert_eq!(of_kind(&statement, "different"), [code(0)], "{statement}");
    rig.reconcile().expect("a report");
    let after = rig.statement(13, "");
    assert_eq!(fields(&after, &code(0)), json!(["price"]), "{after}");
    assert_eq!(of_kind(&after, "kept"), [code(0)], "the product is back, the price is a person's: {after}");
}

#[test]
fn a_repair_brings_in_orders_that_were_never_read() {
    let rig = rig(orders(2));
    rig.run().expect("a report");
    let late = SimOrder::new("2000000001", rig.now_ms() - 20 * 3_600_000);
    rig.world.borrow_mut().kaspi.add_order(late);
    let statement = rig.statement(13, r#","repair":true,"lease":"host""#);
    assert_eq!(of_kind(&statement, "missing"), ["2000000001"], "{statement}");
    rig.run().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
    // It is followed from now on.
    rig.wait_minutes(5 * 24 * 60);
    let now_ms = rig.now_ms();
    let mut world = rig.world.borrow_mut();
    let order = world.kaspi.order_mut("2000000001").expect("an order");
    *order = order.clone().later(now_ms, "ARCHIVE", "COMPLETED");
    drop(world);
    rig.reconcile().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn a_lead_that_only_mentions_an_order_does_not_stand_in_for_one_that_is_gone() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    let id = rig.lead_id(0);
    {
        let mut world = rig.world.borrow_mut();
        let name = format!("Звонил по заказу {}", code(0));
        world.amo.add_lead(&name, account::PIPELINE_ID, account::STATUS_PACKING_ID, NOON_MS);
        world.amo.remove_lead(id);
    }
    rig.wait_minutes(5);
    assert_eq!(of_kind(&rig.statement(13, ""), "missing"), [code(0)]);
    rig.complete(0);
    let report = rig.reconcile().expect("a report");
    assert_eq!(report["problems"][0]["class"], "gone", "{report}");
}
