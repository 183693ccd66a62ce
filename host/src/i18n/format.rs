//! Numbers, counts and moments as people say them, in each language. Pure: what time it is now is given.

use kaspi_amocrm_contract::Language;

use super::words::Words;
use crate::base::calendar::{Day, hour_and_minute};

/// Between the digits of a number and before its unit: lines do not break there.
const FIXED_SPACE: char = '\u{a0}';

/// A word that is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// One, several.
    en: [&'static str; 2],
    /// One, two, five.
    ru: [&'static str; 3],
    /// Any number: Kazakh has one form after numbers.
    kk: &'static str,
}

impl Counted {
    /// English (one, several), Russian (one, two, five), Kazakh.
    pub(crate) const fn new(en: [&'static str; 2], ru: [&'static str; 3], kk: &'static str) -> Self {
        Self { en, ru, kk }
    }

    /// The number with the word.
    pub(crate) fn of(&self, language: Language, count: u64) -> String {
        let word = self.word(language, count);
        format!("{}{FIXED_SPACE}{word}", number(language, count))
    }

    /// The word as it stands after a number.
    pub(crate) fn word(&self, language: Language, count: u64) -> &'static str {
        match language {
            Language::En => self.en[usize::from(count != 1)],
            Language::Ru => self.ru[russian_form(count)],
            Language::Kk => self.kk,
        }
    }
}

fn russian_form(count: u64) -> usize {
    match (count % 10, count % 100) {
        (_, 11..=14) => 2,
        (1, _) => 0,
        (2..=4, _) => 1,
        _ => 2,
    }
}

/// Orders.
pub(crate) const ORDERS: Counted =
    Counted::new(["order", "orders"], ["заказ", "заказа", "заказов"], "тапсырыс");
/// Requests.
pub(crate) const REQUESTS: Counted =
    Counted::new(["request", "requests"], ["запрос", "запроса", "запросов"], "сұраныс");
/// Tries.
pub(crate) const TRIES: Counted = Counted::new(["try", "tries"], ["попытка", "попытки", "попыток"], "әрекет");

// In Russian as they follow "через" and stand before "назад".
const SPANS: [(i64, Counted, &str); 4] = [
    (86_400_000, Counted::new(["day", "days"], ["день", "дня", "дней"], "күн"), "күннен"),
    (3_600_000, Counted::new(["hour", "hours"], ["час", "часа", "часов"], "сағат"), "сағаттан"),
    (60_000, Counted::new(["minute", "minutes"], ["минуту", "минуты", "минут"], "минут"), "минуттан"),
    (1_000, Counted::new(["second", "seconds"], ["секунду", "секунды", "секунд"], "секунд"), "секундтан"),
];

/// A number with its digits in groups.
pub(crate) fn number(language: Language, number: u64) -> String {
    let digits = number.to_string();
    let separator = if language == Language::En { ',' } else { FIXED_SPACE };
    // Four digits are read without help, except in English.
    if digits.len() < 5 && language != Language::En {
        return digits;
    }
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// An amount of tenge.
pub(crate) fn tenge(language: Language, amount: u64) -> String {
    format!("{}{FIXED_SPACE}₸", number(language, amount))
}

/// A span of time in its largest unit: `20 seconds`.
pub(crate) fn span(language: Language, ms: i64) -> String {
    let (count, unit, _) = parts(ms);
    unit.of(language, count)
}

/// How long ago: `20 seconds ago`.
pub(crate) fn ago(language: Language, ms: i64) -> String {
    if ms < 1_500 {
        return Words::new("just now", "только что", "жаңа ғана").get(language).to_owned();
    }
    let span = span(language, ms);
    match language {
        Language::En => format!("{span} ago"),
        Language::Ru => format!("{span} назад"),
        Language::Kk => format!("{span} бұрын"),
    }
}

/// In how long: `in 20 seconds`.
pub(crate) fn ahead(language: Language, ms: i64) -> String {
    if ms < 1_500 {
        return Words::new("now", "сейчас", "қазір").get(language).to_owned();
    }
    let (count, unit, kazakh) = parts(ms);
    match language {
        Language::En => format!("in {}", unit.of(language, count)),
        Language::Ru => format!("через {}", unit.of(language, count)),
        Language::Kk => format!("{}{FIXED_SPACE}{kazakh} кейін", number(language, count)),
    }
}

fn parts(ms: i64) -> (u64, Counted, &'static str) {
    let ms = ms.max(0);
    let found = SPANS.iter().find(|(unit_ms, ..)| ms >= *unit_ms).unwrap_or(&SPANS[SPANS.len() - 1]);
    let (unit_ms, word, kazakh) = *found;
    (u64::try_from(ms / unit_ms).unwrap_or(0), word, kazakh)
}

/// A moment on the clocks of Almaty: `today at 14:05`.
pub(crate) fn moment(language: Language, at_ms: i64, now_ms: i64) -> String {
    let (hour, minute) = hour_and_minute(at_ms);
    let day = day(language, Day::of(at_ms), Day::of(now_ms));
    match language {
        Language::En => format!("{day} at {hour}:{minute:02}"),
        Language::Ru => format!("{day} в {hour}:{minute:02}"),
        Language::Kk => format!("{day}, {hour}:{minute:02}"),
    }
}

/// A day: `today`, `24 November`, `24 November 2025`.
pub(crate) fn day(language: Language, day: Day, today: Day) -> String {
    let near = match day.after(today) {
        -1 => Some(Words::new("yesterday", "вчера", "кеше")),
        0 => Some(Words::new("today", "сегодня", "бүгін")),
        1 => Some(Words::new("tomorrow", "завтра", "ертең")),
        _ => None,
    };
    if let Some(near) = near {
        return near.get(language).to_owned();
    }
    let (year, month, number) = day.civil();
    let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month));
    let month = month.map_or("", |month| month.get(language));
    let this_year = year == today.civil().0;
    match language {
        _ if this_year => format!("{number}{FIXED_SPACE}{month}"),
        Language::En => format!("{number}{FIXED_SPACE}{month} {year}"),
        Language::Ru => format!("{number}{FIXED_SPACE}{month} {year}{FIXED_SPACE}г."),
        Language::Kk => format!("{year}{FIXED_SPACE}ж. {number}{FIXED_SPACE}{month}"),
    }
}

