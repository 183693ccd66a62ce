//! What stands in the way of a connection: each finding against the answer that it stands for.

use crate::support::{MINUTE_MS, Rig, orders, world};
use kaspi_amocrm_plugin::{
    contract::{json as told, types::Side},
    exports::account::examine::examine,
};
use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, Rule},
    kaspi::Mask,
};
use serde_json::{Value, json};

const PATH_OF_KASPI: &str = "/shop/api/v2/orders";
const ACCOUNT: &str = "/api/v4/account";

fn examined(rig: &Rig, side: Option<Side>) -> Value {
    rig.ask(async |ports| Ok(told::examination(&examine(ports, None, side).await?))).expect("an answer")
}

/// Class and detail of all findings.
fn findings(answer: &Value) -> Vec<(&str, &Value)> {
    let findings = answer["findings"].as_array().expect("findings");
    findings.iter().map(|finding| (finding["class"].as_str().expect("a class"), &finding["detail"])).collect()
}

fn assert_finds(answer: &Value, class: &str, detail: Value) {
    let found = findings(answer);
    assert!(found.contains(&(class, &detail)), "{class} {detail} is not in {answer}");
}

/// A connection of which nothing is left to say.
fn rig() -> Rig {
    Rig::new(world(orders(5)))
}

#[test]
fn a_good_connection_has_no_findings_and_nothing_is_written() {
    let rig = rig();
    let answer = examined(&rig, None);
    assert_eq!(findings(&answer), [], "{answer}");
    assert_eq!(
        answer["kaspi"],
        json!({"orders": 5, "phones": 5, "masked_phones": 0, "clock_skew_ms": answer["kaspi"]["clock_skew_ms"]})
    );
    let amocrm = &answer["amocrm"];
    assert_eq!(
        (&amocrm["account"]["id"], &amocrm["token"]),
        (&json!(account::ACCOUNT_ID), &json!("long_lived"))
    );
    assert_eq!(amocrm["token_left_ms"], Value::Null);
    assert!(amocrm["clock_skew_ms"].as_i64().expect("a skew").abs() < 2_000, "{answer}");
    assert_eq!(rig.amo_writes(), 0);
    assert!(rig.store.values.borrow().is_empty(), "a look stores nothing");
    let text = answer.to_string();
    assert!(!text.contains("test-token") && !text.contains("Айгерим") && !text.contains("701"), "{text}");
}

#[test]
fn half_of_the_settings_are_enough() {
    let mut rig = rig();
    for (name, class) in [
        ("kaspi_api_token", "kaspi_token_missing"),
        ("amo_base_url", "amo_not_set"),
        ("amo_long_lived_token", "amo_token_missing"),
    ] {
        let value = rig.config.0.remove(name).expect("it is set");
        let answer = examined(&rig, None);
        assert_finds(&answer, class, json!({}));
        let is_kaspi = class.starts_with("kaspi");
        assert_eq!(
            (answer["kaspi"].is_null(), answer["amocrm"].is_null()),
            (is_kaspi, !is_kaspi),
            "{answer}"
        );
        rig.set(name, value);
    }
    rig.set("amo_pipeline_id", "first");
    let answer = examined(&rig, None);
    let told = answer["findings"].as_array().expect("findings");
    assert!(told.iter().any(|told| told["name"] == "AMO_PIPELINE_ID" && told["class"] == "amo_setting"));
    assert!(!answer["amocrm"].is_null(), "the rest is tried");
    let kaspi = examined(&rig, Some(Side::Kaspi));
    assert_eq!((findings(&kaspi).len(), &kaspi["amocrm"]), (0, &Value::Null), "{kaspi}");
}

