//! Reads orders that were placed in a range of time.
//!
//! A pass is a list of windows, oldest first, all states.

use crate::contract::types::Report;
use std::collections::VecDeque;

use futures_util::{StreamExt as _, stream};

use super::{
    problems::{tell, tell_incomplete},
    recording::{Deserves, record},
};
use crate::{
    kaspi::{
        Kaspi, KaspiError, Window,
        pages::{WindowRead, read_window, split},
    },
    ports::{Budget, StoreError},
    records::{Meta, ShopLedger},
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
pub(crate) async fn ingest(
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
    let mut is_out_of_reach = false;
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
                    is_out_of_reach |= !is_token;
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
        if is_out_of_reach {
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
pub(crate) async fn range(
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
