//! Orders as lines for people.

use std::collections::BTreeMap;

use crate::{cli::support::table, service::FoundOrder};

/// Everything known of each order.
pub(crate) fn blocks(orders: &[FoundOrder]) -> Vec<String> {
    let blocks: Vec<Vec<String>> = orders.iter().map(block).collect();
    blocks.join(&String::new())
}

/// All orders in one table, and how many there are.
pub(crate) fn table(orders: &[FoundOrder]) -> Vec<String> {
    if orders.is_empty() {
        return vec!["no order has anything left to do / все заказы обработаны".to_owned()];
    }
    let rows: Vec<[String; 8]> = orders.iter().map(row).collect();
    let header = ["Order", "Kaspi", "Price", "Lead", "Next", "Tries", "Next try (UTC)", "Why"];
    let mut lines = table::lines(header, &rows);
    let mut steps: BTreeMap<&str, usize> = BTreeMap::new();
    orders.iter().for_each(|order| *steps.entry(&order.step).or_default() += 1);
    let steps: Vec<String> = steps.iter().map(|(step, count)| format!("{step} {count}")).collect();
    let (count, waiting) = (orders.len(), orders.iter().filter(|order| order.cause.is_some()).count());
    lines.extend([
        String::new(),
        format!("{count} orders have something left to do: {}; {waiting} wait for a cause", steps.join(", ")),
        format!("заказов в работе: {count}; из них ждут по указанной причине: {waiting}"),
        "more about one / подробнее об одном: kaspi-amocrm orders CODE".to_owned(),
    ]);
    lines
}

fn block(order: &FoundOrder) -> Vec<String> {
    let code = &order.code;
    let mut lines = Vec::new();
    if order.found {
        let facts = [code.clone(), kaspi(order), price(order), lead(order)];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        lines.push(facts.join("  "));
    } else {
        lines.push(format!("{code}  there is no record of this order / записи об этом заказе нет"));
    }
    for step in &order.steps {
        let at = step.at.as_deref().map(moment).unwrap_or_default();
        lines.push(format!("  {at} UTC  {}", both(&step.en, &step.ru, &step.step)));
    }
    lines.push(format!("  {}", next(if order.step.is_empty() { "unknown" } else { &order.step })));
    let Some(cause) = &order.cause else { return lines };
    let en = if cause.en.is_empty() { &cause.class } else { &cause.en };
    lines.push(format!("  why:     {en}"));
    if !cause.ru.is_empty() && cause.ru != cause.en {
        lines.push(format!("  почему:  {}", cause.ru));
    }
    if let Some(at) = &cause.next_try_at {
        let (tries, at) = (cause.tries, moment(at));
        lines.push(match tries {
            0 => format!("  looked at again after {at} UTC / следующая проверка после {at} UTC"),
            _ => {
                format!("  tries so far: {tries}, next at {at} UTC / попыток: {tries}, следующая в {at} UTC")
            }
        });
    }
    lines
}

fn row(order: &FoundOrder) -> [String; 8] {
    let cause = order.cause.clone().unwrap_or_default();
    let tries = if cause.tries == 0 { String::new() } else { cause.tries.to_string() };
    let next_try = cause.next_try_at.as_deref().map(moment).unwrap_or_default();
    let why = if cause.en.is_empty() { cause.class } else { cause.en };
    let lead = order.lead_id.map(|id| id.to_string()).unwrap_or_default();
    [order.code.clone(), kaspi(order), price(order), lead, order.step.clone(), tries, next_try, why]
}

/// What comes next, in both languages.
fn next(step: &str) -> String {
    let (en, ru) = match step {
        "lead" => ("next: its lead", "дальше: сделка"),
        "products" => ("next: its products", "дальше: товары"),
        "note" => ("next: its note", "дальше: заметка"),
        "changes" => ("next: what has changed at Kaspi", "дальше: изменения из Kaspi"),
        "done" => ("done: nothing is left to do", "готово: делать больше нечего"),
        "no_lead" => ("gets no lead", "сделка не создаётся"),
        "unknown" => (
            "nothing is known of it; kaspi-amocrm backfill brings in older orders",
            "о нём ничего не известно; старые заказы загружает kaspi-amocrm backfill",
        ),
        other => return format!("next: {other}"),
    };
    format!("{en} / {ru}")
}

fn kaspi(order: &FoundOrder) -> String {
    let names = [order.state.as_deref(), order.status.as_deref()];
    let pair = names.into_iter().flatten().collect::<Vec<_>>().join("/");
    match &order.stage {
        Some(stage) => format!("{pair} ({stage})"),
        None => pair,
    }
}

fn price(order: &FoundOrder) -> String {
    if order.total_kzt.is_empty() { String::new() } else { format!("{} KZT", order.total_kzt) }
}

