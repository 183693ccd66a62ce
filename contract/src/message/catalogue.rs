//! All ids with their texts.
//!
//! Each area has a file with a macro that adds its rows to those that it was given and passes them on; the last one to
//! get them makes the enum. A row is the case, its name, and its text by language: a further language is a further
//! column.

use crate::language::Language;

#[macro_use]
mod account;
#[macro_use]
mod files;
#[macro_use]
mod options;
#[macro_use]
mod orders;
#[macro_use]
mod plan;
#[macro_use]
mod runs;
#[macro_use]
mod servers;
#[macro_use]
mod settings;
#[macro_use]
mod statement;
#[macro_use]
mod store;
#[macro_use]
mod tokens;

/// What an id says, by language.
struct Row {
    name: &'static str,
    en: &'static str,
    ru: &'static str,
}

macro_rules! catalogue {
    ([] $($case:ident $name:literal { en: $en:literal, ru: $ru:literal $(,)? })*) => {
        /// What a [message](super::Message) says. Each case is described by its English text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageId {
            $(#[doc = concat!("`", $en, "`")] $case,)*
        }

        /// In the order of the cases.
        static ROWS: &[Row] = &[$(Row { name: $name, en: $en, ru: $ru }),*];

        impl MessageId {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$case),*];
        }
    };
}

settings! { [files account tokens servers store options orders plan runs statement catalogue] }

impl MessageId {
    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name under which it is stored and sent.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The id of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let place = ROWS.iter().position(|row| row.name == name)?;
        Some(Self::ALL[place])
    }

    /// Its text with the names of its arguments; in Kazakh, which the catalogue does not have, the Russian one.
    pub(crate) fn template(self, language: Language) -> &'static str {
        match language {
            Language::En => self.row().en,
            Language::Ru | Language::Kk => self.row().ru,
        }
    }
}
