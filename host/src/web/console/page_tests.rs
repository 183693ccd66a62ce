//! Pages with all states in all languages, and with texts that want to be markup.

use std::sync::Arc;

use kaspi_amocrm_settings::Language;
use maud::Markup;
use serde_json::json;
use tracing::Level;

use super::{
    frame::visitor::Visitor,
    pages::{
        chart::Hours,
        order::{self, Seen},
        orders, overview, problems, runs, statement,
    },
};
use crate::{
    base::{calendar::Range, job::Job, recent_log::Line},
    service::{
        Buyer,
        connections_status::{ConnectionStatus, Health, Hindrance},
        order_rows::{Row, Rows, Work},
    },
    store::RunRecord,
    web::app::background_tasks::{Asked, Compared, State},
};

const NOW_MS: i64 = 1_795_511_100_000;
const TOKEN: &str = "the-token-of-this-form";

fn visitor(language: Language) -> Visitor {
    Visitor {
        language,
        theme: "auto",
        form_token: TOKEN.to_owned(),
        base: String::new(),
        connection: "shop".to_owned(),
        connections: vec!["shop".to_owned()],
        here: "/".to_owned(),
    }
}

fn status(health: Health, hindrance: Option<Hindrance>, text: &str) -> ConnectionStatus {
    ConnectionStatus {
        connection: "shop".to_owned(),
        account: text.to_owned(),
        health,
        lag_ms: Some(20_000),
        backlog: 2,
        in_doubt: 1,
        parked: 1,
        token_age_ms: None,
        token_left_ms: None,
        last_success_ms_ago: Some(20_000),
        last_reconcile_ms_ago: None,
        last_error: hindrance.map(|_| text.to_owned()),
        hindrance,
    }
}

fn figures() -> overview::Figures {
    let mut orders = Hours::until(NOW_MS);
    orders.add(NOW_MS, 3);
    overview::Figures {
        leads: Hours::until(NOW_MS),
        orders,
        last_minute: 4,
        last_hour: 1_200,
        rps: 7,
        due_in_ms: [(Job::New, Some(20_000)), (Job::Reconcile, None)],
        now_ms: NOW_MS,
    }
}

/// Orders of every step and every kind of cause, all of whose texts are the same.
fn found(text: &str) -> Vec<crate::service::FoundOrder> {
    let steps = ["lead", "products", "note", "changes", "done", "no_lead", "unknown", text];
    let orders = steps.map(|step| {
        json!({
            "code": text, "found": true, "created_at": text, "state": text, "status": text, "stage": text,
            "total_kzt": text, "lead_id": 7, "is_adopted": true, "step": step,
            "cause": {"class": text, "en": text, "ru": text, "tries": 2, "next_try_at": text},
            "steps": [{"step": text, "at": text, "en": text, "ru": text}],
        })
    });
    orders.into_iter().map(|order| serde_json::from_value(order).unwrap()).collect()
}

fn compared(text: &str) -> Compared {
    let statement = json!({
        "complete": false, "orders": 3, "leads": 1,
        "states": [{"state": text, "status": text, "orders": 3, "agree": 1}],
        "differences": [
            {"code": text, "kind": "missing", "lead_ids": [], "en": text, "ru": text, "will_mend": true},
            {"code": text, "kind": "different", "lead_ids": [text, "8"], "en": text, "ru": text,
             "fields": [{"field": text, "kaspi": text, "amocrm": text}]},
        ],
    });
    Compared { statement: serde_json::from_value(statement).unwrap(), mended: Some((2, Some(1))) }
}

fn run(text: &str) -> RunRecord {
    let report =
        json!({"job": "new", "seen": 4, "problems": [{"code": text, "class": text, "message": text}]});
    RunRecord {
        connection: "shop".to_owned(),
        job: Job::New,
        started_ms: NOW_MS - 600_000,
        took_ms: 1_200,
        report: Some(report.to_string()),
        error: Some(text.to_owned()),
    }
}

