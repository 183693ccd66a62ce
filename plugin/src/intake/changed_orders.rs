//! Which orders are read again, and when: Kaspi tells no changes, so they are found by looking.
//!
//! A pass reads the last two days and every older day that has orders on their way; now and then also the last two
//! weeks, for orders that showed up late, and the days of completed orders, which may come back. A day of which few
//! orders matter is read order by order where that takes fewer requests.

use crate::contract::types::{ProblemClass, Report};
use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use kaspi_amocrm_contract::{Message, MessageId};

use super::{
    problems::{tell, tell_incomplete},
    recording::{self, Deserves},
};
use crate::{
    domain::{Day, Order, OrderCode, day::DAY_MS},
    kaspi::{
        Kaspi, KaspiError, Window,
        pages::{Rows, WindowRead, read_window},
    },
    ports::{Budget, StoreError},
    records::{Index, Meta, ShopLedger, Visit, Visits},
};

/// Every pass reads orders as young as this, known or not.
const RECENT_MS: i64 = 48 * 3_600_000;
/// Orders that appear later than that are found by a sweep of so many days, once a day.
const SWEEP_DAYS: i64 = 14;
const SWEEP_EVERY_MS: i64 = DAY_MS;
/// Completed orders may be returned for some weeks (docs/apis/kaspi.md 3.6); after the sweep they are read less often.
const WATCH_MS: i64 = 30 * DAY_MS;
const WATCH_EVERY_MS: i64 = 3 * DAY_MS;
/// Requests to Kaspi in one pass. What is left is the oldest read, and comes first in the next one.
const REQUESTS_MAX: u64 = 300;
/// Requests in flight.
const PARALLEL: usize = 4;

/// How a day is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    Whole,
    Singly(BTreeSet<OrderCode>),
}

/// What a pass knows of a day.
struct Reasons<'a> {
    day: Day,
    visit: Visit,
    open: &'a BTreeSet<OrderCode>,
    has_watched: bool,
}

/// Whether and how a day is read in a pass that began then. Pure.
fn look(reasons: &Reasons<'_>, pass_ms: i64, horizon_ms: i64) -> Option<Look> {
    let Visit { whole_ms, open_ms, pages } = reasons.visit;
    let age_ms = pass_ms - reasons.day.end_ms();
    let is_ours = reasons.day.end_ms() >= horizon_ms;
    if age_ms < RECENT_MS && is_ours {
        return (whole_ms < pass_ms).then_some(Look::Whole);
    }
    let is_swept = age_ms < SWEEP_DAYS * DAY_MS && is_ours;
    let every_ms = match (is_swept, reasons.has_watched) {
        (true, _) => Some(SWEEP_EVERY_MS),
        (false, true) => Some(WATCH_EVERY_MS),
        (false, false) => None,
    };
    if every_ms.is_some_and(|every_ms| whole_ms <= pass_ms - every_ms) {
        return Some(Look::Whole);
    }
    if reasons.open.is_empty() || whole_ms.max(open_ms) >= pass_ms {
        return None;
    }
    let is_cheaper_singly = (reasons.open.len() as u64) <= pages.max(1);
    Some(if is_cheaper_singly { Look::Singly(reasons.open.clone()) } else { Look::Whole })
}

