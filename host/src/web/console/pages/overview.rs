//! `/`: how everything is, at a glance.

use std::time::Duration;

use axum::{extract::State, response::Response};
use kaspi_amocrm_contract::Language;
use maud::{Markup, html};

use super::chart::{Hours, chart};
use crate::{
    base::job::Job,
    i18n::{
        format::{self, ORDERS, REQUESTS},
        words::Words,
    },
    service::{
        Host,
        connections_status::{self, ConnectionStatus, Health},
        order_rows,
        stored_report::StoredReport,
    },
    store::{Blocker, Span, StoreError},
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

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
/// More runs than a day has.
const RUNS_MAX: u32 = 3_000;
/// Requests a second that the account allows unless a setting says otherwise.
const RPS: u32 = 7;

/// What is known of the connection that somebody looks at.
pub(crate) struct Figures {
    pub(crate) orders: Hours,
    pub(crate) leads: Hours,
    /// Requests to amoCRM in the last minute, and in the last hour.
    pub(crate) last_minute: u64,
    pub(crate) last_hour: u64,
    /// Requests a second that are allowed.
    pub(crate) rps: u32,
    /// In how many milliseconds each job is due.
    pub(crate) due_in_ms: [(Job, Option<i64>); 2],
    pub(crate) now_ms: i64,
}

pub(crate) async fn overview(SignedIn(visitor): SignedIn, State(web): State<Web>) -> Response {
    let host = web.site.host();
    let all = connections_status::status(host.settings(), host.store().as_ref()).await;
    let figures = figures(&host, &visitor.connection).await;
    match (all, figures) {
        (Ok(all), Ok(figures)) => page(&visitor, Place::Overview, body(&visitor, &all, &figures)),
        (Err(error), _) | (_, Err(error)) => store_failed(&visitor, Place::Overview, &error),
    }
}

async fn figures(host: &Host, connection: &str) -> Result<Figures, StoreError> {
    let store = host.store();
    let now_ms = store.now_ms().await?;
    let (mut orders, mut leads) = (Hours::until(now_ms), Hours::until(now_ms));
    for made_ms in order_rows::made_since(store.as_ref(), connection, orders.from_ms).await? {
        orders.add(made_ms, 1);
    }
    let span = Span { from_ms: leads.from_ms, before_ms: i64::MAX };
    let runs = store.runs(connection, span, RUNS_MAX).await?;
    let (mut last_minute, mut last_hour) = (0_u64, 0_u64);
    for run in &runs {
        let report = StoredReport::of(run).unwrap_or_default();
        leads.add(run.started_ms, report.created.saturating_add(report.adopted));
        let ended_ms_ago = now_ms - run.started_ms.saturating_add(run.took_ms);
        for (sum, within) in [(&mut last_minute, MINUTE), (&mut last_hour, HOUR)] {
            if ended_ms_ago < crate::base::clock::millis(within) {
                *sum = sum.saturating_add(report.requests.amocrm);
            }
        }
    }
    let mut due_in_ms = [(Job::New, None), (Job::Reconcile, None)];
    for (job, due_in) in &mut due_in_ms {
        *due_in = store.due_in(connection, *job).await?;
    }
    let rps = host.settings().connection(connection).map_or(RPS, |connection| connection.amo_rps());
    Ok(Figures { orders, leads, last_minute, last_hour, rps, due_in_ms, now_ms })
}

/// The page without its frame.
pub(crate) fn body(visitor: &Visitor, all: &[ConnectionStatus], figures: &Figures) -> Markup {
    let one = all.iter().find(|one| one.connection == visitor.connection);
    live(html! {
        @for one in all { (card(visitor, one, all.len() > 1)) }
        @if all.is_empty() { p class="card state" data-state="off" { (visitor.say(&NO_CONNECTION)) } }
        @if let Some(one) = one {
            (numbers(visitor, one, figures))
            section id="hours" {
                h2 { (visitor.say(&LAST_DAY)) }
                div class="card" { (chart(visitor, &figures.orders, &figures.leads)) }
            }
            (next_runs(visitor, figures))
        }
    })
}

const NO_CONNECTION: Words = Words::new(
    "No shop is connected yet.",
    "Пока не подключён ни один магазин.",
    "Әзірге бірде-бір дүкен қосылмаған.",
);
const LAST_DAY: Words = Words::new("The last 24 hours", "Последние 24 часа", "Соңғы 24 сағат");
const DETAILS: Words =
    Words::new("For technicians", "Подробности для специалиста", "Маманға арналған мәлімет");
const TO_SETTINGS: Words = Words::new("Open the settings", "Открыть настройки", "Баптауларды ашу");
const CONNECT_AGAIN: Words = Words::new("Connect again", "Подключить заново", "Қайта қосу");
const TO_PROBLEMS: Words = Words::new("Look at the problems", "Посмотреть проблемы", "Мәселелерді қарау");
const TO_RUNS: Words = Words::new("Look at the runs", "Посмотреть запуски", "Іске қосуларды қарау");

/// How urgent the state of a connection is, as pages colour it.
pub(crate) fn colour(one: &ConnectionStatus) -> &'static str {
    match (one.health, one.blocker) {
        (Health::Never, _) => "off",
        (Health::Working, _) if one.parked + one.in_doubt > 0 => "wait",
        (Health::Working, _) => "good",
        (Health::Failing, Some(Blocker::Kaspi | Blocker::Amocrm)) => "wait",
        (Health::Late | Health::Failing, _) => "bad",
    }
}