/// Every page, with a text wherever one can stand that comes from elsewhere.
fn pages(visitor: &Visitor, text: &str) -> Vec<(&'static str, Markup)> {
    let mut pages = Vec::new();
    for (health, hindrance) in [
        (Health::Never, None),
        (Health::Working, None),
        (Health::Late, None),
        (Health::Failing, Some(Hindrance::Token)),
        (Health::Failing, Some(Hindrance::Setting)),
        (Health::Failing, Some(Hindrance::Kaspi)),
        (Health::Failing, Some(Hindrance::Amocrm)),
        (Health::Failing, Some(Hindrance::Other)),
    ] {
        let all = [status(health, hindrance, text)];
        pages.push(("overview", overview::body(visitor, &all, &figures())));
    }
    for (work, step) in Work::ALL.into_iter().zip(["done", "note", "lead", "no_lead", text]) {
        let row = Row {
            code: text.to_owned(),
            created_ms: NOW_MS,
            state: text.to_owned(),
            status: text.to_owned(),
            step: step.to_owned(),
            class: Some(text.to_owned()),
            ..Row::default()
        };
        let rows = Rows { rows: vec![row], next: Some(text.to_owned()) };
        let view =
            orders::View { rows, work, is_first: false, refused: Some(text.to_owned()), now_ms: NOW_MS };
        pages.push(("orders", orders::body(visitor, &view)));
    }
    for order in found(text) {
        let buyer = Buyer {
            name: Some(text.to_owned()),
            phone: Some(text.to_owned()),
            address: Some(text.to_owned()),
        };
        for buyer in [Seen::Masked, Seen::Shown(Some(buyer)), Seen::Shown(None)] {
            let account = Some("https://shop.amocrm.ru".to_owned());
            let view = order::View { order: order.clone(), buyer, account, now_ms: NOW_MS };
            pages.push(("order", order::body(visitor, &view)));
        }
    }
    let view = problems::View { orders: found(text), retry: State::Idle, now_ms: NOW_MS };
    pages.push(("problems", problems::body(visitor, &view)));
    let asked = Asked { range: Range { from_ms: NOW_MS, to_ms: NOW_MS }, repair: true };
    for task in [
        State::Idle,
        State::Working { asked, began_ms: NOW_MS },
        State::Ended { asked, at_ms: NOW_MS, outcome: Arc::new(Ok(compared(text))) },
    ] {
        let account = Some("https://shop.amocrm.ru".to_owned());
        let [from, to] = [text, text].map(str::to_owned);
        let view = statement::View { task, account, from, to, wrong: None, now_ms: NOW_MS };
        pages.push(("statement", statement::body(visitor, &view)));
    }
    let lines = [Level::ERROR, Level::WARN, Level::INFO].map(|level| Line {
        at_ms: NOW_MS,
        level,
        text: text.to_owned(),
    });
    let view = runs::View {
        runs: vec![run(text)],
        is_first: true,
        lines: lines.to_vec(),
        level: Level::TRACE,
        now_ms: NOW_MS,
    };
    pages.push(("runs", runs::body(visitor, &view)));
    pages
}

/// Texts that are more than texts where they are not escaped.
fn payloads() -> Vec<String> {
    let cores = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "\"><b>",
        "'><i>",
        "\" onmouseover=\"alert(1)",
        "' autofocus onfocus='alert(1)",
        "</td></tr></table><h1>",
        "</textarea><form>",
        "<!-- ",
        "]]><x>",
        "javascript:alert(1)//\"",
        "&lt;script&gt;<u>",
        "&#60;img&#62;<a>",
        "<iframe srcdoc=\"<p>\">",
        "<style>*{}</style>",
        "</title><meta http-equiv=refresh>",
        "<details open ontoggle=alert(1)>",
        "{{<p>}}",
        "<a href=\"data:text/html,<b>\">",
    ];
    let frames = [
        ("", ""),
        ("a", "b"),
        ("Имя ", " Фамилия"),
        ("\u{0}", ""),
        ("\n", "\n"),
        ("\\", "\\"),
        ("%22", "%3E"),
        ("\u{202e}", ""),
        ("x\"", "\"y"),
        ("<", ">"),
        ("'", "'"),
        ("`", "`"),
        ("&", ";"),
        ("\t", " "),
        ("//", "?"),
        ("#", "&"),
        ("--", "--"),
        ("${", "}"),
        ("1", "2"),
        ("\u{feff}", ""),
        ("Қ", "ө"),
        ("=", "="),
        ("/", "/"),
        ("/*", "*/"),
        ("\r", ""),
    ];
    cores
        .iter()
        .flat_map(|core| frames.iter().map(move |(before, after)| format!("{before}{core}{after}")))
        .collect()
}

/// What makes markup, counted.
fn skeleton(page: &Markup) -> [usize; 3] {
    ['<', '>', '"'].map(|mark| page.0.matches(mark).count())
}

