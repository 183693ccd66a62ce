//! Pages with all states in all languages, and with texts that want to be markup.

use std::sync::Arc;

use kaspi_amocrm_contract::{Language, rows::OrderRow};
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
    base::job::Job,
    base::{calendar::Range, recent_log::Line},
    contract::types::{
        BuyerDetails, Cause, Difference, DifferenceKind, DoneStep, DoneStepKind, FieldDifference, Message,
        Order, OrderFacts, OrderLead, OrderStep, ProblemClass, RangeStatement, Requests, StateCounts,
        TwoNumbers, TwoTexts,
    },
    service::{
        connections_status::{ConnectionStatus, Health},
        order_rows::{Row, Rows, Work},
    },
    store::{Blocker, RunRecord},
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

fn status(health: Health, blocker: Option<Blocker>, text: &str) -> ConnectionStatus {
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
        last_error: blocker.map(|_| text.to_owned()),
        blocker,
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

/// A message that nobody knows, and whose arguments are not known either.
fn message(text: &str) -> Message {
    Message { id: text.to_owned(), arguments: vec![(text.to_owned(), text.to_owned())] }
}

/// Orders of every step and many kinds of cause, all of whose texts are the same.
fn found(text: &str) -> Vec<Order> {
    use OrderStep::{Changes, Done, Lead, NoLead, Note, Products, Unknown};
    use ProblemClass::{Config, Gone, InDoubt, LeadRefused, NotAtKaspi, Poison, Token};
    let steps = [Lead, Products, Note, Changes, Done, NoLead, Unknown];
    let classes = [Config, Gone, InDoubt, LeadRefused, NotAtKaspi, Poison, Token];
    let order = |(step, class)| Order {
        code: text.to_owned(),
        found: true,
        facts: Some(OrderFacts {
            created_at_ms: NOW_MS,
            state: text.to_owned(),
            status: text.to_owned(),
            stage: Some(text.to_owned()),
            total_kzt: -1,
        }),
        lead: Some(OrderLead { id: Some(7), is_adopted: true }),
        step,
        cause: Some(Cause { class, message: message(text), tries: 2, next_try_at_ms: Some(NOW_MS) }),
        history: vec![DoneStep { step: DoneStepKind::Lead, at_ms: NOW_MS, message: message(text) }],
    };
    steps.into_iter().zip(classes).map(order).collect()
}

fn compared(text: &str) -> Compared {
    let difference = |kind, lead_ids: &[i64], fields| Difference {
        code: text.to_owned(),
        state: text.to_owned(),
        status: text.to_owned(),
        kind,
        lead_ids: lead_ids.to_vec(),
        fields,
        will_mend: true,
        message: message(text),
    };
    let lines = TwoTexts { kaspi: text.to_owned(), amocrm: text.to_owned() };
    let numbers = TwoNumbers { kaspi: -1, amocrm: 1_500 };
    let fields =
        vec![FieldDifference::Lines(lines), FieldDifference::Price(numbers), FieldDifference::Stage(numbers)];
    let statement = RangeStatement {
        complete: false,
        orders: 3,
        leads: 1,
        states: vec![StateCounts {
            state: text.to_owned(),
            status: text.to_owned(),
            orders: 3,
            agree: 1,
            missing: 0,
            doubled: 0,
            different: 0,
            kept: 0,
            no_lead: 0,
        }],
        differences: vec![
            difference(DifferenceKind::Missing, &[], Vec::new()),
            difference(DifferenceKind::Different, &[7, 8], fields),
        ],
        problems: Vec::new(),
        requests: Requests { kaspi: 1, amocrm: 2 },
    };
    Compared { statement, mended: Some((2, Some(1))) }
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
        blocker: Some(Blocker::Other),
    }
}

/// Every page, with a text wherever one can stand that comes from elsewhere.
fn pages(visitor: &Visitor, text: &str) -> Vec<(&'static str, Markup)> {
    let mut pages = Vec::new();
    for (health, blocker) in [
        (Health::Never, None),
        (Health::Working, None),
        (Health::Late, None),
        (Health::Failing, Some(Blocker::Token)),
        (Health::Failing, Some(Blocker::Setting)),
        (Health::Failing, Some(Blocker::Kaspi)),
        (Health::Failing, Some(Blocker::Amocrm)),
        (Health::Failing, Some(Blocker::Other)),
    ] {
        let all = [status(health, blocker, text)];
        pages.push(("overview", overview::body(visitor, &all, &figures())));
    }
    for (work, step) in Work::ALL.into_iter().zip(["done", "note", "lead", "no_lead", text]) {
        let order = OrderRow {
            code: text.to_owned(),
            created_ms: NOW_MS,
            state: text.to_owned(),
            status: text.to_owned(),
            step: step.to_owned(),
            class: Some(text.to_owned()),
            ..OrderRow::default()
        };
        let rows = Rows { rows: vec![Row { order, place: String::new() }], next: Some(text.to_owned()) };
        let view =
            orders::View { rows, work, is_first: false, refused: Some(text.to_owned()), now_ms: NOW_MS };
        pages.push(("orders", orders::body(visitor, &view)));
    }
    for order in found(text) {
        let buyer = BuyerDetails {
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
    let dead = status(Health::Failing, Some(Blocker::Token), "amoCRM refuses the token");
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
    let buyer = BuyerDetails {
        name: Some("Айгүл".to_owned()),
        phone: Some("+77011234567".to_owned()),
        address: None,
    };
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
