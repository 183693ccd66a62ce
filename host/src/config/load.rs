//! Gathers the settings: from the files of a folder and from the environment of this process.

use std::path::Path;

use super::{
    files,
    settings::Settings,
    values::{DEFAULT_CONNECTION, DOTENV_FILE, Source, TOML_FILE, Values, find},
};

impl Settings {
    /// Reads `.env` and the TOML file of a folder and adds the environment of this process.
    pub fn load(folder: &Path) -> Self {
        let mut broken = Vec::new();
        let mut read = |file| {
            files::read(folder, file).unwrap_or_else(|finding| {
                broken.push(finding);
                None
            })
        };
        let (dotenv, toml) = (read(DOTENV_FILE), read(TOML_FILE));
        let environment = files::environment(&mut broken);
        let mut settings = Self::from_sources(environment, dotenv.as_deref(), toml.as_deref());
        settings.broken.splice(0..0, broken);
        folder.clone_into(&mut settings.folder);
        settings
    }

    /// Settings of the connection `default`, for embedders and tests. Unknown names are ignored.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::from_sources(pairs.into_iter().map(|(name, value)| (name.into(), value.into())), None, None)
    }

    /// Puts the three sources together.
    pub fn from_sources(
        environment: impl IntoIterator<Item = (String, String)>,
        dotenv: Option<&str>,
        toml: Option<&str>,
    ) -> Self {
        let mut settings = Self::default();
        settings.add_toml(toml.unwrap_or_default());
        settings.add_dotenv(dotenv.unwrap_or_default());
        for (name, value) in environment {
            if let Some(setting) = find(&name) {
                settings.add(setting, DEFAULT_CONNECTION, &value, Source::Environment);
            }
        }
        if settings.connections.is_empty() {
            settings.connections.insert(DEFAULT_CONNECTION.to_owned(), Values::new());
        }
        settings
    }
}
