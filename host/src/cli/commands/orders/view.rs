//! Orders as lines for people.

use std::collections::BTreeMap;

use kaspi_amocrm_contract::{Language, calendar::rfc3339};

use crate::{
    cli::support::table,
    contract::types::{Message, Order, OrderStep},
};

/// Everything known of each order.
pub(crate) fn blocks(orders: &[Order]) -> Vec<String> {
    let blocks: Vec<Vec<String>> = orders.iter().map(block).collect();
    blocks.join(&String::new())
}

/// All orders in one table, and how many there are.
pub(crate) fn table(orders: &[Order]) -> Vec<String> {
    if orders.is_empty() {
        return vec!["no order has anything left to do / все заказы обработаны".to_owned()];
    }
    let rows: Vec<[String; 8]> = orders.iter().map(row).collect();
    let header = ["Order", "Kaspi", "Price", "Lead", "Next", "Tries", "Next try (UTC)", "Why"];
    let mut lines = table::lines(header, &rows);
    let mut steps: BTreeMap<&str, usize> = BTreeMap::new();
    orders.iter().for_each(|order| *steps.entry(order.step.name()).or_default() += 1);
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

fn block(order: &Order) -> Vec<String> {
    let code = &order.code;
    let mut lines = Vec::new();
    if order.found {
        let facts = [code.clone(), kaspi(order), price(order), lead(order)];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        lines.push(facts.join("  "));
    } else {
        lines.push(format!("{code}  there is no record of this order / записи об этом заказе нет"));
    }
    for step in &order.history {
        lines.push(format!("  {} UTC  {}", moment(step.at_ms), both(&step.message)));
    }
    lines.push(format!("  {}", next(order.step)));
    let Some(cause) = &order.cause else { return lines };
    let [en, ru] = [Language::En, Language::Ru].map(|language| cause.message.text(language));
    lines.push(format!("  why:     {en}"));
    if ru != en {
        lines.push(format!("  почему:  {ru}"));
    }
    if let Some(at_ms) = cause.next_try_at_ms {
        let (tries, at) = (cause.tries, moment(at_ms));
        lines.push(match tries {
            0 => format!("  looked at again after {at} UTC / следующая проверка после {at} UTC"),
            _ => {
                format!("  tries so far: {tries}, next at {at} UTC / попыток: {tries}, следующая в {at} UTC")
            }
        });
    }
    lines
}

fn row(order: &Order) -> [String; 8] {
    let cause = order.cause.as_ref();
    let tries = cause.map(|cause| cause.tries).filter(|tries| *tries > 0);
    let tries = tries.map(|tries| tries.to_string()).unwrap_or_default();
    let next_try = cause.and_then(|cause| cause.next_try_at_ms).map(moment).unwrap_or_default();
    let why = cause.map(|cause| cause.message.text(Language::En)).unwrap_or_default();
    let lead = order.lead.and_then(|lead| lead.id).map(|id| id.to_string()).unwrap_or_default();
    let step = order.step.name().to_owned();
    [order.code.clone(), kaspi(order), price(order), lead, step, tries, next_try, why]
}

/// What comes next, in both languages.
fn next(step: OrderStep) -> String {
    let (en, ru) = match step {
        OrderStep::Lead => ("next: its lead", "дальше: сделка"),
        OrderStep::Products => ("next: its products", "дальше: товары"),
        OrderStep::Note => ("next: its note", "дальше: заметка"),
        OrderStep::Changes => ("next: what has changed at Kaspi", "дальше: изменения из Kaspi"),
        OrderStep::Done => ("done: nothing is left to do", "готово: делать больше нечего"),
        OrderStep::NoLead => ("gets no lead", "сделка не создаётся"),
        OrderStep::Unknown => (
            "nothing is known of it; kaspi-amocrm backfill brings in older orders",
            "о нём ничего не известно; старые заказы загружает kaspi-amocrm backfill",
        ),
    };
    format!("{en} / {ru}")
}

fn kaspi(order: &Order) -> String {
    let Some(facts) = &order.facts else { return String::new() };
    let pair = format!("{}/{}", facts.state, facts.status);
    match &facts.stage {
        Some(stage) => format!("{pair} ({stage})"),
        None => pair,
    }
}

fn price(order: &Order) -> String {
    order.facts.as_ref().map(|facts| format!("{} KZT", facts.total_kzt)).unwrap_or_default()
}

fn lead(order: &Order) -> String {
    let Some(lead) = order.lead else { return "no lead".to_owned() };
    let adopted = if lead.is_adopted { " (adopted)" } else { "" };
    lead.id.map_or_else(|| "no lead".to_owned(), |id| format!("lead {id}{adopted}"))
}

/// `en / ru`, or one of them where both are the same.
fn both(message: &Message) -> String {
    let [en, ru] = [Language::En, Language::Ru].map(|language| message.text(language));
    if en == ru { en } else { format!("{en} / {ru}") }
}

/// `2026-11-24 05:27`.
fn moment(ms: i64) -> String {
    rfc3339(ms).chars().take("2026-11-24 05:27".len()).collect::<String>().replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{
        samples::{message, order},
        types::{Cause, DoneStep, DoneStepKind, OrderFacts, OrderLead, ProblemClass},
    };

    /// 2026-11-24T05:27:31Z.
    const MOMENT_MS: i64 = 1_795_498_051_000;

    fn facts(state: &str, status: &str, stage: Option<&str>, total_kzt: i64) -> Option<OrderFacts> {
        Some(OrderFacts {
            created_at_ms: MOMENT_MS,
            state: state.to_owned(),
            status: status.to_owned(),
            stage: stage.map(str::to_owned),
            total_kzt,
        })
    }

    fn cause(class: ProblemClass, id: &str, tries: u32, next_try_at_ms: Option<i64>) -> Option<Cause> {
        Some(Cause { class, message: message(id), tries, next_try_at_ms })
    }

    #[test]
    fn an_order_is_told_with_its_steps_and_its_cause() {
        let next_try = Some(MOMENT_MS + 3_749_000);
        let followed = Order {
            facts: facts("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("packed"), 15_000),
            lead: Some(OrderLead { id: Some(800_003), is_adopted: true }),
            step: OrderStep::Products,
            cause: cause(ProblemClass::LinkRefused, "setting-not-set", 3, next_try),
            history: vec![DoneStep {
                step: DoneStepKind::Lead,
                at_ms: MOMENT_MS + 29_000,
                message: message("setting-not-set"),
            }],
            ..order("100")
        };
        let unknown = Order { found: false, step: OrderStep::Unknown, ..order("200") };
        let too_old = Order {
            facts: facts("ARCHIVE", "COMPLETED", None, 0),
            step: OrderStep::NoLead,
            cause: cause(ProblemClass::TooOld, "older", 0, None),
            ..order("300")
        };
        assert_eq!(
            blocks(&[followed, unknown, too_old]),
            [
                "100  KASPI_DELIVERY/ACCEPTED_BY_MERCHANT (packed)  15000 KZT  lead 800003 (adopted)",
                "  2026-11-24 05:28 UTC  is not set / не задано",
                "  next: its products / дальше: товары",
                "  why:     is not set",
                "  почему:  не задано",
                "  tries so far: 3, next at 2026-11-24 06:30 UTC / попыток: 3, следующая в 2026-11-24 06:30 UTC",
                "",
                "200  there is no record of this order / записи об этом заказе нет",
                "  nothing is known of it; kaspi-amocrm backfill brings in older orders / о нём ничего не известно; \
                 старые заказы загружает kaspi-amocrm backfill",
                "",
                "300  ARCHIVE/COMPLETED  0 KZT  no lead",
                "  gets no lead / сделка не создаётся",
                "  why:     older",
            ]
        );
    }

    #[test]
    fn open_orders_stand_in_a_table() {
        let doubtful = Order {
            facts: facts("NEW", "APPROVED_BY_BANK", None, 15_000),
            cause: cause(ProblemClass::InDoubt, "its answer was lost", 1, Some(MOMENT_MS + 3_749_000)),
            ..order("100")
        };
        let open = Order {
            facts: facts("PICKUP", "ACCEPTED_BY_MERCHANT", None, 900),
            lead: Some(OrderLead { id: Some(7), is_adopted: false }),
            step: OrderStep::Note,
            ..order("2000")
        };
        assert_eq!(
            table(&[doubtful, open]),
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
}
