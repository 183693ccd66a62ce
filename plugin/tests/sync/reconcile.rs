//! The job `reconcile` against strict simulators, in virtual time.

use std::collections::BTreeMap;

use crate::{
    changes::{DAY_MS, LOST_ID, WON_ID, code, orders, rig},
    support::{NOON_MS, Rig},
};
use kaspi_amocrm_simulator::{amo::account, kaspi::SimOrder};
use serde_json::Value;

pub(crate) fn problems(report: &Value) -> &Value {
    &report["problems"]
}

#[test]
fn after_one_reconcile_the_crm_agrees() {
    let rig = rig(orders(40));
    rig.run().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
    rig.wait_minutes(30);
    // A person has put one lead elsewhere.
    rig.edit(3, |lead| lead.status_id = account::STATUS_NEW_ID);
    for i in 0..16 {
        rig.complete(i);
    }
    for i in 16..24 {
        rig.cancel(i, "BUYER_CANCELLATION_HIMSELF");
    }
    for i in 24..28 {
        rig.change(i, |order| drop(order.lines.pop()));
    }
    for i in 28..32 {
        rig.change(i, |order| order.lines[0].quantity = 1);
    }
    let (kaspi_before, amo_before) = {
        let world = rig.world.borrow();
        (world.kaspi.requests().len(), world.amo.requests().len())
    };
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new(), "{report}");
    assert_eq!(problems(&report), &serde_json::json!([]), "{report}");
    assert_eq!(report["updated"], 32, "{report}");
    assert_eq!(rig.lead(3, |lead| lead.status_id), WON_ID, "a final status wins");
    assert_eq!(rig.lead(16, |lead| lead.loss_reason_id), Some(account::LOSS_REASON_CANCELLED_ID));
    let world = rig.world.borrow();
    let (kaspi, amo) = (world.kaspi.requests().len() - kaspi_before, world.amo.requests().len() - amo_before);
    assert!(kaspi <= 16, "{kaspi} requests to Kaspi for twelve days");
    assert!(amo <= 9, "{amo} requests to amoCRM for 32 changes");
}

#[test]
fn a_second_reconcile_without_news_writes_nothing() {
    let rig = rig(orders(20));
    rig.run().expect("a report");
    rig.cancel(4, "MERCHANT_OUT_OF_STOCK");
    rig.reconcile().expect("a report");
    let (requests, writes) = (rig.amo_requests(), rig.amo_writes());
    rig.wait_minutes(10);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.amo_writes(), writes, "{report}");
    assert_eq!(rig.amo_requests(), requests + 1, "one look for what people changed: {report}");
    assert_eq!(report["updated"], 0);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn what_people_changed_stays() {
    let rig = rig(orders(8));
    rig.run().expect("a report");
    rig.edit(0, |lead| lead.status_id = account::STATUS_DELIVERY_ID);
    rig.edit(1, |lead| lead.price = 1);
    rig.edit(2, |lead| lead.name = format!("Самый важный {}", code(2)));
    rig.edit(3, |lead| {
        lead.pipeline_id = account::OTHER_PIPELINE_ID;
        lead.status_id = account::OTHER_STATUS_ID;
    });
    let now_ms = rig.now_ms();
    rig.change(0, |order| *order = order.clone().handed_over(now_ms));
    rig.change(0, |order| order.lines[0].quantity = 9);
    rig.change(1, |order| order.lines[0].quantity = 9);
    rig.complete(2);
    rig.cancel(3, "BUYER_NOT_REACHABLE");
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new(), "{report}");
    assert_eq!(rig.lead(0, |lead| lead.status_id), account::STATUS_DELIVERY_ID);
    assert_eq!(rig.lead(1, |lead| lead.price), 1, "a price that a person set stays");
    assert!(rig.lead(0, |lead| lead.price) > 13_500, "one that nobody touched follows");
    assert_eq!(rig.lead(2, |lead| lead.name.clone()), format!("Самый важный {}", code(2)));
    assert_eq!(rig.lead(2, |lead| lead.status_id), WON_ID);
    assert_eq!(rig.lead(3, |lead| lead.pipeline_id), account::OTHER_PIPELINE_ID, "not out of its pipeline");
    assert_eq!(rig.notes(3).len(), 2, "but people are told");
}

#[test]
fn a_final_status_wins_only_where_it_may() {
    let mut rig = rig(orders(2));
    rig.set("final_status_wins", "no");
    rig.run().expect("a report");
    rig.edit(0, |lead| lead.status_id = account::STATUS_NEW_ID);
    rig.complete(0);
    rig.complete(1);
    rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.status_id), account::STATUS_NEW_ID);
    assert_eq!(rig.lead(1, |lead| lead.status_id), WON_ID);
}

