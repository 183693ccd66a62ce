//! `/runs`: what ran, what came of it, when nothing ran; and the last lines of the log.

use axum::{
    extract::{Query, State},
    response::Response,
};
use kaspi_amocrm_contract::Language;
use maud::{Markup, html};
use serde::Deserialize;
use tracing::Level;

use super::overview::job;
use crate::{
    base::clock::{millis, now_ms},
    base::recent_log::{self, Line},
    i18n::{format, words::Words},
    service::{schedule::NEW_EVERY, stored_report::StoredReport},
    store::{RunRecord, Span},
    web::{
        app::state::Web,
        console::frame::{
            extract::SignedIn,
            page::{Place, page},
            parts::{live, store_failed},
            visitor::Visitor,
        },
    },
};

/// Runs of one page.
const PAGE: u32 = 60;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RunsQuery {
    /// Runs that began before this, milliseconds since 1970.
    before: Option<i64>,
    /// Lines of the log at least this bad.
    level: Option<String>,
}

/// What the page shows.
pub(crate) struct View {
    pub(crate) runs: Vec<RunRecord>,
    pub(crate) is_first: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) level: Level,
    pub(crate) now_ms: i64,
}

pub(crate) async fn runs(
    SignedIn(visitor): SignedIn,
    State(web): State<Web>,
    Query(query): Query<RunsQuery>,
) -> Response {
    let span = Span { from_ms: 0, before_ms: query.before.unwrap_or(i64::MAX) };
    match web.site.host().store().runs(&visitor.connection, span, PAGE).await {
        Ok(runs) => {
            let level = level(query.level.as_deref());
            let (lines, is_first) = (recent_log::lines(level), query.before.is_none());
            let view = View { runs, is_first, lines, level, now_ms: now_ms() };
            page(&visitor, Place::Runs, body(&visitor, &view))
        }
        Err(error) => store_failed(&visitor, Place::Runs, &error),
    }
}

const LEVELS: [(&str, Level, Words); 3] = [
    ("all", Level::TRACE, Words::new("Everything", "Всё", "Барлығы")),
    (
        "warnings",
        Level::WARN,
        Words::new("Warnings and errors", "Предупреждения и ошибки", "Ескертулер мен қателер"),
    ),
    ("errors", Level::ERROR, Words::new("Errors only", "Только ошибки", "Тек қателер")),
];

fn level(name: Option<&str>) -> Level {
    LEVELS.iter().find(|(other, ..)| Some(*other) == name).map_or(Level::TRACE, |(_, level, _)| *level)
}

/// A span without runs, in milliseconds, before a run.
pub(crate) fn gap_ms(newer_began_ms: i64, older: &RunRecord) -> Option<i64> {
    let gap_ms = newer_began_ms - older.started_ms.saturating_add(older.took_ms);
    // A run that comes a little late has missed nothing.
    (gap_ms > 3 * millis(NEW_EVERY)).then_some(gap_ms)
}

const NO_RUNS: Words =
    Words::new("Nothing has run yet.", "Запусков ещё не было.", "Әлі ештеңе іске қосылған жоқ.");
const OLDER: Words = Words::new("Earlier runs", "Более ранние", "Ертерек");
const NEWEST: Words = Words::new("Back to the newest", "К самым новым", "Ең жаңаларына");
const LOG: Words = Words::new("Log", "Журнал", "Журнал");
const TO_LOG: Words = Words::new("To the log", "К журналу", "Журналға");
const LOG_HINT: Words = Words::new(
    "The last lines since the program was started, in English: they are meant for technicians. They hold no names, phones or keys.",
    "Последние строки с запуска программы, на английском: они для специалиста. Имён, телефонов и ключей в них нет.",
    "Бағдарлама іске қосылғаннан бергі соңғы жолдар, ағылшынша: олар маманға арналған. Оларда аттар, телефондар мен кілттер жоқ.",
);
const NO_LINES: Words = Words::new("There are no such lines.", "Таких строк нет.", "Мұндай жолдар жоқ.");
const LEVEL: Words = Words::new("Which lines", "Какие строки", "Қай жолдар");

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, view: &View) -> Markup {
    let older = view.runs.last().filter(|_| view.runs.len() >= PAGE as usize);
    html! {
        p { a href="#log" { (visitor.say(&TO_LOG)) } }
        (live(html! {
            div id="runs" {
                @if view.runs.is_empty() { p class="card" { (visitor.say(&NO_RUNS)) } }
                @else { div class="card" { (table(visitor, view)) } }
            }
        }))
        p class="actions" {
            @if !view.is_first { a href=(visitor.link("/runs")) { (visitor.say(&NEWEST)) } }
            @if let Some(older) = older {
                a href=(visitor.link(&format!("/runs?before={}", older.started_ms))) rel="next" { (visitor.say(&OLDER)) }
            }
        }
        section {
            h2 id="log" { (visitor.say(&LOG)) }
            p class="hint" { (visitor.say(&LOG_HINT)) }
            nav class="actions" aria-label=(visitor.say(&LEVEL)) {
                @for (name, level, words) in LEVELS {
                    a href=(visitor.link(&format!("/runs?level={name}")))
                        aria-current=[(level == view.level).then_some("true")] { (visitor.say(&words)) }
                }
            }
            (live(html! { div id="lines" { (log(visitor, view)) } }))
        }
    }
}

