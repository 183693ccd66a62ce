//! What is wrong with the settings, in words for the person who has to put it right.

use std::fmt;

use crate::{
    language::Language,
    message::{Message, MessageId},
};

/// The longest value that a message repeats. Tokens are longer, and one may stand in the wrong place.
const VALUE_CHARS_MAX: usize = 20;

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The setting's name in upper case, as it stands in the environment.
    pub name: String,
    /// What is wrong. Never repeats a secret.
    pub problem: Message,
    /// What to do.
    pub hint: Message,
}

impl Finding {
    /// From its parts.
    pub fn new(name: impl Into<String>, problem: impl Into<Message>, hint: impl Into<Message>) -> Self {
        Self { name: name.into(), problem: problem.into(), hint: hint.into() }
    }

    /// A setting that is not there and has to be.
    pub fn missing(name: impl Into<String>, hint: impl Into<Message>) -> Self {
        Self::new(name, MessageId::SettingNotSet, hint)
    }

    /// The finding as one line in one language, without the name.
    pub fn text(&self, language: Language) -> String {
        format!("{}; {}", self.problem.render(language), self.hint.render(language))
    }

    /// All of it as one message, for where there is room for one only.
    pub fn message(&self) -> Message {
        Message::new(MessageId::SettingWrong, [("name", &self.name)])
            .nest("problem", self.problem.clone())
            .nest("hint", self.hint.clone())
    }
}

impl fmt::Display for Finding {
    /// `NAME: english / по-русски`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} / {}", self.name, self.text(Language::En), self.text(Language::Ru))
    }
}

/// All that is wrong with the settings, so that it can be put right in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// At least one.
    pub findings: Vec<Finding>,
}

impl SettingsError {
    /// `Ok` where nothing was found.
    ///
    /// # Errors
    /// All findings.
    pub fn none_of(findings: Vec<Finding>) -> Result<(), Self> {
        if findings.is_empty() { Ok(()) } else { Err(Self { findings }) }
    }

    /// Each finding as one message.
    pub fn messages(&self) -> Vec<Message> {
        self.findings.iter().map(Finding::message).collect()
    }
}

impl std::error::Error for SettingsError {}

impl From<Finding> for SettingsError {
    fn from(finding: Finding) -> Self {
        Self { findings: vec![finding] }
    }
}

impl fmt::Display for SettingsError {
    /// One line per finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// A value as it may stand in a message: a long one may be a token in the wrong place, so only its length is told.
pub fn shown(value: &str) -> String {
    let chars = value.chars().count();
    if chars > VALUE_CHARS_MAX { format!("({chars})") } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_the_same_whether_it_comes_as_a_message_or_not() {
        let value = Message::new(MessageId::IdUnusable, [("value", &shown("{name}"))]);
        let finding = Finding::new("AMO_STATUS_ID", value, MessageId::TakeIdFromAmo);
        assert_eq!(
            finding.to_string(),
            "AMO_STATUS_ID: \"{name}\" is no id; take the number from amoCRM, or leave it empty / \"{name}\" не id; \
             возьмите число из amoCRM или оставьте пустым"
        );
        assert_eq!(finding.message().to_string(), finding.to_string());
        assert_eq!(SettingsError::from(finding.clone()).messages(), [finding.message()]);
        for language in Language::ALL {
            let text = format!("AMO_STATUS_ID: {}", finding.text(language));
            assert_eq!(finding.message().render(language), text);
        }
    }
}