#[test]
fn a_lead_that_was_closed_and_put_back_is_left_alone() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    rig.complete(0);
    rig.reconcile().expect("a report");
    rig.edit(0, |lead| {
        lead.status_id = account::STATUS_DELIVERY_ID;
        lead.closed_at = None;
    });
    rig.change(0, |order| order.lines[0].quantity = 5);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.status_id), account::STATUS_DELIVERY_ID, "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn a_computed_price_is_left_alone_and_said() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    rig.edit(0, |lead| {
        lead.price = 77;
        lead.is_price_computed = true;
    });
    rig.change(0, |order| order.lines[0].quantity = 5);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.price), 77);
    assert_eq!(rig.notes(0).len(), 2, "{report}");
    assert_eq!(problems(&report)[0]["class"], "hint", "{report}");
    assert_eq!(report["complete"], true, "{report}");
}

#[test]
fn a_deleted_lead_is_not_made_again() {
    let rig = rig(orders(2));
    rig.run().expect("a report");
    rig.edit(0, |lead| lead.is_deleted = true);
    rig.complete(0);
    rig.complete(1);
    let report = rig.reconcile().expect("a report");
    assert_eq!(problems(&report), &serde_json::json!([]), "{report}");
    rig.cancel(0, "RFO_REJECTED");
    let report = rig.reconcile_for(2);
    assert_eq!(rig.world.borrow().amo.leads().len(), 2, "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn a_lead_that_is_gone_is_a_problem_and_not_made_again() {
    let rig = rig(orders(2));
    rig.run().expect("a report");
    let id = rig.lead_id(0);
    rig.world.borrow_mut().amo.remove_lead(id);
    rig.complete(0);
    rig.reconcile_for(3);
    let report = rig.reconcile_for(1);
    assert_eq!(rig.world.borrow().amo.leads().len(), 1, "{report}");
    assert_eq!(problems(&report)[0]["class"], "gone", "{report}");
    assert_eq!(problems(&report)[0]["code"], code(0), "{report}");
}

#[test]
fn a_merged_lead_is_followed_where_it_went() {
    let rig = rig(orders(2));
    rig.run().expect("a report");
    let (loser, winner) = {
        let id = rig.lead_id(0);
        let mut world = rig.world.borrow_mut();
        let winner = world.amo.add_lead(
            "Сделка Айгерим",
            account::PIPELINE_ID,
            account::STATUS_PACKING_ID,
            rig.now_ms(),
        );
        (id, winner)
    };
    rig.world.borrow_mut().amo.merge_leads(winner, loser);
    rig.wait_minutes(2);
    rig.complete(0);
    let report = rig.reconcile().expect("a report");
    let world = rig.world.borrow();
    assert_eq!(world.amo.leads().len(), 2, "{report}");
    let lead = world.amo.leads().iter().find(|lead| lead.id == winner).expect("it is there");
    assert_eq!(lead.status_id, WON_ID, "{report}");
}

#[test]
fn a_merged_contact_is_found_again() {
    let rig = rig(orders(1));
    rig.run().expect("a report");
    let loser = rig.world.borrow().amo.contacts()[0].id;
    let winner = rig.world.borrow_mut().amo.add_contact("Айгерим Б.", &["8 701 000 00 01"]);
    rig.world.borrow_mut().amo.merge_contacts(winner, loser);
    rig.wait_minutes(2);
    let again = SimOrder::new("2000000001", rig.now_ms()).buyer("Айгерим", "Б0", "7011000000");
    rig.world.borrow_mut().kaspi.add_order(again);
    let report = rig.run().expect("a report");
    assert_eq!(problems(&report), &serde_json::json!([]), "{report}");
    let world = rig.world.borrow();
    assert_eq!(world.amo.contacts().len(), 1);
    assert_eq!(world.amo.leads().last().map(|lead| lead.contacts[0].0), Some(winner));
}

#[test]
fn orders_that_show_up_late_are_never_missed() {
    for late_ms in [44_000, 2 * 3_600_000, 26 * 3_600_000, 9 * DAY_MS] {
        let rig = rig(orders(3));
        rig.run().expect("a report");
        let now_ms = rig.now_ms();
        let late = SimOrder::new("2000000001", now_ms).visible_from(now_ms + late_ms);
        rig.world.borrow_mut().kaspi.add_order(late);
        // The schedule goes on; then it shows up.
        rig.run_for(10);
        rig.reconcile().expect("a report");
        rig.wait_minutes(late_ms.unsigned_abs() / 60_000);
        rig.run_for(3);
        let report = rig.reconcile().expect("a report");
        assert_eq!(rig.violations(), Vec::<String>::new(), "{late_ms}: {report}");
        assert_eq!(rig.world.borrow().amo.leads().len(), 4, "{late_ms}: {report}");
    }
}

#[test]
fn a_shop_full_of_archived_orders_makes_no_flood_whichever_job_runs_first() {
    for reconcile_first in [true, false] {
        let mut all = orders(40);
        for order in &mut all {
            *order = order.clone().state("ARCHIVE", "COMPLETED");
        }
        all.push(SimOrder::new("2000000001", NOON_MS - 3_600_000));
        let mut rig = rig(all);
        rig.set("first_lookback_days", 1);
        for i in 0..40 {
            rig.excluded.borrow_mut().insert(code(i));
        }
        if reconcile_first {
            rig.reconcile().expect("a report");
        }
        rig.run().expect("a report");
        let report = rig.reconcile_for(2);
        assert_eq!(rig.world.borrow().amo.leads().len(), 1, "{reconcile_first}: {report}");
        assert_eq!(rig.violations(), Vec::<String>::new(), "{reconcile_first}: {report}");
    }
}

#[test]
fn returns_are_seen_weeks_after_completion() {
    let rig = rig(orders(3));
    rig.run().expect("a report");
    rig.complete(0);
    rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.status_id), WON_ID);
    rig.wait_minutes(20 * 24 * 60);
    rig.reconcile().expect("a report");
    let now_ms = rig.now_ms();
    rig.change(0, |order| {
        *order = order.clone().later(now_ms, "ARCHIVE", "KASPI_DELIVERY_RETURN_REQUESTED");
    });
    rig.wait_minutes(3 * 24 * 60);
    rig.reconcile().expect("a report");
    assert!(rig.notes(0)[1].contains("покупатель просит возврат"), "{:?}", rig.notes(0));
    let now_ms = rig.now_ms();
    rig.change(0, |order| *order = order.clone().later(now_ms, "ARCHIVE", "RETURNED"));
    rig.wait_minutes(10);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.status_id), LOST_ID, "{report}");
    assert_eq!(rig.notes(0).len(), 3);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn an_order_on_its_way_is_followed_at_any_age() {
    let rig = rig(orders(4));
    rig.run().expect("a report");
    // Two months, in which nothing happens.
    for _ in 0..20 {
        rig.wait_minutes(3 * 24 * 60);
        rig.run().expect("a report");
        rig.reconcile().expect("a report");
    }
    rig.complete(0);
    rig.wait_minutes(10);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.lead(0, |lead| lead.status_id), WON_ID, "{report}");
}

