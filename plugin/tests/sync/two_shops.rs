//! Shops that share an amoCRM account and run at the same time, in virtual time.

use std::collections::BTreeSet;

use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, FaultPlan, Rate, Rule},
    kaspi::SimOrder,
};
use serde_json::{Value, json};

use crate::{
    changes,
    shops::{Mishap, Shops, codes_with, order},
    support::{NOON_MS, Rig, orders},
};

/// Codes that both shops of [`pair`] show.
const COMMON: [u64; 2] = [5_000_000_000, 5_000_000_001];

/// Two shops with the same buyers, the same products, and two orders in common.
fn pair(orders: u64, seed: u64) -> Shops {
    let of_shop = |shop: u64| -> Vec<SimOrder> {
        let own = (0..orders).map(|i| order(1_000_000_000 * (shop + 1) + i, i % 5, i % 3, NOON_MS));
        own.chain(COMMON.map(|code| order(code, 7, 2, NOON_MS))).collect()
    };
    Shops::new(vec![of_shop(0), of_shop(1)], seed)
}

/// All is as it should be once both shops have nothing to do: one of everything, and each order in common has its
/// lead from one shop and is a problem of the other.
fn assert_settled(shops: &Shops, what: &str) {
    let reports = shops.run_for(&[0, 1], 1, 1);
    assert_eq!(shops.rig.violations(), Vec::<String>::new(), "{what}: {reports:?}");
    let mut left_over: Vec<String> = Vec::new();
    for report in reports.values() {
        let parked = codes_with(report, "other_shop");
        assert_eq!(
            (&report["in_doubt"], &report["parked"]),
            (&json!(0), &json!(parked.len())),
            "{what}: {report}"
        );
        left_over.extend(parked);
    }
    left_over.sort();
    assert_eq!(left_over, COMMON.map(|code| code.to_string()), "{what}: {reports:?}");
}

#[test]
fn shops_that_run_at_the_same_time_make_one_of_everything() {
    for seed in 0..20 {
        let shops = pair(12, seed);
        let reports = shops.run(&[0, 1]);
        assert!(reports.values().all(|report| report["more"] == false), "{reports:?}");
        assert_settled(&shops, &format!("seed {seed}"));
    }
}

#[test]
fn a_lead_that_a_person_made_is_taken_over_by_one_shop() {
    for seed in 0..8 {
        let shops = pair(3, seed);
        for code in COMMON {
            let name = format!("Звонил, заказ {code}");
            let (pipeline, stage) = (account::PIPELINE_ID, account::STATUS_NEW_ID);
            shops.rig.world.borrow_mut().amo.add_lead(&name, pipeline, stage, NOON_MS);
        }
        let reports = shops.run(&[0, 1]);
        let adopted: Vec<&Value> = reports.values().map(|report| &report["adopted"]).collect();
        assert!(adopted.contains(&&json!(2)) && adopted.contains(&&json!(0)), "{reports:?}");
        assert_settled(&shops, &format!("seed {seed}"));
    }
}

