//! The job `new` against strict simulators, in virtual time.

use crate::support::{NOON_MS, Rig, orders, world};
use kaspi_amocrm_simulator::{
    amo::account,
    fault::{Fault, Rule},
    kaspi::{SimLine, SimOrder},
};

pub(crate) fn problems(report: &serde_json::Value, class: &str) -> usize {
    report["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .filter(|problem| problem["class"] == class)
        .count()
}

#[test]
fn sixty_orders_become_sixty_right_leads_and_a_second_run_writes_nothing() {
    let rig = Rig::new(world(orders(60)));
    let report = rig.run().expect("a report");
    assert_eq!(report["created"], 60, "{report}");
    assert_eq!(report["problems"], serde_json::json!([]), "{report}");
    assert_eq!(report["complete"], true);
    assert_eq!(rig.violations(), Vec::<String>::new());
    let requests = rig.amo_requests();
    assert!(requests * 10 <= 60 * 13, "{requests} requests for 60 orders");

    let (writes, keys) = (rig.amo_writes(), rig.store.values.borrow().len());
    rig.wait_minutes(1);
    let report = rig.run().expect("a report");
    assert_eq!((rig.amo_writes(), rig.store.values.borrow().len()), (writes, keys), "{report}");
    assert_eq!(report["created"], 0);
    let sent = &report["requests"];
    assert!(
        sent["kaspi"].as_u64().expect("a count") + sent["amocrm"].as_u64().expect("a count") <= 3,
        "{sent}"
    );
}

#[test]
fn wrong_ids_stop_the_run_before_anything_is_written() {
    let stages = "3302 \"Новый заказ\"";
    for (name, value, names) in [
        ("amo_pipeline_id", 999, ["the account has no pipeline 999", "3300 \"Kaspi\""]),
        ("amo_status_id", 999, ["pipeline 3300 \"Kaspi\" has no stage 999", stages]),
        (
            "amo_status_id",
            account::STATUS_UNSORTED_ID,
            ["3301 \"Неразобранное\" takes only incoming", stages],
        ),
        ("amo_status_id", account::OTHER_STATUS_ID, ["belongs to pipeline 3400 \"Опт\"", stages]),
        ("amo_responsible_user_id", 999, ["the account has no user 999", "502 \"Менеджер\""]),
        (
            "amo_responsible_user_id",
            account::DISMISSED_ID,
            ["user 503 \"Бывший сотрудник\" is switched off", "502 \"Менеджер\""],
        ),
        ("amo_catalog_id", 999, ["the account has no list 999", "4500 \"Товары\""]),
        ("amo_lead_order_code_field_id", 999, ["the account has no field 999", "602 \"Номер заказа Kaspi\""]),
        (
            "amo_lead_order_code_field_id",
            account::LEAD_NUMERIC_FIELD_ID,
            ["field 605 \"Вес\" has type numeric", "602 \"Номер заказа Kaspi\""],
        ),
        (
            "amo_lead_order_code_field_id",
            account::CONTACT_ADDRESS_FIELD_ID,
            ["field 613 \"Адрес\" belongs to contacts", "602 \"Номер заказа Kaspi\""],
        ),
        ("amo_contact_address_field_id", 999, ["the account has no field 999", "613 \"Адрес\""]),
    ] {
        let mut rig = Rig::new(world(orders(2)));
        rig.set(name, value);
        let report = rig.run().expect("a report");
        assert_eq!(problems(&report, "config"), 1, "{name}={value}: {report}");
        let message = report["problems"][0]["message"].as_str().expect("a message").to_owned();
        for part in [&format!("{}: ", name.to_uppercase()), &value.to_string(), names[0], names[1], " / "] {
            assert!(message.contains(part), "{name}={value} lacks {part}: {message}");
        }
        assert_eq!((rig.amo_writes(), &report["parked"]), (0, &0.into()), "{name}={value}");
        // Mended, the same orders go through.
        rig.config.0.remove(name);
        rig.run_for(1);
        assert_eq!(rig.world.borrow().amo.leads().len(), 2);
    }
}

#[test]
fn a_token_without_the_rights_of_an_administrator_is_a_hint() {
    let mut world = world(orders(2));
    world.amo.account_mut().current_user_id = account::MANAGER_ID;
    let rig = Rig::new(world);
    let report = rig.run().expect("a report");
    assert_eq!((problems(&report, "hint"), &report["created"]), (1, &2.into()), "{report}");
}

#[test]
fn the_account_is_described_without_writing_anything() {
    let rig = Rig::new(world(orders(2)));
    let described = rig.describe().expect("a description");
    assert_eq!(described["account"]["subdomain"], "demo");
    assert_eq!(
        (&described["findings"], &described["hints"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    let pipeline = &described["pipelines"][0];
    assert_eq!((&pipeline["name"], &pipeline["is_main"]), (&"Kaspi".into(), &true.into()));
    assert_eq!(pipeline["stages"][0]["name"], "Новый заказ", "the stage of incoming requests is no choice");
    assert_eq!(described["users"].as_array().map(Vec::len), Some(2), "only active ones");
    assert_eq!(described["lead_fields"][0]["type"], "text");
    assert_eq!((rig.amo_writes(), rig.store.writes.get()), (0, 0));

    let mut rig = Rig::new(world(orders(2)));
    rig.set("amo_status_id", 999);
    let finding = &rig.describe().expect("a description")["findings"][0];
    assert_eq!(finding["name"], "AMO_STATUS_ID");
    assert!(finding["en"].as_str().expect("a text").contains("Новый заказ"), "{finding}");
}

#[test]
fn refused_tokens_are_told_apart_and_kaspi_is_read_all_the_same() {
    let mut rig = Rig::new(world(orders(2)));
    rig.set("amo_long_lived_token", "expired-token");
    let report = rig.run().expect("a report");
    assert_eq!((problems(&report, "config"), &report["seen"]), (1, &2.into()), "{report}");
    rig.set("kaspi_api_token", "wrong-token");
    let report = rig.run().expect("a report");
    assert_eq!(problems(&report, "config"), 2, "{report}");
    assert!(!report.to_string().contains("wrong-token"));
}

#[test]
fn phones_decide_about_contacts() {
    let order = |i: u64, phone: &str| {
        SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - 60_000).buyer("А", "Б", phone)
    };
    let mut world = world(vec![
        order(0, "7010000001"),
        order(1, "7010000001"),
        order(2, "+0(000)-000-00-00"),
        order(3, "7010000002"),
        order(4, "123"),
        order(5, "+998901234567"),
        order(6, "7010000003"),
    ]);
    world.amo.add_contact("Сосед", &["+7 701 000 00 12"]);
    let known = world.amo.add_contact("Алия", &["8 (701) 000-00-02"]);
    world.amo.add_contact("Алия ещё раз", &["+77010000002"]);
    let rig = Rig::new(world);
    let report = rig.run().expect("a report");
    assert_eq!(report["created"], 7, "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
    let world = rig.world.borrow();
    let made: Vec<_> = world.amo.contacts().iter().filter(|contact| contact.made_by_api).collect();
    assert_eq!(made.len(), 3, "one for two orders, one abroad, one more; none masked or invalid");
    let lead = world.amo.leads().iter().find(|lead| lead.name.contains("1000000003")).expect("a lead");
    assert_eq!(lead.contacts, [(known, true)], "the older of two with this number");
}

#[test]
fn a_persons_lead_is_adopted_or_left_alone_by_the_rule() {
    let mut world = world(orders(3));
    let after_ms = NOON_MS - 30_000;
    world.amo.add_lead(
        "Звонил по заказу 1000000000",
        account::PIPELINE_ID,
        account::STATUS_PACKING_ID,
        after_ms,
    );
    world.amo.add_lead("Возврат 1000000001", account::OTHER_PIPELINE_ID, account::OTHER_STATUS_ID, after_ms);
    world.amo.add_lead("11000000002", account::PIPELINE_ID, account::STATUS_PACKING_ID, after_ms);
    let rig = Rig::new(world);
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], &report["adopted"]), (&2.into(), &1.into()), "{report}");
    assert_eq!(problems(&report, "possible_twin"), 1, "{report}");
    assert_eq!(rig.world.borrow().amo.leads().len(), 5);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn an_empty_ledger_with_a_live_crm_makes_nothing_twice() {
    let rig = Rig::new(world(orders(20)));
    rig.run().expect("a report");
    rig.store.values.borrow_mut().clear();
    rig.wait_minutes(5);
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], &report["adopted"]), (&0.into(), &20.into()), "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn odd_lines_and_names_go_through() {
    let line = |sku: Option<&str>, name: &str, quantity| SimLine {
        sku: sku.map(str::to_owned),
        ..SimLine::new("x", name, quantity, 1_000)
    };
    let order = |i: u64| {
        SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - 60_000).buyer(
            "😀".repeat(300).as_str(),
            "Б",
            "7010000001",
        )
    };
    let rig = Rig::new(world(vec![
        order(0).lines(vec![line(Some("A"), "Товар", 1), line(Some("A"), "Товар", 2)]),
        order(1).lines(vec![line(None, "Без артикула", 1)]),
        order(2).lines(vec![]),
        order(3).lines(vec![line(Some("B"), &"Ы".repeat(400), 1)]),
    ]));
    let report = rig.run().expect("a report");
    assert_eq!((&report["created"], &report["parked"]), (&4.into(), &0.into()), "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
    let world = rig.world.borrow();
    assert!(
        world.amo.links().iter().any(|link| (link.quantity - 3.0).abs() < f64::EPSILON),
        "equal SKUs are summed"
    );
}

