//! The job `reconcile` while servers fail and processes die.

use crate::{
    changes::{WON_ID, orders, rig},
    reconcile::problems,
    support::{MINUTE_MS, Rig},
};
use kaspi_amocrm_simulator::{
    fault::{Fault, FaultPlan, Rate, Rule},
    kaspi::SimOrder,
};
use serde_json::Value;

#[test]
fn every_fault_on_every_write_of_a_change_ends_in_agreement() {
    let faults = [
        Fault::ErrorAfterCommit(504),
        Fault::gateway(502),
        Fault::CommitLater { status: 504, after_ms: 2_000 },
        Fault::CommitLater { status: 504, after_ms: 200_000 },
        Fault::LostBeforeCommit,
        Fault::LostAfterCommit,
        Fault::HangBeforeCommit,
        Fault::HangAfterCommit,
        Fault::CutAfterCommit(40),
        Fault::HtmlAfterCommit,
        Fault::PartialCommit(2),
        Fault::ShuffledRows,
        Fault::too_many(),
        Fault::blocked(),
        Fault::forbidden(),
        Fault::html_before_commit(),
    ];
    let writes = [
        ("PATCH", "/api/v4/leads"),
        ("POST", "/api/v4/leads/link"),
        ("POST", "/api/v4/leads/unlink"),
        ("POST", "/api/v4/leads/notes"),
    ];
    for (method, path) in writes {
        for fault in &faults {
            let rig = rig(orders(6));
            rig.run().expect("a report");
            rig.complete(0);
            rig.cancel(1, "BUYER_NOT_REACHABLE");
            rig.change(2, |order| drop(order.lines.pop()));
            rig.change(3, |order| order.lines[0].quantity = 7);
            rig.world.borrow_mut().amo.faults.rule(Rule::new(fault.clone()).method(method).path(path));
            rig.reconcile().expect("a report");
            // Kaspi goes on while the answer is lost.
            rig.cancel(2, "MERCHANT_OUT_OF_STOCK");
            rig.change(3, |order| order.lines[0].quantity = 1);
            let report = rig.reconcile_for(4);
            let name = fault.name();
            assert_eq!(rig.violations(), Vec::<String>::new(), "{name} at {method} {path}: {report}");
            assert_eq!(problems(&report), &serde_json::json!([]), "{name} at {method} {path}");
        }
    }
}

#[test]
fn storms_of_faults_calm_down_to_agreement() {
    for seed in (0..40).chain([86]) {
        let rig = rig(orders(20));
        {
            let mut world = rig.world.borrow_mut();
            world.amo.faults = FaultPlan::seeded(seed);
            for (per_mille, fault) in [
                (80, Fault::LostAfterCommit),
                (50, Fault::ErrorAfterCommit(504)),
                (50, Fault::gateway(502)),
                (40, Fault::CutAfterCommit(60)),
                (30, Fault::HtmlAfterCommit),
                (50, Fault::too_many()),
            ] {
                world.amo.faults.rate(Rate::new(per_mille, fault));
            }
        }
        rig.run().expect("a report");
        for round in 0..12_usize {
            let at_ms = rig.now_ms();
            for i in 0..3 {
                let code = format!("{}", 3_000_000_000_usize + round * 10 + i);
                rig.world.borrow_mut().kaspi.add_order(SimOrder::new(&code, at_ms - i as i64 * MINUTE_MS));
            }
            match round % 4 {
                0 => rig.complete(round),
                1 => rig.cancel(round, "BUYER_CANCELLATION_HIMSELF"),
                2 => rig.change(round, |order| drop(order.lines.pop())),
                _ => rig.change(round, |order| order.lines[1].quantity += 1),
            }
            rig.run().expect("a report");
            rig.reconcile().expect("a report");
            rig.wait_minutes(10);
        }
        rig.world.borrow_mut().amo.faults.clear();
        let report = rig.reconcile_for(4);
        assert_eq!(rig.violations(), Vec::<String>::new(), "seed {seed}: {report}");
        assert_eq!(report["in_doubt"], 0, "seed {seed}: {report}");
        assert_eq!(report["parked"], 0, "seed {seed}: {report}");
    }
}

#[test]
fn a_process_that_dies_at_any_write_while_it_follows_changes_doubles_nothing() {
    for dies_at in 0.. {
        let rig = rig(orders(5));
        rig.run().expect("a report");
        rig.complete(0);
        rig.cancel(1, "BUYER_NOT_REACHABLE");
        rig.change(2, |order| drop(order.lines.pop()));
        rig.change(3, |order| order.lines[0].quantity = 7);
        rig.store.dies_at.set(Some(dies_at));
        let died = rig.reconcile().is_err();
        rig.store.dies_at.set(None);
        rig.reconcile_for(2);
        assert_eq!(rig.violations(), Vec::<String>::new(), "died at write {dies_at}");
        if !died {
            assert!(dies_at > 8, "a run has more writes than that");
            break;
        }
    }
}

#[test]
fn deaths_of_long_ago_are_not_held_against_an_order() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    let key = "shop/default/order/1000000000";
    let deaths = |rig: &Rig| {
        let record: Value = serde_json::from_slice(&rig.store.values.borrow()[key]).expect("a record");
        record["deaths"].clone()
    };
    let mut record: Value = serde_json::from_slice(&rig.store.values.borrow()[key]).expect("a record");
    record["deaths"] = 2.into();
    rig.store.values.borrow_mut().insert(key.to_owned(), record.to_string().into_bytes());
    rig.complete(0);
    rig.reconcile().expect("a report");
    assert_eq!((rig.lead(0, |lead| lead.status_id), deaths(&rig)), (WON_ID, 0.into()));
}

#[test]
fn an_order_that_runs_died_on_after_its_last_step_is_not_parked() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    let key = "shop/default/order/1000000000".to_owned();
    let mut record: Value = serde_json::from_slice(&rig.store.values.borrow()[&key]).expect("a record");
    record["deaths"] = 3.into();
    let created_ms = record["created_ms"].as_i64().expect("when it was made");
    let day = kaspi_amocrm_plugin::domain::Day::of(created_ms).number();
    // They died before it was taken off the list.
    let mut values = rig.store.values.borrow_mut();
    values.insert(key, record.to_string().into_bytes());
    values.insert("shop/default/pending".to_owned(), format!("[{day}]").into_bytes());
    values.insert(format!("shop/default/pending/{day}"), br#"["1000000000"]"#.to_vec());
    drop(values);
    let report = rig.run().expect("a report");
    assert_eq!((&report["parked"], &report["backlog"]), (&0.into(), &0.into()), "{report}");
}
