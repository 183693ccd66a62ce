//! All classes, the one of a name, and its texts with their braces filled in.

use kaspi_amocrm_contract::{Language, Text};
use serde_json::{Map, Value};

use super::{amocrm, definition::Class, kaspi, machine};
use crate::i18n::words::Words;

/// All of them with the titles of their groups.
pub(crate) fn groups() -> [(Words, &'static [Class]); 3] {
    [
        (Words::new("This machine", "Эта машина", "Осы компьютер"), machine::CLASSES),
        (Words::new("Kaspi", "Kaspi", "Kaspi"), kaspi::CLASSES),
        (Words::new("amoCRM", "amoCRM", "amoCRM"), amocrm::CLASSES),
    ]
}

/// The class of that name; of a newer component there may be one that is not known here.
pub(crate) fn of(name: &str) -> &'static Class {
    const UNKNOWN: &Class = &machine::UNKNOWN;
    let all = groups().into_iter().flat_map(|(_, classes)| classes);
    all.into_iter().find(|class| class.name == name).unwrap_or(UNKNOWN)
}

/// A text with its braces filled in.
pub(crate) fn filled(words: &Words, detail: &Map<String, Value>, language: Language) -> String {
    let mut text = words.get(language).to_owned();
    // Texts that the component or the settings bring along, in two languages.
    let own = Text::new(string(detail, "text_en"), string(detail, "text_ru"));
    text = text.replace("{text}", own.get(language));
    for (key, value) in detail {
        text = text.replace(&format!("{{{key}}}"), &shown(key, value, language));
    }
    if text.contains("{seconds}") {
        let skew_ms = detail.get("skew_ms").and_then(Value::as_i64).unwrap_or_default();
        text = text.replace("{seconds}", &(skew_ms.abs() / 1_000).to_string());
    }
    text
}

fn string<'d>(detail: &'d Map<String, Value>, key: &str) -> &'d str {
    detail.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn shown(key: &str, value: &Value, language: Language) -> String {
    let word = match (key, value) {
        (_, Value::Array(items)) => {
            let items = items.iter().map(|item| shown("", item, language));
            return items.collect::<Vec<_>>().join(", ");
        }
        (_, Value::String(word)) => word.as_str(),
        (_, Value::Null) => return String::new(),
        (_, other) => return other.to_string(),
    };
    let words = match (key, word) {
        ("why", "dns") => Words::new("its name is not found", "его имя не найдено", "оның атауы табылмады"),
        ("why", "timeout") => Words::new("no answer in time", "нет ответа вовремя", "уақытында жауап жоқ"),
        ("why", "refused") => {
            Words::new("the connection is refused", "соединение отклонено", "қосылым қабылданбады")
        }
        ("why", "tls") => Words::new(
            "no secure connection comes about",
            "защищённое соединение не устанавливается",
            "қорғалған қосылым орнамады",
        ),
        ("why", "other") => Words::new("no connection", "нет связи", "байланыс жоқ"),
        ("side", "kaspi") => Words::new("Kaspi", "Kaspi", "Kaspi"),
        ("side", "amocrm") => Words::new("amoCRM", "amoCRM", "amoCRM"),
        ("kind", "long_lived") => Words::new("long-lived token", "долгосрочный токен", "ұзақ мерзімді токен"),
        ("kind", "pair") => Words::new("token of the integration", "токен интеграции", "интеграция токені"),
        _ => return word.to_owned(),
    };
    words.get(language).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_class_has_its_own_name_and_speaks_three_languages() {
        let mut names = Vec::new();
        for class in groups().into_iter().flat_map(|(_, classes)| classes) {
            names.push(class.name);
            for words in [&class.cause, &class.remedy] {
                let [en, ru, kk] =
                    [Language::En, Language::Ru, Language::Kk].map(|language| words.get(language));
                assert!(!en.is_empty() && !ru.is_empty() && !kk.is_empty(), "{}", class.name);
                let braces = |text: &str| {
                    let mut all: Vec<String> = text
                        .split('{')
                        .skip(1)
                        .map(|rest| rest.split('}').next().unwrap().to_owned())
                        .collect();
                    all.sort();
                    all
                };
                assert_eq!(braces(en), braces(ru), "{}", class.name);
                assert_eq!(braces(en), braces(kk), "{}", class.name);
                assert!(en == "{text}" || en != ru && ru != kk, "{}", class.name);
            }
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn braces_are_filled_in() {
        let detail = |value: Value| value.as_object().cloned().unwrap();
        let fill = |class: &str, value: Value, language| filled(&of(class).cause, &detail(value), language);
        assert!(
            fill("clock_skew", json!({"side": "amocrm", "skew_ms": -90_000}), Language::En).contains("90")
        );
        assert!(fill("kaspi_unreachable", json!({"why": "dns"}), Language::Ru).contains("имя не найдено"));
        let fields = json!({"pipeline": "Kaspi", "fields": ["Город", "ИИН"]});
        assert!(fill("amo_required_fields", fields, Language::Kk).contains("Город, ИИН"));
        let own = json!({"text_en": "no such stage", "text_ru": "нет такого этапа"});
        assert_eq!(fill("amo_setting", own.clone(), Language::En), "no such stage");
        assert_eq!(fill("amo_setting", own, Language::Kk), "нет такого этапа");
        assert_eq!(of("of a newer component").name, "unknown");
    }
}