#[test]
fn many_orders_of_one_moment_fill_more_than_a_page() {
    let moment = |i: u64| {
        SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - 60_000).buyer("А", "Б", "7010000001")
    };
    let rig = Rig::new(world((0..230).map(moment).collect()));
    let report = rig.run().expect("a report");
    assert_eq!(report["created"], 230, "{report}");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn lists_with_lines_may_be_refused_or_lack_some() {
    for change in [
        |options: &mut kaspi_amocrm_simulator::kaspi::KaspiOptions| options.reject_include_entries = true,
        |options: &mut kaspi_amocrm_simulator::kaspi::KaspiOptions| options.ignore_include = true,
        |options: &mut kaspi_amocrm_simulator::kaspi::KaspiOptions| options.lose_included_line = true,
    ] {
        let mut world = world(orders(5));
        change(&mut world.kaspi.options);
        let rig = Rig::new(world);
        let report = rig.run().expect("a report");
        assert_eq!(report["created"], 5, "{report}");
        assert_eq!(rig.violations(), Vec::<String>::new());
    }
}

#[test]
fn a_refused_order_is_parked_and_the_rest_flows() {
    let mut all = orders(8);
    all[3].lines[0].total_kzt = Some(1e11);
    let mut world = world(all);
    world.amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads").times(2));
    let rig = Rig::new(world);
    let report = rig.run().expect("a report");
    assert!(report["parked"].as_u64().expect("a count") > 0, "{report}");
    rig.run_for(15);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn archived_orders_of_the_first_start_get_no_lead_and_later_ones_do() {
    let old = SimOrder::new("1000000001", NOON_MS - 3_600_000).state("ARCHIVE", "COMPLETED");
    let rig = Rig::new(world(vec![old]));
    assert_eq!(rig.run().expect("a report")["created"], 0);
    let late = SimOrder::new("1000000002", rig.now_ms() + 1_000).state("ARCHIVE", "CANCELLED").buyer(
        "А",
        "Б",
        "7010000001",
    );
    rig.world.borrow_mut().kaspi.add_order(late);
    rig.wait_minutes(1);
    assert_eq!(rig.run().expect("a report")["created"], 1);
}

#[test]
fn the_stage_of_a_new_lead_comes_from_the_map() {
    let mut rig = Rig::new(world(vec![
        SimOrder::new("1000000001", NOON_MS - 60_000).state("NEW", "APPROVED_BY_BANK").buyer(
            "А",
            "Б",
            "7010000001",
        ),
        SimOrder::new("1000000002", NOON_MS - 60_000).state("DELIVERY", "ACCEPTED_BY_MERCHANT").buyer(
            "А",
            "Б",
            "7010000001",
        ),
    ]));
    rig.set("status_map", format!("DELIVERY={}", account::STATUS_DELIVERY_ID));
    rig.run().expect("a report");
    let world = rig.world.borrow();
    let stage = |code: &str| {
        world.amo.leads().iter().find(|lead| lead.name.contains(code)).map(|lead| lead.status_id)
    };
    assert_eq!(stage("1000000001"), Some(account::STATUS_NEW_ID));
    assert_eq!(stage("1000000002"), Some(account::STATUS_DELIVERY_ID));
}

#[test]
fn a_list_that_lags_or_ignores_its_order_makes_nothing_twice() {
    for (lag_ms, order_ignored) in [(0, true), (120_000, false)] {
        let mut world = world(orders(6));
        world.amo.options.list_lag_ms = lag_ms;
        world.amo.options.order_ignored = order_ignored;
        world.amo.faults.rule(Rule::new(Fault::ErrorAfterCommit(504)).method("POST").path("/api/v4/leads"));
        let rig = Rig::new(world);
        rig.run().expect("a report");
        let report = rig.run_for(20);
        assert_eq!(rig.violations(), Vec::<String>::new(), "lag {lag_ms}: {report}");
    }
}

#[test]
fn nothing_personal_and_no_secret_stands_in_a_report() {
    let mut world = world(orders(3));
    world.amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads"));
    let rig = Rig::new(world);
    let report = rig.run().expect("a report").to_string();
    for secret in ["Айгерим", "701100000", "token"] {
        assert!(!report.contains(secret), "{secret} in {report}");
    }
}

#[test]
fn a_day_with_more_than_ten_pages_is_read_in_halves() {
    let order = |i: i64| {
        SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - 70_000_000 + i * 60_000)
            .state("ARCHIVE", "COMPLETED")
    };
    let rig = Rig::new(world((0..1_100).map(order).collect()));
    let report = rig.run().expect("a report");
    assert_eq!((&report["problems"], &report["created"]), (&serde_json::json!([]), &0.into()), "{report}");
    let recorded =
        rig.store.values.borrow().keys().filter(|key| key.starts_with("shop/default/order/")).count();
    assert_eq!(recorded, 1_100);
}

