//! What holds for every text of the catalogue, and how messages are rendered.

use std::collections::BTreeSet;

use super::*;

fn arguments_of(template: &str) -> BTreeSet<&str> {
    let argument = |part| match part {
        Part::Argument(name) => Some(name),
        Part::Text(_) => None,
    };
    parts(template).into_iter().filter_map(argument).collect()
}

fn owned(arguments: &[(&str, &str)]) -> Vec<(String, String)> {
    arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `LeadGone` as `lead-gone`.
fn kebab(case: &str) -> String {
    let words = case.char_indices().map(|(at, c)| match c {
        'A'..='Z' if at > 0 => format!("-{}", c.to_ascii_lowercase()),
        c => c.to_ascii_lowercase().to_string(),
    });
    words.collect()
}

#[test]
fn every_id_has_a_name_of_its_own_that_is_its_case() {
    let names: BTreeSet<&str> = MessageId::ALL.iter().map(|id| id.name()).collect();
    assert_eq!(names.len(), MessageId::ALL.len());
    for id in MessageId::ALL {
        assert_eq!(id.name(), kebab(&format!("{id:?}")));
        assert_eq!(MessageId::from_name(id.name()), Some(*id));
    }
    assert_eq!(MessageId::from_name("lead-on-the-moon"), None);
}

#[test]
fn every_text_takes_the_same_arguments_in_each_language() {
    for id in MessageId::ALL {
        let [en, ru] = [Language::En, Language::Ru].map(|language| id.template(language));
        assert_eq!(arguments_of(en), arguments_of(ru), "{}", id.name());
        for name in arguments_of(en) {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}: {name}", id.name());
        }
        for template in [en, ru] {
            assert!(!template.is_empty() && template.trim() == template, "{}", id.name());
            assert!(!template.contains("  ") && !template.contains('\n'), "{}", id.name());
        }
        assert!(!en.chars().any(|c| ('а'..='я').contains(&c)), "{}", id.name());
    }
}

#[test]
fn every_text_tells_all_its_arguments() {
    for id in MessageId::ALL {
        for language in Language::ALL {
            let names = arguments_of(id.template(language));
            let arguments: Vec<(String, String)> =
                names.iter().map(|name| ((*name).to_owned(), format!("<{name}>"))).collect();
            let text = render(id.name(), &arguments, language);
            for name in names {
                assert!(text.contains(&format!("<{name}>")), "{text}");
                assert!(!text.contains(&format!("{{{name}}}")), "{text}");
            }
            assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        }
    }
}

#[test]
fn a_message_is_rendered_in_the_language_that_is_asked_for() {
    let message = Message::new(MessageId::LeadGone, [("lead", &7)]);
    assert_eq!(message.render(Language::En), "lead 7 is gone from amoCRM");
    assert_eq!(message.render(Language::Ru), "сделка 7 исчезла из amoCRM");
    assert_eq!(message.render(Language::Kk), message.render(Language::Ru));
    assert_eq!(message.argument("lead"), Some("7"));
    assert_eq!(render("lead-gone", &owned(&[("lead", "7")]), Language::En), "lead 7 is gone from amoCRM");
    assert_eq!(message, Message::plain(MessageId::LeadGone).with("lead", "7"));
}

#[test]
fn both_languages_stand_beside_one_another_where_they_differ() {
    let lead = Message::new(MessageId::LeadGone, [("lead", &7)]);
    assert_eq!(lead.to_string(), "lead 7 is gone from amoCRM / сделка 7 исчезла из amoCRM");
    assert_eq!(Message::verbatim("NotSupported at name").to_string(), "NotSupported at name");
    let catalog = Message::plain(MessageId::CatalogNotSet);
    assert_eq!(catalog.to_string(), "AMO_CATALOG_ID: is not set / не задано", "the name stands once");
    let kaspi = Message::plain(MessageId::KaspiTrouble).nest("detail", Message::verbatim("status 502"));
    assert_eq!(kaspi.to_string(), "Kaspi: status 502");
}

