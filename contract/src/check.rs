//! What is wrong with a single value. Values of secrets and of addresses are never repeated, others only when short.

use crate::{
    country::is_country,
    finding::{Finding, shown},
    lead_name::{LEAD_NAME_CHARS_MAX, lead_name_problem},
    message::{Message, MessageId},
    status_map::StatusMap,
    table::{Kind, Setting},
    url::{account_host, is_base_url, is_server_database},
};

/// Longest name of a connection: it is part of the keys of the store.
const NAME_BYTES_MAX: usize = 64;
/// 32 bytes in base64, without padding.
const KEY_CHARS: usize = 43;

/// A problem and what to do about it.
type Fault = (Message, Message);

fn fault(problem: impl Into<Message>, hint: impl Into<Message>) -> Fault {
    (problem.into(), hint.into())
}

/// A problem that repeats the value.
fn fault_of(value: &str, problem: MessageId, hint: impl Into<Message>) -> Fault {
    fault(Message::new(problem, [("value", &shown(value))]), hint)
}

impl Setting {
    /// Whether a trimmed value means "not set".
    pub fn is_unset(&self, value: &str) -> bool {
        let is_number = matches!(self.kind, Kind::Id | Kind::Moment);
        value.is_empty() || (is_number && value.parse() == Ok(0_i64))
    }

    /// Everything that is wrong with a trimmed value that is [set](Self::is_unset).
    pub fn check(&self, value: &str) -> Vec<Finding> {
        let fault = match self.kind {
            Kind::Text => None,
            Kind::Header => header_fault(value),
            Kind::Url => (!is_base_url(value.trim_end_matches('/')))
                .then(|| fault(MessageId::AddressUnusable, MessageId::WriteAddress)),
            Kind::Proxy => {
                let url = value.trim_end_matches('/');
                (!url.starts_with("http://") || !is_base_url(url))
                    .then(|| fault(MessageId::ProxyUnusable, MessageId::WriteProxy))
            }
            Kind::Redirect => redirect_fault(value),
            Kind::Account => account_host(value)
                .is_none()
                .then(|| fault_of(value, MessageId::AccountNameUnusable, MessageId::WriteAccountName)),
            Kind::Id => {
                not_positive(value).then(|| fault_of(value, MessageId::IdUnusable, MessageId::TakeIdFromAmo))
            }
            Kind::Moment => not_positive(value)
                .then(|| fault_of(value, MessageId::MomentUnusable, MessageId::WriteMoment)),
            Kind::Integer { min, max } => integer_fault(value, min, max, self.default),
            Kind::YesNo => yes_or_no(value)
                .is_none()
                .then(|| fault_of(value, MessageId::YesNoUnusable, MessageId::WriteYesNo)),
            Kind::OneOf(words) => (!words.contains(&value.to_lowercase().as_str())).then(|| {
                fault_of(
                    value,
                    MessageId::WordNotOffered,
                    Message::plain(MessageId::WriteWord).nest("words", Message::choice(words)),
                )
            }),
            Kind::Country => (!is_country(&value.to_ascii_uppercase()))
                .then(|| fault_of(value, MessageId::CountryUnknown, MessageId::WriteCountry)),
            Kind::LeadName => lead_name_problem(value).map(|problem| {
                let hint = Message::new(MessageId::WriteLeadName, [("max", &LEAD_NAME_CHARS_MAX)]);
                (problem, hint)
            }),
            Kind::StatusMap => {
                let found = StatusMap::parse(value).err().unwrap_or_default();
                return found
                    .into_iter()
                    .map(|(problem, hint)| Finding::new(self.name, problem, hint))
                    .collect();
            }
            Kind::Name => (!is_name(value)).then(|| {
                fault(MessageId::NameUnusable, Message::new(MessageId::WriteName, [("max", &NAME_BYTES_MAX)]))
            }),
            Kind::Database => {
                (!is_database(value)).then(|| fault(MessageId::DatabaseUnusable, MessageId::WriteDatabase))
            }
            Kind::Key => (!is_key(value)).then(|| fault(MessageId::KeyUnusable, MessageId::WriteKey)),
            Kind::Keys => {
                (!key_list(value).all(is_key)).then(|| fault(MessageId::KeysUnusable, MessageId::WriteKeys))
            }
            Kind::Path => value
                .bytes()
                .any(|b| !b.is_ascii_graphic() || b"?#\\{}*:".contains(&b))
                .then(|| fault(MessageId::PathUnusable, MessageId::WritePath)),
        };
        fault.into_iter().map(|(problem, hint)| Finding::new(self.name, problem, hint)).collect()
    }
}

/// The meaning of a yes-or-no value.
pub fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "да" => Some(true),
        "no" | "false" | "off" | "0" | "нет" => Some(false),
        _ => None,
    }
}

/// The keys of a list, each without the spaces around it.
pub fn key_list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

fn header_fault(value: &str) -> Option<Fault> {
    (!value.bytes().all(|b| b.is_ascii_graphic()))
        .then(|| fault(MessageId::HeaderUnusable, MessageId::CopyWithoutQuotes))
}

fn redirect_fault(value: &str) -> Option<Fault> {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let is_usable = rest.is_some_and(|rest| !rest.is_empty())
        && !value.chars().any(|c| c.is_whitespace() || c.is_control());
    (!is_usable).then(|| fault(MessageId::AddressUnusable, MessageId::CopyRedirectAddress))
}

fn integer_fault(value: &str, min: i64, max: i64, default: Option<&str>) -> Option<Fault> {
    if value.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number)) {
        return None;
    }
    let range = |id| Message::new(id, [("min", &min), ("max", &max)]);
    let hint = match default {
        Some(default) => range(MessageId::WriteNumberOrDefault).with("default", default),
        None => range(MessageId::WriteNumberOrNothing),
    };
    Some(fault_of(value, MessageId::NumberOutOfRange, hint))
}

fn not_positive(value: &str) -> bool {
    !value.parse::<i64>().is_ok_and(|number| number > 0)
}

fn is_name(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= NAME_BYTES_MAX
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_database(value: &str) -> bool {
    if value.chars().any(char::is_control) {
        return false;
    }
    if let Some(path) = value.strip_prefix("sqlite://").or_else(|| value.strip_prefix("sqlite:")) {
        // What is kept in memory would not outlive the run that needs it.
        return !path.is_empty() && !path.starts_with([':', '?']);
    }
    let Some((_, rest)) = value.split_once("://").filter(|_| is_server_database(value)) else { return false };
    let (authority, name) = rest.split_once('/').unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    !host.is_empty() && !name.is_empty() && !name.starts_with('?')
}

fn is_key(value: &str) -> bool {
    let digits = value.strip_suffix('=').unwrap_or(value).as_bytes();
    // 43 digits are 258 bits: the last two stand for nothing and are zero.
    digits.len() == KEY_CHARS
        && digits.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        && digits.last().is_some_and(|b| b"AEIMQUYcgkosw048".contains(b))
}

#[cfg(test)]
mod tests;