#[test]
fn a_repair_waits_for_other_shops_before_it_forgets_leads() {
    let rig = changes::rig(changes::orders(2));
    rig.run().expect("a report");
    let id = rig.lead_id(1);
    rig.world.borrow_mut().amo.remove_lead(id);
    let key = format!("lock/amo/{}", account::ACCOUNT_ID);
    let by_another = ((rig.now_ms() + 50_000) << 16) | 1;
    rig.store.values.borrow_mut().insert(key, by_another.to_le_bytes().to_vec());
    let repair = || rig.statement(13, r#","repair":true,"missing":true,"lease":"host""#);
    let refused = repair();
    let message = refused["problems"][0]["message"].as_str().expect("a problem");
    assert!(message.contains("nothing was mended") && message.contains("другие магазины"), "{message}");
    assert_eq!(refused["differences"][0]["will_mend"], false, "{refused}");
    // The other one never comes back: its lock ends.
    rig.wait_minutes(1);
    let mended = repair();
    assert_eq!(
        (&mended["problems"], &mended["differences"][0]["will_mend"]),
        (&json!([]), &json!(true)),
        "{mended}"
    );
}

#[test]
fn storms_of_faults_calm_down_to_one_of_everything() {
    for seed in 0..12 {
        let shops = pair(8, seed);
        let mut faults = FaultPlan::seeded(seed);
        for (per_mille, fault) in [
            (80, Fault::LostAfterCommit),
            (40, Fault::LostBeforeCommit),
            (50, Fault::ErrorAfterCommit(504)),
            (50, Fault::gateway(502)),
            (40, Fault::CutAfterCommit(60)),
            (20, Fault::CommitLater { status: 504, after_ms: 40_000 }),
            (50, Fault::too_many()),
        ] {
            faults.rate(Rate::new(per_mille, fault));
        }
        shops.rig.world.borrow_mut().amo.faults = faults;
        for round in 0..10 {
            let now_ms = shops.rig.now_ms();
            for shop in 0..2 {
                let code = 7_000_000_000 + shop * 1_000 + round;
                shops.add_order(shop as usize, order(code, 100 + round, 10 + round, now_ms));
            }
            shops.run_for(&[0, 1], 1, 1);
        }
        shops.rig.world.borrow_mut().amo.faults.clear();
        shops.run_for(&[0, 1], 8, 4);
        assert_settled(&shops, &format!("seed {seed}"));
    }
}

#[test]
fn a_shop_that_dies_at_any_step_holds_the_other_up_for_a_minute_and_doubles_nothing() {
    for step in 1.. {
        let shops = pair(2, step);
        shops.befall(0, step, Mishap::Dies);
        shops.run(&[0, 1]);
        if shops.awaits_mishap(0) {
            assert!(step > 60, "a run has more steps than that");
            break;
        }
        let report = shops.run_for(&[1], 4, 4).remove(&1).expect("the other one lives");
        assert_eq!(report["in_doubt"], 0, "step {step}: {report}");
        assert_eq!(
            report["problems"].as_array().expect("problems").len(),
            codes_with(&report, "other_shop").len()
        );
        shops.revive(0);
        shops.run_for(&[0, 1], 4, 4);
        assert_settled(&shops, &format!("step {step}"));
    }
}

#[test]
fn a_shop_that_stands_still_at_any_step_makes_nothing_that_the_other_made() {
    // So long that its lock ends, and so long that what it was about to make is taken for absent.
    for rounds in [0, 4] {
        for step in 1.. {
            let shops = pair(2, step);
            shops.befall(0, step, Mishap::Pauses { rounds });
            shops.run(&[0]);
            if shops.awaits_mishap(0) {
                assert!(step > 60, "a run has more steps than that");
                break;
            }
            shops.run_for(&[0, 1], 4, 4);
            assert_settled(&shops, &format!("step {step}, {rounds} rounds"));
        }
    }
}

#[test]
fn a_shop_that_stands_still_overwrites_no_doubt_of_the_other() {
    for step in 1.. {
        let shops = pair(1, step);
        // Of the other one, where the first has not come so far.
        let late = Fault::CommitLater { status: 504, after_ms: 200_000 };
        shops.rig.world.borrow_mut().amo.faults.rule(Rule::new(late).method("POST").path("/api/v4/contacts"));
        shops.befall(0, step, Mishap::Pauses { rounds: 0 });
        shops.run(&[0]);
        if shops.awaits_mishap(0) {
            assert!(step > 30, "a run has more steps than that");
            break;
        }
        shops.run_for(&[0, 1], 6, 2);
        assert_settled(&shops, &format!("step {step}"));
    }
}

#[test]
fn a_lost_answer_of_one_shop_keeps_the_other_from_making_it() {
    for path in ["/api/v4/contacts", "/api/v4/leads", "/api/v4/catalogs/4500/elements"] {
        for fault in [Fault::LostBeforeCommit, Fault::CommitLater { status: 504, after_ms: 200_000 }] {
            let shops = pair(3, 1);
            let name = fault.name();
            shops.rig.world.borrow_mut().amo.faults.rule(Rule::new(fault).method("POST").path(path));
            shops.run(&[0]);
            let report = shops.run(&[1]).remove(&1).expect("a report");
            assert_ne!(report["in_doubt"], 0, "{name} at {path}: {report}");
            shops.run_for(&[0, 1], 6, 4);
            assert_settled(&shops, &format!("{name} at {path}"));
        }
    }
}

#[test]
fn a_shop_settles_what_the_other_left_behind_without_taking_it_over() {
    let shops = pair(3, 1);
    let lost = Rule::new(Fault::LostBeforeCommit).method("POST").path("/api/v4/leads");
    shops.rig.world.borrow_mut().amo.faults.rule(lost);
    shops.run(&[0]);
    // Shop 0 never comes back: the orders in common get their leads from shop 1.
    let report = shops.run_for(&[1], 6, 4).remove(&1).expect("a report");
    assert_eq!((&report["in_doubt"], &report["parked"]), (&json!(0), &json!(0)), "{report}");
    shops.run_for(&[0, 1], 6, 4);
    assert_settled(&shops, "afterwards");
}

#[test]
fn five_shops_take_turns() {
    let shops = (0..5).map(|shop| {
        (0..300).map(|i| order(1_000_000_000 * (shop + 1) + i, shop * 1_000 + i, i % 4, NOON_MS)).collect()
    });
    let shops = Shops::new(shops.collect(), 3);
    shops.run(&[0, 1, 2, 3, 4]);
    assert_eq!(shops.rig.violations(), Vec::<String>::new());
    let mut turns: Vec<String> = Vec::new();
    for lead in shops.rig.world.borrow().amo.leads() {
        let shop = lead.name.chars().find(char::is_ascii_digit).expect("a code").to_string();
        if turns.last() != Some(&shop) {
            turns.push(shop);
        }
    }
    assert_eq!(turns.len(), 15, "three units each: {turns:?}");
    for round in turns.chunks(5) {
        assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), 5, "each once in a round: {turns:?}");
    }
}

