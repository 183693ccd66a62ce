//! `statement`.

use std::collections::BTreeMap;

use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, Rule},
    serve::wall_clock_ms,
};

use super::{Rig, code, day_ago, rig, scope, shop};
use crate::rig::dump;

/// The orders that a statement names, with what is said of them.
fn named(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    lines.filter(|(first, _)| first.len() == 10 && first.bytes().all(|b| b.is_ascii_digit())).collect()
}

fn expected(orders: &[(u64, &str)]) -> BTreeMap<String, String> {
    orders.iter().map(|(number, kind)| (code(*number), (*kind).to_owned())).collect()
}

/// Another lead with the same number.
fn double(rig: &Rig, code: &str) {
    let lead = rig.leads(code).remove(0);
    let mut world = rig.world();
    let twin = world.amo.add_lead(&lead.name, lead.pipeline_id, lead.status_id, wall_clock_ms());
    world.amo.lead_mut(twin).unwrap().fields = lead.fields;
}

#[tokio::test]
async fn damage_is_named_by_number_and_mended_as_far_as_that_is_safe() {
    let rig = rig(shop((1..=8).map(|number| (number, 150 * i64::try_from(number).unwrap())))).await;
    rig.job("new").await;
    let (from, to) = (day_ago(2), day_ago(0));
    let days = ["statement", "--from", &from, "--to", &to];
    let with = |more: &[&'static str]| [&days[..], more].concat();
    let agreed = rig.ends(0, &days).await.stdout;
    assert!(agreed.contains("расхождений нет") && named(&agreed).is_empty(), "{agreed}");

    let gone = rig.lead_id(&code(2));
    rig.world().amo.remove_lead(gone);
    double(&rig, &code(4));
    rig.person(&code(6), |lead| lead.price = 1);
    let (writes, before) = (rig.writes(), dump(&rig.database()).await);
    let found = rig.ends(3, &days).await.stdout;
    let damage = [(2, "missing"), (4, "doubled"), (6, "different")];
    assert_eq!(named(&found), expected(&damage), "{found}");
    assert!(found.contains("price 2170 ≠ 1"), "{found}");
    let json = rig.ends(3, &with(&["--json"])).await.report();
    assert_eq!(json["differences"].as_array().map(Vec::len), Some(3), "{json}");
    assert_eq!(rig.writes(), writes);
    assert_eq!(dump(&rig.database()).await, before, "no row of the database changes");

    let mended = rig.ends(3, &with(&["--repair"])).await;
    assert_eq!(named(&mended.stdout), expected(&damage[..2]), "{}", mended.text());
    assert!(mended.stderr.contains("mended 1 of 1 / исправлено 1 из 1"), "{}", mended.stderr);
    assert_eq!(rig.leads(&code(6))[0].price, 2_170);
    assert_eq!((rig.leads(&code(2)).len(), rig.leads(&code(4)).len()), (0, 2));

    let mended = rig.ends(3, &with(&["--repair", "--missing"])).await;
    assert_eq!(named(&mended.stdout), expected(&damage[1..2]), "{}", mended.text());
    assert_ne!(rig.lead_id(&code(2)), gone);

    // A person takes the twin away.
    let twin = rig.leads(&code(4)).remove(1).id;
    rig.world().amo.remove_lead(twin);
    rig.ends(0, &days).await;
    let nothing = rig.ends(0, &with(&["--repair"])).await.stderr;
    assert!(nothing.contains("there was nothing to mend"), "{nothing}");
    assert_eq!(rig.violations(&scope()), [""; 0]);
    assert_eq!(rig.leads(&code(1))[0].status_id, account::STATUS_PACKING_ID);
}

#[tokio::test]
async fn a_side_that_cannot_be_read_leaves_the_statement_incomplete() {
    let rig = rig(shop([(1, 60)])).await;
    rig.job("new").await;
    let today_and_yesterday = ["statement", "--from", &day_ago(1), "--to", &day_ago(0)];
    rig.world().kaspi.faults.rule(Rule::new(Fault::gateway(503)).always());
    let text = rig.ends(69, &today_and_yesterday).await.stdout;
    assert!(text.contains("неполно"), "{text}");
    rig.world().kaspi.faults.clear();
    rig.world().amo.faults.rule(Rule::new(Fault::gateway(503)).always());
    let text = rig.ends(69, &today_and_yesterday).await.text();
    assert!(text.contains("неполно"), "{text}");
    rig.world().amo.faults.clear();
    rig.ends(0, &today_and_yesterday).await;
}
