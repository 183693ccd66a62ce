//! `/orders/{code}`: what has been done for an order, and what has not.
//!
//! Who ordered is shown on request only, once, and the request is recorded.

use axum::{
    extract::{Path, State},
    response::Response,
};
use kaspi_amocrm_contract::Language;
use maud::{Markup, html};
use serde::Deserialize;

use super::orders::{AT_KASPI, PLACED, TOTAL, step_pill};
use crate::{
    base::percent::encoded,
    contract::types::{BuyerDetails, Order, OrderStep},
    i18n::{
        format::{self, TRIES},
        messages::causes,
        words::Words,
    },
    service::{Host, RunError},
    web::{
        app::state::Web,
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

/// What is to be seen of the buyer.
pub(crate) enum Seen {
    /// Nothing: nobody has asked.
    Masked,
    /// What was asked for; `None` where it is no longer kept.
    Shown(Option<BuyerDetails>),
    /// It was asked for, and could not be told.
    Failed(Words),
}

/// What the page shows.
pub(crate) struct View {
    pub(crate) order: Order,
    pub(crate) buyer: Seen,
    /// Where the account is, like `https://shop.amocrm.ru`.
    pub(crate) account: Option<String>,
    pub(crate) now_ms: i64,
}

pub(crate) async fn order(
    SignedIn(visitor): SignedIn,
    State(web): State<Web>,
    Path(code): Path<String>,
) -> Response {
    show(&visitor, &web, &code, Seen::Masked).await
}

/// Who comes back to the page that showed a buyer finds the order.
pub(crate) async fn back(SignedIn(visitor): SignedIn, Path(code): Path<String>) -> Response {
    see_other(&visitor.link(&format!("/orders/{}", encoded(&code))))
}

/// The form has no field but its token.
#[derive(Debug, Deserialize)]
pub(crate) struct BuyerForm {}

pub(crate) async fn buyer(
    State(web): State<Web>,
    Path(code): Path<String>,
    Signed(visitor, BuyerForm {}): Signed<BuyerForm>,
) -> Response {
    let host = web.site.host();
    let Some(known) = order_code(&code) else { return show(&visitor, &web, &code, Seen::Masked).await };
    // First the record: nobody sees it unseen.
    if let Err(error) = host.store().note_act(OWNER, "buyer", &subject(&visitor, known)).await {
        return store_failed(&visitor, Place::Orders, &error);
    }
    let seen = match host.buyer(&visitor.connection, known, &web.stop).await {
        Ok(buyer) => Seen::Shown(buyer),
        Err(error) => {
            tracing::warn!("a buyer cannot be shown: {error}");
            Seen::Failed(run_failed(&error))
        }
    };
    show(&visitor, &web, &code, seen).await
}

/// An order as the record of acts names it.
pub(crate) fn subject(visitor: &Visitor, code: &str) -> String {
    format!("{}/{code}", visitor.connection)
}

async fn show(visitor: &Visitor, web: &Web, code: &str, buyer: Seen) -> Response {
    let host = web.site.host();
    match found(&host, visitor, code, web).await {
        Ok(Some(order)) => {
            let now_ms = crate::base::clock::now_ms();
            let view = View { order, buyer, account: account(&host, &visitor.connection), now_ms };
            page(visitor, Place::Orders, body(visitor, &view))
        }
        Ok(None) => page(visitor, Place::Orders, absent(visitor)),
        Err(error) => {
            tracing::warn!("an order cannot be shown: {error}");
            let body = html! { p class="error" role="alert" { (visitor.say(&run_failed(&error))) } };
            page(visitor, Place::Orders, body)
        }
    }
}

async fn found(host: &Host, visitor: &Visitor, code: &str, web: &Web) -> Result<Option<Order>, RunError> {
    let Some(code) = order_code(code) else { return Ok(None) };
    let mut orders = host.find_orders(&visitor.connection, &[code.to_owned()], &web.stop).await?;
    Ok(orders.pop())
}

/// Where the account of a connection is.
pub(crate) fn account(host: &Host, connection: &str) -> Option<String> {
    let connection = host.settings().connection(connection).ok()?;
    Some(connection.amo_base_url()?.trim_end_matches('/').to_owned())
}

/// A way to a lead, where the account is known.
pub(crate) fn lead_link(account: Option<&str>, lead_id: i64) -> Markup {
    html! {
        @if let Some(account) = account.filter(|account| account.starts_with("http")) {
            a href={ (account) "/leads/detail/" (lead_id) } target="_blank" rel="noreferrer noopener" { (lead_id) }
        } @else { (lead_id) }
    }
}

const ABSENT: Words =
    Words::new("That is not the number of an order.", "Это не номер заказа.", "Бұл тапсырыс нөмірі емес.");
const BACK: Words = Words::new("All orders", "Все заказы", "Барлық тапсырыс");
const STORY: Words = Words::new("What has been done", "Что сделано", "Не істелді");
const WHY: Words = Words::new("Why it waits", "Почему ждёт", "Неге күтуде");
const LEAD: Words = Words::new("Lead", "Сделка", "Мәміле");
const NO_LEAD: Words = Words::new("none yet", "пока нет", "әзірге жоқ");
const ADOPTED: Words = Words::new(
    "It was in amoCRM already and was taken over.",
    "Она уже была в amoCRM, мы продолжили с ней.",
    "Ол amoCRM-де бұрыннан болған, біз сонымен жалғастырдық.",
);
const WORK: Words = Words::new("Work", "Работа", "Жұмыс");
const SO_FAR: Words = Words::new("So far", "Уже сделано", "Әзірге");
const NEXT_TRY: Words = Words::new("Next try", "Следующая попытка", "Келесі әрекет");
const WORDS_OF_AMO: Words =
    Words::new("For technicians", "Подробности для специалиста", "Маманға арналған мәлімет");

fn absent(visitor: &Visitor) -> Markup {
    html! {
        p class="error" { (visitor.say(&ABSENT)) }
        p class="actions" { a href=(visitor.link("/orders")) { (visitor.say(&BACK)) } }
    }
}

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, view: &View) -> Markup {
    let View { order, account, now_ms, .. } = view;
    let language = visitor.language;
    let moment = |at_ms: i64| format::moment(language, at_ms, *now_ms);
    let known = order.found || order.facts.is_some();
    let colour = match order.step {
        OrderStep::Done => "good",
        OrderStep::NoLead | OrderStep::Unknown => "off",
        OrderStep::Lead | OrderStep::Products | OrderStep::Note | OrderStep::Changes => "wait",
    };
    let story = html! {
        div class="card" id="facts" data-say {
            dl {
                @if known {
                    @if let Some(facts) = &order.facts {
                        dt { (visitor.say(&PLACED)) } dd { (moment(facts.created_at_ms)) }
                        dt { (visitor.say(&AT_KASPI)) }
                        dd { (causes::at_kaspi(language, &facts.state, &facts.status)) }
                        dt { (visitor.say(&TOTAL)) }
                        dd { (tenge(language, facts.total_kzt)) }
                    }
                    dt { (visitor.say(&LEAD)) }
                    dd {
                        @match order.lead.and_then(|lead| lead.id) {
                            Some(id) => {
                                (lead_link(account.as_deref(), id))
                                @if order.lead.is_some_and(|lead| lead.is_adopted) { " " span class="hint" { (visitor.say(&ADOPTED)) } }
                            }
                            None => (visitor.say(&NO_LEAD)),
                        }
                    }
                }
                dt { (visitor.say(&WORK)) }
                dd { (step_pill(language, order.step.name(), colour)) }
            }
        }
        @if let Some(cause) = &order.cause {
            @let explained = causes::explain(cause.class.name());
            section class="card state" id="cause" data-state=(if colour == "off" { "off" } else { "wait" }) {
                h2 { (visitor.say(&WHY)) }
                p { (visitor.say(&explained.what)) " " (visitor.say(&explained.remedy)) }
                @if let Some(at) = cause.next_try_at_ms { p { (visitor.say(&NEXT_TRY)) ": " (moment(at)) "." } }
                @if cause.tries > 0 { p class="hint" { (visitor.say(&SO_FAR)) ": " (TRIES.of(language, cause.tries.into())) "." } }
                @let en = cause.message.text(Language::En);
                @let told = if language == Language::En { en.clone() } else { cause.message.text(Language::Ru) };
                @if !told.is_empty() {
                    details {
                        summary { (visitor.say(&WORDS_OF_AMO)) }
                        p class="hint" { (told) }
                        @if told != en { p class="hint" lang="en" { (en) } }
                    }
                }
            }
        }
        @if !order.history.is_empty() {
            section class="card" id="story" {
                h2 { (visitor.say(&STORY)) }
                ol class="steps" {
                    @for done in &order.history {
                        li {
                            strong { (visitor.say(&causes::done(done.step))) }
                            br; span class="hint" { (moment(done.at_ms)) }
                        }
                    }
                }
            }
        }
    };
    html! {
        p { a href=(visitor.link("/orders")) { "← " (visitor.say(&BACK)) } }
        h2 class="number" { (order.code) }
        // For an order that is not known Kaspi is asked: once, not every few seconds.
        @if order.found { (live(story)) } @else { (story) }
        @if order.found { (who(visitor, view)) }
    }
}

/// An amount that is none for people is shown as it is.
fn tenge(language: Language, amount: i64) -> String {
    u64::try_from(amount).map_or_else(|_| amount.to_string(), |amount| format::tenge(language, amount))
}

const BUYER: Words = Words::new("Buyer", "Покупатель", "Сатып алушы");
const SHOW: Words = Words::new("Show the buyer", "Показать покупателя", "Сатып алушыны көрсету");
const MASKED: Words = Words::new(
    "Name, phone and address are hidden. Who looks at them is recorded.",
    "Имя, телефон и адрес скрыты. Каждый просмотр записывается.",
    "Аты, телефоны мен мекенжайы жасырылған. Әр қарау жазылып алынады.",
);
const SETTLED: Words = Words::new(
    "The order is settled, so these data are no longer kept here. amoCRM has them.",
    "Заказ обработан, поэтому этих данных здесь больше нет. Они есть в amoCRM.",
    "Тапсырыс өңделді, сондықтан бұл деректер енді мұнда сақталмайды. Олар amoCRM-де бар.",
);
const ONCE: Words = Words::new(
    "Shown once: after leaving this page they are hidden again.",
    "Показано один раз: после ухода со страницы данные снова скрыты.",
    "Бір рет көрсетілді: беттен шыққан соң деректер қайта жасырылады.",
);

fn who(visitor: &Visitor, view: &View) -> Markup {
    let settled = matches!(view.order.step, OrderStep::Done | OrderStep::NoLead);
    html! {
        section class="card" aria-labelledby="buyer" {
            h2 id="buyer" { (visitor.say(&BUYER)) }
            @match &view.buyer {
                Seen::Shown(Some(buyer)) => {
                    dl {
                        @for (words, value) in fields(buyer) {
                            dt { (visitor.say(&words)) } dd { (value.unwrap_or("—")) }
                        }
                    }
                    p class="hint" { (visitor.say(&ONCE)) }
                }
                Seen::Shown(None) => p { (visitor.say(&SETTLED)) },
                Seen::Failed(words) => p class="error" role="alert" { (visitor.say(words)) },
                Seen::Masked if settled => p { (visitor.say(&SETTLED)) },
                Seen::Masked => {
                    p class="hint" aria-hidden="true" { "•••••• · +7 ••• ••• •• ••" }
                    p class="hint" { (visitor.say(&MASKED)) }
                    form method="post" action=(visitor.link(&format!("/orders/{}/buyer", encoded(&view.order.code)))) {
                        (form_token(visitor))
                        button { (visitor.say(&SHOW)) }
                    }
                }
            }
        }
    }
}

fn fields(buyer: &BuyerDetails) -> [(Words, Option<&str>); 3] {
    [
        (Words::new("Name", "Имя", "Аты"), buyer.name.as_deref()),
        (Words::new("Phone", "Телефон", "Телефон"), buyer.phone.as_deref()),
        (Words::new("Address", "Адрес", "Мекенжай"), buyer.address.as_deref()),
    ]
}
