//! The two jobs side by side.

use kaspi_amocrm_simulator::{
    fault::{Fault, Rate},
    serve::wall_clock_ms,
};

use super::{Rig, code, order, rig, scope, shop};
use crate::rig::Ended;

/// What happens at Kaspi between two rounds: two orders come, older ones move on.
fn a_round(rig: &Rig, round: u64) {
    let now_ms = wall_clock_ms();
    for number in [2 * round, 2 * round + 1] {
        rig.world().kaspi.add_order(order(number, now_ms));
    }
    for (back, number) in (2..).zip((0..2 * round).rev()).step_by(3) {
        rig.kaspi(&code(number), |mut order| match (back / 3 + round) % 4 {
            0 if order.timeline.is_empty() => order.later(now_ms, "ARCHIVE", "COMPLETED"),
            1 if order.timeline.is_empty() => order.cancelled(now_ms, "MERCHANT_OUT_OF_STOCK"),
            2 => {
                order.lines[0].quantity += 1;
                order
            }
            _ if order.handed_over_ms.is_none() => order.handed_over(now_ms),
            _ => order,
        });
    }
}

/// How many runs of each job are recorded.
async fn recorded(rig: &Rig) -> (i64, i64) {
    let url = format!("sqlite://{}", rig.database().display());
    let database = sqlx::SqlitePool::connect(&url).await.unwrap();
    let select = "SELECT COALESCE(SUM(job = 'new'), 0), COALESCE(SUM(job = 'reconcile'), 0) FROM runs";
    let counts = sqlx::query_as(select).fetch_one(&database).await.unwrap();
    database.close().await;
    counts
}

#[tokio::test]
async fn both_jobs_that_start_in_the_same_second_are_both_done() {
    let rig = rig(shop((0..6).map(|number| (number, 30)))).await;
    rig.job("new").await;
    for round in 3..8 {
        a_round(&rig, round);
        let before = recorded(&rig).await;
        let (new, reconcile) = tokio::join!(rig.says(&["run", "new"]), rig.says(&["run", "reconcile"]));
        let after = recorded(&rig).await;
        assert!(after.0 > before.0 && after.1 > before.1, "round {round}: {before:?} {after:?}");
        for (job, ended) in [("new", &new), ("reconcile", &reconcile)] {
            match ended.code {
                Some(0) => assert_eq!(ended.report()["job"], job),
                Some(75) => {}
                _ => panic!("round {round}, {job}: {}", ended.text()),
            }
        }
        assert_eq!(rig.violations(&scope()), [""; 0], "round {round}");
    }
}

/// Whether a report leaves nothing to be done later.
fn is_settled(ended: &Ended) -> bool {
    let report = ended.report();
    let is_zero = |name: &str| report[name] == 0;
    ended.code == Some(0) && report["complete"] == true && is_zero("parked") && is_zero("in_doubt")
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_all_is_well_in_the_end() {
    let rig = rig(shop([])).await;
    for round in 0..12 {
        {
            let mut world = rig.world();
            let world = &mut *world;
            for faults in [&mut world.kaspi.faults, &mut world.amo.faults] {
                faults.clear();
                for (per_mille, fault) in [
                    (80, Fault::LostAfterCommit),
                    (50, Fault::ErrorAfterCommit(504)),
                    (50, Fault::gateway(502)),
                    (40, Fault::CutAfterCommit(100)),
                    (30, Fault::HtmlAfterCommit),
                    (50, Fault::too_many()),
                ] {
                    faults.rate(Rate::new(per_mille, fault));
                }
            }
        }
        a_round(&rig, round);
        for job in ["new", "reconcile"] {
            let ended = rig.says(&["run", job]).await;
            assert!(matches!(ended.code, Some(0 | 69)), "round {round}, {job}: {}", ended.text());
        }
    }
    {
        let mut world = rig.world();
        world.kaspi.faults.clear();
        world.amo.faults.clear();
    }
    let mut calm = 0;
    loop {
        calm += 1;
        let (new, reconcile) = (rig.says(&["run", "new"]).await, rig.says(&["run", "reconcile"]).await);
        if is_settled(&new) && is_settled(&reconcile) {
            break;
        }
        assert!(calm < 30, "it does not settle: {}{}", new.text(), reconcile.text());
        rig.says(&["retry", "--all"]).await;
    }
    assert_eq!(rig.violations(&scope()), [""; 0]);
}