#[test]
fn the_lock_costs_little_and_nothing_while_there_is_nothing_to_do() {
    let shops = Shops::new(vec![orders(60)], 0);
    let reports = shops.run(&[0]);
    assert_eq!(reports[&0]["created"], 60, "{reports:?}");
    let uses = |key: &str| -> Vec<&str> {
        let used = shops.shops[0].used.borrow();
        let is_meant = |k: &String| k.starts_with(key) && !k.ends_with("/salt");
        used.iter().filter(|(_, keys)| keys.iter().any(is_meant)).map(|(way, _)| *way).collect()
    };
    let alone = Rig::new(crate::support::world(orders(60)));
    alone.run().expect("a report");
    assert_eq!(shops.rig.amo_requests(), alone.amo_requests());
    // Taken, renewed before each of seven creating requests, given back; the first time it is made as well.
    let creations = {
        let world = shops.rig.world.borrow();
        let makes = |path: &str| !path.ends_with("/link");
        world.amo.requests().iter().filter(|r| r.method == "POST" && makes(&r.path)).count()
    };
    let lock = uses("lock/amo/");
    assert_eq!(lock.len(), 2 + creations + 1 + 1, "{lock:?} for {creations} requests");
    assert_eq!(lock.iter().filter(|way| **way == "get").count(), 1, "{lock:?}");

    shops.rig.wait_minutes(1);
    shops.shops[0].used.borrow_mut().clear();
    shops.run(&[0]);
    assert_eq!(uses("lock/"), Vec::<&str>::new(), "an idle run takes no lock");
    let idle = shops.shops[0].used.borrow().len();
    assert!(idle <= 12, "{idle} uses of the store in an idle run");

    shops.add_order(0, order(9_000_000_000, 3, 3, shops.rig.now_ms()));
    shops.shops[0].used.borrow_mut().clear();
    shops.run(&[0]);
    let attempts = uses("amo/").iter().filter(|way| **way == "get").count();
    assert!(attempts <= 8, "what nobody else changed is not read again");
}
