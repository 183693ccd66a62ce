//! Orders and leads per hour, as a picture and as a table that says the same.

use kaspi_amocrm_contract::Language;
use maud::{Markup, html};

use crate::{
    base::calendar::hour_and_minute,
    i18n::{format, words::Words},
    web::console::frame::visitor::Visitor,
};

/// Hours that are shown; the last one is under way.
pub(crate) const HOURS: usize = 24;
const HOUR_MS: i64 = 3_600_000;

// Units of the picture, about those of a phone's screen.
const WIDTH: i64 = 360;
const HEIGHT: i64 = 150;
const LEFT: i64 = 26;
const TOP: i64 = 8;
const BOTTOM: i64 = 130;

const TITLE: Words = Words::new(
    "Orders and leads by hour",
    "Заказы и сделки по часам",
    "Тапсырыстар мен мәмілелер сағат бойынша",
);
const ORDERS: Words = Words::new("Orders at Kaspi", "Заказы в Kaspi", "Kaspi тапсырыстары");
const LEADS: Words = Words::new("Leads in amoCRM", "Сделки в amoCRM", "amoCRM мәмілелері");
const AS_TABLE: Words = Words::new("The same as a table", "То же в виде таблицы", "Кесте түрінде");
const HOUR: Words = Words::new("Hour", "Час", "Сағат");

/// How many of something fell into each of the last hours, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    /// When the oldest of them began, milliseconds since 1970.
    pub(crate) from_ms: i64,
    /// The numbers.
    pub(crate) counts: [u64; HOURS],
}

impl Hours {
    /// Nothing yet, up to now.
    pub(crate) fn until(now_ms: i64) -> Self {
        let last_ms = now_ms - now_ms.rem_euclid(HOUR_MS);
        Self { from_ms: last_ms - HOUR_MS * 23, counts: [0; HOURS] }
    }

    /// Adds some that happened at a moment; what is outside of the hours is dropped.
    pub(crate) fn add(&mut self, at_ms: i64, count: u64) {
        let hour = usize::try_from((at_ms - self.from_ms).div_euclid(HOUR_MS));
        if let Some(sum) = hour.ok().and_then(|hour| self.counts.get_mut(hour)) {
            *sum = sum.saturating_add(count);
        }
    }

    /// All together.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn hour_of(&self, place: usize) -> i64 {
        hour_and_minute(self.from_ms + HOUR_MS * i64::try_from(place).unwrap_or(0)).0
    }
}

/// The end of the scale: the first of 2, 4, 10, 20, 40, 100, … that is not exceeded, so that its half is a whole number.
fn scale_end(most: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for step in [2, 4, 10] {
            let end = power.saturating_mul(step);
            if end >= most {
                return end;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// How tall a bar is.
fn bar(count: u64, end: u64) -> i64 {
    let tall = u128::from(count) * u128::from((BOTTOM - TOP).unsigned_abs()) / u128::from(end.max(1));
    let tall = i64::try_from(tall).unwrap_or(BOTTOM - TOP).min(BOTTOM - TOP);
    // One of a thousand still is one.
    if count > 0 { tall.max(1) } else { 0 }
}

/// The picture and its table.
pub(crate) fn chart(visitor: &Visitor, orders: &Hours, leads: &Hours) -> Markup {
    let most = orders.counts.iter().chain(&leads.counts).copied().max().unwrap_or(0);
    let end = scale_end(most);
    let language = visitor.language;
    html! {
        ul class="legend" {
            li { (visitor.say(&ORDERS)) ": " (format::number(language, orders.total())) }
            li class="leads" { (visitor.say(&LEADS)) ": " (format::number(language, leads.total())) }
        }
        svg class="chart" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="xMinYMid meet" role="img"
            aria-labelledby="chart-title chart-desc" {
            title id="chart-title" { (visitor.say(&TITLE)) }
            desc id="chart-desc" { (described(language, orders, leads)) }
            @for part in 0..3_u64 {
                @let value = end / 2 * part;
                @let y = BOTTOM - bar(value, end);
                line class="grid" x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text x=(LEFT - 4) y=(y + 3) text-anchor="end" { (value) }
            }
            @for place in 0..HOURS {
                @let x = LEFT + 2 + i64::try_from(place).unwrap_or(0) * (WIDTH - LEFT - 4) / 24;
                @for (class, count, shift) in [("orders", orders.counts[place], 0), ("leads", leads.counts[place], 6)] {
                    @let tall = bar(count, end);
                    @if tall > 0 {
                        rect class=(class) x=(x + shift) y=(BOTTOM - tall) width="5" height=(tall) rx="1" {}
                    }
                }
                @if orders.hour_of(place).rem_euclid(6) == 0 {
                    text x=(x) y=(BOTTOM + 13) { (orders.hour_of(place)) ":00" }
                }
            }
        }
        details {
            summary { (visitor.say(&AS_TABLE)) }
            table class="list" {
                thead { tr {
                    th scope="col" { (visitor.say(&HOUR)) }
                    th scope="col" class="number" { (visitor.say(&ORDERS)) }
                    th scope="col" class="number" { (visitor.say(&LEADS)) }
                } }
                tbody {
                    @for place in (0..HOURS).rev() {
                        tr {
                            th scope="row" { (orders.hour_of(place)) ":00" }
                            td class="number" data-label=(visitor.say(&ORDERS)) { (orders.counts[place]) }
                            td class="number" data-label=(visitor.say(&LEADS)) { (leads.counts[place]) }
                        }
                    }
                }
            }
        }
    }
}

fn described(language: Language, orders: &Hours, leads: &Hours) -> String {
    let [orders, leads] = [orders, leads].map(|hours| format::number(language, hours.total()));
    match language {
        Language::En => format!("In the last 24 hours: {orders} orders, {leads} leads."),
        Language::Ru => format!("За последние 24 часа: заказов {orders}, сделок {leads}."),
        Language::Kk => format!("Соңғы 24 сағатта: тапсырыстар {orders}, мәмілелер {leads}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_falls_into_its_hour() {
        let now_ms = 100 * HOUR_MS + 5;
        let mut hours = Hours::until(now_ms);
        assert_eq!(hours.from_ms, 77 * HOUR_MS);
        hours.add(now_ms, 1);
        hours.add(100 * HOUR_MS, 2);
        hours.add(100 * HOUR_MS - 1, 4);
        hours.add(77 * HOUR_MS, 8);
        hours.add(77 * HOUR_MS - 1, 100);
        hours.add(101 * HOUR_MS, 100);
        assert_eq!((hours.counts[23], hours.counts[22], hours.counts[0], hours.total()), (3, 4, 8, 15));
        hours.add(now_ms, u64::MAX);
        assert_eq!(hours.total(), u64::MAX);
    }

    #[test]
    fn bars_fit_under_the_end_of_the_scale() {
        for (most, end) in [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (41, 100), (100, 100), (101, 200)] {
            assert_eq!(scale_end(most), end, "{most}");
            assert!(bar(most, end) <= BOTTOM - TOP);
        }
        assert_eq!(scale_end(u64::MAX), u64::MAX);
        assert_eq!((bar(10, 10), bar(5, 10), bar(0, 10)), (122, 61, 0));
        assert_eq!(bar(1, 1_000_000), 1, "one of many is seen");
        assert_eq!(bar(u64::MAX, u64::MAX), BOTTOM - TOP);
    }
}