/// Reads what is due and records what changed. Answers whether something due is left for another slice.
///
/// # Errors
/// When the store fails. Trouble with Kaspi is a problem in the report.
pub(crate) async fn revisit(
    kaspi: &Kaspi<'_>,
    shop: &ShopLedger<'_>,
    meta: &mut Meta,
    continues: bool,
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<bool, StoreError> {
    let mut visits: Visits = shop.visits()?;
    if !continues || visits.pass_ms == 0 {
        visits.pass_ms = budget.now_ms();
        visits.pass_requests = 0;
    }
    let mut due = due(shop, &visits, meta.horizon_ms)?;
    let mut pass = Pass { kaspi, shop, meta, budget, report, visits, ends: None };
    let mut is_first = true;
    while !due.is_empty() && pass.ends.is_none() {
        if !is_first && budget.is_half_spent() {
            break;
        }
        is_first = false;
        let batch: Vec<(Day, Look)> = due.drain(..due.len().min(PARALLEL)).collect();
        pass.read(batch).await?;
        if pass.visits.pass_requests + kaspi.requests() >= REQUESTS_MAX && !due.is_empty() {
            let left = due.len();
            pass.report.problem(ProblemClass::Hint, Message::new(MessageId::DaysWait, [("count", &left)]));
            due.clear();
        }
    }
    let left = match pass.ends {
        Some(End::Ending) => true,
        Some(End::Trouble) => false,
        None => !due.is_empty(),
    };
    pass.visits
        .days
        .retain(|_, visit| visit.whole_ms.max(visit.open_ms) > pass.visits.pass_ms - 2 * WATCH_MS);
    pass.visits.pass_requests += kaspi.requests();
    shop.set_visits(&pass.visits)?;
    Ok(left)
}

/// The days of a pass: recent ones first, then those that were not read for longest.
fn due(shop: &ShopLedger<'_>, visits: &Visits, horizon_ms: i64) -> Result<Vec<(Day, Look)>, StoreError> {
    let today = Day::of(visits.pass_ms);
    let open_days: BTreeSet<Day> = shop.days(Index::Open)?.into_iter().collect();
    let watched_days: BTreeSet<Day> = shop.days(Index::Watched)?.into_iter().collect();
    let mut days: BTreeSet<Day> = (0..=SWEEP_DAYS).map(|age| today.plus(-age)).collect();
    days.extend(&open_days);
    days.extend(&watched_days);
    let mut due = Vec::new();
    for day in days {
        let open = if open_days.contains(&day) { shop.codes_of(Index::Open, day)? } else { BTreeSet::new() };
        let visit = visits.days.get(&day.number()).copied().unwrap_or_default();
        let has_watched = watched_days.contains(&day);
        let reasons = Reasons { day, visit, open: &open, has_watched };
        if let Some(look) = look(&reasons, visits.pass_ms, horizon_ms) {
            let is_old = visits.pass_ms - day.end_ms() >= RECENT_MS;
            due.push(((is_old, visit.whole_ms.max(visit.open_ms), day), look));
        }
    }
    due.sort_by_key(|(rank, _)| *rank);
    Ok(due.into_iter().map(|((.., day), look)| (day, look)).collect())
}

/// Why a pass goes no further.
enum End {
    Ending,
    Trouble,
}

struct Pass<'p> {
    kaspi: &'p Kaspi<'p>,
    shop: &'p ShopLedger<'p>,
    meta: &'p mut Meta,
    budget: &'p Budget<'p>,
    report: &'p mut Report,
    visits: Visits,
    ends: Option<End>,
}

/// The answers to one look.
enum Answer {
    Window(Window, WindowRead),
    Orders(Vec<Option<Order>>),
}