fn pill(one: &ConnectionStatus) -> Words {
    match colour(one) {
        "good" => Words::new("Works", "Работает", "Жұмыс істейді"),
        "wait" if one.health == Health::Working => {
            Words::new("Needs a look", "Нужно взглянуть", "Қарау қажет")
        }
        "wait" => Words::new("Waits", "Ждёт", "Күтуде"),
        "bad" => Words::new("Stopped", "Остановлено", "Тоқтап тұр"),
        _ => Words::new("Not started", "Не запускалось", "Іске қосылмаған"),
    }
}

fn card(visitor: &Visitor, one: &ConnectionStatus, with_name: bool) -> Markup {
    let link = |path: &str| Visitor { connection: one.connection.clone(), ..visitor.clone() }.link(path);
    let action = match (one.health, one.blocker) {
        (Health::Failing, Some(Blocker::Token)) => Some(("/settings", CONNECT_AGAIN)),
        (Health::Failing, Some(Blocker::Setting)) => Some(("/settings", TO_SETTINGS)),
        (Health::Failing | Health::Late, _) => Some(("/runs", TO_RUNS)),
        _ if one.parked + one.in_doubt > 0 => Some(("/problems", TO_PROBLEMS)),
        _ => None,
    };
    html! {
        section class="card state" data-state=(colour(one)) id={ "state-" (one.connection) } data-say {
            @if with_name {
                h2 { (one.connection) @if !one.account.is_empty() { " · " (one.account) } }
            }
            p { span class="pill" { (visitor.say(&pill(one))) } " " (sentence(visitor.language, one)) }
            @if let Some((path, words)) = action {
                p class="actions" { a href=(link(path)) { (visitor.say(&words)) } }
            }
            @if let Some(error) = one.last_error.as_ref() {
                details { summary { (visitor.say(&DETAILS)) } p class="hint" { (error) } }
            }
        }
    }
}

/// The state of a connection in one sentence, or two.
pub(crate) fn sentence(language: Language, one: &ConnectionStatus) -> String {
    let ago = one.last_success_ms_ago.map(|ms| format::ago(language, ms));
    match (one.health, one.blocker) {
        (Health::Never, _) => NEVER.get(language).to_owned(),
        (Health::Working, _) => working(language, one, ago.as_deref().unwrap_or_default()),
        (Health::Late, _) => late(language, ago.as_deref()),
        (Health::Failing, Some(Blocker::Token)) => TOKEN.get(language).to_owned(),
        (Health::Failing, Some(Blocker::Setting)) => SETTING.get(language).to_owned(),
        (Health::Failing, Some(Blocker::Kaspi)) => KASPI.get(language).to_owned(),
        (Health::Failing, Some(Blocker::Amocrm)) => AMOCRM.get(language).to_owned(),
        (Health::Failing, _) => OTHER.get(language).to_owned(),
    }
}

