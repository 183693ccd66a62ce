//! An authorization code becomes a pair, and a switched-off integration is connected again, in virtual time.

use kaspi_amocrm_plugin::{
    contract,
    exports::account::connect::{connect_account, disconnect_account},
    run::RunError,
};
use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, Rule},
};
use serde_json::{Value, json};

use crate::support::{Rig, orders, rig::host, world};

const TOKEN_PATH: &str = "/oauth2/access_token";

/// An integration that nobody has connected yet.
fn rig(count: usize) -> Rig {
    let mut rig = Rig::new(world(orders(count)));
    rig.with_pair(86_400);
    for name in ["amo_access_token", "amo_refresh_token", "amo_expires_at"] {
        rig.set(name, "");
    }
    rig
}

fn code(rig: &Rig) -> String {
    rig.world.borrow_mut().amo.oauth_mut().issue_code(rig.now_ms())
}

fn connect(rig: &Rig, code: &str) -> Result<Value, RunError> {
    rig.ask(async |ports| {
        let account = connect_account(ports, host(None), code).await?;
        Ok(json!({"account": contract::json::account(&account)}))
    })
}

fn disconnect(rig: &Rig, account_id: u64) -> Value {
    let account_id = i64::try_from(account_id).expect("an id");
    rig.ask(async |ports| {
        Ok(json!({"disconnected": disconnect_account(ports, host(None), account_id).await?}))
    })
    .expect("an answer")
}

fn config(answer: Result<Value, RunError>) -> String {
    match answer {
        Err(error @ RunError::Config(_)) => error.text(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_becomes_a_pair_and_orders_become_leads() {
    let rig = rig(5);
    let before = rig.run().expect("a report");
    assert!(before["problems"].to_string().contains("AMO_LONG_LIVED_TOKEN"), "{before}");
    assert_eq!((&before["seen"], &before["backlog"]), (&5.into(), &5.into()), "they are recorded meanwhile");

    let connected = connect(&rig, &code(&rig)).expect("connected");
    assert_eq!(connected["account"]["id"], account::ACCOUNT_ID);
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], &report["backlog"]), (&5.into(), &0.into()), "{report}");
    assert_eq!(rig.renewals(), 0);
    rig.wait_minutes(13 * 60);
    rig.world.borrow_mut().kaspi.add_order(orders(6).pop().expect("six"));
    assert_eq!(rig.run().expect("a report")["created"], 1);
    assert_eq!(rig.renewals(), 1, "it is a pair like any other");
}

#[test]
fn a_connection_counts_more_than_an_older_pair_of_the_settings() {
    let mut rig = rig(3);
    connect(&rig, &code(&rig)).expect("connected");
    rig.set("amo_access_token", "an-old-one").set("amo_refresh_token", "an-old-one-too");
    connect(&rig, &code(&rig)).expect("connected again");
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], report["problems"].as_array().map(Vec::len)), (&3.into(), Some(0)));
}

#[test]
fn what_amocrm_says_against_a_code_is_told_by_the_setting_that_is_wrong() {
    for (name, value, told) in [
        ("amo_client_id", "00000000-0000-4000-8000-000000000000", "AMO_CLIENT_ID"),
        ("amo_client_secret", "another", "AMO_CLIENT_SECRET"),
        ("amo_redirect_uri", "https://elsewhere.example/cb", "AMO_REDIRECT_URI"),
    ] {
        let mut rig = rig(0);
        rig.set(name, value);
        let why = config(connect(&rig, &code(&rig)));
        assert!(why.starts_with(told) && !why.contains(value), "{why}");
    }
    let rig = rig(0);
    let used = code(&rig);
    connect(&rig, &used).expect("connected");
    assert!(config(connect(&rig, &used)).contains("used before"), "a code works once");
    let late = code(&rig);
    rig.wait_minutes(21);
    assert!(config(connect(&rig, &late)).contains("has expired"));
    assert!(config(connect(&rig, "guessed")).contains("AMO_CLIENT_ID"));
}

#[test]
fn a_long_lived_token_is_not_silently_replaced() {
    let rig = Rig::new(world(orders(1)));
    let why = config(connect(&rig, "any"));
    assert!(why.starts_with("AMO_LONG_LIVED_TOKEN"), "{why}");
    assert_eq!(rig.amo_requests(), 0);
    assert_eq!(disconnect(&rig, account::ACCOUNT_ID), json!({"disconnected": false}));
}

#[test]
fn tokens_of_another_account_are_not_kept() {
    let rig = rig(2);
    connect(&rig, &code(&rig)).expect("connected");
    assert_eq!(rig.run().expect("a report")["created"], 2);
    rig.world.borrow_mut().amo.account_mut().id = 1;
    let why = config(connect(&rig, &code(&rig)));
    assert!(why.starts_with("AMO_SUBDOMAIN") && why.contains("30100200"), "{why}");
    rig.world.borrow_mut().amo.account_mut().id = account::ACCOUNT_ID;
    rig.world.borrow_mut().kaspi.add_order(orders(3).pop().expect("three"));
    rig.wait_minutes(1);
    assert_eq!(rig.run().expect("a report")["created"], 1, "the earlier pair still works");
}

#[test]
fn a_lost_answer_keeps_nothing_and_says_so() {
    for fault in [Fault::gateway(502), Fault::html_before_commit()] {
        let rig = rig(1);
        rig.world.borrow_mut().amo.faults.rule(Rule::new(fault).method("POST").path(TOKEN_PATH).always());
        let answer = connect(&rig, &code(&rig));
        assert!(matches!(answer, Err(RunError::Upstream(_) | RunError::Config(_))), "{answer:?}");
        rig.world.borrow_mut().amo.faults.clear();
        assert_eq!(rig.run().expect("a report")["created"], 0);
        connect(&rig, &code(&rig)).expect("a new code works");
        assert_eq!(rig.run().expect("a report")["created"], 1);
    }
}

#[test]
fn a_switched_off_integration_sends_nothing_until_it_is_connected_again() {
    let rig = rig(2);
    connect(&rig, &code(&rig)).expect("connected");
    assert_eq!(rig.run().expect("a report")["created"], 2);
    assert_eq!(disconnect(&rig, 1), json!({"disconnected": false}), "another account");
    assert_eq!(disconnect(&rig, account::ACCOUNT_ID), json!({"disconnected": true}));

    let sent = rig.amo_requests();
    rig.wait_minutes(1);
    rig.world.borrow_mut().kaspi.add_order(orders(3).pop().expect("three"));
    let report = rig.run().expect("a report");
    assert!(report["problems"].to_string().contains("switched off"), "{report}");
    assert_eq!((&report["created"], &report["backlog"]), (&0.into(), &1.into()), "{report}");
    assert_eq!(rig.amo_requests(), sent);

    connect(&rig, &code(&rig)).expect("connected again");
    assert_eq!(rig.run().expect("a report")["created"], 1);
}
