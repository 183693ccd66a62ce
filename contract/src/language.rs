//! The languages of texts for people.

/// The language of the CRM's texts, and of messages where only one is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
    /// Kazakh.
    Kk,
}

impl Language {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Ru, Self::Kk, Self::En];

    /// Its code, ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
            Self::Kk => "kk",
        }
    }

    /// The language of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Russian.
    pub ru: String,
}

impl Text {
    /// From both spellings.
    pub fn new(en: impl Into<String>, ru: impl Into<String>) -> Self {
        Self { en: en.into(), ru: ru.into() }
    }

    /// The one wanted; in Kazakh, which these texts do not have, the Russian one.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Ru | Language::Kk => &self.ru,
            Language::En => &self.en,
        }
    }
}
