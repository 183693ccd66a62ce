//! A host that is about to end sends nothing new; the sync comes back at once and the next run goes on.

use crate::support::{NOON_MS, Rig, orders, world};
use serde_json::json;

#[test]
fn a_host_that_ends_before_any_request_loses_and_doubles_nothing() {
    let undisturbed = Rig::new(world(orders(12)));
    undisturbed.run().expect("a report");
    let took_ms = undisturbed.now_ms() - NOON_MS;
    for requests in 0.. {
        let rig = Rig::new(world(orders(12)));
        let began_ms = rig.now_ms();
        let report = rig.ending_slice(requests).expect("a report");
        if report["more"] == false {
            assert!(requests > 8, "a run has more requests than that");
            assert_eq!(rig.violations(), Vec::<String>::new());
            return;
        }
        assert_eq!(report["problems"], json!([]), "after {requests} requests: {report}");
        assert_eq!(report["in_doubt"], 0, "what was not sent is in no doubt: {report}");
        assert!(rig.now_ms() - began_ms <= took_ms, "no request is tried again: {report}");

        let report = rig.run().expect("a report");
        assert_eq!(rig.violations(), Vec::<String>::new(), "after {requests} requests: {report}");
        assert_eq!(
            (&report["in_doubt"], &report["parked"], &report["complete"]),
            (&json!(0), &json!(0), &json!(true)),
            "after {requests} requests: {report}"
        );
    }
}

#[test]
fn a_lost_answer_stays_in_doubt_when_the_host_ends_before_the_look() {
    use kaspi_amocrm_simulator::fault::{Fault, Rule};
    for requests in 0.. {
        let mut world = world(orders(12));
        world.amo.faults.rule(Rule::new(Fault::LostAfterCommit).method("POST").path("/api/v4/leads"));
        let rig = Rig::new(world);
        let report = rig.ending_slice(requests).expect("a report");
        if report["more"] == false {
            break;
        }
        if rig.world.borrow().amo.leads().is_empty() {
            continue;
        }
        let report = rig.run_for(25);
        assert_eq!(rig.violations(), Vec::<String>::new(), "after {requests} requests: {report}");
        assert_eq!((&report["in_doubt"], &report["parked"]), (&json!(0), &json!(0)), "{report}");
    }
}
