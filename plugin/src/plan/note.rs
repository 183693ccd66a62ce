//! The summary note of an order, and the marker by which it is found again.

use kaspi_amocrm_contract::Language;
use std::fmt::Write as _;

use crate::domain::{Day, Facts, Money, Order, OrderCode};

/// Longest text without the marker, in characters: amoCRM takes about 20 000 (docs/apis/amocrm.md 5, 14).
const TEXT_CHARS_MAX: usize = 10_000;

/// The last line of a summary note: code and revision. Notes of later changes have higher revisions.
pub(crate) fn marker(code: &OrderCode, revision: u32) -> String {
    format!("[kaspi:{code}:{revision}]")
}

/// By which amoCRM's answer names a note.
pub(crate) fn request_id(code: &OrderCode, revision: u32) -> String {
    format!("{code}:{revision}")
}

/// The revision of a note of ours for this order.
pub(crate) fn revision_in(text: &str, code: &OrderCode) -> Option<u32> {
    let (_, rest) = text.rsplit_once(&format!("[kaspi:{code}:"))?;
    rest.split_once(']')?.0.parse().ok()
}

/// What a note says besides its marker.
pub(crate) fn body_of(text: &str) -> &str {
    text.rsplit_once("\n[kaspi:").map_or(text, |(body, _)| body).trim()
}

/// The text in the language of the CRM.
fn say(language: Language, ru: &'static str, kk: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ru => ru,
        Language::Kk => kk,
        Language::En => en,
    }
}

/// What a note is about; the number of the order follows.
fn title(language: Language) -> &'static str {
    say(language, "Заказ Kaspi", "Kaspi тапсырысы", "Order Kaspi")
}

/// A note on what a salesperson must know of a change; `None` where the lead itself shows all of it.
pub(crate) fn change(
    code: &OrderCode,
    before: &Facts,
    now: &Facts,
    revision: u32,
    language: Language,
) -> Option<String> {
    let t = |ru, kk, en| say(language, ru, kk, en);
    let mut lines: Vec<String> = Vec::new();
    let headline = headline(before, now, language);
    if let Some(reason) = now.reason.as_deref().filter(|_| is_cancelled(now) && !is_told(before, now)) {
        let words =
            reason_words(reason, language).map_or_else(|| reason.to_owned(), |w| format!("{w} ({reason})"));
        lines.push(format!("{}: {words}", t("Причина", "Себебі", "Reason")));
    }
    lines.extend(product_lines(before, now, language));
    if before.total_kzt != now.total_kzt {
        let (old, new) = (Money::from_whole(before.total_kzt), Money::from_whole(now.total_kzt));
        lines.push(format!("{}: {old} → {new}", t("Итого", "Барлығы", "Total")));
    }
    if headline.is_none() && lines.is_empty() {
        return None;
    }
    let headline = headline.unwrap_or(t("заказ изменён", "тапсырыс өзгерді", "the order has changed"));
    let mut text = format!("{} {code}: {headline}\n", title(language));
    lines.iter().for_each(|line| {
        let _ = writeln!(text, "{line}");
    });
    Some(marked(text, code, revision))
}

fn is_cancelled(facts: &Facts) -> bool {
    matches!(facts.status.as_str(), "CANCELLED" | "CANCELLING")
}

/// Whether a note has told the reason already.
fn is_told(before: &Facts, now: &Facts) -> bool {
    is_cancelled(before) && before.reason == now.reason
}

