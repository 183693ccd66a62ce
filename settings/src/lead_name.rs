//! `LEAD_NAME_TEMPLATE`: what the name of a lead is made from.

use crate::language::Text;

/// Room for the buyer's name: amoCRM takes names of 255 characters (docs/apis/amocrm.md 5).
pub(crate) const LEAD_NAME_CHARS_MAX: usize = 150;

/// The code must stand alone in the name, because a lead is recognised by it when its field is not set up.
pub(crate) fn lead_name_problem(template: &str) -> Option<Text> {
    let Some((before, after)) = template.split_once("{code}") else {
        return Some(Text::new("does not hold {code}", "не содержит {code}"));
    };
    let glued = |c: char| c.is_alphanumeric() || matches!(c, '{' | '}' | '_' | '-');
    if before.ends_with(glued) || after.starts_with(glued) {
        return Some(Text::new("has {code} glued to other text", "содержит {code}, слитый с другим текстом"));
    }
    let rest = template.replace("{code}", "").replace("{buyer}", "");
    if rest.contains(['{', '}']) {
        return Some(Text::new(
            "holds braces other than {code} and {buyer}",
            "содержит скобки кроме {code} и {buyer}",
        ));
    }
    if template.chars().count() > LEAD_NAME_CHARS_MAX || template.chars().any(char::is_control) {
        return Some(Text::new(
            format!("is longer than {LEAD_NAME_CHARS_MAX} characters or not one line"),
            format!("длиннее {LEAD_NAME_CHARS_MAX} символов или занимает не одну строку"),
        ));
    }
    None
}