const NEVER: Words = Words::new(
    "Kaspi has not been looked at yet. The first look follows within a minute.",
    "Kaspi ещё не проверялся. Первая проверка начнётся в течение минуты.",
    "Kaspi әлі тексерілмеген. Алғашқы тексеру бір минут ішінде басталады.",
);
const TOKEN: Words = Words::new(
    "amoCRM refuses the token. Connect again. Orders of Kaspi are kept meanwhile, none is lost.",
    "amoCRM не принимает токен. Подключите её заново. Заказы из Kaspi тем временем сохраняются, ни один не потеряется.",
    "amoCRM токенді қабылдамайды. Оны қайта қосыңыз. Оған дейін Kaspi тапсырыстары сақталады, бірде-бірі жоғалмайды.",
);
const SETTING: Words = Words::new(
    "A setting is missing or wrong. Open the settings and put it right.",
    "Не хватает настройки, или она неверна. Откройте настройки и исправьте её.",
    "Баптау жетіспейді немесе қате. Баптауларды ашып, түзетіңіз.",
);
const KASPI: Words = Words::new(
    "Kaspi does not answer. Orders come in by themselves as soon as it does.",
    "Kaspi не отвечает. Как только ответит, заказы загрузятся сами.",
    "Kaspi жауап бермейді. Жауап берген бойда тапсырыстар өздігінен жүктеледі.",
);
const AMOCRM: Words = Words::new(
    "amoCRM does not answer. Orders are kept and passed on as soon as it does.",
    "amoCRM не отвечает. Заказы сохранены и будут переданы, как только она ответит.",
    "amoCRM жауап бермейді. Тапсырыстар сақталған, жауап берген бойда беріледі.",
);
const OTHER: Words = Words::new(
    "The last run ended with an error. The next one tries again by itself.",
    "Последний запуск закончился ошибкой. Следующий попробует снова сам.",
    "Соңғы іске қосу қатемен аяқталды. Келесісі өздігінен қайталап көреді.",
);

/// Orders that go on by themselves.
fn moving(one: &ConnectionStatus) -> u64 {
    one.backlog.saturating_sub(one.parked).saturating_sub(one.in_doubt)
}

fn working(language: Language, one: &ConnectionStatus, ago: &str) -> String {
    let (moving, stuck) = (moving(one), one.parked.saturating_add(one.in_doubt));
    let [moving_orders, stuck_orders] = [moving, stuck].map(|count| ORDERS.of(language, count));
    let looked = match language {
        Language::En => format!("The last look at Kaspi was {ago}"),
        Language::Ru => format!("Kaspi проверен {ago}"),
        Language::Kk => format!("Kaspi {ago} тексерілді"),
    };
    let rest = match (language, moving, stuck) {
        (Language::En, 0, 0) => "; all orders are in amoCRM.".to_owned(),
        (Language::Ru, 0, 0) => ", все заказы есть в amoCRM.".to_owned(),
        (Language::Kk, 0, 0) => ", барлық тапсырыс amoCRM-де бар.".to_owned(),
        (Language::En, _, 0) => format!("; on their way to amoCRM: {moving_orders}."),
        (Language::Ru, _, 0) => format!(", передаются в amoCRM: {moving_orders}."),
        (Language::Kk, _, 0) => format!(", amoCRM-ге берілуде: {moving_orders}."),
        (Language::En, 0, _) => format!(". Held up: {stuck_orders}; all others are in amoCRM."),
        (Language::Ru, 0, _) => format!(". Не проходит дальше: {stuck_orders}, остальные есть в amoCRM."),
        (Language::Kk, 0, _) => format!(". Кідіріп тұр: {stuck_orders}, қалғандары amoCRM-де бар."),
        (Language::En, ..) => format!(". On their way to amoCRM: {moving_orders}. Held up: {stuck_orders}."),
        (Language::Ru, ..) => {
            format!(". Передаются в amoCRM: {moving_orders}. Не проходит дальше: {stuck_orders}.")
        }
        (Language::Kk, ..) => format!(". amoCRM-ге берілуде: {moving_orders}. Кідіріп тұр: {stuck_orders}."),
    };
    format!("{looked}{rest}")
}

