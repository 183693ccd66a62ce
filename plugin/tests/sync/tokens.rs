//! Token pairs against a token endpoint whose refresh tokens work once, in virtual time.

use crate::support::{Rig, orders, world};
use kaspi_amocrm_simulator::fault::{Fault, Rule};
use serde_json::Value;

const DAY_S: i64 = 86_400;
const TOKEN_PATH: &str = "/oauth2/access_token";

fn rig(count: usize, ends_in_s: i64) -> Rig {
    let mut rig = Rig::new(world(orders(count)));
    rig.with_pair(ends_in_s);
    rig
}

fn config_problem(report: &Value) -> Option<&str> {
    let problems = report["problems"].as_array().expect("problems");
    problems
        .iter()
        .find(|problem| problem["class"] == "config")
        .and_then(|problem| problem["message"].as_str())
}

/// What the oracle finds, but for refusals that are meant to be.
fn violations(rig: &Rig) -> Vec<String> {
    rig.violations()
        .into_iter()
        .filter(|violation| !violation.contains("refused with 401") && !violation.contains("/oauth2/"))
        .collect()
}

fn assert_all_done(rig: &Rig, report: &Value) {
    assert_eq!(violations(rig), Vec::<String>::new(), "{report}");
    assert_eq!((config_problem(report), &report["parked"]), (None, &0.into()), "{report}");
    assert_eq!(report["backlog"], 0, "{report}");
}

#[test]
fn a_good_pair_is_used_as_it_is_and_renewed_at_half_of_its_life() {
    let rig = rig(5, DAY_S);
    assert_all_done(&rig, &rig.run().expect("a report"));
    assert_eq!(rig.renewals(), 0);
    rig.wait_minutes(11 * 60);
    rig.world.borrow_mut().kaspi.add_order(orders(7).pop().expect("seven"));
    rig.run().expect("a report");
    assert_eq!(rig.renewals(), 0, "more than half of its life is left");
    rig.wait_minutes(2 * 60);
    for hours in 0..30 {
        // Idle minutes send nothing to amoCRM, so an order has to come.
        let code = format!("{}", 3_000_000_000_u64 + hours);
        let order = kaspi_amocrm_simulator::kaspi::SimOrder::new(&code, rig.now_ms() - 1_000);
        rig.world.borrow_mut().kaspi.add_order(order);
        let report = rig.run().expect("a report");
        assert_eq!(config_problem(&report), None, "{report}");
        rig.wait_minutes(60);
    }
    assert_eq!(rig.renewals(), 3, "after 13, 26 and 39 hours");
}

#[test]
fn a_pair_that_has_ended_is_renewed_once_and_moves_into_the_store() {
    let rig = rig(12, -5);
    let report = rig.run().expect("a report");
    assert_all_done(&rig, &report);
    assert_eq!(rig.renewals(), 1);
    let life_ms = report["token_age_ms"].as_i64().zip(report["token_left_ms"].as_i64());
    let (age_ms, left_ms) = life_ms.expect("a pair that was just renewed");
    assert!((0..=report["took_ms"].as_i64().unwrap_or(0)).contains(&age_ms), "{report}");
    assert_eq!(age_ms + left_ms, DAY_S * 1_000, "{report}");
    rig.wait_minutes(1);
    rig.world.borrow_mut().kaspi.add_order(orders(14).pop().expect("fourteen"));
    assert_eq!(config_problem(&rig.run().expect("a report")), None);
    assert_eq!(rig.renewals(), 1, "the settings still hold the used pair, which is not taken again");
}

#[test]
fn a_refresh_token_alone_is_enough() {
    let mut rig = rig(3, DAY_S);
    rig.set("amo_access_token", "").set("amo_expires_at", "0");
    assert_all_done(&rig, &rig.run().expect("a report"));
    assert_eq!(rig.renewals(), 1);
}