fn lead(order: &FoundOrder) -> String {
    let adopted = if order.is_adopted { " (adopted)" } else { "" };
    order.lead_id.map_or_else(|| "no lead".to_owned(), |id| format!("lead {id}{adopted}"))
}

/// `en / ru`, or what there is.
fn both(en: &str, ru: &str, otherwise: &str) -> String {
    match (en, ru) {
        ("", "") => otherwise.to_owned(),
        (one, "") | ("", one) => one.to_owned(),
        (en, ru) if en == ru => en.to_owned(),
        (en, ru) => format!("{en} / {ru}"),
    }
}

/// `2026-11-24T05:27:31Z` as `2026-11-24 05:27`; anything else as it is.
fn moment(text: &str) -> String {
    match (text.get(..10), text.get(10..11), text.get(11..16)) {
        (Some(day), Some("T"), Some(time)) if time.contains(':') => format!("{day} {time}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn orders(value: Value) -> Vec<FoundOrder> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_order_is_told_with_its_steps_and_its_cause() {
        let orders = orders(json!([
            {"code": "100", "found": true, "created_at": "2026-11-24T05:27:31Z", "state": "KASPI_DELIVERY",
             "status": "ACCEPTED_BY_MERCHANT", "stage": "packed", "total_kzt": 15000, "lead_id": 800003,
             "is_adopted": true, "step": "products",
             "cause": {"class": "products_refused", "en": "amoCRM refuses the products",
                       "ru": "amoCRM отклоняет товары", "tries": 3, "next_try_at": "2026-11-24T06:30:00Z"},
             "steps": [{"step": "lead", "at": "2026-11-24T05:28:00Z", "en": "lead found", "ru": "сделка найдена"}]},
            {"code": "200", "found": false, "step": "unknown", "state": null, "steps": []},
            {"code": "300", "found": true, "state": "ARCHIVE", "status": "COMPLETED", "stage": null,
             "total_kzt": null, "lead_id": null, "step": "no_lead",
             "cause": {"class": "too_old", "en": "it is older than the first start", "ru": ""}},
        ]));
        assert_eq!(
            blocks(&orders),
            [
                "100  KASPI_DELIVERY/ACCEPTED_BY_MERCHANT (packed)  15000 KZT  lead 800003 (adopted)",
                "  2026-11-24 05:28 UTC  lead found / сделка найдена",
                "  next: its products / дальше: товары",
                "  why:     amoCRM refuses the products",
                "  почему:  amoCRM отклоняет товары",
                "  tries so far: 3, next at 2026-11-24 06:30 UTC / попыток: 3, следующая в 2026-11-24 06:30 UTC",
                "",
                "200  there is no record of this order / записи об этом заказе нет",
                "  nothing is known of it; kaspi-amocrm backfill brings in older orders / о нём ничего не известно; \
                 старые заказы загружает kaspi-amocrm backfill",
                "",
                "300  ARCHIVE/COMPLETED  no lead",
                "  gets no lead / сделка не создаётся",
                "  why:     it is older than the first start",
            ]
        );
    }

    #[test]
    fn open_orders_stand_in_a_table() {
        let orders = orders(json!([
            {"code": "100", "found": true, "state": "NEW", "status": "APPROVED_BY_BANK", "total_kzt": 15000,
             "step": "lead", "cause": {"class": "doubt", "en": "its answer was lost", "ru": "ответ потерян", "tries": 1,
             "next_try_at": "2026-11-24T06:30:00Z"}},
            {"code": "2000", "found": true, "state": "PICKUP", "status": "ACCEPTED_BY_MERCHANT", "total_kzt": 900,
             "lead_id": 7, "step": "note", "cause": null},
        ]));
        assert_eq!(
            table(&orders),
            [
                "Order  Kaspi                        Price      Lead  Next  Tries  Next try (UTC)    Why",
                "-----  ---------------------------  ---------  ----  ----  -----  ----------------  -------------------",
                "100    NEW/APPROVED_BY_BANK         15000 KZT        lead  1      2026-11-24 06:30  its answer was lost",
                "2000   PICKUP/ACCEPTED_BY_MERCHANT  900 KZT    7     note",
                "",
                "2 orders have something left to do: lead 1, note 1; 1 wait for a cause",
                "заказов в работе: 2; из них ждут по указанной причине: 1",
                "more about one / подробнее об одном: kaspi-amocrm orders CODE",
            ]
        );
        assert_eq!(table(&[]).len(), 1);
    }

    #[test]
    fn moments_are_shortened_where_they_are_moments() {
        for (text, shown) in [
            ("2026-11-24T05:27:31.123Z", "2026-11-24 05:27"),
            ("2026-11-24", "2026-11-24"),
            ("вчера вечером, в пять", "вчера вечером, в пять"),
            ("", ""),
        ] {
            assert_eq!(moment(text), shown);
        }
    }
}