fn late(language: Language, ago: Option<&str>) -> String {
    match (language, ago) {
        (Language::En, Some(ago)) => {
            format!("The last look at Kaspi was {ago}. The program was switched off, or a run takes long.")
        }
        (Language::Ru, Some(ago)) => {
            format!("Kaspi проверялся {ago}. Программа была выключена, или запуск идёт долго.")
        }
        (Language::Kk, Some(ago)) => {
            format!("Kaspi {ago} тексерілген. Бағдарлама өшірулі болды немесе іске қосу ұзаққа созылды.")
        }
        (Language::En, None) => "There has been no good look at Kaspi yet.".to_owned(),
        (Language::Ru, None) => "Удачных проверок Kaspi ещё не было.".to_owned(),
        (Language::Kk, None) => "Kaspi әлі бірде-бір рет сәтті тексерілмеген.".to_owned(),
    }
}

const BACKLOG: Words = Words::new("On their way to amoCRM", "Ждут передачи в amoCRM", "amoCRM-ге берілуде");
const LAG: Words = Words::new("Kaspi was read up to", "Kaspi прочитан до", "Kaspi мына уақытқа дейін оқылды");
const DOUBT: Words = Words::new("In doubt", "Под вопросом", "Күмәнді");
const PARKED: Words = Words::new("Put aside", "Отложены", "Кейінге қалдырылған");
const SENT: Words = Words::new("Requests to amoCRM", "Запросы к amoCRM", "amoCRM сұраныстары");

fn numbers(visitor: &Visitor, one: &ConnectionStatus, figures: &Figures) -> Markup {
    let language = visitor.language;
    let number = |count| format::number(language, count);
    html! {
        div class="cards" id="numbers" {
            div class="card" {
                h2 { (visitor.say(&BACKLOG)) }
                span class="number" { (number(moving(one))) }
                @if let Some(lag_ms) = one.lag_ms {
                    p class="hint" {
                        (visitor.say(&LAG)) ": " (format::moment(language, figures.now_ms - lag_ms, figures.now_ms))
                    }
                }
            }
            @for (words, count) in [(DOUBT, one.in_doubt), (PARKED, one.parked)] {
                div class="card" {
                    h2 { (visitor.say(&words)) }
                    span class="number" { (number(count)) }
                    @if count > 0 { p { a href=(visitor.link("/problems")) { (visitor.say(&TO_PROBLEMS)) } } }
                    @else { p class="hint" { (visitor.say(&Words::new("All is well", "Всё в порядке", "Бәрі дұрыс"))) } }
                }
            }
            div class="card" {
                h2 { (visitor.say(&SENT)) }
                span class="number" { (number(figures.last_minute)) }
                p class="hint" { (limits(language, figures)) }
            }
        }
    }
}

fn limits(language: Language, figures: &Figures) -> String {
    let rps = u64::from(figures.rps);
    let (most, hour) = (format::number(language, rps * 60), REQUESTS.of(language, figures.last_hour));
    match language {
        Language::En => {
            format!("in the last minute, of {most} at most ({rps} a second). In the last hour: {hour}.")
        }
        Language::Ru => {
            format!("за последнюю минуту, можно до {most} ({rps} в секунду). За последний час: {hour}.")
        }
        Language::Kk => {
            format!("соңғы минутта, ең көбі {most} (секундына {rps}). Соңғы сағатта: {hour}.")
        }
    }
}

const NEXT: Words = Words::new("Next runs", "Следующие запуски", "Келесі іске қосулар");
const NOT_PLANNED: Words = Words::new("not planned yet", "ещё не запланирован", "әлі жоспарланбаған");
const DUE: Words = Words::new("due now", "начинается", "басталып жатыр");

/// What a job does.
pub(crate) fn job(job: Job) -> Words {
    match job {
        Job::New => Words::new("New orders", "Новые заказы", "Жаңа тапсырыстар"),
        Job::Reconcile => Words::new("Changes of orders", "Изменения заказов", "Тапсырыс өзгерістері"),
    }
}

fn next_runs(visitor: &Visitor, figures: &Figures) -> Markup {
    html! {
        section id="next" {
            h2 { (visitor.say(&NEXT)) }
            div class="card" {
                dl {
                    @for (which, due_in_ms) in figures.due_in_ms {
                        dt { (visitor.say(&job(which))) }
                        dd {
                            @match due_in_ms {
                                None => (visitor.say(&NOT_PLANNED)),
                                Some(ms) if ms <= 0 => (visitor.say(&DUE)),
                                Some(ms) => (format::ahead(visitor.language, ms)),
                            }
                        }
                    }
                }
            }
        }
    }
}
