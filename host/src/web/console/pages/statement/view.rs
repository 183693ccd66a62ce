//! How a statement looks.

use std::sync::Arc;

use kaspi_amocrm_contract::Language;
use maud::{Markup, html};

use crate::{
    base::calendar::{Day, Range},
    contract::types::{Difference, DifferenceKind, FieldDifference, RangeStatement, StateCounts},
    i18n::{
        format::{self, ORDERS},
        messages::causes,
        words::Words,
    },
    service::Comparison as _,
    web::{
        app::background_tasks::{Asked, Compared, State as Task},
        console::{
            frame::{
                parts::{form_token, live},
                visitor::Visitor,
            },
            pages::{
                order::lead_link,
                orders::{ORDER, link},
            },
        },
    },
};

/// Differences of one page.
const SHOWN_MAX: usize = 500;

/// What the page shows.
pub(crate) struct View {
    /// How the last statement is doing.
    pub(crate) task: Task<Asked, Result<Compared, Words>>,
    pub(crate) account: Option<String>,
    /// The days of the form.
    pub(crate) from: String,
    pub(crate) to: String,
    /// What is wrong with them.
    pub(crate) wrong: Option<Words>,
    pub(crate) now_ms: i64,
}

const EXPLAINED: Words = Words::new(
    "The statement reads the orders of these days from Kaspi and their leads from amoCRM, and shows where they differ. Nothing is changed by that.",
    "Сверка читает заказы за эти дни из Kaspi и их сделки из amoCRM и показывает расхождения. При этом ничего не меняется.",
    "Салыстыру осы күндердің тапсырыстарын Kaspi-ден, мәмілелерін amoCRM-ден оқып, айырмашылықтарын көрсетеді. Бұл кезде ештеңе өзгермейді.",
);
const FROM: Words = Words::new("First day", "Первый день", "Бірінші күн");
const TO: Words = Words::new("Last day", "Последний день", "Соңғы күн");
const COMPARE: Words = Words::new("Compare", "Сверить", "Салыстыру");
const WORKING: Words = Words::new(
    "Comparing. This takes from a few seconds to some minutes; the page shows the outcome by itself.",
    "Идёт сверка. Она занимает от нескольких секунд до нескольких минут, результат появится сам.",
    "Салыстыру жүріп жатыр. Ол бірнеше секундтан бірнеше минутқа дейін созылады, нәтиже өздігінен шығады.",
);
const MENDING: Words = Words::new(
    "Repairing, then comparing again. The page shows the outcome by itself.",
    "Идёт исправление, затем повторная сверка. Результат появится сам.",
    "Түзету жүріп жатыр, содан кейін қайта салыстыру. Нәтиже өздігінен шығады.",
);
const SINCE: Words = Words::new("Begun", "Начато", "Басталды");

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, view: &View) -> Markup {
    let is_working = matches!(view.task, Task::Working { .. });
    html! {
        p { (visitor.say(&EXPLAINED)) }
        form class="actions" method="post" action=(visitor.link("/statement")) {
            (form_token(visitor))
            @for (id, words, value) in [("from", FROM, &view.from), ("to", TO, &view.to)] {
                div class="field" {
                    label for=(id) { (visitor.say(&words)) }
                    input type="date" id=(id) name=(id) value=(value) max=(Day::of(view.now_ms)) required
                        aria-describedby=[view.wrong.is_some().then_some("wrong-days")];
                }
            }
            button class="primary" disabled[is_working] { (visitor.say(&COMPARE)) }
        }
        @if let Some(wrong) = &view.wrong { p class="error" id="wrong-days" role="alert" { (visitor.say(wrong)) } }
        @if is_working {
            // Where scripts run, the page looks by itself.
            noscript { meta http-equiv="refresh" content="3"; }
        }
        (live(html! {
            div id="outcome" data-say {
                @match &view.task {
                    Task::Idle => {},
                    Task::Working { asked, began_ms } => {
                        section class="card state" data-state="wait" {
                            p { (visitor.say(if asked.repair { &MENDING } else { &WORKING })) }
                            progress aria-label=(visitor.say(&COMPARE)) {}
                            p class="hint" {
                                (days(visitor.language, asked.range, view.now_ms)) ". " (visitor.say(&SINCE)) ": "
                                (format::moment(visitor.language, *began_ms, view.now_ms))
                            }
                        }
                    },
                    Task::Ended { asked, at_ms, outcome } => (ended(visitor, view, asked, *at_ms, outcome)),
                }
            }
        }))
    }
}

fn days(language: Language, range: Range, now_ms: i64) -> String {
    let (from, to, today) = (Day::of(range.from_ms), Day::of(range.to_ms), Day::of(now_ms));
    let first = format::day(language, from, today);
    if from == to { first } else { format!("{first} – {}", format::day(language, to, today)) }
}

const AGREES: Words =
    Words::new("Both sides agree.", "Расхождений нет: всё совпадает.", "Айырмашылық жоқ: бәрі сәйкес.");
