//! What is stored under a secret key: nothing personal in clear, and nothing that was tampered with is used.

use crate::support::{Rig, orders, world};
use kaspi_amocrm_plugin::{
    exports::http::{Request, answer},
    run::RunError,
};
use kaspi_amocrm_simulator::fault::{Fault, Rule};

pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const OTHER_KEY: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Orders that are recorded and could not be brought into amoCRM yet, and a pair.
pub(crate) fn rig() -> Rig {
    let mut world = world(orders(5));
    for _ in 0..20 {
        world.amo.faults.rule(Rule::new(Fault::gateway(503)).method("GET").path("/api/v4/leads"));
    }
    let mut rig = Rig::new(world);
    rig.with_pair(-5).set("secret_key", KEY);
    let report = rig.run().expect("a report");
    assert_eq!(report["created"], 0, "{report}");
    rig.world.borrow_mut().amo.faults.clear();
    rig
}

pub(crate) fn private_keys(rig: &Rig) -> Vec<String> {
    let is_private = |key: &&String| kaspi_amocrm_plugin::ports::encrypted::is_private(key);
    rig.store.values.borrow().keys().filter(is_private).cloned().collect()
}

/// The run ends before anything is sent; answers with the text.
pub(crate) fn refused(rig: &Rig) -> String {
    let requests = || (rig.amo_requests(), rig.world.borrow().kaspi.requests().len());
    let before = requests();
    let Err(error @ RunError::Config(_)) = rig.run() else { panic!("the run must not begin") };
    let text = error.text();
    assert_eq!(requests(), before, "nothing is sent: {text}");
    assert!(text.chars().any(|c| ('а'..='я').contains(&c)), "{text}");
    text
}

#[test]
fn nothing_personal_and_no_token_is_stored_in_clear() {
    let rig = rig();
    let pairs: Vec<String> = {
        let mut world = rig.world.borrow_mut();
        world.amo.oauth_mut().pairs_mut().iter().flat_map(|p| [p.access.clone(), p.refresh.clone()]).collect()
    };
    assert_eq!(pairs.len(), 4, "the pair was renewed");
    let planted = pairs.iter().map(String::as_str).chain(["Айгерим", "701100000", "amo-test-client-secret"]);
    for text in planted {
        for (key, value) in &*rig.store.values.borrow() {
            let holds = value.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!holds && !key.contains(text), "{text} stands in {key}");
        }
    }
    rig.wait_minutes(1);
    let report = rig.run().expect("a report");
    assert_eq!(report["created"], 5, "what is sealed is read again: {report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn a_flipped_bit_in_any_private_value_stops_the_run_before_anything_is_sent() {
    let rig = rig();
    let keys = private_keys(&rig);
    assert!(keys.len() >= 7, "five payloads, a salt and a pair: {keys:?}");
    for key in keys {
        let good = rig.store.values.borrow()[&key].clone();
        for at in [good.len() / 2, good.len() - 1] {
            rig.store.values.borrow_mut().get_mut(&key).expect("it is there")[at] ^= 1;
            assert!(refused(&rig).contains(&key), "{key}");
            rig.store.values.borrow_mut().insert(key.clone(), good.clone());
        }
    }
    assert_eq!(rig.run().expect("a report")["created"], 5, "undamaged it goes on");
}

#[test]
fn a_value_of_another_row_stops_the_run() {
    let rig = rig();
    let payloads: Vec<String> =
        private_keys(&rig).into_iter().filter(|key| key.contains("/payload/")).collect();
    let foreign = rig.store.values.borrow()[&payloads[0]].clone();
    rig.store.values.borrow_mut().insert(payloads[1].clone(), foreign);
    assert!(refused(&rig).contains(&payloads[1]));
}

#[test]
fn a_wrong_or_missing_key_stops_the_run_and_the_right_one_goes_on() {
    let mut rig = rig();
    rig.set("secret_key", OTHER_KEY);
    assert!(refused(&rig).contains("SECRET_KEY"));
    rig.set("secret_key", "");
    assert!(refused(&rig).contains("SECRET_KEY"));
    rig.set("secret_key", KEY);
    assert_eq!(rig.run().expect("a report")["created"], 5);
}

#[test]
fn what_somebody_put_there_unsealed_is_not_used() {
    let rig = rig();
    for key in private_keys(&rig) {
        rig.store
            .values
            .borrow_mut()
            .insert(key, br#"{"v":1,"access":"theirs","refresh":"theirs"}"#.to_vec());
    }
    rig.run_for(3);
    let presented = rig.world.borrow().amo.oauth().presented().to_vec();
    assert!(presented.iter().all(|token| token != "theirs"), "{presented:?}");
}

#[test]
fn a_document_of_the_ledger_that_cannot_be_read_stops_the_run_too() {
    let rig = rig();
    for key in ["shop/default/meta", "shop/default/account"] {
        let good = rig.store.values.borrow()[key].clone();
        rig.store.values.borrow_mut().insert(key.to_owned(), b"{\"v\":1,".to_vec());
        assert!(refused(&rig).contains(key));
        rig.store.values.borrow_mut().insert(key.to_owned(), good);
    }
}

#[test]
fn a_settled_order_leaves_no_payload() {
    let rig = rig();
    rig.wait_minutes(1);
    rig.run().expect("a report");
    assert!(private_keys(&rig).iter().all(|key| !key.contains("/payload/")));
}

#[test]
fn a_store_of_an_unreleased_version_is_refused_and_left_as_it_is() {
    let mut rig = Rig::new(world(orders(2)));
    rig.set("cron_secret", "a-secret-of-32-letters-and-digits");
    rig.dry_run().expect("a report");
    rig.orders(&[]).expect("an answer");
    assert!(rig.store.values.borrow().is_empty(), "who only reads writes nothing");
    rig.store.values.borrow_mut().insert("shop/default/meta".to_owned(), b"{\"v\":1}".to_vec());
    let before = rig.store.values.borrow().clone();
    assert!(refused(&rig).contains("before 0.2.0"));
    assert!(rig.orders(&[]).is_err() && rig.dry_run().is_err());
    let request = Request {
        method: "GET",
        path_with_query: "/status?token=a-secret-of-32-letters-and-digits",
        ..Request::default()
    };
    let status = rig.clock.block_on(rig.with_ports(async |ports| answer(ports, request).await));
    assert!(status.status == 503 && status.body.contains("before 0.2.0"), "{}", status.body);
    assert_eq!(*rig.store.values.borrow(), before);

    rig.store.values.borrow_mut().clear();
    rig.run().expect("a report");
    assert_eq!(rig.store.values.borrow()["format"], br#"{"v":1,"since":"0.2.0"}"#);
}