#[test]
fn a_token_that_ends_in_the_middle_of_a_run_is_renewed_once_and_the_run_goes_on() {
    let mut was_late = false;
    for tenths in 0..60 {
        let mut rig = rig(12, DAY_S);
        // Nobody told us: the settings name no end.
        rig.set("amo_expires_at", "");
        let ends_ms = rig.now_ms() + tenths * 100;
        rig.world.borrow_mut().amo.oauth_mut().pairs_mut()[0].access_ends_ms = ends_ms;
        let report = rig.run().expect("a report");
        assert_all_done(&rig, &report);
        assert_eq!(report["created"], 12, "{report}");
        assert!(rig.renewals() <= 1, "after {tenths} tenths of a second");
        was_late |= rig.renewals() == 0;
    }
    assert!(was_late, "the loop covers the whole run");
}

#[test]
fn two_runs_that_need_it_at_once_make_one_renewal() {
    for kills in [false, true] {
        let rig = rig(8, -5);
        rig.world.borrow_mut().amo.options.refresh_kills_access = kills;
        let [one, two] = rig.run_both(["one", "two"]);
        for report in [one.expect("a report"), two.expect("a report")] {
            assert_eq!(config_problem(&report), None, "{report}");
        }
        assert_eq!(rig.renewals(), 1);
    }
}

#[test]
fn a_dead_pair_is_said_with_the_way_out_while_orders_are_recorded() {
    let mut rig = rig(6, -5);
    rig.world.borrow_mut().amo.oauth_mut().pairs_mut()[0].is_refresh_dead = true;
    for run in 0..3 {
        let report = rig.run().expect("a report");
        let problem = config_problem(&report).expect("the pair is dead");
        assert!(problem.contains("AMO_REFRESH_TOKEN") && problem.contains("revoked"), "{problem}");
        assert!(problem.contains("AMO_LONG_LIVED_TOKEN") && problem.contains("токен"), "{problem}");
        assert_eq!((&report["seen"], &report["created"]), (&6.into(), &0.into()), "{report}");
        assert_eq!(report["backlog"], 6, "{report}");
        assert_eq!(rig.renewals(), 1, "a refused token is not shown again, run {run}");
        rig.wait_minutes(1);
    }
    let payloads = rig.store.values.borrow().keys().filter(|key| key.contains("/payload/")).count();
    assert_eq!(payloads, 6, "orders are recorded");

    rig.with_pair(DAY_S);
    assert_all_done(&rig, &rig.run().expect("a report"));
    assert_eq!(rig.renewals(), 1);
}

#[test]
fn a_wrong_secret_uses_nothing_up() {
    let mut rig = rig(3, -5);
    rig.set("amo_client_secret", "wrong");
    let report = rig.run().expect("a report");
    assert!(config_problem(&report).expect("it is wrong").contains("client_secret"), "{report}");
    assert_eq!(rig.amo_writes(), 1, "one question to the token endpoint");
    rig.run().expect("a report");
    assert_eq!(rig.amo_writes(), 1, "the same question is not asked again");
    let secret = rig.world.borrow().amo.options.client_secret.clone();
    rig.set("amo_client_secret", secret);
    assert_all_done(&rig, &rig.run().expect("a report"));
}

#[test]
fn a_pair_without_its_integration_names_what_is_missing() {
    let mut rig = rig(3, -5);
    rig.set("amo_client_secret", "");
    let report = rig.run().expect("a report");
    assert!(config_problem(&report).expect("not renewable").contains("AMO_CLIENT_SECRET"), "{report}");
}

#[test]
fn a_long_lived_token_that_is_refused_is_said() {
    let mut rig = Rig::new(world(orders(3)));
    rig.set("amo_long_lived_token", "revoked");
    let report = rig.run().expect("a report");
    assert!(config_problem(&report).expect("refused").contains("AMO_LONG_LIVED_TOKEN"), "{report}");
    assert_eq!(rig.amo_writes(), 0);
}

#[test]
fn a_good_token_that_is_refused_now_and_then_stops_nothing() {
    let refusal = kaspi_amocrm_simulator::http::Response::empty(401);
    let mut rig = Rig::new(world(orders(9)));
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::Refuse(refusal.clone())).method("POST"));
    assert_all_done(&rig, &rig.run().expect("a report"));
    rig = self::rig(9, DAY_S);
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::Refuse(refusal)).path("/api/v4/leads"));
    assert_all_done(&rig, &rig.run().expect("a report"));
    assert!(rig.renewals() <= 1);
}

