//! `/problems`: orders that something holds up, why, and what helps.

use std::time::Duration;

use axum::{extract::State, response::Response};
use kaspi_amocrm_contract::Language;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    order::subject,
    orders::{ORDER, link},
};
use crate::{
    contract::types::{Cause, Order, ProblemClass, RetryResult, RetryWhich},
    i18n::{
        format::{self, ORDERS, TRIES},
        messages::causes,
        words::Words,
    },
    web::{
        app::{background_tasks::State as Task, state::Web},
        auth::password::OWNER,
        console::frame::{
            extract::{Signed, SignedIn},
            page::{Place, page},
            parts::{form_token, live, order_code, run_failed, store_failed},
            visitor::Visitor,
        },
        http::answer::see_other,
    },
};

/// How long a retry waits for a run that is under way.
const WAIT: Duration = Duration::from_secs(120);
/// Orders of one page; "retry all" takes the others along.
const SHOWN_MAX: usize = 200;

/// What the page shows.
pub(crate) struct View {
    /// Orders that are held up.
    pub(crate) orders: Vec<Order>,
    /// How the last retry is doing.
    pub(crate) retry: Task<(), Result<RetryResult, Words>>,
    pub(crate) now_ms: i64,
}

impl View {
    /// The orders with what holds them up.
    fn held_up(&self) -> impl Iterator<Item = (&Order, &Cause)> {
        self.orders.iter().filter_map(|order| Some((order, order.cause.as_ref()?)))
    }
}

pub(crate) async fn problems(SignedIn(visitor): SignedIn, State(web): State<Web>) -> Response {
    let host = web.site.host();
    match host.find_orders(&visitor.connection, &[], &web.stop).await {
        Ok(mut orders) => {
            orders.retain(|order| order.cause.as_ref().is_some_and(is_problem));
            let retry = web.desk.retries.state(&visitor.connection);
            let view = View { orders, retry, now_ms: crate::base::clock::now_ms() };
            page(&visitor, Place::Problems, body(&visitor, &view))
        }
        Err(error) => {
            tracing::warn!("problems cannot be shown: {error}");
            let body = html! { p class="error" role="alert" { (visitor.say(&run_failed(&error))) } };
            page(&visitor, Place::Problems, body)
        }
    }
}

/// Whether more than its turn holds an order up.
fn is_problem(cause: &Cause) -> bool {
    !matches!(cause.class, ProblemClass::Waiting | ProblemClass::Paused | ProblemClass::NoLead)
}

/// Who comes back to the form finds the page.
pub(crate) async fn back(SignedIn(visitor): SignedIn) -> Response {
    see_other(&visitor.link("/problems"))
}

#[derive(Debug, Deserialize)]
pub(crate) struct RetryForm {
    /// One order; empty or missing: all of them.
    code: Option<String>,
}

pub(crate) async fn retry(State(web): State<Web>, Signed(visitor, form): Signed<RetryForm>) -> Response {
    let there = see_other(&visitor.link("/problems"));
    let code = form.code.filter(|code| !code.is_empty());
    let which = match code.as_deref().map(order_code) {
        None => RetryWhich::All,
        Some(Some(code)) => RetryWhich::Codes(vec![code.to_owned()]),
        Some(None) => return there,
    };
    let host = web.site.host();
    let what = code.as_deref().unwrap_or("all");
    if let Err(error) = host.store().note_act(OWNER, "retry", &subject(&visitor, what)).await {
        return store_failed(&visitor, Place::Problems, &error);
    }
    let (connection, stop) = (visitor.connection.clone(), web.stop.clone());
    web.desk.retries.begin(&visitor.connection, (), async move {
        match Box::pin(host.retry(&connection, &which, WAIT, &stop)).await {
            Ok(retried) => Ok(retried.answer),
            Err(error) => {
                tracing::warn!(connection, "orders could not be tried again: {error}");
                Err(run_failed(&error))
            }
        }
    });
    there
}

