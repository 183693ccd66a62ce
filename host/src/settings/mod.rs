//! Settings: gathered once from environment, `.env` and `kaspi-amocrm.toml`, checked before anything is sent.
//!
//! The environment counts most, then `.env`, then the TOML file. All three describe the connection `default`; further
//! connections stand in the TOML file under `[connections.NAME]`. Only names of [`known::KNOWN`] are read from the
//! environment.

mod connection;
mod dotenv;
pub mod known;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

pub use connection::Connection;
use known::{KNOWN, Known, SEED_DATABASE, Scope, known};

/// The connection that environment and `.env` describe.
pub const DEFAULT_CONNECTION: &str = "default";
/// The file of environment-like lines in the working folder.
pub const DOTENV_FILE: &str = ".env";
/// The file with connections in the working folder.
pub const TOML_FILE: &str = "kaspi-amocrm.toml";

/// A setting that is missing or wrong. Carries names, never values of secrets.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file exists and cannot be read.
    #[error("cannot read {file}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line of `.env` is not an assignment.
    #[error("{DOTENV_FILE}, {0}")]
    DotEnv(#[from] dotenv::LineError),
    /// The TOML file is not TOML.
    #[error("{TOML_FILE} is not valid TOML: {0}")]
    Toml(String),
    /// A key of the TOML file that means nothing.
    #[error("{TOML_FILE}: unknown key {0}")]
    UnknownKey(String),
    /// A key of the TOML file with a value of the wrong type, or in the wrong place.
    #[error("{TOML_FILE}: {key} {what}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A required setting is not set.
    #[error("{name} is not set{}", of(.connection))]
    Missing {
        /// The setting, or a choice of several.
        name: &'static str,
        /// The connection.
        connection: String,
    },
    /// A value that cannot be.
    #[error("{name} {what}{}", of(.connection))]
    Invalid {
        /// The setting.
        name: &'static str,
        /// The connection.
        connection: String,
        /// What is wrong, without the value.
        what: String,
    },
    /// There is no such connection.
    #[error("there is no connection {0:?}")]
    NoConnection(String),
}

fn of(connection: &str) -> String {
    if connection == DEFAULT_CONNECTION { String::new() } else { format!(" (connection {connection})") }
}

/// Values by upper-case name.
pub type Values = BTreeMap<&'static str, String>;

/// Everything that was set.
#[derive(Clone, Default)]
pub struct Settings {
    process: Values,
    connections: BTreeMap<String, Values>,
    warnings: Vec<String>,
    folder: PathBuf,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("connections", &self.connections.keys()).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads `.env` and the TOML file of a folder and adds the environment of this process.
    ///
    /// # Errors
    /// When a file cannot be read, or holds what it should not.
    pub fn load(folder: &Path) -> Result<Self, SettingsError> {
        let dotenv = read(folder, DOTENV_FILE)?;
        let toml = read(folder, TOML_FILE)?;
        let environment = KNOWN
            .iter()
            .map(|known| known.name)
            .chain(SEED_DATABASE.iter().copied())
            .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
        let mut settings = Self::from_sources(environment, dotenv.as_deref(), toml.as_deref())?;
        folder.clone_into(&mut settings.folder);
        Ok(settings)
    }

