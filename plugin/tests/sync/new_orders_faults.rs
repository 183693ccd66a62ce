//! The job `new` while servers fail and processes die.

use crate::{
    new_orders::problems,
    support::{Rig, orders, world},
};
use kaspi_amocrm_simulator::{
    fault::{Fault, Rate, Rule},
    kaspi::SimOrder,
};

#[test]
fn every_fault_on_every_write_ends_with_one_lead_per_order() {
    let faults = [
        Fault::ErrorAfterCommit(504),
        Fault::ErrorAfterCommit(502),
        Fault::gateway(504),
        Fault::gateway(500),
        Fault::CommitLater { status: 504, after_ms: 2_000 },
        Fault::CommitLater { status: 504, after_ms: 200_000 },
        Fault::LostBeforeCommit,
        Fault::LostAfterCommit,
        Fault::HangBeforeCommit,
        Fault::HangAfterCommit,
        Fault::CutAfterCommit(40),
        Fault::HtmlAfterCommit,
        Fault::Slow(50_000),
        Fault::PartialCommit(3),
        Fault::ShuffledRows,
        Fault::too_many(),
        Fault::too_many_with_header(3),
        Fault::too_many_with_json(2),
        Fault::blocked(),
        Fault::forbidden(),
        Fault::html_before_commit(),
    ];
    let paths = [
        "/api/v4/contacts",
        "/api/v4/leads",
        "/api/v4/leads/link",
        "/api/v4/leads/notes",
        "/api/v4/catalogs/4500/elements",
    ];
    for path in paths {
        for fault in &faults {
            let mut world = world(orders(12));
            world.amo.faults.rule(Rule::new(fault.clone()).method("POST").path(path));
            let rig = Rig::new(world);
            rig.run().expect("a report");
            let report = rig.run_for(25);
            let name = fault.name();
            assert_eq!(rig.violations(), Vec::<String>::new(), "{name} at {path}: {report}");
            assert_eq!(report["in_doubt"], 0, "{name} at {path}: {report}");
            assert_eq!(report["parked"], 0, "{name} at {path}: {report}");
        }
    }
}

#[test]
fn a_process_that_dies_at_any_write_to_its_store_doubles_nothing() {
    for dies_at in 0.. {
        let rig = Rig::new(world(orders(9)));
        rig.store.dies_at.set(Some(dies_at));
        let died = rig.run().is_err();
        rig.store.dies_at.set(None);
        rig.run_for(25);
        assert_eq!(rig.violations(), Vec::<String>::new(), "died at write {dies_at}");
        if !died {
            assert!(dies_at > 8, "a run has more writes than that");
            break;
        }
    }
}

#[test]
fn storms_of_faults_calm_down_to_one_lead_per_order() {
    for seed in 0..40 {
        let mut world = world(orders(15));
        world.amo.faults = kaspi_amocrm_simulator::fault::FaultPlan::seeded(seed);
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
        let rig = Rig::new(world);
        for round in 0..12 {
            let code = format!("{}", 2_000_000_000_u64 + round);
            let order =
                SimOrder::new(&code, rig.now_ms() - 1_000).buyer("Иван", "П", &format!("7772{round:06}"));
            rig.world.borrow_mut().kaspi.add_order(order);
            rig.run_for(1);
        }
        rig.world.borrow_mut().amo.faults.clear();
        let report = rig.run_for(40);
        assert_eq!(rig.violations(), Vec::<String>::new(), "seed {seed}: {report}");
        assert_eq!((&report["in_doubt"], &report["parked"]), (&0.into(), &0.into()), "seed {seed}: {report}");
    }
}

#[test]
fn kaspi_in_trouble_loses_nothing() {
    for (fault, times) in [
        (Fault::gateway(502), 2),
        (Fault::gateway(503), 9),
        (Fault::CutAfterCommit(30), 2),
        (Fault::HtmlAfterCommit, 2),
        (Fault::too_many(), 2),
        (Fault::LostBeforeCommit, 1),
        (Fault::HangBeforeCommit, 1),
        (Fault::PageShift(3), 1),
        (Fault::WrongTotals(2), 1),
        (Fault::EmptyEntries, 1),
    ] {
        let mut world = world(orders(130));
        world.kaspi.faults.rule(Rule::new(fault.clone()).times(times));
        let rig = Rig::new(world);
        rig.run().expect("a report");
        let report = rig.run_for(3);
        assert_eq!(rig.violations(), Vec::<String>::new(), "{}: {report}", fault.name());
    }
}

#[test]
fn an_order_that_kills_three_runs_is_parked_and_the_others_flow() {
    let rig = Rig::new(world(orders(4)));
    *rig.store.dies_of.borrow_mut() = Some("lead/1000000002".to_owned());
    let mut deaths = 0;
    let report = loop {
        rig.wait_minutes(1);
        match rig.run() {
            Ok(report) => break report,
            Err(_) => deaths += 1,
        }
        assert!(deaths < 10, "the poison stops everything");
    };
    assert_eq!((deaths, &report["parked"]), (3, &1.into()), "{report}");
    assert_eq!(problems(&report, "poison"), 1);
    rig.excluded.borrow_mut().insert("1000000002".to_owned());
    assert_eq!(rig.violations(), Vec::<String>::new(), "the three others went on");
}