/// What became of the order, where that is more than a step on its way (docs/apis/kaspi.md 3.2).
fn headline(before: &Facts, now: &Facts, language: Language) -> Option<&'static str> {
    if before.status == now.status {
        return None;
    }
    let was_coming_back =
        matches!(before.status.as_str(), "KASPI_DELIVERY_RETURN_REQUESTED" | "RETURN_ACCEPTED_BY_MERCHANT");
    let (ru, kk, en) = match now.status.as_str() {
        "CANCELLED" => ("отменён", "бас тартылды", "cancelled"),
        "CANCELLING" => (
            "отменяется, товар едет обратно",
            "бас тартылуда, тауар кері қайтып келеді",
            "is being cancelled, the goods are on their way back",
        ),
        "KASPI_DELIVERY_RETURN_REQUESTED" => (
            "покупатель просит возврат",
            "сатып алушы тауарды қайтарғысы келеді",
            "the buyer asks for a return",
        ),
        "RETURN_ACCEPTED_BY_MERCHANT" => {
            ("возврат на рассмотрении", "қайтару қаралып жатыр", "the return is under decision")
        }
        "RETURNED" => ("возвращён", "қайтарылды", "returned"),
        "COMPLETED" if was_coming_back => (
            "возврат отклонён или отозван",
            "қайтару қабылданбады немесе кері алынды",
            "the return was refused or withdrawn",
        ),
        _ => return None,
    };
    Some(say(language, ru, kk, en))
}

/// Kaspi's reasons in words, as far as they are known (docs/apis/kaspi.md 2.8); the set is open.
fn reason_words(reason: &str, language: Language) -> Option<&'static str> {
    let (ru, kk, en) = match reason {
        "BUYER_CANCELLATION_HIMSELF" => ("отменил покупатель", "сатып алушы бас тартты", "by the buyer"),
        "BUYER_CANCELLATION_BY_MERCHANT" => {
            ("отказ покупателя", "сатып алушы дүкенге бас тартатынын айтты", "the buyer told the merchant")
        }
        "BUYER_CANCELLATION_BY_COURIER" => (
            "отказ покупателя при доставке",
            "сатып алушы жеткізу кезінде бас тартты",
            "the buyer told the courier",
        ),
        "BUYER_CANCELLATION_BY_CSC" => (
            "отказ покупателя через поддержку",
            "сатып алушы қолдау қызметі арқылы бас тартты",
            "the buyer told Kaspi's support",
        ),
        "BUYER_NOT_REACHABLE" => (
            "не удалось связаться с покупателем",
            "сатып алушымен байланысу мүмкін болмады",
            "the buyer cannot be reached",
        ),
        "MERCHANT_OUT_OF_STOCK" => ("нет в наличии", "тауар қалмаған", "out of stock"),
        "TIMEOUT_BUYER_PICKUP" => {
            ("покупатель не забрал", "сатып алушы алып кетпеді", "the buyer did not collect it")
        }
        "TIMEOUT_BUYER_SIGNATURE" => (
            "покупатель не подписал документы",
            "сатып алушы құжаттарға қол қоймады",
            "the buyer did not sign",
        ),
        "TIMEOUT_KASPI_DELIVERY" => {
            ("истёк срок доставки", "жеткізу мерзімі өтіп кетті", "delivery took too long")
        }
        "RFO_REJECTED" => ("отказ банка", "банк бас тартты", "the bank refused"),
        "TECHNICAL_PROBLEM_CANCELLATION" => {
            ("техническая проблема", "техникалық ақау", "a technical problem")
        }
        _ => return None,
    };
    Some(say(language, ru, kk, en))
}

fn product_lines(before: &Facts, now: &Facts, language: Language) -> Vec<String> {
    let (Some(old), Some(new)) = (&before.lines, &now.lines) else { return Vec::new() };
    let gone = say(language, "убрано", "алынып тасталды", "removed");
    let added = say(language, "добавлено", "қосылды", "added");
    let was = |key: &str| old.iter().find(|line| line.key == key);
    let is = |key: &str| new.iter().any(|line| line.key == key);
    let removed = old.iter().filter(|line| !is(&line.key));
    let removed = removed.map(|line| format!("{}: {} × {}", gone, line.name, line.quantity));
    let rest = new.iter().filter_map(|line| match was(&line.key) {
        None => Some(format!("{}: {} × {}", added, line.name, line.quantity)),
        Some(old) if old.quantity != line.quantity => {
            Some(format!("{}: {} → {}", line.name, old.quantity, line.quantity))
        }
        Some(_) => None,
    });
    removed.chain(rest).collect()
}

