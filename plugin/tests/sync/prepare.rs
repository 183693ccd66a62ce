//! Fields and lists that are made on request: once, whatever becomes of the answers.

use crate::support::{Rig, orders, rig::host, world};
use kaspi_amocrm_plugin::{
    contract::{json as told, types::AccountPart},
    exports::account::prepare::prepare_account,
    run::RunError,
};
use kaspi_amocrm_simulator::{
    amo::account::{self, Owner},
    fault::{Fault, Rule},
};
use serde_json::{Value, json};

const ALL: &[AccountPart] = &[AccountPart::OrderCode, AccountPart::Catalog];

/// An account with nothing of ours, and no shop yet.
fn rig() -> Rig {
    let mut rig = Rig::new(world(orders(3)));
    for name in ["kaspi_api_token", "amo_catalog_id", "amo_lead_order_code_field_id"] {
        rig.config.0.remove(name);
    }
    let mut world = rig.world.borrow_mut();
    let account = world.amo.account_mut();
    account.catalogs.retain(|catalog| catalog.kind != "products");
    account.fields.retain(|field| field.id != account::LEAD_ORDER_CODE_FIELD_ID);
    drop(world);
    rig.set("connection", "default");
    rig
}

fn prepared(rig: &Rig, parts: &[AccountPart]) -> Result<Value, RunError> {
    rig.ask(async |ports| Ok(told::prepared(&prepare_account(ports, host(None), parts).await?)))
}

fn words(rows: &Value) -> Vec<&str> {
    rows.as_array().expect("a list").iter().map(|row| row["what"].as_str().expect("a word")).collect()
}

/// How many fields and lists were made.
fn made(rig: &Rig) -> (usize, usize) {
    let world = rig.world.borrow();
    let account = world.amo.account();
    let fields = account.fields.iter().filter(|field| field.made_by_api).count();
    (fields, account.catalogs.iter().filter(|catalog| catalog.made_by_api).count())
}

fn assert_made_once(rig: &Rig) {
    assert_eq!(made(rig), (3, 1), "the order code, SKU and PRICE of one list");
    assert!(!rig.store.values.borrow().keys().any(|key| key.contains("/making/")), "no doubt is left");
}

#[test]
fn what_is_missing_is_made_once_and_found_afterwards() {
    let rig = rig();
    let first = prepared(&rig, ALL).expect("an answer");
    assert_eq!(words(&first["made"]), ["order_code", "catalog", "sku", "price"], "{first}");
    assert_eq!(first["made"][1]["name"], "Товары Kaspi");
    let again = prepared(&rig, ALL).expect("an answer");
    assert_eq!((&again["made"], &again["found"]), (&json!([]), &first["made"]));
    assert_made_once(&rig);
    assert_eq!(rig.violations().iter().filter(|text| text.contains("refused")).count(), 0);
}

#[test]
fn what_was_made_serves_the_sync() {
    let mut rig = rig();
    let answer = prepared(&rig, ALL).expect("an answer");
    let id = |at: usize| answer["made"][at]["id"].as_u64().expect("an id");
    rig.set("kaspi_api_token", "kaspi-test-token")
        .set("amo_lead_order_code_field_id", id(0))
        .set("amo_catalog_id", id(1));
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], &report["problems"]), (&3.into(), &json!([])), "{report}");
    let world = rig.world.borrow();
    let lead = &world.amo.leads()[0];
    assert!(lead.fields[&id(0)][0].value.as_str().is_some_and(|code| lead.name.contains(code)));
    assert!(world.amo.elements().iter().all(|element| element.catalog_id == id(1)));
    let sku = world.amo.account().field_by_code(Owner::Catalog(id(1)), "SKU").expect("a field").id;
    assert!(world.amo.elements()[0].fields.contains_key(&sku));
}

#[test]
fn what_people_made_is_used() {
    let rig = Rig::new(world(orders(1)));
    let make = [AccountPart::OrderCode, AccountPart::Catalog, AccountPart::Sku, AccountPart::Price];
    let answer = prepared(&rig, &make).expect("an answer");
    assert_eq!((&answer["made"], made(&rig)), (&json!([]), (0, 0)), "{answer}");
    assert_eq!(answer["found"][0]["id"], account::LEAD_ORDER_CODE_FIELD_ID, "by its name");
    assert_eq!(answer["found"][1]["id"], account::CATALOG_ID);
}

#[test]
fn a_lost_answer_makes_nothing_twice() {
    for path in ["/api/v4/leads/custom_fields", "/api/v4/catalogs"] {
        for (fault, is_known) in [
            (Fault::LostAfterCommit, true),
            (Fault::ErrorAfterCommit(504), true),
            (Fault::HtmlAfterCommit, true),
            (Fault::CommitLater { status: 504, after_ms: 3_000 }, true),
            (Fault::CommitLater { status: 504, after_ms: 60_000 }, false),
            (Fault::LostBeforeCommit, false),
        ] {
            let rig = rig();
            rig.world.borrow_mut().amo.faults.rule(Rule::new(fault.clone()).method("POST").path(path));
            let first = prepared(&rig, ALL);
            if is_known {
                assert_eq!(words(&first.expect("it shows")["made"]).len(), 4, "{}", fault.name());
            } else {
                let Err(error @ RunError::Upstream(_)) = first else { panic!("{} at {path}", fault.name()) };
                let text = error.text();
                assert!(text.contains("not known whether"), "{text}");
                let soon = prepared(&rig, ALL);
                assert!(
                    matches!(soon, Err(RunError::Upstream(_))),
                    "nothing is made while it may still show"
                );
                rig.wait_minutes(10);
                prepared(&rig, ALL).expect("an answer");
            }
            assert_made_once(&rig);
        }
    }
}

#[test]
fn what_the_account_refuses_is_said_and_may_be_tried_again() {
    let rig = rig();
    rig.world.borrow_mut().amo.account_mut().current_user_id = account::MANAGER_ID;
    let Err(error @ RunError::Config(_)) = prepared(&rig, ALL) else { panic!("no administrator") };
    let text = error.text();
    assert!(text.contains("administrator") && text.contains("администратор"), "{text}");
    rig.world.borrow_mut().amo.account_mut().current_user_id = account::ADMIN_ID;
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::bad_request()).method("POST"));
    assert!(matches!(prepared(&rig, ALL), Err(RunError::Upstream(_))));
    assert_eq!(made(&rig), (0, 0));
    prepared(&rig, ALL).expect("an answer");
    assert_made_once(&rig);
    let without = prepared(&rig, &[AccountPart::Sku]);
    assert!(matches!(without, Err(error @ RunError::Config(_)) if error.text().contains("AMO_CATALOG_ID")));
}
