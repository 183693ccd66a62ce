//! Reads single settings and gathers what is wrong with them.

use kaspi_amocrm_contract::{Finding, Message, MessageId, Setting, rules, table, yes_or_no};

use crate::ports::Config;

/// A secret setting. Has no `Display`, and its `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
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
    /// Settings with a value, right or wrong.
    set: Vec<&'static str>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(config: &'a dyn Config) -> Self {
        Self { config, set: Vec::new(), findings: Vec::new() }
    }

    /// Everything that is wrong or missing, in the order of the reference.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.extend(rules::missing(&|setting| self.set.contains(&setting.name)));
        self.findings.sort_by_key(|finding| table::position(&finding.name));
        self.findings
    }

    /// Everything that is wrong with what was asked for.
    pub(super) fn wrong(self) -> Vec<Finding> {
        self.findings
    }

    /// Keeps what is wrong with several values together.
    pub(super) fn tell(&mut self, finding: Option<Finding>) {
        self.findings.extend(finding);
    }

    /// The trimmed value, where one is set that can be used.
    pub(super) fn value(&mut self, setting: &'static Setting) -> Option<String> {
        let value = match self.config.get(&setting.name.to_ascii_lowercase()) {
            Ok(value) => value.map(|value| value.trim().to_owned())?,
            Err(why) => {
                self.set.push(setting.name);
                let problem = Message::new(MessageId::SettingNotReadable, [("detail", &why)]);
                self.findings.push(Finding::new(setting.name, problem, MessageId::CheckHostSettings));
                return None;
            }
        };
        if setting.is_unset(&value) {
            return None;
        }
        self.set.push(setting.name);
        let wrong = setting.check(&value);
        let is_usable = wrong.is_empty();
        self.findings.extend(wrong);
        is_usable.then_some(value)
    }

    /// The value, or the default where none is set that can be used.
    pub(super) fn text_or_default(&mut self, setting: &'static Setting) -> String {
        self.value(setting).unwrap_or_else(|| setting.default.unwrap_or_default().to_owned())
    }

    pub(super) fn secret(&mut self, setting: &'static Setting) -> Option<Secret> {
        self.value(setting).map(Secret::new)
    }

    /// A whole number.
    pub(super) fn number(&mut self, setting: &'static Setting) -> i64 {
        self.text_or_default(setting).parse().expect("it is checked, and its default is a number")
    }

    /// An id or another positive number.
    pub(super) fn id(&mut self, setting: &'static Setting) -> Option<i64> {
        self.value(setting)?.parse().ok()
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, setting: &'static Setting) -> bool {
        yes_or_no(&self.text_or_default(setting)).expect("it is checked, and its default is yes or no")
    }
}
