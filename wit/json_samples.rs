//! One value of each answer with every field filled, and those that say as little as they can: what the files of
//! `wit/json/` are made of. Both sides hold their JSON to them.

use super::types::{
    Account, AccountDescription, AccountPart, Activity, Cause, Detail, Difference, DifferenceKind, DoneStep,
    DoneStepKind, Examination, FieldDifference, Finding, KeyRotation, LeadAction, Message, Named, Order,
    OrderFacts, OrderLead, OrderStep, OrdersPage, Pipeline, PlannedContact, PlannedOrder, PlannedProduct,
    Prepared, PreparedPart, Problem, ProblemClass, RangeStatement, Report, Requests, RetryResult, SeenAmocrm,
    SeenKaspi, StateCounts, Symptom, SymptomClass, TokenKind, TwoNumbers, TwoTexts,
};

/// 2026-11-24T05:27:31Z.
const MOMENT_MS: i64 = 1_795_498_051_000;

/// Every answer by the name of its file.
pub fn all() -> Vec<(&'static str, serde_json::Value)> {
    use super::json;
    vec![
        ("report", json::report(&report())),
        ("report_bare", json::report(&bare_report())),
        ("orders", json::orders(&orders())),
        ("retried", json::retried(&retried())),
        ("statement", json::statement(&statement())),
        ("key_rotation", json::key_rotation(&key_rotation())),
        ("account_description", json::account_description(&account_description())),
        ("account", json::account(&account())),
        ("examination", json::examination(&examination())),
        ("prepared", json::prepared(&prepared())),
    ]
}

fn message(id: &str, arguments: &[(&str, &str)]) -> Message {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Message { id: id.to_owned(), arguments }
}

/// What is said otherwise in each language.
fn known() -> Message {
    message("setting-not-set", &[])
}

/// An id that no catalogue has.
fn unknown() -> Message {
    message("sample-of-no-catalogue", &[("code", "100"), ("name", "a \"quoted\" name, имя")])
}

fn problem(code: Option<&str>, class: ProblemClass, setting: Option<&str>, hint: bool) -> Problem {
    Problem {
        code: code.map(str::to_owned),
        class,
        setting: setting.map(str::to_owned),
        message: unknown(),
        hint: hint.then(known),
    }
}

/// A report with everything in it.
pub fn report() -> Report {
    Report {
        activity: Activity::Backfill,
        connection: "almaty".to_owned(),
        started_at_ms: MOMENT_MS,
        took_ms: 1_234,
        complete: true,
        more: true,
        seen: 9,
        created: 8,
        adopted: 7,
        updated: 6,
        skipped: 5,
        parked: 4,
        in_doubt: 3,
        backlog: 2,
        requests: Requests { kaspi: 11, amocrm: 12 },
        watermark_ms: Some(MOMENT_MS - 1),
        lag_ms: Some(60_000),
        token_age_ms: Some(3_600_000),
        token_left_ms: Some(-1),
        problems: vec![
            problem(Some("100"), ProblemClass::LeadRefused, None, false),
            problem(None, ProblemClass::Config, Some("AMO_PIPELINE_ID"), true),
            problem(None, ProblemClass::Token, Some("AMO_LONG_LIVED_TOKEN"), false),
            problem(None, ProblemClass::UpstreamKaspi, None, true),
        ],
        next_from_ms: Some(MOMENT_MS + 1),
        plan: Some(vec![
            PlannedOrder {
                code: "100".to_owned(),
                lead: LeadAction::Create,
                why: unknown(),
                lead_id: Some(800_001),
                status_id: Some(142),
                price_kzt: Some(15_000),
                contact: Some(PlannedContact::Found(700_001)),
                products: vec![
                    PlannedProduct {
                        sku: Some("A-1".to_owned()),
                        name: "x".to_owned(),
                        quantity: 2,
                        element_id: Some(5),
                    },
                    PlannedProduct { sku: None, name: "y".to_owned(), quantity: 1, element_id: None },
                ],
                note: true,
            },
            planned("200", LeadAction::Park, Some(PlannedContact::Create)),
            planned("300", LeadAction::Wait, Some(PlannedContact::None)),
            planned("400", LeadAction::Adopt, None),
        ]),
    }
}

