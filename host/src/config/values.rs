//! A value as it was set, where it came from, and the names of the places.

use std::{collections::BTreeMap, fmt};

use kaspi_amocrm_contract::{Scope, Setting, table};

/// The connection that environment and `.env` describe.
pub const DEFAULT_CONNECTION: &str = "default";
/// The file of environment-like lines in the working folder.
pub const DOTENV_FILE: &str = ".env";
/// The file with connections in the working folder.
pub const TOML_FILE: &str = "kaspi-amocrm.toml";

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The environment of the process.
    Environment,
    /// `.env`
    DotEnv,
    /// `kaspi-amocrm.toml`
    Toml,
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::DotEnv => DOTENV_FILE,
            Self::Toml => TOML_FILE,
            Self::Default => "default",
        })
    }
}

/// A value as it was set.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) source: Source,
}

/// Values by upper-case name.
pub(super) type Values = BTreeMap<&'static str, Value>;

/// New values by name of the setting; an empty one takes the setting away.
pub type Changes = BTreeMap<&'static str, String>;

/// The setting of that name, unless it is one that only other hosts know.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    table::find(name).filter(|setting| setting.scope != Scope::Elsewhere)
}
