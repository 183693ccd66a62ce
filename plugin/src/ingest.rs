//! Kaspi's pages into the ledger.
//!
//! A pass is a list of windows, oldest first, all states. Every order of a window is recorded before the watermark
//! moves over it, and nothing is sent to amoCRM from here. Page numbers are never kept: rows shift while paging.

use std::collections::{BTreeMap, VecDeque};

use futures_util::{StreamExt as _, stream};

use crate::{
    domain::{Order, OrderCode},
    kaspi::{
        Kaspi, KaspiError, Window,
        pages::{Rows, WindowRead, read_window, split},
    },
    ports::{Budget, StoreError},
    records::{Meta, Record, ShopLedger, tombstones},
    report::{Report, planned_order},
    settings::Settings,
};

/// Requests in flight to Kaspi.
const PARALLEL: usize = 4;

/// Reads from the watermark to now and records what is new.
///
/// Stops between windows when half of the slice is spent, but never before the first. Answers whether windows are
/// left to read.
///
/// # Errors
/// When the store fails. Trouble with Kaspi is a problem in the report.
pub async fn ingest(
    kaspi: &Kaspi<'_>,
    shop: &ShopLedger<'_>,
    settings: &Settings,
    meta: &mut Meta,
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<bool, StoreError> {
    let now_ms = budget.now_ms();
    let from_ms = (meta.watermark_ms - settings.overlap_ms).max(meta.horizon_ms - settings.overlap_ms);
    let mut windows: VecDeque<Window> = split(from_ms, now_ms).into();
    let mut moves = true;
    let mut is_first = true;
    while !windows.is_empty() {
        if !is_first && budget.is_half_spent() {
            return Ok(true);
        }
        is_first = false;
        // Several windows are read side by side and recorded in their order.
        let batch: Vec<Window> = windows.drain(..windows.len().min(PARALLEL)).collect();
        let reads: Vec<_> = stream::iter(batch.iter().map(|window| read_window(kaspi, *window)))
            .buffered(PARALLEL)
            .collect()
            .await;
        let mut is_ending = false;
        for (i, (window, read)) in batch.iter().zip(reads).enumerate() {
            match read {
                Ok(WindowRead::TooLarge) => {
                    // The halves come next, then what was read beyond them: the watermark moves in order.
                    let halves = window.halves();
                    for again in halves.iter().chain(&batch[i + 1..]).rev() {
                        windows.push_front(*again);
                    }
                    break;
                }
                Ok(WindowRead::Rows(rows)) => {
                    if !rows.is_complete {
                        moves = false;
                        tell_incomplete(report);
                    }
                    let mut next = meta.clone();
                    if moves {
                        let end_ms =
                            window.to_ms.min(rows.server_ms.unwrap_or(i64::MAX)).min(budget.now_ms());
                        next.watermark_ms = meta.watermark_ms.max(end_ms);
                    }
                    record(shop, rows, Deserves::ByAge, next, meta, budget.now_ms(), report)?;
                }
                Err(KaspiError::Ending) => {
                    moves = false;
                    is_ending = true;
                }
                Err(error) => {
                    moves = false;
                    let is_token = matches!(error, KaspiError::Token(_));
                    tell(error, report);
                    if is_token {
                        return Ok(false);
                    }
                }
            }
        }
        if is_ending {
            return Ok(true);
        }
        if report.problems.iter().any(|problem| problem.class == "upstream_kaspi") {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Reads a range that a person named and records all its orders. Stops between windows when half of the slice is
/// spent. Answers where to go on (`None`: it is read), and whether to do so at once.
///
/// # Errors
/// When the store fails. Trouble with Kaspi is a problem in the report.
pub async fn range(
    kaspi: &Kaspi<'_>,
    shop: &ShopLedger<'_>,
    range: Window,
    meta: &mut Meta,
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<(Option<i64>, bool), StoreError> {
    let mut windows: VecDeque<Window> = split(range.from_ms, range.to_ms.min(budget.now_ms())).into();
    let mut is_first = true;
    while let Some(window) = windows.pop_front() {
        if !is_first && budget.is_half_spent() {
            return Ok((Some(window.from_ms), true));
        }
        is_first = false;
        match read_window(kaspi, window).await {
            Ok(WindowRead::TooLarge) => {
                window.halves().into_iter().rev().for_each(|half| windows.push_front(half))
            }
            Ok(WindowRead::Rows(rows)) => {
                let is_complete = rows.is_complete;
                record(shop, rows, Deserves::Everything, meta.clone(), meta, budget.now_ms(), report)?;
                if !is_complete {
                    tell_incomplete(report);
                    return Ok((Some(window.from_ms), false));
                }
            }
            Err(error) => {
                let is_ending = error == KaspiError::Ending;
                tell(error, report);
                return Ok((Some(window.from_ms), is_ending));
            }
        }
    }
    Ok((None, false))
}

pub(crate) fn tell_incomplete(report: &mut Report) {
    report.problem(
        "kaspi_incomplete",
        "Kaspi's pages do not add up; the same days are read again by the next run",
    );
}

pub(crate) fn tell(error: KaspiError, report: &mut Report) {
    match error {
        KaspiError::Token(_) => {
            report.problem(
                "config",
                format!("KASPI_API_TOKEN: {error}; take the token from Kaspi's cabinet, Settings"),
            );
        }
        KaspiError::Ending => {}
        KaspiError::Refused { .. } | KaspiError::Unreachable(_) => {
            report.problem("upstream_kaspi", format!("Kaspi: {error}"));
        }
    }
}

/// Which orders deserve a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deserves {
    /// The rules of the first look-back.
    ByAge,
    /// A person asked for all of them.
    Everything,
}

/// Records what is new and what Kaspi says otherwise than before, then where the shop stands.
pub(crate) fn record(
    shop: &ShopLedger<'_>,
    rows: Rows,
    deserves: Deserves,
    next: Meta,
    meta: &mut Meta,
    now_ms: i64,
    report: &mut Report,
) -> Result<(), StoreError> {
    for bad in &rows.bad_rows {
        let code = bad.code.clone().unwrap_or_default();
        report.order_problem(&code, "malformed", format!("Kaspi's row cannot be read: {}", bad.reason));
    }
    report.seen += rows.orders.len() as u64;
    let mut orders: BTreeMap<OrderCode, Order> = BTreeMap::new();
    for order in rows.orders.into_values() {
        // One code with two ids: the first row is the order, the second a problem for a person.
        if let Some(first) = orders.insert(order.code.clone(), order) {
            report.order_problem(first.code.as_str(), "malformed", "Kaspi shows two orders with this number");
        }
    }
    let codes: Vec<OrderCode> = orders.keys().cloned().collect();
    let (known, unreadable) = shop.load(&codes)?;
    for bad in unreadable {
        orders.retain(|code, _| code.as_str() != bad.code);
        tell_unreadable(&bad.code, report);
    }
    let mut seen = Vec::new();
    for loaded in known {
        let Some(mut order) = orders.remove(&loaded.code) else { continue };
        let lifted = |why: &str| deserves == Deserves::Everything && tombstones::is_lifted_by_backfill(why);
        let record = match loaded.record {
            Some(record) if !record.tombstone.as_deref().is_some_and(lifted) => record,
            _ => {
                let tombstone = match deserves {
                    Deserves::ByAge => tombstone(&order, meta),
                    Deserves::Everything => None,
                };
                if let Some(why) = &tombstone {
                    report.skipped += 1;
                    if let Some(plan) = &mut report.plan {
                        plan.push(planned_order::without_lead(&order.code, why));
                    }
                }
                let record = Record::new(&order, now_ms, tombstone);
                seen.push((order, record));
                continue;
            }
        };
        report.skipped += 1;
        if let Some(revised) = revise(record, &mut order, loaded.order, now_ms) {
            seen.push((order, revised));
        }
    }
    if !seen.is_empty() || next != *meta {
        shop.record(&seen, &next)?;
        *meta = next;
    }
    Ok(())
}

/// The record with what Kaspi says now; `None` where that is nothing new.
fn revise(mut record: Record, order: &mut Order, stored: Option<Order>, now_ms: i64) -> Option<Record> {
    if record.tombstone.is_some() || !record.see(order, now_ms) {
        return None;
    }
    // What Kaspi hides later is not forgotten before the order is settled.
    if let Some(stored) = stored {
        order.buyer.phone = order.buyer.phone.take().or(stored.buyer.phone);
        order.buyer.name = order.buyer.name.take().or(stored.buyer.name);
        order.address = order.address.take().or(stored.address);
        if order.lines.is_none() && order.total == stored.total {
            order.lines = stored.lines;
        }
    }
    Some(record)
}

/// Says that a record is damaged: it is left as it is.
pub(crate) fn tell_unreadable(code: &str, report: &mut Report) {
    report.order_problem(code, "ledger", "the record of this order cannot be read; restore a backup");
}

fn tombstone(order: &Order, meta: &Meta) -> Option<String> {
    let is_first_pass = meta.watermark_ms < meta.first_start_ms;
    if order.created_ms < meta.horizon_ms {
        Some(tombstones::TOO_OLD.to_owned())
    } else if is_first_pass && order.state == "ARCHIVE" && order.created_ms < meta.first_start_ms {
        Some(tombstones::ARCHIVED.to_owned())
    } else {
        None
    }
}