/// A ledger that is lost, or of another day.
fn forgets(rig: &Rig, stored: BTreeMap<String, Vec<u8>>) {
    *rig.store.values.borrow_mut() = stored;
}

#[test]
fn a_lost_or_older_database_adopts_what_is_there() {
    for backup in ["none", "before the first run", "after the first run"] {
        let rig = rig(orders(10));
        let empty = rig.store.values.borrow().clone();
        rig.run().expect("a report");
        let after_first = rig.store.values.borrow().clone();
        rig.wait_minutes(10);
        let now_ms = rig.now_ms();
        for i in 0..3 {
            let order = SimOrder::new(&format!("{}", 2_000_000_000 + i), now_ms);
            rig.world.borrow_mut().kaspi.add_order(order);
        }
        rig.run().expect("a report");
        rig.change(0, |order| order.lines[0].quantity = 9);
        rig.change(1, |order| drop(order.lines.pop()));
        let now_ms = rig.now_ms();
        rig.change(2, |order| *order = order.clone().handed_over(now_ms));
        rig.cancel(3, "BUYER_CANCELLATION_HIMSELF");
        rig.reconcile().expect("a report");
        assert_eq!(rig.violations(), Vec::<String>::new(), "before the loss, {backup}");
        let writes = rig.amo_writes();
        forgets(&rig, if backup == "after the first run" { after_first } else { empty });
        rig.wait_minutes(5);
        rig.run().expect("a report");
        let report = rig.reconcile_for(2);
        assert_eq!(rig.violations(), Vec::<String>::new(), "{backup}: {report}");
        assert_eq!(rig.world.borrow().amo.leads().len(), 13, "{backup}: {report}");
        assert_eq!(rig.notes(3).len(), 2, "{backup}: the cancellation is told once: {:?}", rig.notes(3));
        assert_eq!(problems(&report), &serde_json::json!([]), "{backup}: {report}");
        let more = rig.amo_writes() - writes;
        assert!(more <= 4, "{backup}: {more} writes though nothing was new");
    }
}