const INCOMPLETE: Words = Words::new(
    "One side could not be read to the end, so there may be more differences. Compare again later.",
    "Одну из сторон не удалось прочитать до конца, расхождений может быть больше. Повторите сверку позже.",
    "Бір жағын соңына дейін оқу мүмкін болмады, айырмашылықтар көбірек болуы мүмкін. Кейінірек қайта салыстырыңыз.",
);
const REPAIR: Words = Words::new("Repair what is safe", "Исправить безопасное", "Қауіпсізін түзету");
const REPAIR_MISSING: Words = Words::new(
    "Make missing leads again, too",
    "Также создать недостающие сделки",
    "Жетіспейтін мәмілелерді де жасау",
);
const REPAIR_HINT: Words = Words::new(
    "What people have changed in amoCRM stays as it is.",
    "То, что сотрудники изменили в amoCRM вручную, останется как есть.",
    "Қызметкерлер amoCRM-де қолмен өзгерткендер сол күйінде қалады.",
);
const BY_STATE: Words = Words::new("By state of the order", "По состоянию заказа", "Тапсырыс күйі бойынша");
const DIFFERENCES: Words = Words::new("Differences", "Расхождения", "Айырмашылықтар");

fn ended(
    visitor: &Visitor,
    view: &View,
    asked: &Asked,
    at_ms: i64,
    outcome: &Arc<Result<Compared, Words>>,
) -> Markup {
    let language = visitor.language;
    let compared = match &**outcome {
        Ok(compared) => compared,
        Err(words) => return html! { p class="error" { (visitor.say(words)) } },
    };
    let statement = &compared.statement;
    let open: Vec<&Difference> = statement.open().collect();
    let colour = match (statement.complete, open.is_empty()) {
        (true, true) => "good",
        (true, false) => "wait",
        (false, _) => "bad",
    };
    html! {
        section class="card state" data-state=(colour) {
            h2 { (days(language, asked.range, view.now_ms)) }
            p { (summary(language, statement, open.len())) }
            @if statement.complete && open.is_empty() { p { (visitor.say(&AGREES)) } }
            @if !statement.complete { p { (visitor.say(&INCOMPLETE)) } }
            @if let Some((wanted, mended)) = compared.mended { p { (repaired(language, wanted, mended)) } }
            p class="hint" { (format::moment(language, at_ms, view.now_ms)) }
            @if !open.is_empty() { (repair_forms(visitor, asked.range, &open)) }
        }
        @if !statement.states.is_empty() {
            section {
                h2 { (visitor.say(&BY_STATE)) }
                div class="card" { (by_state(visitor, &statement.states)) }
            }
        }
        @if !open.is_empty() {
            section {
                h2 { (visitor.say(&DIFFERENCES)) }
                div class="card" { (differences(visitor, view, &open)) }
            }
        }
    }
}

fn repair_forms(visitor: &Visitor, range: Range, open: &[&Difference]) -> Markup {
    let acts = [
        ("repair", REPAIR, true),
        ("missing", REPAIR_MISSING, open.iter().any(|one| one.kind == DifferenceKind::Missing)),
    ];
    html! {
        div class="actions" {
            @for (act, words, _) in acts.into_iter().filter(|(.., is_offered)| *is_offered) {
                form method="post" action=(visitor.link("/statement")) {
                    (form_token(visitor))
                    input type="hidden" name="from" value=(Day::of(range.from_ms));
                    input type="hidden" name="to" value=(Day::of(range.to_ms));
                    input type="hidden" name="act" value=(act);
                    button class=[(act == "repair").then_some("primary")] { (visitor.say(&words)) }
                }
            }
        }
        p class="hint" { (visitor.say(&REPAIR_HINT)) }
    }
}

fn summary(language: Language, statement: &RangeStatement, open: usize) -> String {
    let number = |count| format::number(language, count);
    let open = number(u64::try_from(open).unwrap_or(u64::MAX));
    let (orders, leads) = (ORDERS.of(language, statement.orders), number(statement.leads));
    match language {
        Language::En => format!("Kaspi: {orders}. amoCRM: leads {leads}. To look at: {open}."),
        Language::Ru => format!("В Kaspi: {orders}. В amoCRM сделок: {leads}. Требуют внимания: {open}."),
        Language::Kk => {
            format!("Kaspi-де: {orders}. amoCRM-де мәмілелер: {leads}. Назар аудару керек: {open}.")
        }
    }
}

fn repaired(language: Language, wanted: usize, mended: Option<usize>) -> String {
    let words = match (wanted, mended) {
        (0, _) => {
            Words::new("There was nothing to repair.", "Исправлять было нечего.", "Түзететін ештеңе болмады.")
        }
        (_, None) => Words::new(
            "The repair did not end; the next runs go on with it.",
            "Исправление не закончено, его продолжат следующие запуски.",
            "Түзету аяқталмады, оны келесі іске қосулар жалғастырады.",
        ),
        (wanted, Some(mended)) => {
            return match language {
                Language::En => format!("Repaired: {mended} of {wanted}."),
                Language::Ru => format!("Исправлено: {mended} из {wanted}."),
                Language::Kk => format!("Түзетілді: {wanted} ішінен {mended}."),
            };
        }
    };
    words.get(language).to_owned()
}