fn marked(text: String, code: &OrderCode, revision: u32) -> String {
    let mut text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(&marker(code, revision));
    text
}

/// Lines, totals, delivery and planned date, for salespeople.
pub(crate) fn summary(order: &Order, language: Language) -> String {
    let t = |ru, kk, en| say(language, ru, kk, en);
    let mut text = format!("{} {}\n", title(language), order.code);
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
            t(
                "Kaspi не показал состав заказа.",
                "Kaspi тапсырыстың құрамын көрсетпеді.",
                "Kaspi shows no lines for this order."
            )
        );
    }
    let _ = writeln!(text, "{}: {}", t("Итого", "Барлығы", "Total"), order.total);
    if let Some(cost) = order.delivery_cost.filter(|cost| cost.tenge() > 0) {
        let _ = writeln!(text, "{}: {cost}", t("Стоимость доставки", "Жеткізу құны", "Delivery cost"));
    }
    let _ = write!(text, "{}: {}", t("Доставка", "Жеткізу", "Delivery"), delivery(order, language));
    if let Some(address) = &order.address {
        let _ = write!(text, ", {address}");
    }
    text.push('\n');
    if let Some(planned_ms) = order.planned_delivery_ms {
        let _ = writeln!(
            text,
            "{}: {}",
            t("Плановая дата", "Жоспарланған күні", "Planned for"),
            Day::of(planned_ms)
        );
    }
    if order.buyer.phone.is_none() {
        let name = order.buyer.name.as_deref().unwrap_or(t("не указан", "көрсетілмеген", "not told"));
        let hidden = t("телефон скрыт", "телефон жасырылған", "phone hidden");
        let _ = writeln!(text, "{}: {name} ({hidden})", t("Покупатель", "Сатып алушы", "Buyer"));
    }
    marked(text, &order.code, 1)
}