/// Russian ones as they follow the number of a day.
const MONTHS: [Words; 12] = [
    Words::new("January", "января", "қаңтар"),
    Words::new("February", "февраля", "ақпан"),
    Words::new("March", "марта", "наурыз"),
    Words::new("April", "апреля", "сәуір"),
    Words::new("May", "мая", "мамыр"),
    Words::new("June", "июня", "маусым"),
    Words::new("July", "июля", "шілде"),
    Words::new("August", "августа", "тамыз"),
    Words::new("September", "сентября", "қыркүйек"),
    Words::new("October", "октября", "қазан"),
    Words::new("November", "ноября", "қараша"),
    Words::new("December", "декабря", "желтоқсан"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Language = Language::En;
    const RU: Language = Language::Ru;
    const KK: Language = Language::Kk;

    /// As read: spaces that do not break look like others.
    fn plain(text: &str) -> String {
        text.replace(FIXED_SPACE, " ")
    }

    #[test]
    fn counted_words_have_the_form_of_their_number() {
        for (count, en, ru, kk) in [
            (0, "0 orders", "0 заказов", "0 тапсырыс"),
            (1, "1 order", "1 заказ", "1 тапсырыс"),
            (2, "2 orders", "2 заказа", "2 тапсырыс"),
            (4, "4 orders", "4 заказа", "4 тапсырыс"),
            (5, "5 orders", "5 заказов", "5 тапсырыс"),
            (11, "11 orders", "11 заказов", "11 тапсырыс"),
            (14, "14 orders", "14 заказов", "14 тапсырыс"),
            (21, "21 orders", "21 заказ", "21 тапсырыс"),
            (22, "22 orders", "22 заказа", "22 тапсырыс"),
            (111, "111 orders", "111 заказов", "111 тапсырыс"),
            (121, "121 orders", "121 заказ", "121 тапсырыс"),
            (1_234, "1,234 orders", "1234 заказа", "1234 тапсырыс"),
            (100_000, "100,000 orders", "100 000 заказов", "100 000 тапсырыс"),
        ] {
            assert_eq!(plain(&ORDERS.of(EN, count)), en);
            assert_eq!(plain(&ORDERS.of(RU, count)), ru);
            assert_eq!(plain(&ORDERS.of(KK, count)), kk);
        }
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        for (ms, en, ru, kk) in [
            (-5, "just now", "только что", "жаңа ғана"),
            (1_499, "just now", "только что", "жаңа ғана"),
            (1_500, "1 second ago", "1 секунду назад", "1 секунд бұрын"),
            (21_900, "21 seconds ago", "21 секунду назад", "21 секунд бұрын"),
            (60_000, "1 minute ago", "1 минуту назад", "1 минут бұрын"),
            (3 * 60_000, "3 minutes ago", "3 минуты назад", "3 минут бұрын"),
            (3_600_000, "1 hour ago", "1 час назад", "1 сағат бұрын"),
            (47 * 3_600_000, "1 day ago", "1 день назад", "1 күн бұрын"),
            (12 * 86_400_000, "12 days ago", "12 дней назад", "12 күн бұрын"),
        ] {
            assert_eq!([EN, RU, KK].map(|language| plain(&ago(language, ms))), [en, ru, kk]);
        }
        let ahead = |ms| [EN, RU, KK].map(|language| plain(&ahead(language, ms)));
        assert_eq!(ahead(120_000), ["in 2 minutes", "через 2 минуты", "2 минуттан кейін"]);
        assert_eq!(ahead(0), ["now", "сейчас", "қазір"]);
    }

    #[test]
    fn moments_are_those_of_almaty() {
        // 2026-11-24, 14:05 in Almaty.
        let now_ms = 1_795_511_100_000;
        let told = |at_ms| [EN, RU, KK].map(|language| plain(&moment(language, at_ms, now_ms)));
        assert_eq!(told(now_ms), ["today at 14:05", "сегодня в 14:05", "бүгін, 14:05"]);
        assert_eq!(
            told(now_ms - 14 * 3_600_000 - 300_001),
            ["yesterday at 23:59", "вчера в 23:59", "кеше, 23:59"]
        );
        assert_eq!(told(now_ms + 86_400_000), ["tomorrow at 14:05", "завтра в 14:05", "ертең, 14:05"]);
        assert_eq!(
            told(now_ms - 3 * 86_400_000),
            ["21 November at 14:05", "21 ноября в 14:05", "21 қараша, 14:05"]
        );
        assert_eq!(
            told(now_ms - 365 * 86_400_000),
            ["24 November 2025 at 14:05", "24 ноября 2025 г. в 14:05", "2025 ж. 24 қараша, 14:05"]
        );
    }

    #[test]
    fn money_has_its_sign() {
        assert_eq!(
            [EN, RU, KK].map(|language| plain(&tenge(language, 15_000))),
            ["15,000 ₸", "15 000 ₸", "15 000 ₸"]
        );
        assert_eq!(plain(&number(RU, 1_234_567)), "1 234 567");
        assert_eq!(plain(&number(EN, 999)), "999");
    }
}