impl Pass<'_> {
    /// Reads some days side by side.
    async fn read(&mut self, batch: Vec<(Day, Look)>) -> Result<(), StoreError> {
        let (kaspi, horizon_ms) = (self.kaspi, self.meta.horizon_ms);
        let now_ms = self.budget.now_ms();
        let answers: Vec<Result<Answer, KaspiError>> = stream::iter(&batch)
            .map(async |(day, look)| match look {
                Look::Whole => {
                    // Nothing older than the horizon is looked for, but what is watched there still is.
                    let from_ms = day.begin_ms().max(if day.end_ms() >= horizon_ms { horizon_ms } else { 0 });
                    let window = Window { from_ms, to_ms: day.end_ms().min(now_ms) };
                    Ok(Answer::Window(window, read_window(kaspi, window).await?))
                }
                Look::Singly(codes) => {
                    let mut orders = Vec::with_capacity(codes.len());
                    for code in codes {
                        orders.push(kaspi.order(code.as_str()).await?);
                    }
                    Ok(Answer::Orders(orders))
                }
            })
            .buffered(PARALLEL)
            .collect()
            .await;
        for ((day, look), answer) in batch.into_iter().zip(answers) {
            match answer {
                Ok(Answer::Window(window, read)) => self.record_day(day, window, read).await?,
                Ok(Answer::Orders(orders)) => self.record_singles(day, &look, orders)?,
                Err(error) => self.end(error),
            }
        }
        Ok(())
    }

    fn end(&mut self, error: KaspiError) {
        self.ends = Some(if error == KaspiError::Ending { End::Ending } else { End::Trouble });
        tell(error, self.report);
    }

    /// Records a window, in halves as long as it is too large.
    async fn record_day(&mut self, day: Day, window: Window, read: WindowRead) -> Result<(), StoreError> {
        let mut pages = 0;
        let mut is_complete = true;
        let mut reads = vec![(window, Some(read))];
        while let Some((window, read)) = reads.pop() {
            let read = match read {
                Some(read) => read,
                None => match read_window(self.kaspi, window).await {
                    Ok(read) => read,
                    Err(error) => {
                        self.end(error);
                        return Ok(());
                    }
                },
            };
            match read {
                WindowRead::TooLarge => {
                    reads.extend(window.halves().into_iter().rev().map(|half| (half, None)))
                }
                WindowRead::Rows(rows) => {
                    pages += rows.pages;
                    is_complete &= rows.is_complete;
                    self.record(rows)?;
                }
            }
        }
        if !is_complete {
            tell_incomplete(self.report);
            return Ok(());
        }
        let visit = self.visits.days.entry(day.number()).or_default();
        *visit = Visit { whole_ms: self.visits.pass_ms, open_ms: self.visits.pass_ms, pages };
        self.forget_watched(day)
    }

    fn record_singles(
        &mut self,
        day: Day,
        look: &Look,
        orders: Vec<Option<Order>>,
    ) -> Result<(), StoreError> {
        let Look::Singly(codes) = look else { return Ok(()) };
        for code in codes.iter().zip(&orders).filter(|(_, order)| order.is_none()).map(|(code, _)| code) {
            self.report.order_problem(code.as_str(), ProblemClass::GoneAtKaspi, MessageId::KaspiOrderGone);
        }
        let orders = orders.into_iter().flatten().map(|order| (order.id.clone(), order)).collect();
        let pass_ms = self.visits.pass_ms;
        // Of a day that is swept no more, these were all that matter.
        let is_whole = self.shop.codes_of(Index::Watched, day)?.is_empty()
            && pass_ms - day.end_ms() >= SWEEP_DAYS * DAY_MS;
        self.record(Rows { orders, ..Rows::default() })?;
        let visit = self.visits.days.entry(day.number()).or_default();
        visit.open_ms = pass_ms;
        if is_whole {
            visit.whole_ms = pass_ms;
        }
        Ok(())
    }

    fn record(&mut self, rows: Rows) -> Result<(), StoreError> {
        let next = self.meta.clone();
        recording::record(
            self.shop,
            rows,
            Deserves::ByAge,
            next,
            self.meta,
            self.budget.now_ms(),
            self.report,
        )
    }

    /// Completed orders that nobody can return any more are watched no longer.
    fn forget_watched(&mut self, day: Day) -> Result<(), StoreError> {
        if day.end_ms() > self.visits.pass_ms - WATCH_MS {
            return Ok(());
        }
        let codes: Vec<OrderCode> = self.shop.codes_of(Index::Watched, day)?.into_iter().collect();
        if codes.is_empty() {
            return Ok(());
        }
        let (loaded, _) = self.shop.load(&codes)?;
        let over: Vec<(OrderCode, i64)> = loaded
            .into_iter()
            .filter_map(|loaded| Some((loaded.code, loaded.record?)))
            .filter(|(_, record)| record.completed_ms.unwrap_or(0) < self.visits.pass_ms - WATCH_MS)
            .map(|(code, record)| (code, record.created_ms))
            .collect();
        self.shop.forget_watched(&over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_503_600_000;

    fn looked(age_days: i64, visit: Visit, open: usize, has_watched: bool) -> Option<Look> {
        let day = Day::of(NOW_MS).plus(-age_days);
        let open: BTreeSet<OrderCode> =
            (0..open).filter_map(|i| OrderCode::parse(&format!("{}", 1_000_000_000 + i))).collect();
        let reasons = Reasons { day, visit, open: &open, has_watched };
        look(&reasons, NOW_MS, NOW_MS - 60 * DAY_MS)
    }

    fn read_ago(whole_ms: i64, open_ms: i64, pages: u64) -> Visit {
        Visit { whole_ms: NOW_MS - whole_ms, open_ms: NOW_MS - open_ms, pages }
    }

    #[test]
    fn each_day_has_its_rhythm() {
        let hour_ms = 3_600_000;
        let never = Visit::default();
        for (name, age_days, visit, open, has_watched, wanted) in [
            ("today", 0, read_ago(hour_ms, hour_ms, 1), 0, false, "whole"),
            ("two days ago", 2, read_ago(hour_ms, hour_ms, 1), 0, false, "whole"),
            ("today, already read in this pass", 0, read_ago(0, 0, 1), 5, true, "nothing"),
            ("last week, swept today", 7, read_ago(hour_ms, hour_ms, 1), 0, false, "nothing"),
            ("last week, swept yesterday", 7, read_ago(24 * hour_ms, hour_ms, 1), 0, false, "whole"),
            ("last week, never read", 7, never, 0, false, "whole"),
            ("last week, one on its way", 7, read_ago(hour_ms, hour_ms, 1), 1, false, "singly"),
            ("last week, many on their way", 7, read_ago(hour_ms, hour_ms, 2), 3, false, "whole"),
            ("last week, many, but of a large day", 7, read_ago(hour_ms, hour_ms, 9), 3, false, "singly"),
            ("last week, already read singly in this pass", 7, read_ago(hour_ms, 0, 9), 3, false, "nothing"),
            ("last month, nothing on its way", 30, never, 0, false, "nothing"),
            ("last month, one on its way", 30, never, 1, false, "singly"),
            ("last month, completed ones", 30, read_ago(71 * hour_ms, hour_ms, 1), 0, true, "nothing"),
            (
                "last month, completed ones, not read for long",
                30,
                read_ago(72 * hour_ms, 0, 1),
                0,
                true,
                "whole",
            ),
            ("older than the horizon, one on its way", 90, never, 1, false, "singly"),
        ] {
            let got = match looked(age_days, visit, open, has_watched) {
                None => "nothing",
                Some(Look::Whole) => "whole",
                Some(Look::Singly(_)) => "singly",
            };
            assert_eq!(got, wanted, "{name}");
        }
    }
}