#[test]
fn adopted_leads_are_followed_while_the_settings_name_their_stage() {
    let rig = rig(Vec::new());
    let named = |i: usize, status_id, pipeline_id| {
        rig.world.borrow_mut().amo.add_lead(&format!("Заказ {}", code(i)), pipeline_id, status_id, NOON_MS)
    };
    let lead = named(0, account::STATUS_NEW_ID, account::PIPELINE_ID);
    for (i, order) in orders(1).into_iter().enumerate() {
        let order = SimOrder { created_ms: NOON_MS - i as i64, visible_from_ms: NOON_MS, ..order };
        rig.world.borrow_mut().kaspi.add_order(order);
    }
    rig.run().expect("a report");
    let status = |rig: &Rig| {
        let world = rig.world.borrow();
        let lead = world.amo.leads().iter().find(|seen| seen.id == lead).expect("it is there");
        (lead.status_id, lead.price)
    };
    assert_eq!(status(&rig), (account::STATUS_PACKING_ID, 0), "its price is a person's");
    assert_eq!(rig.world.borrow().amo.leads()[0].contacts.len(), 1, "it got the buyer");
    rig.change(0, |order| order.lines[0].quantity = 9);
    rig.complete(0);
    let report = rig.reconcile().expect("a report");
    let total = rig.world.borrow().kaspi.orders()[0].total() as i64;
    assert_eq!(status(&rig), (WON_ID, total), "now Kaspi has changed it: {report}");
    assert_eq!(rig.world.borrow().amo.leads().len(), 1);
}

#[test]
fn two_installations_on_one_account_make_and_tell_everything_once() {
    let rig = rig(orders(8));
    let mut other: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    // Each minute the other one runs.
    let mut take_turns = |rig: &Rig, rounds: usize| {
        for _ in 0..rounds {
            rig.wait_minutes(5);
            rig.run().expect("a report");
            rig.reconcile().expect("a report");
            std::mem::swap(&mut other, &mut rig.store.values.borrow_mut());
        }
    };
    take_turns(&rig, 2);
    rig.cancel(0, "BUYER_CANCELLATION_HIMSELF");
    rig.complete(1);
    rig.change(2, |order| drop(order.lines.pop()));
    let now_ms = rig.now_ms();
    rig.world.borrow_mut().kaspi.add_order(SimOrder::new("2000000001", now_ms));
    take_turns(&rig, 4);
    assert_eq!(rig.violations(), Vec::<String>::new());
    assert_eq!(rig.world.borrow().amo.leads().len(), 9);
    assert_eq!((rig.notes(0).len(), rig.notes(2).len()), (2, 2));
}

#[test]
fn a_pass_is_bounded_and_nothing_starves() {
    let days = 330;
    let mut orders = orders(12);
    orders.extend((0..days).map(|day| {
        SimOrder::new(&format!("{}", 4_000_000_000_u64 + day), NOON_MS - (day as i64 + 20) * DAY_MS)
    }));
    let rig = rig(orders);
    rig.run().expect("a report");
    let (from_ms, to_ms) = (NOON_MS - 360 * DAY_MS, NOON_MS);
    rig.backfill_slice(from_ms, to_ms, 100_000_000).expect("a report");
    rig.run().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new());
    // All of them are on their way, and all of them change.
    let now_ms = rig.now_ms();
    for day in 0..days {
        let code = format!("{}", 4_000_000_000_u64 + day);
        let mut world = rig.world.borrow_mut();
        let order = world.kaspi.order_mut(&code).expect("an order");
        *order = order.clone().later(now_ms, "ARCHIVE", "COMPLETED");
    }
    let before = rig.world.borrow().kaspi.requests().len();
    let report = rig.reconcile().expect("a report");
    let sent = rig.world.borrow().kaspi.requests().len() - before;
    assert!((290..320).contains(&sent), "{sent} requests in one pass: {report}");
    assert_eq!(problems(&report)[0]["class"], "hint", "{report}");
    rig.wait_minutes(10);
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new(), "the second pass begins with what was left: {report}");
}

#[test]
fn four_hundred_changes_take_few_requests() {
    let rig = rig(orders(400));
    rig.run().expect("a report");
    rig.wait_minutes(30);
    for i in 0..200 {
        rig.complete(i);
    }
    for i in 200..300 {
        rig.cancel(i, "BUYER_CANCELLATION_HIMSELF");
    }
    for i in 300..400 {
        rig.change(i, |order| drop(order.lines.pop()));
    }
    let (kaspi_before, amo_before) = (rig.world.borrow().kaspi.requests().len(), rig.amo_requests());
    let report = rig.reconcile().expect("a report");
    assert_eq!(rig.violations(), Vec::<String>::new(), "{report}");
    assert_eq!(report["updated"], 400, "{report}");
    let kaspi = rig.world.borrow().kaspi.requests().len() - kaspi_before;
    let amo = rig.amo_requests() - amo_before;
    assert!(amo * 100 <= 400 * 7, "{amo} requests to amoCRM for 400 changes");
    assert!(kaspi <= 16, "{kaspi} requests to Kaspi for twelve days");
}