#[test]
fn the_shortest_slices_finish_one_unit_each() {
    let rig = Rig::new(world(orders(250)));
    let mut slices = 0;
    while rig.slice(1).expect("a report")["more"] == true {
        slices += 1;
        assert!(slices < 30, "a slice that finishes nothing");
    }
    assert!(slices > 2, "one slice did it all");
    rig.run_for(1);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn an_order_that_shows_up_late_is_found_by_the_overlap() {
    let late = SimOrder::new("1000000001", NOON_MS - 20 * 60_000).visible_from(NOON_MS + 5 * 60_000).buyer(
        "А",
        "Б",
        "7010000001",
    );
    let rig = Rig::new(world(vec![late]));
    assert_eq!(rig.run().expect("a report")["created"], 0);
    rig.run_for(6);
    assert_eq!(rig.violations(), Vec::<String>::new());
    assert_eq!(rig.world.borrow().amo.leads().len(), 1);
}

#[test]
fn of_two_leads_of_one_order_the_older_is_followed_and_the_other_told() {
    let mut world = world(orders(1));
    for name in ["Заказ 1000000000", "1000000000 ещё раз"] {
        world.amo.add_lead(name, account::PIPELINE_ID, account::STATUS_PACKING_ID, NOON_MS - 10_000);
    }
    let rig = Rig::new(world);
    let report = rig.run().expect("a report");
    assert_eq!(
        (&report["created"], &report["adopted"], problems(&report, "doubled")),
        (&0.into(), &1.into(), 1)
    );
    let noted: Vec<u64> = rig.world.borrow().amo.notes().iter().map(|note| note.lead_id).collect();
    let oldest = rig.world.borrow().amo.leads().iter().map(|lead| lead.id).min();
    assert_eq!((noted.len(), noted.first().copied()), (1, oldest));
}
