//! `backfill`.

use kaspi_amocrm_simulator::{
    demo::demo_world,
    fault::{Fault, Rule},
    serve::wall_clock_ms,
};

use super::{day_ago, rig, scope, shop};
use crate::rig::Ended;

/// With which day it says to go on.
fn told_from(ended: &Ended) -> Option<String> {
    let (_, after) = ended.stderr.split_once("kaspi-amocrm backfill --from ")?;
    after.split_whitespace().next().map(str::to_owned)
}

#[tokio::test]
async fn orders_of_past_days_get_one_lead_each_and_only_once() {
    for lookback in ["0", "1"] {
        let mut rig = rig(demo_world(wall_clock_ms())).await;
        rig.settings.insert("FIRST_LOOKBACK_DAYS", lookback.to_owned());
        assert!(rig.job("new").await["seen"].as_u64().unwrap() < 40);
        let range = ["backfill", "--from", &day_ago(4), "--to", &day_ago(0)];
        let done = rig.ends(0, &range).await;
        assert_eq!((told_from(&done), &done.report()["more"]), (None, &false.into()), "{}", done.text());
        assert_eq!(rig.violations(&scope()), [""; 0]);

        let writes = rig.writes();
        let again = rig.ends(0, &range).await.report();
        assert_eq!((&again["created"], rig.writes()), (&0.into(), writes), "{again}");
        rig.ends(0, &["statement", "--from", range[2], "--to", range[4]]).await;
    }
}

#[tokio::test]
async fn a_backfill_that_ended_early_goes_on_where_it_says() {
    let mut rig = rig(shop((0..400).map(|number| (number, 20 * i64::try_from(number).unwrap())))).await;
    rig.settings.insert("FIRST_LOOKBACK_DAYS", "0".to_owned());
    rig.world().amo.options.latency_ms = 50;
    let (mut from, to) = (day_ago(6), day_ago(0));
    let mut turns = 0;
    loop {
        let ended = rig.ends(0, &["backfill", "--from", &from, "--to", &to, "--max-seconds", "1"]).await;
        turns += 1;
        assert!(turns < 60, "it does not come to an end: {}", ended.text());
        match told_from(&ended) {
            Some(next) => from = next,
            None if ended.report()["more"] == true => {
                assert!(ended.stderr.contains("kaspi-amocrm run new"), "{}", ended.stderr);
                rig.job("new").await;
                break;
            }
            None => break,
        }
    }
    assert!(turns > 1, "there was too little to do");
    assert_eq!(rig.violations(&scope()), [""; 0]);
}

#[tokio::test]
async fn a_backfill_ends_when_kaspi_does_not_answer_and_goes_on_later() {
    let rig = rig(shop([(1, 60), (2, 3_000)])).await;
    rig.world().kaspi.faults.rule(Rule::new(Fault::gateway(503)).always());
    let range = ["backfill", "--from", &day_ago(3), "--to", &day_ago(0)];
    let down = rig.ends(69, &range).await;
    assert_eq!(told_from(&down).as_deref(), Some(range[2]), "{}", down.text());
    assert!(rig.world().kaspi.requests().len() < 20, "it does not go on asking");
    rig.world().kaspi.faults.clear();
    assert_eq!(rig.ends(0, &range).await.report()["created"], 2);
    assert_eq!(rig.violations(&scope()), [""; 0]);
}
