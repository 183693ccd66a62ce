//! Reads single settings and gathers what is wrong with them.

use std::ops::RangeInclusive;

use super::finding::{Finding, Text, shown};
use crate::ports::Config;

/// A secret setting. Has no `Display`, and its `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Asks the port and keeps the findings; every method answers something usable, so that reading goes on.
pub(super) struct Reader<'a> {
    config: &'a dyn Config,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(config: &'a dyn Config) -> Self {
        Self { config, findings: Vec::new() }
    }

    pub(super) fn find(&mut self, name: &str, problem: Text, hint: Text) {
        self.findings.push(Finding { name: name.to_owned(), problem, hint });
    }

    /// The trimmed value; an empty one counts as not set. `name` is in upper case.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.config.get(&name.to_ascii_lowercase()) {
            Ok(value) => value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()),
            Err(why) => {
                let problem =
                    Text::new(format!("cannot be read ({why})"), format!("не удалось прочитать ({why})"));
                let hint = Text::new(
                    "check the settings that the host gives",
                    "проверьте настройки, которые передаёт хост",
                );
                self.find(name, problem, hint);
                None
            }
        }
    }

    /// Text that goes into a header. Wrong values are not repeated.
    pub(super) fn header_text(&mut self, name: &str) -> Option<String> {
        let value = self.text(name)?;
        if value.bytes().all(|b| b.is_ascii_graphic()) {
            return Some(value);
        }
        let problem = Text::new(
            "holds spaces or characters that no header may hold",
            "содержит пробелы или символы, недопустимые в заголовке",
        );
        let hint = Text::new("copy it again, without quotes", "скопируйте значение заново, без кавычек");
        self.find(name, problem, hint);
        None
    }

    pub(super) fn missing(&mut self, name: &str, hint: Text) {
        self.find(name, Text::new("is not set", "не задано"), hint);
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, name: &str, default: i64, bounds: RangeInclusive<i64>) -> i64 {
        let Some(value) = self.text(name) else { return default };
        match value.parse::<i64>() {
            Ok(number) if bounds.contains(&number) => number,
            _ => {
                let (low, high) = (bounds.start(), bounds.end());
                let problem = Text::new(
                    format!("{} is not possible", shown(&value)),
                    format!("{} недопустимо", shown(&value)),
                );
                let hint = Text::new(
                    format!("write a whole number from {low} to {high}, or leave it out for {default}"),
                    format!("укажите целое число от {low} до {high} или уберите: будет {default}"),
                );
                self.find(name, problem, hint);
                default
            }
        }
    }

    /// An id of amoCRM; empty and `0` mean "not set".
    pub(super) fn id(&mut self, name: &str) -> Option<i64> {
        let value = self.text(name)?;
        match value.parse::<i64>() {
            Ok(0) => None,
            Ok(id) if id > 0 => Some(id),
            _ => {
                let problem =
                    Text::new(format!("{} is no id", shown(&value)), format!("{} не id", shown(&value)));
                let hint = Text::new(
                    "take the number from amoCRM, or leave it empty",
                    "возьмите число из amoCRM или оставьте пустым",
                );
                self.find(name, problem, hint);
                None
            }
        }
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        let Some(value) = self.text(name) else { return default };
        match value.to_lowercase().as_str() {
            "yes" | "true" | "on" | "1" | "да" => true,
            "no" | "false" | "off" | "0" | "нет" => false,
            _ => {
                let problem = Text::new(
                    format!("{} is neither yes nor no", shown(&value)),
                    format!("{} не похоже на yes или no", shown(&value)),
                );
                self.find(name, problem, Text::new("write yes or no", "укажите yes или no"));
                default
            }
        }
    }

    /// An address to send requests to, without a slash at the end. Wrong values are not repeated: they may hold a
    /// password.
    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        let value = self.text(name)?;
        let url = value.trim_end_matches('/');
        if is_base_url(url) {
            return Some(url.to_owned());
        }
        let problem = Text::new("is no usable address", "не годится как адрес");
        let hint = Text::new(
            "write https://host or https://host/path, without a question mark, name or password",
            "укажите https://хост или https://хост/путь, без вопросительного знака, имени и пароля",
        );
        self.find(name, problem, hint);
        None
    }
}

fn is_base_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        // The colon of an IPv6 address stands inside brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_ok = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let path_ok = rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'\\' | b'@'));
    host_ok && port_ok && path_ok
}
