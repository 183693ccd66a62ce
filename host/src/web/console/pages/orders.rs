//! `/orders`: all orders, newest first, by state of the work or by number.

use axum::{
    extract::{Query, State},
    response::Response,
};
use kaspi_amocrm_contract::Language;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    base::percent::encoded,
    contract::types::OrderStep,
    i18n::{format, messages::causes, words::Words},
    service::order_rows::{self, Row, Rows, Work},
    web::{
        app::state::Web,
        console::frame::{
            extract::SignedIn,
            page::{Place, page},
            parts::{live, order_code, store_failed},
            visitor::Visitor,
        },
        http::answer::see_other,
    },
};

/// Orders of one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct OrdersQuery {
    /// A number to go to.
    code: Option<String>,
    /// Which ones.
    work: Option<String>,
    /// Where the list goes on.
    after: Option<String>,
}

/// What the page shows.
pub(crate) struct View {
    pub(crate) rows: Rows,
    pub(crate) work: Work,
    pub(crate) is_first: bool,
    /// What was searched for, where it is no number of an order.
    pub(crate) refused: Option<String>,
    pub(crate) now_ms: i64,
}

pub(crate) async fn orders(
    SignedIn(visitor): SignedIn,
    State(web): State<Web>,
    Query(query): Query<OrdersQuery>,
) -> Response {
    let mut refused = None;
    if let Some(wanted) = query.code.filter(|code| !code.trim().is_empty()) {
        match order_code(&wanted) {
            Some(code) => return see_other(&visitor.link(&format!("/orders/{}", encoded(code)))),
            None => refused = Some(wanted),
        }
    }
    let host = web.site.host();
    let work = Work::of(query.work.as_deref());
    let after = query.after.as_deref();
    let store = host.store().as_ref();
    match order_rows::rows(store, &visitor.connection, after, work, PAGE).await {
        Ok(rows) => {
            let now_ms = crate::base::clock::now_ms();
            let view = View { rows, work, is_first: after.is_none(), refused, now_ms };
            page(&visitor, Place::Orders, body(&visitor, &view))
        }
        Err(error) => store_failed(&visitor, Place::Orders, &error),
    }
}

const SEARCH: Words = Words::new("Number of the order", "Номер заказа", "Тапсырыс нөмірі");
const FIND: Words = Words::new("Find", "Найти", "Табу");
const NO_CODE: Words = Words::new(
    "That is not the number of an order: numbers have only digits, letters and hyphens.",
    "Это не номер заказа: в номере бывают только цифры, латинские буквы и дефисы.",
    "Бұл тапсырыс нөмірі емес: нөмірде тек сандар, латын әріптері мен дефис болады.",
);
const EMPTY: Words = Words::new("There are no such orders.", "Таких заказов нет.", "Мұндай тапсырыстар жоқ.");
const NOTHING_YET: Words = Words::new(
    "There are no orders yet. They appear here a minute after they were placed at Kaspi.",
    "Заказов пока нет. Они появятся здесь через минуту после оформления в Kaspi.",
    "Әзірге тапсырыс жоқ. Олар Kaspi-де рәсімделгеннен кейін бір минутта осында пайда болады.",
);
const OLDER: Words = Words::new("Older orders", "Более ранние", "Ертерек тапсырыстар");
const NEWEST: Words = Words::new("Back to the newest", "К самым новым", "Ең жаңаларына");
const FILTER: Words = Words::new("Which orders", "Какие заказы", "Қай тапсырыстар");

