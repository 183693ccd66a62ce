//! `/statement`: the orders of some days at Kaspi against the leads in amoCRM.
//!
//! Comparing takes up to minutes, so it goes on in the background; the page looks for the outcome by itself.

mod view;

use std::time::Duration;

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

#[cfg(test)]
pub(crate) use view::{View, body};

use super::order;
use crate::{
    base::clock::now_ms,
    base::{
        calendar::{self, Day, Range},
        percent::encoded,
    },
    i18n::words::Words,
    service::RunError,
    web::{
        app::{
            background_tasks::{Asked, Compared},
            state::Web,
        },
        auth::password::OWNER,
        console::frame::{
            extract::{Signed, SignedIn},
            page::{Place, page},
            parts::{run_failed, store_failed},
        },
        http::answer::see_other,
    },
};

/// How long a repair waits for a run that is under way.
const WAIT: Duration = Duration::from_secs(120);
/// Days of one statement: more would take too long for a page.
const DAYS_MAX: i64 = 31;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct StatementQuery {
    /// One day.
    day: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StatementForm {
    from: String,
    to: String,
    /// `repair`, or `missing`: leads that are gone are made again, too. Otherwise nothing is changed.
    act: Option<String>,
}

pub(crate) async fn statement(
    SignedIn(visitor): SignedIn,
    State(web): State<Web>,
    Query(query): Query<StatementQuery>,
) -> Response {
    let now_ms = now_ms();
    let yesterday = Day::of(now_ms).before().to_string();
    let from = query.from.or(query.day).unwrap_or(yesterday);
    let to = query.to.unwrap_or_else(|| from.clone());
    // What was asked for with wrong days is said here: an address can be kept, and tomorrow it may be right.
    let wrong = range(&from, &to, Day::of(now_ms)).err();
    let view = view::View {
        task: web.desk.statements.state(&visitor.connection),
        account: order::account(&web.site.host(), &visitor.connection),
        from,
        to,
        wrong,
        now_ms,
    };
    page(&visitor, Place::Statement, view::body(&visitor, &view))
}

pub(crate) async fn compare(
    State(web): State<Web>,
    Signed(visitor, form): Signed<StatementForm>,
) -> Response {
    let [from, to] = [&form.from, &form.to].map(|day| encoded(day));
    let there = see_other(&visitor.link(&format!("/statement?from={from}&to={to}")));
    let Ok(range) = range(&form.from, &form.to, Day::of(now_ms())) else { return there };
    let (repair, missing) = match form.act.as_deref() {
        Some("repair") => (true, false),
        Some("missing") => (true, true),
        _ => (false, false),
    };
    let host = web.site.host();
    if repair {
        let what = if missing { "repair-missing" } else { "repair" };
        let days = order::subject(&visitor, &format!("{}..{}", form.from, form.to));
        if let Err(error) = host.store().note_act(OWNER, what, &days).await {
            return store_failed(&visitor, Place::Statement, &error);
        }
    }
    let (connection, stop) = (visitor.connection.clone(), web.stop.clone());
    web.desk.statements.begin(&visitor.connection, Asked { range, repair }, async move {
        let compared: Result<Compared, RunError> = if repair {
            let repaired = Box::pin(host.repair(&connection, range, missing, WAIT, &stop)).await;
            repaired.map(|repaired| Compared {
                mended: Some((repaired.wanted, repaired.mended)),
                statement: repaired.statement,
            })
        } else {
            let statement = Box::pin(host.statement(&connection, range, &stop)).await;
            statement.map(|statement| Compared { statement, mended: None })
        };
        compared.map_err(|error| {
            tracing::warn!(connection, "a statement failed: {error}");
            run_failed(&error)
        })
    });
    there
}

const NO_DAY: Words = Words::new(
    "Write a day as year-month-day, for example 2026-11-24.",
    "Укажите день в виде год-месяц-число, например 2026-11-24.",
    "Күнді жыл-ай-күн түрінде көрсетіңіз, мысалы 2026-11-24.",
);
const WRONG_ORDER: Words = Words::new(
    "The first day comes after the last one.",
    "Первый день позже последнего.",
    "Бірінші күн соңғысынан кейін тұр.",
);
const NOT_YET: Words = Words::new(
    "The last day has not come yet.",
    "Последний день ещё не наступил.",
    "Соңғы күн әлі келген жоқ.",
);
const TOO_LONG: Words =
    Words::new("Choose at most 31 days.", "Выберите не больше 31 дня.", "Ең көбі 31 күн таңдаңыз.");

/// All of the days, or what is wrong with them.
fn range(from: &str, to: &str, today: Day) -> Result<Range, Words> {
    let day = |text: &str| text.parse::<Day>().map_err(|_| NO_DAY);
    let (from, to) = (day(from)?, day(to)?);
    if from > to {
        Err(WRONG_ORDER)
    } else if to > today {
        Err(NOT_YET)
    } else if to.after(from) >= DAYS_MAX {
        Err(TOO_LONG)
    } else {
        calendar::range(from, to, today).map_err(|_| NO_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_cannot_be_compared_are_said_to_be_wrong() {
        let today: Day = "2026-11-25".parse().unwrap();
        for (from, to, expected) in [
            ("2026-11-24", "2026-11-24", None),
            ("2026-10-26", "2026-11-25", None),
            ("2026-10-25", "2026-11-25", Some(TOO_LONG)),
            ("2026-11-24", "2026-11-23", Some(WRONG_ORDER)),
            ("2026-11-24", "2026-11-26", Some(NOT_YET)),
            ("<b>", "2026-11-24", Some(NO_DAY)),
            ("2026-11-24", "", Some(NO_DAY)),
        ] {
            assert_eq!(range(from, to, today).err(), expected, "{from} to {to}");
        }
    }
}