#[test]
fn what_kaspi_answers_has_a_class_each() {
    let html = |status| Fault::gateway(status);
    for (fault, class, detail) in [
        (Fault::unauthorized(), "kaspi_token_refused", json!({"status": 401})),
        (Fault::forbidden(), "kaspi_token_refused", json!({"status": 403})),
        (Fault::blocked(), "kaspi_blocked", json!({"status": 403})),
        (html(404), "kaspi_user_agent", json!({"status": 404})),
        (Fault::too_many(), "kaspi_limited", json!({})),
        (Fault::html_before_commit(), "kaspi_unreadable", json!({"status": 200})),
        (Fault::bad_request(), "kaspi_unreadable", json!({"status": 400})),
        (html(502), "kaspi_unreachable", json!({"why": "other"})),
        (Fault::LostBeforeCommit, "kaspi_unreachable", json!({"why": "other"})),
    ] {
        let rig = rig();
        rig.world.borrow_mut().kaspi.faults.rule(Rule::new(fault).path(PATH_OF_KASPI).always());
        let answer = examined(&rig, None);
        assert_finds(&answer, class, detail);
        assert_eq!(findings(&answer).len(), 1, "{answer}");
        assert!(
            answer["kaspi"].is_null() && !answer["amocrm"].is_null(),
            "the other side is tried: {answer}"
        );
    }
}

#[test]
fn one_lost_answer_is_no_finding() {
    let rig = rig();
    rig.world.borrow_mut().kaspi.faults.rule(Rule::new(Fault::LostBeforeCommit).path(PATH_OF_KASPI));
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::gateway(502)).path(ACCOUNT));
    assert_eq!(findings(&examined(&rig, None)), []);
}

#[test]
fn what_amocrm_answers_has_a_class_each() {
    for (fault, class, detail) in [
        (Fault::unauthorized(), "amo_token_refused", json!({"status": 401, "kind": "long_lived"})),
        (Fault::unpaid(), "amo_unpaid", json!({})),
        (Fault::forbidden(), "amo_forbidden", json!({"what": ACCOUNT})),
        (Fault::blocked(), "amo_blocked", json!({})),
        (Fault::too_many(), "amo_limited", json!({})),
        (Fault::gateway(404), "amo_no_account", json!({"status": 404})),
        (Fault::moved("new.amocrm.ru"), "amo_renamed", json!({"to": "new.amocrm.ru"})),
        (Fault::gateway(503), "amo_unreachable", json!({"why": "other"})),
    ] {
        let rig = rig();
        rig.world.borrow_mut().amo.faults.rule(Rule::new(fault).path(ACCOUNT).always());
        let answer = examined(&rig, None);
        assert_finds(&answer, class, detail);
        assert_eq!(findings(&answer).len(), 1, "{answer}");
        assert!(
            answer["amocrm"].is_null() && !answer["kaspi"].is_null(),
            "the other side is tried: {answer}"
        );
        assert_eq!(rig.amo_writes(), 0);
    }
}

#[test]
fn a_limit_that_others_use_up_is_told_although_the_answer_came() {
    let rig = rig();
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::too_many()).path("/api/v4/users"));
    let answer = examined(&rig, None);
    assert_eq!(findings(&answer), [("amo_limited", &json!({}))]);
    assert!(!answer["amocrm"].is_null());
}

#[test]
fn clocks_that_differ_are_told() {
    for (skew_ms, is_told) in [(40_000, false), (3_600_000, true), (-3_600_000, true)] {
        let rig = rig();
        rig.world.borrow_mut().kaspi.options.clock_skew_ms = skew_ms;
        rig.world.borrow_mut().amo.options.clock_skew_ms = skew_ms;
        let answer = examined(&rig, None);
        let told: Vec<(&str, &Value)> = findings(&answer);
        assert_eq!(told.len(), if is_told { 2 } else { 0 }, "{answer}");
        for ((class, detail), side) in told.into_iter().zip(["kaspi", "amocrm"]) {
            assert_eq!((class, &detail["side"]), ("clock_skew", &json!(side)));
            let off_ms = detail["skew_ms"].as_i64().expect("a skew") - skew_ms;
            assert!(off_ms.abs() < 2_000, "{answer}");
        }
    }
}

#[test]
fn masked_phones_and_an_empty_day_are_told() {
    let rig = rig();
    rig.world.borrow_mut().kaspi.options.mask = Mask::Always;
    let answer = examined(&rig, Some(Side::Kaspi));
    assert_eq!(findings(&answer), [("kaspi_phones_masked", &json!({"masked": 5, "orders": 5}))]);
    assert_eq!((&answer["kaspi"]["phones"], &answer["kaspi"]["masked_phones"]), (&json!(0), &json!(5)));
    let rig = Rig::new(world(Vec::new()));
    assert_eq!(findings(&examined(&rig, Some(Side::Kaspi))), [("kaspi_no_orders", &json!({}))]);
}

