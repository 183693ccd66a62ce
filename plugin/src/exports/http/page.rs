//! The page.

use kaspi_amocrm_contract::Language;
use kaspi_amocrm_contract::calendar::rfc3339;

use super::status::{State, Status};
use crate::{domain::day::OFFSET_MS, run::history::PastRun};

/// A text in English, Russian and Kazakh.
type Words = [&'static str; 3];

const WORKS: Words = ["It works", "Работает", "Жұмыс істеп тұр"];
const SETTINGS: Words = ["Settings are wrong", "Ошибка в настройках", "Баптауларда қате бар"];
const NEVER_RAN: Words = ["Nothing has run yet", "Ещё не запускалось", "Әлі іске қосылмаған"];
const TROUBLE: Words =
    ["The last run failed", "Последний запуск не удался", "Соңғы іске қосу сәтсіз аяқталды"];
const LATE: Words = [
    "Nothing has run for a while: is the timer on?",
    "Давно не запускалось: включён ли таймер?",
    "Көптен бері іске қосылмаған: таймер қосулы ма?",
];
const RECORDED: Words = ["Orders are recorded up to", "Заказы учтены до", "Тапсырыстар есепке алынған уақыт"];
const NEW: Words = ["New orders", "Новые заказы", "Жаңа тапсырыстар"];
const RECONCILE: Words = ["Changes of orders", "Изменения заказов", "Тапсырыс өзгерістері"];
const WAITING: Words = ["Orders that wait", "Заказы, которые ждут", "Күтіп тұрған тапсырыстар"];
const HEAD: [Words; 5] = [
    ["Began (Almaty)", "Начало (Алматы)", "Басталуы (Алматы)"],
    ["Took", "Длилось", "Ұзақтығы"],
    ["Leads made, changed", "Сделок создано, изменено", "Мәмілелер: жаңа, өзгерген"],
    ["Orders left", "Осталось заказов", "Қалған тапсырыстар"],
    ["Problems", "Проблемы", "Мәселелер"],
];

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color-scheme:light dark}table{border-collapse:collapse;display:block;overflow-x:auto}td,th{padding:.3rem .8rem;\
    text-align:left;vertical-align:top;border-bottom:1px solid #8886}";

/// The page for people, in the language of the notes. It loads nothing and runs nothing.
pub(crate) fn page(status: &Status) -> String {
    let say = |words: &Words| match status.language {
        Language::En => words[0],
        Language::Ru => words[1],
        Language::Kk => words[2],
    };
    let (sign, title) = match status.state {
        State::Works => ("✓", WORKS),
        State::Settings => ("✗", SETTINGS),
        State::NeverRan => ("…", NEVER_RAN),
        State::Trouble => ("✗", TROUBLE),
        State::Late => ("!", LATE),
    };
    let mut html = format!(
        "<!doctype html><html lang={}><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <meta http-equiv=refresh content=60><title>{sign} Kaspi → amoCRM</title><style>{STYLE}</style>\
         <h1>{sign} {}</h1><p>Kaspi → amoCRM, {}",
        status.language.code(),
        say(&title),
        escape(&status.connection),
    );
    let told = status.findings.iter().map(ToString::to_string).chain(status.trouble.clone());
    told.for_each(|text| paragraph(&mut html, &text));
    if let Some(watermark_ms) = status.watermark_ms {
        paragraph(&mut html, &format!("{} {}", say(&RECORDED), short(watermark_ms)));
    }
    for (title, runs) in [(NEW, &status.new), (RECONCILE, &status.reconcile)] {
        if runs.is_empty() {
            continue;
        }
        table(&mut html, say(&title), &HEAD.map(|words| say(&words)));
        runs.iter().for_each(|run| row(&mut html, &cells(run)));
        html.push_str("</table>");
    }
    if !status.orders.is_empty() {
        table(&mut html, say(&WAITING), &[]);
        for order in &status.orders {
            let cause = order.cause.as_ref();
            let why = cause.map(|cause| cause.message.text(status.language)).unwrap_or_default();
            let next =
                cause.and_then(|cause| cause.next_try_at_ms).map(|at_ms| format!("→ {}", clock(at_ms)));
            row(&mut html, &[order.code.clone(), why, next.unwrap_or_default()]);
        }
        html.push_str("</table>");
    }
    html
}

fn cells(run: &PastRun) -> [String; 5] {
    let took_ms = (run.ended_ms - run.began_ms).max(0);
    let problems: Vec<&str> = run.problems.iter().map(|(_, words)| words.as_str()).collect();
    [
        short(run.began_ms),
        format!("{}.{} s", took_ms / 1_000, took_ms % 1_000 / 100),
        format!("{}, {}", run.leads, run.updated),
        run.backlog.to_string(),
        problems.join("; "),
    ]
}

/// In Almaty, without the year and the seconds, which nobody needs here.
fn short(moment_ms: i64) -> String {
    let text = rfc3339(moment_ms + OFFSET_MS);
    format!("{}.{} {}", &text[8..10], &text[5..7], &text[11..16])
}

/// Hour and minute in Almaty.
fn clock(moment_ms: i64) -> String {
    rfc3339(moment_ms + OFFSET_MS)[11..16].to_owned()
}

fn paragraph(html: &mut String, text: &str) {
    html.push_str(&format!("<p>{}", escape(text)));
}

fn table(html: &mut String, title: &str, head: &[&str]) {
    html.push_str(&format!("<h2>{title}</h2><table><tr>"));
    head.iter().for_each(|text| html.push_str(&format!("<th>{text}")));
}

fn row(html: &mut String, cells: &[String]) {
    html.push_str("<tr>");
    cells.iter().for_each(|text| html.push_str(&format!("<td>{}", escape(text))));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