fn planned(code: &str, lead: LeadAction, contact: Option<PlannedContact>) -> PlannedOrder {
    PlannedOrder {
        code: code.to_owned(),
        lead,
        why: message("", &[]),
        lead_id: None,
        status_id: None,
        price_kzt: None,
        contact,
        products: Vec::new(),
        note: false,
    }
}

/// A report without anything that may be missing.
pub fn bare_report() -> Report {
    Report {
        activity: Activity::New,
        connection: String::new(),
        started_at_ms: 0,
        took_ms: 0,
        complete: false,
        more: false,
        seen: 0,
        created: 0,
        adopted: 0,
        updated: 0,
        skipped: 0,
        parked: 0,
        in_doubt: 0,
        backlog: 0,
        requests: Requests { kaspi: 0, amocrm: 0 },
        watermark_ms: None,
        lag_ms: None,
        token_age_ms: None,
        token_left_ms: None,
        problems: Vec::new(),
        next_from_ms: None,
        plan: None,
    }
}

/// An order with everything, one without a record, and two in between.
pub fn orders() -> OrdersPage {
    let cause =
        |next_try_at_ms| Cause { class: ProblemClass::InDoubt, message: known(), tries: 3, next_try_at_ms };
    let facts = |stage: Option<&str>| OrderFacts {
        created_at_ms: MOMENT_MS,
        state: "KASPI_DELIVERY".to_owned(),
        status: "ACCEPTED_BY_MERCHANT".to_owned(),
        stage: stage.map(str::to_owned),
        total_kzt: 15_000,
    };
    let bare = |code: &str| Order {
        code: code.to_owned(),
        found: false,
        facts: None,
        lead: None,
        step: OrderStep::Unknown,
        cause: None,
        history: Vec::new(),
    };
    let done = |step| DoneStep { step, at_ms: MOMENT_MS, message: known() };
    let whole = Order {
        found: true,
        facts: Some(facts(Some("packed"))),
        lead: Some(OrderLead { id: Some(800_001), is_adopted: true }),
        step: OrderStep::Products,
        cause: Some(cause(Some(MOMENT_MS + 1))),
        history: vec![done(DoneStepKind::Placed), done(DoneStepKind::Followed)],
        ..bare("100")
    };
    let waiting = Order {
        found: true,
        facts: Some(facts(None)),
        lead: Some(OrderLead { id: None, is_adopted: false }),
        step: OrderStep::NoLead,
        cause: Some(cause(None)),
        ..bare("200")
    };
    OrdersPage { orders: vec![whole, waiting, bare("300")], next: Some("300".to_owned()) }
}

/// A wish to try again.
pub fn retried() -> RetryResult {
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    RetryResult {
        retried: codes(&["1", "2"]),
        in_doubt: codes(&["3"]),
        done: Vec::new(),
        unknown: codes(&["4"]),
    }
}

