//! Leads follow their orders.

use kaspi_amocrm_simulator::{amo::account, oracle::Scope, serve::wall_clock_ms};

use super::{code, day_ago, rig, scope, shop};

#[tokio::test]
async fn one_reconcile_carries_over_what_has_changed_and_keeps_what_a_person_wanted() {
    // Up to twelve days old.
    let rig = rig(shop((0..40).map(|number| (number, 5 + 430 * i64::try_from(number).unwrap())))).await;
    assert_eq!(rig.job("new").await["created"], 40);
    let now_ms = wall_clock_ms();
    for number in 0..40 {
        rig.kaspi(&code(number), |mut order| match number % 10 {
            0..=3 => order.later(now_ms, "ARCHIVE", "COMPLETED"),
            4 | 5 => order.cancelled(now_ms, "BUYER_CANCELLATION_HIMSELF"),
            6 => {
                order.lines.pop();
                order
            }
            7 => {
                order.lines[0].quantity = 5;
                order.handed_over(now_ms)
            }
            8 => {
                order.lines.remove(0);
                order.lines[0].quantity = 3;
                order
            }
            _ => order,
        });
    }
    let moved = code(19);
    rig.person(&moved, |lead| lead.status_id = account::STATUS_NEW_ID);

    let report = rig.job("reconcile").await;
    assert_eq!((&report["complete"], &report["more"]), (&true.into(), &false.into()), "{report}");
    assert_eq!(rig.leads(&moved)[0].status_id, account::STATUS_NEW_ID);
    let scope = Scope { touched: [moved.clone()].into(), ..scope() };
    assert_eq!(rig.violations(&scope), [""; 0]);

    let writes = rig.writes();
    let (from, to) = (day_ago(13), day_ago(0));
    let statement = rig.ends(0, &["statement", "--from", &from, "--to", &to]).await.stdout;
    assert!(statement.starts_with("40 orders at Kaspi, 40 leads"), "{statement}");
    assert!(statement.contains("оставлено так, как изменил сотрудник: 1\n"), "{statement}");
    rig.job("reconcile").await;
    rig.job("new").await;
    assert_eq!(rig.writes(), writes, "all is done");
    assert_eq!(rig.leads(&moved)[0].status_id, account::STATUS_NEW_ID);
}
