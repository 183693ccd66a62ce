//! The two files and the environment: what of them can be read, and what is wrong with the rest.

use std::{env, fs, io, path::Path};

use kaspi_amocrm_contract::{Finding, Kind, Message, MessageId, Scope, Setting, table};

use super::{
    dotenv,
    settings::Settings,
    values::{DEFAULT_CONNECTION, DOTENV_FILE, Source, TOML_FILE, find},
};

/// Names that frameworks of the older tool's kind keep in the same `.env`, `APP_ENV` before all. None of our settings
/// begins like that, so no mistyped one hides among them.
const FOREIGN_PREFIX: &str = "APP_";

/// The text of a file, if it is there.
pub(super) fn read(folder: &Path, file: &str) -> Result<Option<String>, Finding> {
    let (problem, hint) = match fs::read(folder.join(file)).map(String::from_utf8) {
        Ok(Ok(text)) => return Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(Err(_)) => (MessageId::NotUtf8.into(), MessageId::SaveAsUtf8),
        Err(error) => {
            (Message::new(MessageId::FileNotReadable, [("detail", &error)]), MessageId::LetFileBeRead)
        }
    };
    Err(Finding::new(file, problem, hint))
}

/// Our settings of the environment of this process.
pub(super) fn environment(broken: &mut Vec<Finding>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for setting in table::ALL.iter().filter(|setting| setting.scope != Scope::Elsewhere) {
        match env::var(setting.name) {
            Ok(value) => pairs.push((setting.name.to_owned(), value)),
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => {
                broken.push(Finding::new(setting.name, MessageId::NotUtf8, MessageId::SetInEnvironment))
            }
        }
    }
    pairs
}

impl Settings {
    pub(super) fn add_dotenv(&mut self, text: &str) {
        let (entries, errors) = dotenv::parse(text);
        for error in errors {
            self.broken.push(Finding::new(
                format!("{DOTENV_FILE}, line {}", error.line),
                error.fault.message(),
                MessageId::WriteDotenvLine,
            ));
        }
        for entry in entries {
            match find(&entry.name) {
                Some(setting) => self.add(setting, DEFAULT_CONNECTION, &entry.value, Source::DotEnv),
                None if entry.name.starts_with(FOREIGN_PREFIX) => {}
                None => self.unknown.push(unknown(
                    format!("{DOTENV_FILE}, line {}: {}", entry.line, entry.name),
                    &entry.name,
                )),
            }
        }
    }

    pub(super) fn add_toml(&mut self, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return self.broken.push(not_toml(text, &error)),
        };
        for (key, value) in table {
            match value {
                toml::Value::Table(connections) if key == "connections" => {
                    for (name, values) in connections {
                        self.add_toml_connection(&name, values);
                    }
                }
                value => self.add_toml_value(DEFAULT_CONNECTION, &key, &value, &key),
            }
        }
    }

    fn add_toml_connection(&mut self, name: &str, values: toml::Value) {
        let key = format!("connections.{name}");
        // The name is a prefix of stored keys and part of log lines.
        if let Some(finding) = table::CONNECTION.check(name).into_iter().next() {
            return self.broken.push(Finding { name: in_toml(&key), ..finding });
        }
        let toml::Value::Table(values) = values else {
            return self.broken.push(Finding::new(
                in_toml(&key),
                MessageId::TomlNoTable,
                Message::new(MessageId::WriteTomlTable, [("key", &key)]),
            ));
        };
        // A connection is there even if everything is missing from it.
        self.connections.entry(name.to_owned()).or_default();
        for (setting, value) in values {
            let path = format!("{key}.{setting}");
            if find(&setting).is_some_and(|setting| setting.scope == Scope::Process) {
                self.broken.push(Finding::new(
                    in_toml(&path),
                    MessageId::SettingOfProcess,
                    MessageId::MoveToTop,
                ));
                continue;
            }
            self.add_toml_value(name, &setting, &value, &path);
        }
    }

    fn add_toml_value(&mut self, connection: &str, name: &str, value: &toml::Value, path: &str) {
        let Some(setting) = find(name) else {
            return self.broken.push(unknown(in_toml(path), name));
        };
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            toml::Value::Table(entries) if setting.kind == Kind::StatusMap => status_map(entries),
            _ => {
                return self.broken.push(Finding::new(
                    in_toml(path),
                    MessageId::TomlValueUnusable,
                    MessageId::WriteTomlValue,
                ));
            }
        };
        self.add(setting, connection, &value, Source::Toml);
    }
}

/// A table of stages as the one line that it is elsewhere. What is no id is left for the check of the setting to name.
fn status_map(entries: &toml::Table) -> String {
    let entry = |(key, id): (&String, &toml::Value)| match id {
        toml::Value::String(id) => format!("{key}={id}"),
        id => format!("{key}={id}"),
    };
    entries.iter().map(entry).collect::<Vec<_>>().join(",")
}

fn in_toml(key: &str) -> String {
    format!("{TOML_FILE}: {key}")
}

/// The parser's message alone: the lines that it would quote may hold secrets.
fn not_toml(text: &str, error: &toml::de::Error) -> Finding {
    let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let what = error.message();
    Finding::new(
        format!("{TOML_FILE}, line {line}"),
        Message::new(MessageId::TomlInvalid, [("detail", &what)]),
        MessageId::WriteTomlLine,
    )
}

fn unknown(place: String, name: &str) -> Finding {
    let hint = match table::nearest(name) {
        Some(Setting { name, .. }) => Message::new(MessageId::SettingMeant, [("name", name)]),
        None => MessageId::RemoveUnknownSetting.into(),
    };
    Finding::new(place, MessageId::SettingUnknown, hint)
}