    /// Settings of the connection `default`, for embedders and tests. Unknown names are ignored.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self::from_sources(pairs, None, None).expect("only files can be malformed")
    }

    /// Puts the three sources together.
    ///
    /// # Errors
    /// As [`load`](Self::load), but for reading.
    pub fn from_sources(
        environment: impl IntoIterator<Item = (String, String)>,
        dotenv: Option<&str>,
        toml: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        if let Some(text) = toml {
            settings.add_toml(text)?;
        }
        let mut database = BTreeMap::new();
        for entry in dotenv.map(dotenv::parse).transpose()?.unwrap_or_default() {
            if let Some(known) = known(&entry.name) {
                settings.add(known, DEFAULT_CONNECTION, &entry.value);
            } else if let Some(name) = seed_database(&entry.name) {
                database.insert(name, entry.value);
            } else {
                let warning = format!("{DOTENV_FILE}, line {}: unknown setting {}", entry.line, entry.name);
                settings.warnings.push(warning);
            }
        }
        for (name, value) in environment {
            if let Some(known) = known(&name) {
                settings.add(known, DEFAULT_CONNECTION, value.trim());
            } else if let Some(name) = seed_database(&name) {
                database.insert(name, value);
            }
        }
        if let Some(url) = database_url(&database)
            && !settings.process.contains_key("DATABASE_URL")
        {
            settings.process.insert("DATABASE_URL", url);
        }
        if settings.connections.is_empty() {
            settings.connections.insert(DEFAULT_CONNECTION.to_owned(), Values::new());
        }
        Ok(settings)
    }

    fn add(&mut self, known: &'static Known, connection: &str, value: &str) {
        let values = match known.scope {
            Scope::Process => &mut self.process,
            Scope::Connection => self.connections.entry(connection.to_owned()).or_default(),
        };
        if known.is_unset(value) {
            // An empty line above takes away what a lower source says.
            values.remove(known.name);
        } else {
            values.insert(known.name, value.to_owned());
        }
        if values.is_empty() && known.scope == Scope::Connection {
            self.connections.remove(connection);
        }
    }

    fn add_toml(&mut self, text: &str) -> Result<(), SettingsError> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| SettingsError::Toml(error.message().to_owned()))?;
        for (key, value) in table {
            match value {
                toml::Value::Table(connections) if key == "connections" => {
                    for (name, values) in connections {
                        self.add_toml_connection(&name, values)?;
                    }
                }
                value => self.add_toml_value(DEFAULT_CONNECTION, &key, &value, &key)?,
            }
        }
        Ok(())
    }

    fn add_toml_connection(&mut self, name: &str, values: toml::Value) -> Result<(), SettingsError> {
        let key = format!("connections.{name}");
        // The name is a prefix of stored keys and part of log lines.
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
            return Err(SettingsError::Key { key, what: "may only have letters, digits, - and _" });
        }
        let toml::Value::Table(values) = values else {
            return Err(SettingsError::Key { key, what: "must be a table" });
        };
        for (setting, value) in values {
            let path = format!("{key}.{setting}");
            if known(&setting).is_some_and(|known| known.scope == Scope::Process) {
                return Err(SettingsError::Key { key: path, what: "belongs to the top of the file" });
            }
            self.add_toml_value(name, &setting, &value, &path)?;
        }
        Ok(())
    }

    fn add_toml_value(
        &mut self,
        connection: &str,
        name: &str,
        value: &toml::Value,
        path: &str,
    ) -> Result<(), SettingsError> {
        let known = known(name).ok_or_else(|| SettingsError::UnknownKey(path.to_owned()))?;
        let value = match value {
            toml::Value::String(text) => text.trim().to_owned(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            _ => {
                return Err(SettingsError::Key {
                    key: path.to_owned(),
                    what: "must be text, a number or yes/no",
                });
            }
        };
        self.add(known, connection, &value);
        Ok(())
    }

    /// What should be looked at and stops nothing.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// A setting of the process, or its default.
    pub fn process(&self, name: &str) -> Option<&str> {
        let known = known(name)?;
        self.process.get(known.name).map(String::as_str).or(known.default)
    }

    /// The address of the database. A relative SQLite path is meant from the folder of the settings.
    pub fn database_url(&self) -> String {
        let url = self.process("DATABASE_URL").unwrap_or(known::DATABASE_URL_DEFAULT);
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(path) if !path.starts_with('/') && !path.starts_with(':') => {
                format!("sqlite://{}", self.folder.join(path).display())
            }
            _ => url.to_owned(),
        }
    }

    /// Names of the connections.
    pub fn connection_names(&self) -> impl Iterator<Item = &str> {
        self.connections.keys().map(String::as_str)
    }

    /// One connection, with the settings of the process and all defaults.
    ///
    /// # Errors
    /// When there is none of that name, or a value of it cannot be.
    pub fn connection(&self, name: &str) -> Result<Connection, SettingsError> {
        let own = self.connections.get(name).ok_or_else(|| SettingsError::NoConnection(name.to_owned()))?;
        if let Some(error) = faults(name, self.process.iter().chain(own)).into_iter().next() {
            return Err(error);
        }
        Ok(Connection::new(name, &self.process, own))
    }

    /// Everything that is wrong, for `config check`: the first entry is what a run would stop at.
    pub fn findings(&self) -> Vec<SettingsError> {
        let mut findings = faults(DEFAULT_CONNECTION, self.process.iter());
        for (name, own) in &self.connections {
            findings.extend(faults(name, own.iter()));
            findings.extend(Connection::new(name, &self.process, own).missing());
        }
        findings
    }
}

fn faults<'a>(
    connection: &str,
    values: impl Iterator<Item = (&'a &'static str, &'a String)>,
) -> Vec<SettingsError> {
    values
        .filter_map(|(name, value)| {
            let what = known(name)?.fault(value)?;
            Some(SettingsError::Invalid { name, connection: connection.to_owned(), what })
        })
        .collect()
}

fn read(folder: &Path, file: &str) -> Result<Option<String>, SettingsError> {
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SettingsError::Read { file: file.to_owned(), source }),
    }
}

fn seed_database(name: &str) -> Option<&'static str> {
    SEED_DATABASE.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

/// The PHP tool's settings as one address. A user or password is percent-encoded.
fn database_url(parts: &BTreeMap<&'static str, String>) -> Option<String> {
    let part = |name: &str| parts.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let name = part("DB_NAME")?;
    let scheme = match part("DB_DRIVER").unwrap_or("mysql") {
        "pgsql" | "postgres" | "postgresql" => "postgres",
        "sqlite" => return Some(format!("sqlite://{name}")),
        _ => "mysql",
    };
    let host = part("DB_HOST").unwrap_or("localhost");
    let port = part("DB_PORT").map(|port| format!(":{port}")).unwrap_or_default();
    let user = encoded(part("DB_USER").unwrap_or_default());
    let password = part("DB_PASS").map(|password| format!(":{}", encoded(password))).unwrap_or_default();
    Some(format!("{scheme}://{user}{password}@{host}{port}/{name}"))
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