fn name(work: Work) -> Words {
    match work {
        Work::Any => Words::new("All", "Все", "Барлығы"),
        Work::Open => Words::new("In work", "В работе", "Жұмыста"),
        Work::Stuck => Words::new("Held up", "С проблемой", "Кідіргендер"),
        Work::Done => Words::new("Done", "Готовые", "Дайын"),
        Work::NoLead => Words::new("Without a lead", "Без сделки", "Мәмілесіз"),
    }
}

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, view: &View) -> Markup {
    let older = view
        .rows
        .next
        .as_ref()
        .map(|next| visitor.link(&format!("/orders?work={}&after={}", view.work.name(), encoded(next))));
    let newest = visitor.link(&format!("/orders?work={}", view.work.name()));
    html! {
        form class="actions" method="get" action={ (visitor.base) "/orders" } role="search" {
            @if visitor.connections.len() > 1 {
                input type="hidden" name="connection" value=(visitor.connection);
            }
            div class="field" {
                label for="code" { (visitor.say(&SEARCH)) }
                input id="code" name="code" inputmode="numeric" autocomplete="off" maxlength="64"
                    value=(view.refused.as_deref().unwrap_or_default())
                    aria-invalid=[view.refused.is_some().then_some("true")]
                    aria-describedby=[view.refused.is_some().then_some("no-code")];
            }
            button class="primary" { (visitor.say(&FIND)) }
        }
        @if view.refused.is_some() { p class="error" id="no-code" role="alert" { (visitor.say(&NO_CODE)) } }
        nav class="actions" aria-label=(visitor.say(&FILTER)) {
            @for work in Work::ALL {
                a href=(visitor.link(&format!("/orders?work={}", work.name())))
                    aria-current=[(work == view.work).then_some("true")] { (visitor.say(&name(work))) }
            }
        }
        (live(html! {
            div id="orders" {
                @if view.rows.rows.is_empty() {
                    @let words = if view.work == Work::Any && view.is_first { NOTHING_YET } else { EMPTY };
                    p class="card" { (visitor.say(&words)) }
                } @else { div class="card" { (table(visitor, &view.rows.rows, view.now_ms)) } }
            }
        }))
        p class="actions" {
            @if !view.is_first { a href=(newest) { (visitor.say(&NEWEST)) } }
            @if let Some(older) = older { a href=(older) rel="next" { (visitor.say(&OLDER)) } }
        }
    }
}

pub(crate) const ORDER: Words = Words::new("Order", "Заказ", "Тапсырыс");
pub(crate) const PLACED: Words = Words::new("Placed", "Оформлен", "Рәсімделді");
pub(crate) const AT_KASPI: Words = Words::new("At Kaspi", "В Kaspi", "Kaspi-де");
pub(crate) const TOTAL: Words = Words::new("Total", "Сумма", "Сомасы");
const WORK: Words = Words::new("Work", "Работа", "Жұмыс");

fn table(visitor: &Visitor, rows: &[Row], now_ms: i64) -> Markup {
    let language = visitor.language;
    html! {
        table class="list" {
            thead { tr {
                th scope="col" { (visitor.say(&ORDER)) }
                th scope="col" { (visitor.say(&PLACED)) }
                th scope="col" { (visitor.say(&AT_KASPI)) }
                th scope="col" class="number" { (visitor.say(&TOTAL)) }
                th scope="col" { (visitor.say(&WORK)) }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (link(visitor, &row.order.code)) }
                        td data-label=(visitor.say(&PLACED)) { (format::moment(language, row.order.created_ms, now_ms)) }
                        td data-label=(visitor.say(&AT_KASPI)) {
                            (causes::at_kaspi(language, &row.order.state, &row.order.status))
                        }
                        td class="number" data-label=(visitor.say(&TOTAL)) {
                            (format::tenge(language, u64::try_from(row.order.total_kzt).unwrap_or(0)))
                        }
                        td { (state(language, row)) }
                    }
                }
            }
        }
    }
}

/// The number of an order, as a way to its story.
pub(crate) fn link(visitor: &Visitor, code: &str) -> Markup {
    html! { a href=(visitor.link(&format!("/orders/{}", encoded(code)))) { (code) } }
}

fn state(language: Language, row: &Row) -> Markup {
    let colour = if row.is(OrderStep::Done) {
        "good"
    } else if row.is(OrderStep::NoLead) || row.order.step.is_empty() {
        "off"
    } else if row.is_stuck() {
        "bad"
    } else {
        "wait"
    };
    html! {
        (step_pill(language, &row.order.step, colour))
        @if let Some(class) = row.order.class.as_deref().filter(|_| row.is_stuck()) {
            " " (first_sentence(causes::explain(class).what.get(language)))
        }
    }
}

/// The page of the order says the rest.
fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|end| text.get(..=end)).unwrap_or(text)
}

/// What comes next, in its colour.
pub(crate) fn step_pill(language: Language, step: &str, colour: &str) -> Markup {
    let words = causes::step(step);
    let text = words.as_ref().map_or(step, |words| words.get(language));
    html! {
        @if !text.is_empty() { span class="pill state" data-state=(colour) { (text) } }
    }
}