#[test]
fn a_text_from_elsewhere_is_never_markup() {
    let payloads = payloads();
    assert!(payloads.len() >= 500, "{}", payloads.len());
    let visitor = visitor(Language::Ru);
    let harmless: Vec<_> = pages(&visitor, "harmless").iter().map(|(_, page)| skeleton(page)).collect();
    for payload in payloads {
        for ((name, page), expected) in pages(&visitor, &payload).iter().zip(&harmless) {
            assert_eq!(skeleton(page), *expected, "{name} with {payload:?}: {}", page.0);
        }
    }
}

#[test]
fn every_state_has_a_page_in_every_language() {
    for language in Language::ALL {
        for (name, page) in pages(&visitor(language), "text") {
            assert!(page.0.len() > 200, "{name} is empty");
            for never in [" style=", "<script", "<style", " onclick", " onload", "javascript:"] {
                assert!(!page.0.contains(never), "{name} has {never}, which browsers refuse");
            }
        }
    }
}

#[test]
fn every_form_that_changes_something_has_its_token() {
    let mut forms = 0;
    for (name, page) in pages(&visitor(Language::En), "1") {
        for form in page.0.split("<form").skip(1).filter(|form| form.contains("method=\"post\"")) {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains(&format!("name=\"form_token\" value=\"{TOKEN}\"")), "{name}: {form}");
            forms += 1;
        }
    }
    assert!(forms > 10, "{forms}");
}

#[test]
fn a_page_says_how_a_connection_is_in_a_sentence() {
    let told =
        |language, status: &ConnectionStatus| overview::sentence(language, status).replace('\u{a0}', " ");
    let well = ConnectionStatus { backlog: 0, in_doubt: 0, parked: 0, ..status(Health::Working, None, "") };
    for (language, expected) in [
        (Language::En, "The last look at Kaspi was 20 seconds ago; all orders are in amoCRM."),
        (Language::Ru, "Kaspi проверен 20 секунд назад, все заказы есть в amoCRM."),
        (Language::Kk, "Kaspi 20 секунд бұрын тексерілді, барлық тапсырыс amoCRM-де бар."),
    ] {
        assert_eq!(told(language, &well), expected);
    }
    let stuck = ConnectionStatus { backlog: 21, parked: 2, in_doubt: 3, ..well.clone() };
    assert_eq!(
        told(Language::Ru, &stuck),
        "Kaspi проверен 20 секунд назад. Передаются в amoCRM: 16 заказов. Не проходит дальше: 5 заказов."
    );
    assert_eq!(["good", "wait"], [overview::colour(&well), overview::colour(&stuck)]);
    let rest = ConnectionStatus { backlog: 5, ..stuck.clone() };
    assert_eq!(
        told(Language::Ru, &rest),
        "Kaspi проверен 20 секунд назад. Не проходит дальше: 5 заказов, остальные есть в amoCRM."
    );
    let dead = status(Health::Failing, Some(Hindrance::Token), "amoCRM refuses the token");
    assert!(told(Language::En, &dead).starts_with("amoCRM refuses the token. Connect again."));
}

#[test]
fn what_is_live_can_be_said_aloud() {
    let visitor = visitor(Language::Ru);
    for (name, page) in pages(&visitor, "text") {
        assert!(page.0.contains("data-live"), "{name} does not keep itself up to date");
        // The script exchanges the parts of a page by their ids.
        for part in page.0.split("data-live>").skip(1) {
            let first = part.split('>').next().unwrap();
            assert!(first.contains(" id="), "{name}: {first}");
        }
    }
    for (name, page) in pages(&visitor, "text").into_iter().filter(|(name, _)| *name == "overview") {
        assert!(page.0.contains("data-say"), "{name} says nothing aloud");
    }
}

#[test]
fn who_ordered_is_shown_on_request_only() {
    let order = found("1").remove(0);
    let buyer =
        Buyer { name: Some("Айгүл".to_owned()), phone: Some("+77011234567".to_owned()), address: None };
    let shown = |buyer| {
        let view = order::View { order: order.clone(), buyer, account: None, now_ms: NOW_MS };
        order::body(&visitor(Language::Ru), &view).0
    };
    assert!(!shown(Seen::Masked).contains("+7701"));
    assert!(shown(Seen::Masked).contains("/orders/1/buyer"));
    let page = shown(Seen::Shown(Some(buyer)));
    assert!(page.contains("Айгүл") && page.contains("+77011234567") && !page.contains("/buyer"));
    assert!(shown(Seen::Shown(None)).contains("больше нет"));
}
