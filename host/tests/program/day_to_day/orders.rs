//! `orders` and `retry`.

use kaspi_amocrm_simulator::fault::{Fault, Rule};
use serde_json::Value;

use super::{code, rig, scope, shop};

const NOTHING_LEFT: &str = "no order has anything left to do / все заказы обработаны\n";

#[tokio::test]
async fn where_an_order_stands_is_told_and_an_unknown_one_has_its_code() {
    let rig = rig(shop([(1, 300), (2, 60)])).await;
    assert_eq!(rig.ends(0, &["orders"]).await.stdout, NOTHING_LEFT);
    assert_eq!(std::fs::read_dir(rig.folder.path()).unwrap().count(), 0, "no database is made");

    assert_eq!(rig.job("new").await["created"], 2);
    assert_eq!(rig.ends(0, &["orders"]).await.stdout, NOTHING_LEFT);
    let known = rig.ends(0, &["orders", &code(1)]).await.stdout;
    let lead =
        format!("KASPI_DELIVERY/ACCEPTED_BY_MERCHANT (packing)  2070 KZT  lead {}", rig.lead_id(&code(1)));
    for part in [&code(1), lead.as_str(), "lead", "сделка", "products", "note", "nothing is left to do"]
    {
        assert!(known.contains(part), "lacks {part}: {known}");
    }
    assert!(known.matches(" UTC  ").count() >= 4, "its steps: {known}");
    let unknown = rig.ends(3, &["orders", "999"]).await.stdout;
    assert!(unknown.contains("записи об этом заказе нет"), "{unknown}");

    let lines = rig.ends(3, &["orders", "--json", &code(2), "999"]).await.stdout;
    let orders: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((orders.len(), &orders[0]["code"], &orders[1]["found"]), (2, &code(2).into(), &false.into()));
    assert_eq!(orders[0]["lead_id"], rig.lead_id(&code(2)));
    assert_eq!(rig.ends(0, &["orders", "--json"]).await.stdout, "");
}

#[tokio::test]
async fn a_refused_order_is_shown_with_its_cause_and_tried_again_at_once() {
    let rig = rig(shop([(1, 300), (2, 200), (3, 100)])).await;
    rig.world().amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
    assert_eq!(rig.job("new").await["parked"], 3);

    let shown = rig.ends(0, &["orders", &code(2)]).await.stdout;
    for part in ["next: its note", "why:     amoCRM", "почему:  amoCRM", "tries so far: 1", "следующая в 20"]
    {
        assert!(shown.contains(part), "lacks {part}: {shown}");
    }
    let table = rig.ends(0, &["orders"]).await.stdout;
    assert!((1..=3).all(|number| table.contains(&code(number))), "{table}");
    assert!(table.contains("note 3"), "{table}");

    let one = rig.ends(0, &["retry", &code(2), "999"]).await;
    assert!(
        one.stderr.contains(&format!("tried again / повторная попытка: {}\n", code(2))),
        "{}",
        one.stderr
    );
    assert!(one.stderr.contains("записи о нём нет: 999"), "{}", one.stderr);
    assert!(rig.ends(0, &["orders", &code(2)]).await.stdout.contains("nothing is left to do"));
    let table = rig.ends(0, &["orders"]).await.stdout;
    assert!(table.contains("note 2") && !table.contains(&code(2)), "{table}");

    let others = rig.ends(0, &["retry", "--all"]).await;
    assert!(others.stderr.contains(&format!("{}, {}\n", code(1), code(3))), "{}", others.stderr);
    assert_eq!(others.report()["parked"], 0);
    assert_eq!(rig.ends(0, &["orders"]).await.stdout, NOTHING_LEFT);
    let writes = rig.writes();
    let again = rig.ends(0, &["retry", "--all"]).await.stderr;
    assert!(again.contains("no order is parked"), "{again}");
    assert_eq!(rig.writes(), writes);
    assert_eq!(rig.violations(&scope()), [""; 0]);
}