const STATE: Words = Words::new("State", "Состояние", "Күйі");
const TOTAL: Words = Words::new("Orders", "Заказы", "Тапсырыстар");

/// What can be the matter with an order.
fn kind(kind: DifferenceKind) -> Words {
    match kind {
        DifferenceKind::Missing => Words::new("No lead", "Нет сделки", "Мәміле жоқ"),
        DifferenceKind::Doubled => Words::new("Several leads", "Несколько сделок", "Бірнеше мәміле"),
        DifferenceKind::Different => Words::new("Different", "Отличаются", "Айырмашылығы бар"),
        DifferenceKind::Kept => Words::new("Changed by hand", "Изменены вручную", "Қолмен өзгертілген"),
        DifferenceKind::NoLead => Words::new("Need no lead", "Без сделки", "Мәміле қажет емес"),
    }
}

const AGREE: Words = Words::new("Agree", "Совпадают", "Сәйкес");

fn by_state(visitor: &Visitor, states: &[StateCounts]) -> Markup {
    let language = visitor.language;
    use DifferenceKind::{Different, Doubled, Kept, Missing, NoLead};
    let kinds = [Missing, Doubled, Different, Kept, NoLead].map(kind);
    let columns = || std::iter::once(&AGREE).chain(&kinds);
    html! {
        table class="list" {
            thead { tr {
                th scope="col" { (visitor.say(&STATE)) }
                th scope="col" class="number" { (visitor.say(&TOTAL)) }
                @for words in columns() { th scope="col" class="number" { (visitor.say(words)) } }
            } }
            tbody {
                @for one in states {
                    tr {
                        th scope="row" { (causes::at_kaspi(language, &one.state, &one.status)) }
                        td class="number" data-label=(visitor.say(&TOTAL)) { (format::number(language, one.orders)) }
                        @for (words, count) in columns().zip(counts(one)) {
                            td class="number" data-label=(visitor.say(words)) data-zero[count == 0] {
                                (format::number(language, count))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn counts(one: &StateCounts) -> [u64; 6] {
    [one.agree, one.missing, one.doubled, one.different, one.kept, one.no_lead]
}

const WHAT: Words = Words::new("What differs", "Что отличается", "Не айырмашылық");
const LEAD: Words = Words::new("Lead", "Сделка", "Мәміле");
const WILL_MEND: Words = Words::new("Is mended by itself", "Исправится само", "Өздігінен түзеледі");

fn differences(visitor: &Visitor, view: &View, open: &[&Difference]) -> Markup {
    let language = visitor.language;
    html! {
        table class="list" {
            thead { tr {
                th scope="col" { (visitor.say(&ORDER)) }
                th scope="col" { (visitor.say(&WHAT)) }
                th scope="col" { (visitor.say(&LEAD)) }
            } }
            tbody {
                @for one in open.iter().take(SHOWN_MAX) {
                    tr {
                        th scope="row" { (link(visitor, &one.code)) }
                        td {
                            strong { (visitor.say(&kind(one.kind))) }
                            @for field in &one.fields { br; (differs(language, field)) }
                            @let told = one.message.text(if language == Language::En { Language::En } else { Language::Ru });
                            @if !told.is_empty() { br; span class="hint" { (told) } }
                            @if one.will_mend { br; span class="pill state" data-state="good" { (visitor.say(&WILL_MEND)) } }
                        }
                        td data-label=(visitor.say(&LEAD)) {
                            @for (place, id) in one.lead_ids.iter().enumerate() {
                                @if place > 0 { ", " }
                                (lead_link(view.account.as_deref(), *id))
                            }
                            @if one.lead_ids.is_empty() { "—" }
                        }
                    }
                }
            }
        }
        @if open.len() > SHOWN_MAX {
            p class="hint" { "+" (format::number(language, u64::try_from(open.len() - SHOWN_MAX).unwrap_or(0))) }
        }
    }
}

fn differs(language: Language, field: &FieldDifference) -> String {
    let tenge = |amount: i64| {
        u64::try_from(amount).map_or_else(|_| amount.to_string(), |amount| format::tenge(language, amount))
    };
    let (name, kaspi, amocrm) = match field {
        FieldDifference::Price(both) => {
            let words = Words::new("price", "сумма", "сомасы");
            (words.get(language), tenge(both.kaspi), tenge(both.amocrm))
        }
        FieldDifference::Stage(both) => {
            let words = Words::new("stage", "этап", "кезең");
            (words.get(language), both.kaspi.to_string(), both.amocrm.to_string())
        }
        FieldDifference::Lines(both) => {
            let value = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };
            ("lines", value(&both.kaspi), value(&both.amocrm))
        }
    };
    format!("{name}: Kaspi {kaspi}, amoCRM {amocrm}")
}
