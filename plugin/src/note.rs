//! The summary note of an order, and the marker by which it is found again.

use std::fmt::Write as _;

use crate::{
    config::Language,
    model::{Day, Order, OrderCode},
};

/// Longest text without the marker, in characters: amoCRM takes about 20 000 (docs/apis/amocrm.md 5, 14).
const TEXT_CHARS_MAX: usize = 10_000;

/// The last line of a summary note: code and revision. Notes of later changes have higher revisions.
pub fn marker(code: &OrderCode, revision: u32) -> String {
    format!("[kaspi:{code}:{revision}]")
}

/// Whether a note is one of ours for this order.
pub fn is_marked(text: &str, code: &OrderCode) -> bool {
    text.contains(&format!("[kaspi:{code}:"))
}

/// Lines, totals, delivery and planned date, for salespeople.
pub fn summary(order: &Order, language: Language) -> String {
    let t = |ru: &'static str, en: &'static str| match language {
        Language::Ru => ru,
        Language::En => en,
    };
    let mut text = format!("{} Kaspi {}\n", t("Заказ", "Order"), order.code);
    let lines = order.lines.as_deref().unwrap_or_default();
    for (i, line) in lines.iter().enumerate() {
        let _ = write!(text, "{}. {} × {} = {}", i + 1, line.name, line.quantity, line.total);
        if let Some(sku) = &line.sku {
            let _ = write!(text, " ({sku})");
        }
        text.push('\n');
    }
    if lines.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            t("Kaspi не показал состав заказа.", "Kaspi shows no lines for this order.")
        );
    }
    let _ = writeln!(text, "{}: {}", t("Итого", "Total"), order.total);
    if let Some(cost) = order.delivery_cost.filter(|cost| cost.tenge() > 0) {
        let _ = writeln!(text, "{}: {cost}", t("Стоимость доставки", "Delivery cost"));
    }
    let _ = write!(text, "{}: {}", t("Доставка", "Delivery"), delivery(order, language));
    if let Some(address) = &order.address {
        let _ = write!(text, ", {address}");
    }
    text.push('\n');
    if let Some(planned_ms) = order.planned_delivery_ms {
        let _ = writeln!(text, "{}: {}", t("Плановая дата", "Planned for"), Day::of(planned_ms));
    }
    if order.buyer.phone.is_none() {
        let name = order.buyer.name.as_deref().unwrap_or(t("не указан", "not told"));
        let hidden = t("телефон скрыт", "phone hidden");
        let _ = writeln!(text, "{}: {name} ({hidden})", t("Покупатель", "Buyer"));
    }
    let mut text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(&marker(&order.code, 1));
    text
}

/// docs/apis/kaspi.md 3.5.
fn delivery(order: &Order, language: Language) -> &'static str {
    let (ru, en) = match (order.delivery_mode.as_deref(), order.is_kaspi_delivery) {
        (Some("DELIVERY_LOCAL"), true) => ("курьер Kaspi", "Kaspi courier"),
        (Some("DELIVERY_PICKUP" | "DELIVERY_POSTOMAT"), true) => ("Kaspi Postomat", "Kaspi Postomat"),
        (Some("DELIVERY_REGIONAL_TODOOR"), true) => ("Kaspi Доставка до двери", "Kaspi delivery to the door"),
        (Some("DELIVERY_REGIONAL_PICKUP"), true) => ("Kaspi Доставка до пункта выдачи", "Kaspi pickup point"),
        (_, true) => ("Kaspi Доставка", "Kaspi delivery"),
        (Some("DELIVERY_PICKUP"), false) => ("самовывоз", "collected by the buyer"),
        (_, false) => ("доставка магазина", "the shop's own delivery"),
    };
    match language {
        Language::Ru => ru,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Buyer, Line, Money};

    fn order() -> Order {
        Order {
            id: "x".into(),
            code: OrderCode::parse("1000000001").expect("a code"),
            created_ms: 1_795_498_050_000,
            state: "DELIVERY".into(),
            status: "ACCEPTED_BY_MERCHANT".into(),
            stage: None,
            total: Money::from_whole(15_000),
            delivery_cost: Some(Money::from_whole(500)),
            delivery_mode: Some("DELIVERY_LOCAL".into()),
            is_kaspi_delivery: false,
            address: Some("Тестоград".into()),
            planned_delivery_ms: Some(1_795_498_050_000),
            buyer: Buyer { name: Some("Тест П".into()), phone: None },
            lines: Some(vec![Line {
                sku: Some("SKU-1".into()),
                name: "Чайник".into(),
                quantity: 3,
                unit_price: None,
                total: Money::from_whole(15_000),
            }]),
        }
    }

    #[test]
    fn says_what_a_salesperson_needs() {
        assert_eq!(
            summary(&order(), Language::Ru),
            "Заказ Kaspi 1000000001\n1. Чайник × 3 = 15 000 ₸ (SKU-1)\nИтого: 15 000 ₸\n\
             Стоимость доставки: 500 ₸\nДоставка: доставка магазина, Тестоград\nПлановая дата: 24.11.2026\n\
             Покупатель: Тест П (телефон скрыт)\n[kaspi:1000000001:1]"
        );
        assert!(summary(&order(), Language::En).contains("Delivery: the shop's own delivery, Тестоград"));
    }

    #[test]
    fn the_marker_survives_any_length() {
        let mut long = order();
        long.lines = Some(vec![
            Line {
                sku: None,
                name: "Ы".repeat(500),
                quantity: 1,
                unit_price: None,
                total: Money::from_whole(1)
            };
            100
        ]);
        let text = summary(&long, Language::Ru);
        assert!(text.ends_with("[kaspi:1000000001:1]"));
        assert!(text.chars().count() < 10_100);
        assert!(is_marked(&text, &long.code));
        assert!(!is_marked(&text, &OrderCode::parse("100000000").expect("a code")));
    }
}
