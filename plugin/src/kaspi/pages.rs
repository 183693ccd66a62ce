//! All pages of a window of time.
//!
//! Page numbers are never kept: rows shift while paging.

use std::collections::BTreeMap;

use super::{
    client::{Kaspi, KaspiError, WINDOW_PAGES_MAX, Window},
    wire::BadRow,
};
use crate::domain::{Order, day::DAY_MS};
/// Windows are not halved below this: more orders than that in a minute are read with all their pages.
const WINDOW_MS_MIN: i64 = 60_000;
/// Pages of one window at most; Kaspi is said to end a range at about 10 000 rows (docs/apis/kaspi.md 1.4).
const PAGES_MAX: u64 = 100;
/// How often a window is read whose rows do not add up.
const READS_MAX: usize = 2;

/// Cuts a range into windows of at most a day, oldest first.
pub(crate) fn split(from_ms: i64, to_ms: i64) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut at = from_ms;
    while at <= to_ms {
        let end = (at + DAY_MS - 1).min(to_ms);
        windows.push(Window { from_ms: at, to_ms: end });
        at = end + 1;
    }
    windows
}

/// What became of reading a window.
pub(crate) enum WindowRead {
    /// Should be read in halves.
    TooLarge,
    /// All its rows.
    Rows(Rows),
}

/// The rows of a window.
#[derive(Default)]
pub(crate) struct Rows {
    /// By Kaspi's id.
    pub(crate) orders: BTreeMap<String, Order>,
    /// Those that make no sense.
    pub(crate) bad_rows: Vec<BadRow>,
    /// Whether there are as many as Kaspi announced.
    pub(crate) is_complete: bool,
    /// Kaspi's clock when it began to answer.
    pub(crate) server_ms: Option<i64>,
    /// How many pages they came in.
    pub(crate) pages: u64,
}

/// Reads all pages of a window.
pub(crate) async fn read_window(kaspi: &Kaspi<'_>, window: Window) -> Result<WindowRead, KaspiError> {
    let mut rows = Rows::default();
    for _ in 0..READS_MAX {
        let mut total_count = 0;
        let mut page_count = 1;
        let mut number = 0;
        rows.bad_rows.clear();
        while number < page_count.min(PAGES_MAX) {
            let page = kaspi.page(window, number).await?;
            if number == 0
                && page.page_count > WINDOW_PAGES_MAX
                && window.to_ms - window.from_ms > 2 * WINDOW_MS_MIN
            {
                return Ok(WindowRead::TooLarge);
            }
            page_count = page.page_count;
            rows.pages = page_count.max(1);
            total_count = page.total_count;
            if rows.server_ms.is_none() {
                rows.server_ms = page.server_ms;
            }
            rows.bad_rows.extend(page.bad_rows);
            rows.orders.extend(page.orders.into_iter().map(|order| (order.id.clone(), order)));
            number += 1;
        }
        // Rows shift between pages when an order appears late: fewer rows than announced may be a skipped one.
        rows.is_complete =
            rows.orders.len() as u64 + rows.bad_rows.len() as u64 >= total_count && page_count <= PAGES_MAX;
        if rows.is_complete {
            break;
        }
    }
    Ok(WindowRead::Rows(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_every_millisecond_once() {
        for (from, to) in [(0, 0), (0, DAY_MS - 1), (0, DAY_MS), (5, 3 * DAY_MS + 7)] {
            let windows = split(from, to);
            assert_eq!(windows.first().map(|w| w.from_ms), Some(from));
            assert_eq!(windows.last().map(|w| w.to_ms), Some(to));
            assert!(windows.windows(2).all(|pair| pair[0].to_ms + 1 == pair[1].from_ms));
            assert!(windows.iter().all(|w| w.to_ms - w.from_ms < DAY_MS));
        }
        assert_eq!(split(1, 0), []);
    }
}
