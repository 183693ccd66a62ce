//! One thing that can be wrong.

use serde::Serialize;

use crate::i18n::words::Words;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Orders do not come through.
    Error,
    /// They do, and will not for long, or something is unsafe.
    Warning,
    /// It could be better.
    Hint,
}

impl Severity {
    /// For people.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::Error => Words::new("error", "ошибка", "қате"),
            Self::Warning => Words::new("warning", "предупреждение", "ескерту"),
            Self::Hint => Words::new("hint", "подсказка", "кеңес"),
        }
    }
}

/// One thing that can be wrong.
#[derive(Debug)]
pub(crate) struct Class {
    /// A word; part of the answer for programs.
    pub(crate) name: &'static str,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Whether it is a server that does not answer: it may pass by itself.
    pub(crate) is_upstream: bool,
    /// Why. Words in braces are filled in.
    pub(crate) cause: Words,
    /// What to do.
    pub(crate) remedy: Words,
}

impl Class {
    pub(super) const fn new(severity: Severity, name: &'static str, cause: Words, remedy: Words) -> Self {
        Self { name, severity, is_upstream: false, cause, remedy }
    }

    pub(super) const fn error(name: &'static str, cause: Words, remedy: Words) -> Self {
        Self::new(Severity::Error, name, cause, remedy)
    }

    pub(super) const fn upstream(name: &'static str, cause: Words, remedy: Words) -> Self {
        Self { is_upstream: true, ..Self::new(Severity::Error, name, cause, remedy) }
    }

    pub(super) const fn warning(name: &'static str, cause: Words, remedy: Words) -> Self {
        Self::new(Severity::Warning, name, cause, remedy)
    }

    pub(super) const fn hint(name: &'static str, cause: Words, remedy: Words) -> Self {
        Self::new(Severity::Hint, name, cause, remedy)
    }
}
