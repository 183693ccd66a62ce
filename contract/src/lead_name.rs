//! `LEAD_NAME_TEMPLATE`: what the name of a lead is made from.

use crate::message::{Message, MessageId};

/// Room for the buyer's name: amoCRM takes names of 255 characters (docs/apis/amocrm.md 5).
pub(crate) const LEAD_NAME_CHARS_MAX: usize = 150;

/// The code must stand alone in the name, because a lead is recognised by it when its field is not set up.
pub(crate) fn lead_name_problem(template: &str) -> Option<Message> {
    let Some((before, after)) = template.split_once("{code}") else {
        return Some(Message::plain(MessageId::LeadNameLacksCode));
    };
    let glued = |c: char| c.is_alphanumeric() || matches!(c, '{' | '}' | '_' | '-');
    if before.ends_with(glued) || after.starts_with(glued) {
        return Some(Message::plain(MessageId::LeadNameGluesCode));
    }
    let rest = template.replace("{code}", "").replace("{buyer}", "");
    if rest.contains(['{', '}']) {
        return Some(Message::plain(MessageId::LeadNameHasOtherBraces));
    }
    if template.chars().count() > LEAD_NAME_CHARS_MAX || template.chars().any(char::is_control) {
        return Some(Message::new(MessageId::LeadNameTooLong, [("max", &LEAD_NAME_CHARS_MAX)]));
    }
    None
}