#[test]
fn tokens_that_ended_are_told_without_asking() {
    let claims = |ends_in_s: i64, rig: &Rig| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let claims = json!({"exp": rig.now_ms() / 1_000 + ends_in_s}).to_string();
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    };
    let mut rig = rig();
    let token = claims(3 * 86_400 + 5, &rig);
    rig.world.borrow_mut().amo.options.token = token.clone();
    rig.set("amo_long_lived_token", token);
    let answer = examined(&rig, None);
    assert_eq!(findings(&answer), [("amo_token_ends_soon", &json!({"days": 3}))]);
    assert!(answer["amocrm"]["token_left_ms"].as_i64() > Some(3 * 86_400_000 - MINUTE_MS));
    let token = claims(-5, &rig);
    rig.set("amo_long_lived_token", token);
    assert_finds(&examined(&rig, None), "amo_token_ended", json!({"kind": "long_lived"}));

    rig.with_pair(86_400);
    let answer = examined(&rig, None);
    assert_eq!((findings(&answer).len(), &answer["amocrm"]["token"]), (0, &json!("pair")), "{answer}");
    rig.with_pair(-5);
    let requests = rig.amo_requests();
    assert_finds(&examined(&rig, None), "amo_token_ended", json!({"kind": "pair"}));
    assert_eq!(rig.amo_requests(), requests);

    if let Some(pair) = rig.world.borrow_mut().amo.oauth_mut().pairs_mut().last_mut() {
        pair.is_refresh_dead = true;
    }
    rig.run().expect("a report");
    assert_finds(&examined(&rig, None), "amo_pair_dead", json!({"kind": "pair"}));
}

#[test]
fn rights_and_what_the_account_lacks_are_told() {
    let mut rig = rig();
    rig.world.borrow_mut().amo.account_mut().current_user_id = account::MANAGER_ID;
    let answer = examined(&rig, None);
    assert_eq!(findings(&answer)[0].0, "amo_hint", "nobody but administrators may list users: {answer}");
    rig.world.borrow_mut().amo.options.users_for_all = true;
    let answer = examined(&rig, None);
    assert_eq!(findings(&answer)[0].0, "amo_rights", "{answer}");
    rig.world.borrow_mut().amo.account_mut().current_user_id = account::ADMIN_ID;

    rig.set("amo_catalog_id", account::PLAIN_CATALOG_ID).set("amo_lead_order_code_field_id", "");
    let answer = examined(&rig, None);
    let catalog = json!({"catalog": account::PLAIN_CATALOG_ID});
    assert_eq!(
        findings(&answer),
        [("amo_no_sku", &catalog), ("amo_no_price", &catalog), ("amo_no_order_code_field", &json!({}))]
    );
    rig.set("amo_catalog_id", "").set("amo_status_id", 999_999);
    let answer = examined(&rig, None);
    let classes: Vec<&str> = findings(&answer).into_iter().map(|(class, _)| class).collect();
    assert_eq!(classes, ["amo_setting", "amo_no_catalog", "amo_no_order_code_field"], "{answer}");
    assert_eq!(answer["findings"][0]["name"], "AMO_STATUS_ID");
}

#[test]
fn fields_that_the_pipeline_requires_are_named_unless_the_sync_fills_them() {
    let rig = rig();
    for field in &mut rig.world.borrow_mut().amo.account_mut().fields {
        field.required_in = match field.id {
            account::LEAD_ORDER_CODE_FIELD_ID | account::LEAD_NUMERIC_FIELD_ID => {
                vec![(account::PIPELINE_ID, account::STATUS_PACKING_ID)]
            }
            account::LEAD_SELECT_FIELD_ID => vec![(account::OTHER_PIPELINE_ID, account::OTHER_STATUS_ID)],
            _ => Vec::new(),
        };
    }
    let answer = examined(&rig, None);
    assert_eq!(
        findings(&answer),
        [("amo_required_fields", &json!({"pipeline": "Kaspi", "fields": ["Вес"]}))]
    );
}
