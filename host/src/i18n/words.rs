//! What pages say, in three languages.

use kaspi_amocrm_contract::Language;

/// One text of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    en: &'static str,
    ru: &'static str,
    kk: &'static str,
}

impl Words {
    /// English, Russian, Kazakh.
    pub(crate) const fn new(en: &'static str, ru: &'static str, kk: &'static str) -> Self {
        Self { en, ru, kk }
    }

    /// The one wanted.
    pub(crate) fn get(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Ru => self.ru,
            Language::Kk => self.kk,
        }
    }
}