const WHEN: Words = Words::new("When", "Когда", "Қашан");
const WHAT: Words = Words::new("What", "Что", "Не");
const READ: Words = Words::new("Orders read", "Прочитано", "Оқылды");
const MADE: Words = Words::new("Leads made", "Создано сделок", "Жасалған мәмілелер");
const CHANGED: Words = Words::new("Leads changed", "Изменено сделок", "Өзгертілген мәмілелер");
const OUTCOME: Words = Words::new("Outcome", "Итог", "Нәтиже");
const GOOD: Words = Words::new("good", "успешно", "сәтті");
const FAILED: Words = Words::new("failed", "ошибка", "қате");
const TOOK: Words = Words::new("took", "длился", "ұзақтығы");
const DETAILS: Words = Words::new("Details", "Подробности", "Толығырақ");

fn table(visitor: &Visitor, view: &View) -> Markup {
    let mut newer = view.is_first.then_some(view.now_ms);
    html! {
        table class="list" {
            thead { tr {
                th scope="col" { (visitor.say(&WHEN)) }
                th scope="col" { (visitor.say(&WHAT)) }
                th scope="col" class="number" { (visitor.say(&READ)) }
                th scope="col" class="number" { (visitor.say(&MADE)) }
                th scope="col" class="number" { (visitor.say(&CHANGED)) }
                th scope="col" { (visitor.say(&OUTCOME)) }
            } }
            tbody {
                @for run in &view.runs {
                    @if let Some(gap_ms) = newer.replace(run.started_ms).and_then(|newer| gap_ms(newer, run)) {
                        tr { td colspan="6" { span class="pill state" data-state="wait" { (missed(visitor.language, gap_ms)) } } }
                    }
                    (row(visitor, run, view.now_ms))
                }
            }
        }
    }
}

/// Nothing ran for a while.
fn missed(language: Language, gap_ms: i64) -> String {
    let span = format::span(language, gap_ms);
    match language {
        Language::En => format!("No runs for {span}"),
        Language::Ru => format!("Запусков не было {span}"),
        Language::Kk => format!("{span} бойы іске қосылған жоқ"),
    }
}

fn row(visitor: &Visitor, run: &RunRecord, now_ms: i64) -> Markup {
    let language = visitor.language;
    let report = StoredReport::of(run);
    let cell = |words: &Words, count: fn(&StoredReport) -> u64| {
        html! {
            @let count = report.as_ref().map(count);
            td class="number" data-label=(visitor.say(words)) data-zero[count == Some(0)] {
                (count.map_or_else(|| "—".to_owned(), |count| format::number(language, count)))
            }
        }
    };
    let problems = report.as_ref().map_or(&[][..], |report| &report.problems);
    html! {
        tr {
            th scope="row" { (format::moment(language, run.started_ms, now_ms)) }
            td { (visitor.say(&job(run.job))) }
            (cell(&READ, |report| report.seen))
            (cell(&MADE, |report| report.created.saturating_add(report.adopted)))
            (cell(&CHANGED, |report| report.updated))
            td {
                @if run.error.is_none() {
                    span class="pill state" data-state="good" { (visitor.say(&GOOD)) }
                } @else {
                    span class="pill state" data-state="bad" { (visitor.say(&FAILED)) }
                }
                " " span class="hint" { (visitor.say(&TOOK)) " " (took(language, run.took_ms)) }
                @if run.error.is_some() || !problems.is_empty() {
                    details {
                        summary { (visitor.say(&DETAILS)) }
                        @if let Some(error) = &run.error { p { (error) } }
                        ul {
                            @for problem in problems {
                                li {
                                    @if !problem.code.is_empty() { (problem.code) ": " }
                                    (problem.message)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How long a run took; most take less than a minute.
fn took(language: Language, ms: i64) -> String {
    let second = Words::new("s", "с", "с").get(language);
    if ms < 60_000 {
        let point = if language == Language::En { '.' } else { ',' };
        let tenths = ms.max(0) / 100;
        return format!("{}{point}{}\u{a0}{second}", tenths / 10, tenths % 10);
    }
    format::span(language, ms)
}

fn log(visitor: &Visitor, view: &View) -> Markup {
    html! {
        @if view.lines.is_empty() { p class="card" { (visitor.say(&NO_LINES)) } }
        @else {
            ol class="log card" lang="en" {
                @for line in &view.lines {
                    li {
                        time { (format::moment(Language::En, line.at_ms, view.now_ms)) } " "
                        span class="pill state" data-state=(shade(line.level)) { (line.level) } " "
                        (line.text)
                    }
                }
            }
        }
    }
}

fn shade(level: Level) -> &'static str {
    match level {
        Level::ERROR => "bad",
        Level::WARN => "wait",
        _ => "off",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::job::Job;

    #[test]
    fn runs_that_were_missed_leave_a_gap() {
        let older = RunRecord {
            connection: "shop".to_owned(),
            job: Job::New,
            started_ms: 1_000_000,
            took_ms: 30_000,
            report: None,
            error: None,
            blocker: None,
        };
        for (newer_ms, expected) in
            [(1_060_000, None), (1_210_000, None), (1_210_001, Some(180_001)), (900_000, None)]
        {
            assert_eq!(gap_ms(newer_ms, &older), expected, "{newer_ms}");
        }
    }

    #[test]
    fn short_runs_are_told_in_tenths_of_a_second() {
        assert_eq!(took(Language::Ru, 1_250), "1,2\u{a0}с");
        assert_eq!(took(Language::En, 99), "0.0\u{a0}s");
        assert_eq!(took(Language::En, 120_000), "2\u{a0}minutes");
    }
}