#[test]
fn trouble_on_the_way_to_a_new_pair_ends_with_one_lead_per_order() {
    for fault in [
        Fault::gateway(502),
        Fault::LostBeforeCommit,
        Fault::HangBeforeCommit,
        Fault::too_many(),
        Fault::too_many_with_header(3),
    ] {
        let rig = rig(5, -5);
        let name = fault.name();
        rig.world.borrow_mut().amo.faults.rule(Rule::new(fault).path(TOKEN_PATH));
        let report = rig.run().expect("a report");
        assert_eq!(violations(&rig), Vec::<String>::new(), "{name}: {report}");
        assert_eq!(report["created"], 5, "{name}: {report}");
    }
}

#[test]
fn a_pair_whose_answer_was_lost_leaves_the_rest_of_the_old_tokens_life() {
    for fault in [
        Fault::LostAfterCommit,
        Fault::ErrorAfterCommit(504),
        Fault::HtmlAfterCommit,
        Fault::CutAfterCommit(30),
    ] {
        let name = fault.name();
        // Half of its life is over, three hours are left.
        let rig = rig(4, 3 * 3_600);
        rig.world.borrow_mut().amo.faults.rule(Rule::new(fault).path(TOKEN_PATH));
        let report = rig.run().expect("a report");
        assert_eq!(violations(&rig), Vec::<String>::new(), "{name}: {report}");
        assert_eq!(report["created"], 4, "{name}: work goes on: {report}");
        let problem = config_problem(&report).expect("a person has three hours");
        assert!(problem.contains("lost"), "{name}: {problem}");
        rig.wait_minutes(240);
        rig.world.borrow_mut().kaspi.add_order(orders(9).pop().expect("nine"));
        let report = rig.run().expect("a report");
        assert!(config_problem(&report).is_some(), "{name}: {report}");
        assert_eq!(report["created"], 0, "{name}: {report}");
    }
}

#[test]
fn a_token_endpoint_that_is_down_costs_nothing_while_the_token_works() {
    let rig = rig(4, 3 * 3_600);
    for _ in 0..4 {
        rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::gateway(503)).path(TOKEN_PATH));
    }
    let report = rig.run().expect("a report");
    assert_all_done(&rig, &report);
    let asked = || rig.world.borrow().amo.requests().iter().filter(|r| r.path == TOKEN_PATH).count();
    assert_eq!(asked(), 2);
    rig.wait_minutes(1);
    rig.world.borrow_mut().kaspi.add_order(orders(6).pop().expect("six"));
    assert_eq!(config_problem(&rig.run().expect("a report")), None);
    assert_eq!(asked(), 2, "not asked again within ten minutes");
}

#[test]
fn a_process_that_dies_at_any_write_of_a_renewal_shows_no_token_three_times() {
    for dies_at in 0.. {
        let mut rig = rig(4, -5);
        rig.store.dies_at.set(Some(dies_at));
        let died = rig.run().is_err();
        rig.store.dies_at.set(None);
        let report = rig.run_for(20);
        let shown = rig.world.borrow().amo.oauth().presented().to_vec();
        assert!(shown.len() <= 2, "died at write {dies_at}: {shown:?}");
        if config_problem(&report).is_some() {
            // Died between amoCRM's answer and its own store: the pair is lost, the orders are not.
            assert_eq!(shown.len(), 2, "died at write {dies_at}: {report}");
            rig.with_pair(DAY_S);
            rig.run_for(20);
        }
        assert_eq!(violations(&rig), Vec::<String>::new(), "died at write {dies_at}");
        if !died {
            break;
        }
    }
}

#[test]
fn a_dry_run_renews_nothing_and_says_so() {
    let rig = rig(3, -5);
    let before = rig.store.values.borrow().clone();
    let report = rig.dry_run().expect("a report");
    assert!(config_problem(&report).expect("it has ended").contains("dry run"), "{report}");
    assert_eq!((rig.renewals(), &*rig.store.values.borrow()), (0, &before));
}