/// A statement with every kind of difference.
pub fn statement() -> RangeStatement {
    let difference = |code: &str, kind, fields| Difference {
        code: code.to_owned(),
        state: "ARCHIVE".to_owned(),
        status: "COMPLETED".to_owned(),
        kind,
        lead_ids: vec![7, 8],
        fields,
        will_mend: kind == DifferenceKind::Different,
        message: known(),
    };
    let fields = vec![
        FieldDifference::Price(TwoNumbers { kaspi: 15_000, amocrm: 14_000 }),
        FieldDifference::Stage(TwoNumbers { kaspi: 142, amocrm: 143 }),
        FieldDifference::Lines(TwoTexts { kaspi: "A-1 × 2".to_owned(), amocrm: String::new() }),
    ];
    RangeStatement {
        complete: true,
        orders: 7,
        leads: 6,
        states: vec![StateCounts {
            state: "ARCHIVE".to_owned(),
            status: "COMPLETED".to_owned(),
            orders: 21,
            agree: 1,
            missing: 2,
            doubled: 3,
            different: 4,
            kept: 5,
            no_lead: 6,
        }],
        differences: vec![
            difference("100", DifferenceKind::Different, fields),
            difference("200", DifferenceKind::Missing, Vec::new()),
            difference("300", DifferenceKind::Doubled, Vec::new()),
            difference("400", DifferenceKind::Kept, Vec::new()),
            difference("500", DifferenceKind::NoLead, Vec::new()),
        ],
        problems: vec![problem(None, ProblemClass::UpstreamAmocrm, None, false)],
        requests: Requests { kaspi: 1, amocrm: 2 },
    }
}

/// A slice of sealing anew.
pub fn key_rotation() -> KeyRotation {
    KeyRotation {
        key: "0a0b0c0d".to_owned(),
        resealed: 2,
        left: 1,
        keys: vec![("0a0b0c0d".to_owned(), 2), ("00000001".to_owned(), 1)],
        next: Some("+x".to_owned()),
    }
}

/// An account.
pub fn account() -> Account {
    Account { id: 7, name: "Acme".to_owned(), subdomain: "acme".to_owned() }
}

fn finding(setting: &str) -> Finding {
    Finding { setting: setting.to_owned(), problem: unknown(), hint: known() }
}

/// An account with something of everything.
pub fn account_description() -> AccountDescription {
    let named =
        |id, kind: Option<&str>| Named { id, name: format!("№ {id}"), kind: kind.map(str::to_owned) };
    AccountDescription {
        account: account(),
        findings: vec![finding("AMO_STATUS_ID")],
        hints: vec![finding("AMO_CATALOG_ID")],
        pipelines: vec![Pipeline {
            id: 1,
            name: "Kaspi".to_owned(),
            is_main: true,
            is_archive: false,
            stages: vec![named(142, None)],
        }],
        loss_reasons: vec![named(2, None)],
        users: vec![named(3, None)],
        catalogs: vec![named(4, Some("products"))],
        lead_fields: vec![named(5, Some("text"))],
        contact_fields: vec![named(6, Some("streetaddress"))],
    }
}

/// What both sides showed, with a symptom of each shape.
pub fn examination() -> Examination {
    let details = vec![
        ("side".to_owned(), Detail::Text("kaspi".to_owned())),
        ("skew_ms".to_owned(), Detail::Number(-5)),
        ("names".to_owned(), Detail::Texts(vec!["a".to_owned(), "б".to_owned()])),
    ];
    Examination {
        symptoms: vec![
            Symptom { class: SymptomClass::ClockSkew, setting: None, details, finding: None },
            Symptom {
                class: SymptomClass::AmoSetting,
                setting: Some("AMO_STATUS_ID".to_owned()),
                details: Vec::new(),
                finding: Some(finding("AMO_STATUS_ID")),
            },
        ],
        kaspi: Some(SeenKaspi { orders: 3, phones: 2, masked_phones: 1, clock_skew_ms: None }),
        amocrm: Some(SeenAmocrm {
            account: account(),
            token: TokenKind::LongLived,
            token_left_ms: Some(1),
            clock_skew_ms: Some(-2),
        }),
    }
}

/// What was made, and what was there.
pub fn prepared() -> Prepared {
    let part = |part, id| PreparedPart { part, id, name: format!("№ {id}") };
    Prepared {
        made: vec![part(AccountPart::OrderCode, 1), part(AccountPart::Catalog, 2)],
        found: vec![part(AccountPart::Sku, 3), part(AccountPart::Price, 4)],
    }
}