#[test]
fn what_stands_in_an_argument_is_nothing_but_text() {
    for value in ["{lead}", "{x}", "{{", "}", "lead-gone", "{lead@}"] {
        let message = Message::new(MessageId::LeadRefused, [("reason", &value), ("lead", &7), ("x", &8)]);
        assert_eq!(message.render(Language::En), format!("amoCRM refuses it: {value}"));
    }
    assert_eq!(
        Message::plain(MessageId::LeadNameLacksCode).with("code", "x").render(Language::En),
        "does not hold {code}"
    );
}

#[test]
fn a_message_may_hold_another_one() {
    let inner = Message::new(MessageId::KaspiRequestRefused, [("status", &400), ("title", &"Bad {status}")]);
    let outer = Message::plain(MessageId::KaspiTrouble).nest("detail", inner);
    let flat = owned(&[
        ("detail@", "kaspi-request-refused"),
        ("detail.status", "400"),
        ("detail.title", "Bad {status}"),
    ]);
    assert_eq!(outer.arguments, flat);
    assert_eq!(outer.render(Language::En), "Kaspi: Kaspi refuses the request with 400: Bad {status}");
    assert_eq!(outer.render(Language::Ru), "Kaspi: Kaspi отклоняет запрос с кодом 400: Bad {status}");
    let deeper = Message::plain(MessageId::OrderParked).nest("reason", outer);
    assert_eq!(
        deeper.render(Language::Ru),
        "отложен: Kaspi: Kaspi отклоняет запрос с кодом 400: Bad {status}"
    );
}

#[test]
fn words_to_choose_from_are_joined_as_the_language_does() {
    let choice = Message::choice(&["ru", "kk", "en"]);
    assert_eq!(choice.render(Language::En), "ru or kk or en");
    assert_eq!(choice.render(Language::Ru), "ru или kk или en");
    assert_eq!(Message::choice(&["one"]).to_string(), "one");
    assert_eq!(Message::choice(&[]).to_string(), "");
}

#[test]
fn what_comes_from_another_version_is_shown_all_the_same() {
    let arguments = owned(&[("lead", "7"), ("detail", "a {lead}")]);
    assert_eq!(
        render("lead-on-the-moon", &arguments, Language::Ru),
        "lead-on-the-moon (lead: 7, detail: a {lead})"
    );
    assert_eq!(both("lead-on-the-moon", &[]), "lead-on-the-moon");
    let unknown = Message::from_parts("lead-on-the-moon", arguments);
    assert_eq!(unknown.to_string(), "lead-on-the-moon (lead: 7, detail: a {lead})");
    let lead = Message::new(MessageId::LeadGone, [("lead", &7)]);
    assert_eq!(Message::from_parts(lead.id.name(), lead.arguments.clone()), lead);
    assert_eq!(render("lead-gone", &[], Language::En), "lead ? is gone from amoCRM");
    let nested = owned(&[("detail@", "kaspi-sleeps"), ("detail.hours", "8")]);
    assert_eq!(render("kaspi-trouble", &nested, Language::En), "Kaspi: kaspi-sleeps (hours: 8)");
}

#[test]
fn a_message_without_an_end_is_cut() {
    let mut message = Message::verbatim("x");
    for _ in 0..100 {
        message = Message::plain(MessageId::OrderOfOtherShop).nest("shop", message);
    }
    assert!(message.render(Language::En).contains(MISSING));
}

#[test]
fn braces_of_a_template_are_read_as_they_are_written() {
    use Part::{Argument, Text};
    let read = |template| -> Vec<Part<'_>> {
        parts(template).into_iter().filter(|part| *part != Text("")).collect()
    };
    assert_eq!(read("a {b} c"), [Text("a "), Argument("b"), Text(" c")]);
    assert_eq!(read("{{b}}"), [Text("{"), Text("b"), Text("}")]);
    assert_eq!(read("open { and } close"), [Text("open "), Argument(" and "), Text(" close")]);
    assert_eq!(read("open {"), [Text("open "), Text("{")]);
    assert_eq!(read("} close"), [Text("}"), Text(" close")]);
}