/// docs/apis/kaspi.md 3.5.
fn delivery(order: &Order, language: Language) -> &'static str {
    let (ru, kk, en) = match (order.delivery_mode.as_deref(), order.is_kaspi_delivery) {
        (Some("DELIVERY_LOCAL"), true) => ("курьер Kaspi", "Kaspi курьері", "Kaspi courier"),
        (Some("DELIVERY_PICKUP" | "DELIVERY_POSTOMAT"), true) => {
            ("Kaspi Postomat", "Kaspi Postomat", "Kaspi Postomat")
        }
        (Some("DELIVERY_REGIONAL_TODOOR"), true) => {
            ("Kaspi Доставка до двери", "Kaspi Жеткізу, есікке дейін", "Kaspi delivery to the door")
        }
        (Some("DELIVERY_REGIONAL_PICKUP"), true) => {
            ("Kaspi Доставка до пункта выдачи", "Kaspi Жеткізу, беру пунктіне дейін", "Kaspi pickup point")
        }
        (_, true) => ("Kaspi Доставка", "Kaspi Жеткізу", "Kaspi delivery"),
        (Some("DELIVERY_PICKUP"), false) => {
            ("самовывоз", "сатып алушы өзі алып кетеді", "collected by the buyer")
        }
        (_, false) => ("доставка магазина", "дүкеннің өз жеткізуі", "the shop's own delivery"),
    };
    say(language, ru, kk, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Buyer, Line, SeenLine};

    fn order() -> Order {
        Order {
            id: "x".into(),
            code: OrderCode::parse("1000000001").expect("a code"),
            created_ms: 1_795_498_050_000,
            state: "DELIVERY".into(),
            status: "ACCEPTED_BY_MERCHANT".into(),
            stage: None,
            cancellation_reason: None,
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
        assert_eq!(
            summary(&order(), Language::Kk),
            "Kaspi тапсырысы 1000000001\n1. Чайник × 3 = 15 000 ₸ (SKU-1)\nБарлығы: 15 000 ₸\n\
             Жеткізу құны: 500 ₸\nЖеткізу: дүкеннің өз жеткізуі, Тестоград\nЖоспарланған күні: 24.11.2026\n\
             Сатып алушы: Тест П (телефон жасырылған)\n[kaspi:1000000001:1]"
        );
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
        assert_eq!(revision_in(&text, &long.code), Some(1));
        assert_eq!(revision_in(&text, &OrderCode::parse("100000000").expect("a code")), None);
    }

    fn facts(status: &str, reason: Option<&str>, total_kzt: i64, lines: &[(&str, i64)]) -> Facts {
        let line = |(name, quantity): &(&str, i64)| SeenLine {
            key: format!("name:{name}"),
            name: (*name).to_owned(),
            quantity: *quantity,
        };
        Facts {
            state: "ARCHIVE".into(),
            status: status.into(),
            stage: None,
            reason: reason.map(str::to_owned),
            total_kzt,
            lines: Some(lines.iter().map(line).collect()),
        }
    }

    #[test]
    fn a_change_is_told_as_far_as_a_salesperson_must_know() {
        let accepted = || facts("ACCEPTED_BY_MERCHANT", None, 3_000, &[("Чайник", 2), ("Ложка", 1)]);
        let requested = || Facts { status: "KASPI_DELIVERY_RETURN_REQUESTED".into(), ..accepted() };
        for (name, before, now, ru, en) in [
            (
                "cancelled",
                accepted(),
                Facts {
                    status: "CANCELLED".into(),
                    reason: Some("MERCHANT_OUT_OF_STOCK".into()),
                    ..accepted()
                },
                Some("отменён\nПричина: нет в наличии (MERCHANT_OUT_OF_STOCK)"),
                Some("cancelled\nReason: out of stock (MERCHANT_OUT_OF_STOCK)"),
            ),
            (
                "cancelled for a reason that nobody knows",
                accepted(),
                Facts { status: "CANCELLED".into(), reason: Some("NEW_WORD".into()), ..accepted() },
                Some("отменён\nПричина: NEW_WORD"),
                Some("cancelled\nReason: NEW_WORD"),
            ),
            (
                "lines and total",
                accepted(),
                facts("ACCEPTED_BY_MERCHANT", None, 1_500, &[("Чайник", 1), ("Вилка", 4)]),
                Some(
                    "заказ изменён\nубрано: Ложка × 1\nЧайник: 2 → 1\nдобавлено: Вилка × 4\nИтого: 3 000 ₸ → 1 500 ₸",
                ),
                Some(
                    "the order has changed\nremoved: Ложка × 1\nЧайник: 2 → 1\nadded: Вилка × 4\nTotal: 3 000 ₸ → 1 500 ₸",
                ),
            ),
            (
                "a return",
                accepted(),
                requested(),
                Some("покупатель просит возврат"),
                Some("the buyer asks for a return"),
            ),
            (
                "no return after all",
                requested(),
                Facts { status: "COMPLETED".into(), ..accepted() },
                Some("возврат отклонён или отозван"),
                Some("the return was refused or withdrawn"),
            ),
            ("a step on its way", accepted(), Facts { status: "COMPLETED".into(), ..accepted() }, None, None),
            ("lines that were never told", Facts { lines: None, ..accepted() }, accepted(), None, None),
        ] {
            let code = order().code;
            let text = |language| {
                let text = change(&code, &before, &now, 2, language)?;
                assert_eq!(revision_in(&text, &code), Some(2), "{name}");
                Some(body_of(&text).split_once(": ").expect("a headline").1.to_owned())
            };
            assert_eq!(text(Language::Ru).as_deref(), ru, "{name}");
            assert_eq!(text(Language::En).as_deref(), en, "{name}");
        }
    }
}
