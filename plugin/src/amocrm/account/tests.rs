//! What the account says to settings, as table tests; the whole way is tested against the simulators.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use kaspi_amocrm_contract::Language;

use crate::ports::Config;

struct Pairs(BTreeMap<String, String>);

impl Config for Pairs {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(name).cloned())
    }
}

fn settings(name: &str, value: &str) -> Settings {
    let least =
        [("kaspi_api_token", "k"), ("amo_subdomain", "acme"), ("amo_long_lived_token", "secret-token")];
    let pairs = least.into_iter().chain([(name, value)]);
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Settings::load(&Pairs(pairs)).unwrap()
}

fn layout() -> Layout {
    let won = json!({"id": 142, "name": "Успех", "type": 0});
    let pipeline = |id: i64, name: &str, more: Value| {
        let stages = json!([
            {"id": id + 1, "name": "Неразобранное", "type": 1}, {"id": id + 2, "name": "Новый", "type": 0}, won,
        ]);
        json!({"id": id, "name": name, "is_main": id == 100, "is_archive": more, "_embedded": {"statuses": stages}})
    };
    let user = |id: i64, view: &str, is_active: bool| {
        let rights = json!({"leads": {"view": view}, "is_admin": false, "is_active": is_active});
        json!({"id": id, "name": format!("Сотрудник {id}"), "rights": rights})
    };
    let field = |id: i64, kind: &str| json!({"id": id, "name": format!("Поле {id}"), "type": kind});
    Layout {
        account_id: 7,
        name: "Acme".to_owned(),
        subdomain: "acme".to_owned(),
        current_user_id: Some(1),
        pipelines: vec![
            pipeline(100, "Kaspi", json!(false)),
            pipeline(200, "Опт", json!(false)),
            pipeline(300, "Старая", json!(true)),
        ],
        loss_reasons: vec![json!({"id": 901, "name": "Отмена"})],
        users: Some(vec![user(1, "A", true), user(2, "M", true), user(3, "A", false)]),
        catalogs: vec![
            json!({"id": 10, "name": "Товары", "type": "products"}),
            json!({"id": 11, "name": "Счета", "type": "invoices"}),
        ],
        catalog_fields: vec![json!({"id": 50, "code": "SKU"}), json!({"id": 51, "code": "PRICE"})],
        lead_fields: vec![field(20, "text"), field(21, "numeric"), field(22, "date")],
        contact_fields: vec![field(30, "textarea")],
    }
}

#[test]
fn every_contradiction_is_told_with_the_names_of_the_account() {
    let stages = "102 \"Новый\", 142 \"Успех\"";
    for (name, value, problem, choice) in [
        ("AMO_PIPELINE_ID", "999", "the account has no pipeline 999", "100 \"Kaspi\", 200 \"Опт\""),
        ("AMO_PIPELINE_ID", "300", "pipeline 300 \"Старая\" is in the archive", "100 \"Kaspi\", 200 \"Опт\""),
        ("AMO_STATUS_ID", "999", "pipeline 100 \"Kaspi\" has no stage 999", stages),
        (
            "AMO_STATUS_ID",
            "202",
            "stage 202 \"Новый\" belongs to pipeline 200 \"Опт\", not to 100 \"Kaspi\"",
            stages,
        ),
        (
            "AMO_STATUS_ID",
            "101",
            "stage 101 \"Неразобранное\" takes only incoming requests, no lead can be made in it",
            stages,
        ),
        ("STATUS_MAP", "NEW=999", "NEW: pipeline 100 \"Kaspi\" has no stage 999", stages),
        (
            "AMO_RESPONSIBLE_USER_ID",
            "3",
            "user 3 \"Сотрудник 3\" is switched off",
            "1 \"Сотрудник 1\", 2 \"Сотрудник 2\"",
        ),
        ("AMO_LOSS_REASON_ID", "9", "the account has no loss reason 9", "901 \"Отмена\""),
        ("AMO_RESPONSIBLE_USER_ID", "9", "the account has no user 9", "1 \"Сотрудник 1\", 2 \"Сотрудник 2\""),
        ("AMO_CATALOG_ID", "9", "the account has no list 9", "10 \"Товары\""),
        (
            "AMO_CATALOG_ID",
            "11",
            "list 11 \"Счета\" has type invoices, it holds no products",
            "10 \"Товары\"",
        ),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", "9", "the account has no field 9", "20 \"Поле 20\""),
        (
            "AMO_LEAD_ORDER_CODE_FIELD_ID",
            "21",
            "field 21 \"Поле 21\" has type numeric; this needs text, textarea",
            "20 \"Поле 20\"",
        ),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", "30", "field 30 \"Поле 30\" belongs to contacts", "20 \"Поле 20\""),
        ("AMO_CONTACT_ADDRESS_FIELD_ID", "20", "field 20 \"Поле 20\" belongs to leads", "30 \"Поле 30\""),
        (
            "AMO_LEAD_ORDER_DATE_FIELD_ID",
            "20",
            "field 20 \"Поле 20\" has type text; this needs date, date_time",
            "22 \"Поле 22\"",
        ),
    ] {
        let check = check_account(&layout(), &settings(&name.to_lowercase(), value));
        assert_eq!(check.findings.len(), 1, "{name}={value}");
        let finding = &check.findings[0];
        assert_eq!((finding.name.as_str(), finding.problem.render(Language::En).as_str()), (name, problem));
        assert!(finding.hint.render(Language::En).ends_with(&format!(": {choice}")), "{finding}");
        for text in [finding.problem.render(Language::Ru), finding.hint.render(Language::Ru)] {
            assert!(text.chars().any(|c| ('а'..='я').contains(&c)), "{finding}");
        }
    }
}

#[test]
fn right_ids_have_nothing_against_them() {
    for (name, value) in [
        ("amo_pipeline_id", "200"),
        ("amo_status_id", "102"),
        ("status_map", "NEW=102,ARCHIVE/COMPLETED=142"),
        ("amo_responsible_user_id", "2"),
        ("amo_catalog_id", "10"),
        ("amo_contact_address_field_id", "30"),
        ("amo_lead_order_date_field_id", "22"),
    ] {
        let check = check_account(&layout(), &settings(name, value));
        assert_eq!((check.findings, check.hints), (Vec::new(), Vec::new()), "{name}={value}");
    }
}

#[test]
fn the_user_of_the_token_must_see_all_leads() {
    let settings = settings("amo_rps", "7");
    let check = check_account(&Layout { current_user_id: Some(2), ..layout() }, &settings);
    let [finding] = check.findings.as_slice() else { panic!("{:?}", check.findings) };
    assert_eq!(finding.name, "AMO_LONG_LIVED_TOKEN");
    assert_eq!(
        finding.problem.render(Language::En),
        "it belongs to user 2 \"Сотрудник 2\", who does not see all leads"
    );
    assert!(!finding.to_string().contains("secret-token"));

    let check = check_account(&Layout { users: None, ..layout() }, &settings);
    assert_eq!((check.findings.len(), check.hints.len()), (0, 1), "only administrators may list users");
}