const NONE: Words = Words::new(
    "No problems: nothing holds an order up.",
    "Проблем нет: все заказы проходят без задержек.",
    "Мәселе жоқ: тапсырыстар кідіріссіз өтіп жатыр.",
);
const RETRY_ALL: Words = Words::new("Retry all", "Повторить все", "Барлығын қайталау");
const RETRY: Words = Words::new("Retry", "Повторить", "Қайталау");
const WHY: Words = Words::new("Why", "Почему", "Себебі");
const NEXT_TRY: Words = Words::new("Next try", "Следующая попытка", "Келесі әрекет");
const AFTER_RETRY: Words = Words::new(
    "only after you press “Retry”",
    "только после нажатия «Повторить»",
    "тек «Қайталау» басылғаннан кейін",
);
const WORKING: Words = Words::new(
    "The orders are being tried again. This may take a minute.",
    "Заказы отправляются снова. Это может занять минуту.",
    "Тапсырыстар қайта жіберілуде. Бұл бір минут алуы мүмкін.",
);
const MORE: Words = Words::new(
    "There are more. “Retry all” takes them along.",
    "Есть и другие. «Повторить все» относится и к ним.",
    "Басқалары да бар. «Барлығын қайталау» оларға да қатысты.",
);

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, view: &View) -> Markup {
    let language = visitor.language;
    let is_working = matches!(view.retry, Task::Working { .. });
    html! {
        (live(html! {
            div id="retry" data-say {
                @match &view.retry {
                    Task::Idle => {},
                    Task::Working { .. } => p class="card state" data-state="wait" { (visitor.say(&WORKING)) },
                    Task::Ended { at_ms, outcome, .. } => p class="card state" data-state=(if outcome.is_ok() { "good" } else { "bad" }) {
                        (format::moment(language, *at_ms, view.now_ms)) ": "
                        @match &**outcome {
                            Ok(answer) => (answered(language, answer)),
                            Err(words) => (visitor.say(words)),
                        }
                    },
                }
            }
            div id="problems" data-say {
                @if view.orders.is_empty() {
                    p class="card state" data-state="good" { (visitor.say(&NONE)) }
                } @else {
                    p { (summary(language, view.orders.len())) }
                    @if view.orders.len() > SHOWN_MAX { p class="hint" { (visitor.say(&MORE)) } }
                    form class="actions" method="post" action=(visitor.link("/problems/retry")) {
                        (form_token(visitor))
                        button class="primary" disabled[is_working] { (visitor.say(&RETRY_ALL)) }
                    }
                    div class="card" { (table(visitor, view, is_working)) }
                }
            }
        }))
    }
}

fn table(visitor: &Visitor, view: &View, is_working: bool) -> Markup {
    let language = visitor.language;
    html! {
        table class="list" {
            thead { tr {
                th scope="col" { (visitor.say(&ORDER)) }
                th scope="col" { (visitor.say(&WHY)) }
                th scope="col" { (visitor.say(&NEXT_TRY)) }
                th scope="col" { span class="visually-hidden" { (visitor.say(&RETRY)) } }
            } }
            tbody {
                @for (order, cause) in view.held_up().take(SHOWN_MAX) {
                    @let explained = causes::explain(cause.class.name());
                    tr {
                        th scope="row" { (link(visitor, &order.code)) }
                        td {
                            (visitor.say(&explained.what)) " "
                            span class="hint" { (visitor.say(&explained.remedy)) }
                        }
                        td data-label=(visitor.say(&NEXT_TRY)) {
                            @match cause.next_try_at_ms {
                                Some(at_ms) => (format::moment(language, at_ms, view.now_ms)),
                                None => (visitor.say(&AFTER_RETRY)),
                            }
                            @if cause.tries > 0 { br; span class="hint" { (tries(language, cause.tries.into())) } }
                        }
                        td {
                            // A doubt is never shortened.
                            @if cause.class != ProblemClass::InDoubt {
                                form method="post" action=(visitor.link("/problems/retry")) {
                                    (form_token(visitor))
                                    input type="hidden" name="code" value=(order.code);
                                    button disabled[is_working] aria-label={ (visitor.say(&RETRY)) ": " (order.code) } {
                                        (visitor.say(&RETRY))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn summary(language: Language, count: usize) -> String {
    let orders = ORDERS.of(language, u64::try_from(count).unwrap_or(u64::MAX));
    match language {
        Language::En => format!("Held up: {orders}. None is lost."),
        Language::Ru => format!("Не проходит дальше: {orders}. Ни один не потерян."),
        Language::Kk => format!("Кідіріп тұр: {orders}. Бірде-бірі жоғалған жоқ."),
    }
}

fn tries(language: Language, count: u64) -> String {
    let tries = TRIES.of(language, count);
    match language {
        Language::En => format!("{tries} so far"),
        Language::Ru => format!("уже {tries}"),
        Language::Kk => format!("осыған дейін {tries}"),
    }
}

/// What became of a wish to try again.
fn answered(language: Language, answer: &RetryResult) -> String {
    let parts = [
        (&answer.retried, Words::new("tried again", "отправлено снова", "қайта жіберілді")),
        (&answer.in_doubt, Words::new("still in doubt", "ещё под вопросом", "әлі күмәнді")),
        (&answer.done, Words::new("done already", "уже готово", "дайын болған")),
        (&answer.unknown, Words::new("not known", "неизвестно", "белгісіз")),
    ];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(codes, _)| !codes.is_empty())
        .map(|(codes, words)| format!("{} {}", words.get(language), codes.len()))
        .collect();
    if told.is_empty() {
        let nothing = Words::new(
            "there was nothing to try again.",
            "повторять было нечего.",
            "қайталайтын ештеңе болмады.",
        );
        return nothing.get(language).to_owned();
    }
    format!("{}.", told.join(", "))
}
