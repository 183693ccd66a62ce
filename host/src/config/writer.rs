//! Writes settings as a person would: into `.env`, or into the TOML file where that describes the connection. Comments,
//! order and everything that is not ours to change stay as they are.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use kaspi_amocrm_contract::{Finding, Message, MessageId, Scope, Setting, table};

use super::{
    dotenv, files,
    settings::Settings,
    toml_text,
    values::{Changes, DEFAULT_CONNECTION, DOTENV_FILE, Source, TOML_FILE, Value, Values, find},
};

/// What was written, and what of it counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file; `None` where nothing had to be changed.
    pub file: Option<PathBuf>,
    /// Settings that the environment overrides: what was written for them has no effect while it does.
    pub overridden: Vec<&'static str>,
}

impl Settings {
    /// These settings with some changes, as they would be in force once they were written. Values of the environment stay:
    /// no file overrides them.
    #[must_use]
    pub fn with(&self, connection: &str, changes: &Changes) -> Self {
        let mut changed = self.clone();
        let overridden = self.overridden(connection, changes);
        for (name, value) in changes {
            if let Some(setting) = find(name).filter(|setting| !overridden.contains(&setting.name)) {
                changed.add(setting, connection, value, Source::DotEnv);
            }
        }
        if changed.connections.is_empty() {
            changed.connections.insert(connection.to_owned(), Values::new());
        }
        changed
    }

    /// Which of the changes have no effect, because the environment of the process sets something else.
    pub fn overridden(&self, connection: &str, changes: &Changes) -> Vec<&'static str> {
        let is_overridden = |(name, new): (&&'static str, &String)| {
            let Value { text, source } = self.set_value(connection, find(name)?)?;
            (*source == Source::Environment && text != new.trim()).then_some(*name)
        };
        changes.iter().filter_map(is_overridden).collect()
    }

    /// The changes that really change something.
    pub fn news(&self, connection: &str, changes: &Changes) -> Changes {
        let is_new = |(name, new): &(&&'static str, &String)| {
            let present = find(name).and_then(|setting| self.set_value(connection, setting));
            present.map_or("", |value| &value.text) != new.trim()
        };
        changes.iter().filter(is_new).map(|(name, new)| (*name, new.clone())).collect()
    }

    /// What has to be changed about a connection for it to become that of a draft.
    pub fn changes_to(&self, connection: &str, draft: &Self) -> Changes {
        let text = |settings: &Self, setting| {
            settings.set_value(connection, setting).map(|value| value.text.clone()).unwrap_or_default()
        };
        let own = table::ALL.iter().filter(|setting| setting.scope == Scope::Connection);
        own.map(|setting| (setting.name, text(draft, setting)))
            .filter(|(name, new)| find(name).is_some_and(|setting| text(self, setting) != *new))
            .collect()
    }

    /// What was set for a setting, without defaults.
    fn set_value(&self, connection: &str, setting: &Setting) -> Option<&Value> {
        match setting.scope {
            Scope::Process => self.process.get(setting.name),
            Scope::Connection | Scope::Elsewhere => self.connections.get(connection)?.get(setting.name),
        }
    }

    /// Writes changes of one connection (and of the process) into the files of a folder.
    ///
    /// # Errors
    /// When a file cannot be read or written, or is written in a way that only a person can change: the finding says so,
    /// and [`lines`] has what is to be written.
    pub fn write(&self, folder: &Path, connection: &str, changes: &Changes) -> Result<Written, Finding> {
        let overridden = self.overridden(connection, changes);
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut written = Written { file: None, overridden };
        let news = self.news(connection, changes);
        if news.is_empty() {
            return Ok(written);
        }
        let (dotenv, toml) = (files::read(folder, DOTENV_FILE)?, files::read(folder, TOML_FILE)?);
        let in_toml = connection != DEFAULT_CONNECTION
            || (toml_text::describes(toml.as_deref().unwrap_or_default(), connection)
                && !describes_default(dotenv.as_deref().unwrap_or_default()));
        let (file, text) = if in_toml {
            (TOML_FILE, toml_text::changed(toml.as_deref().unwrap_or_default(), connection, &news)?)
        } else {
            let lower = Self::from_sources([], None, toml.as_deref());
            let is_below =
                |name: &str| find(name).is_some_and(|setting| lower.set_value(connection, setting).is_some());
            (DOTENV_FILE, changed_dotenv(dotenv.as_deref().unwrap_or_default(), &news, &is_below))
        };
        let path = folder.join(file);
        replace(&path, &text).map_err(|error| not_writable(file, &error))?;
        written.file = Some(path);
        Ok(written)
    }
}

/// What a person would have to write by hand, for a folder that cannot be written to.
pub fn lines(connection: &str, changes: &Changes) -> Vec<String> {
    let mut lines = Vec::new();
    if connection != DEFAULT_CONNECTION {
        lines.push(format!("[connections.{connection}]"));
    }
    lines.extend(changes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
        if connection == DEFAULT_CONNECTION {
            format!("{name}={}", dotenv::quoted_value(value))
        } else {
            toml_text::line(name, value)
        }
    }));
    lines
}

/// Whether the file sets anything of a connection.
fn describes_default(text: &str) -> bool {
    let (entries, _) = dotenv::parse(text);
    let is_own = |entry: &dotenv::Entry| {
        find(&entry.name).is_some_and(|setting| {
            setting.scope == Scope::Connection && !setting.is_unset(entry.value.trim())
        })
    };
    entries.iter().any(is_own)
}

/// The text of `.env` with some changes. The last line of a name counts, so earlier ones go.
fn changed_dotenv(text: &str, changes: &Changes, is_below: &dyn Fn(&str) -> bool) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let named = |line: &str| dotenv::name_of(line.trim_start_matches('\u{feff}')).and_then(find);
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(setting) = named(line) {
            last.insert(setting.name, index);
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((name, value)) = named(line).and_then(|setting| changes.get_key_value(setting.name)) else {
            lines.push(line.to_owned());
            continue;
        };
        if last.get(name) != Some(&index) {
            continue;
        }
        // What this file leaves out would be taken from the one below it.
        if value.is_empty() && !is_below(name) && dotenv::comment_of(line).is_empty() {
            continue;
        }
        let export = if line.trim_start().starts_with("export ") { "export " } else { "" };
        let comment = dotenv::comment_of(line);
        lines.push(format!("{export}{name}={}{comment}", dotenv::quoted_value(value)));
    }
    for (name, value) in changes {
        if !last.contains_key(name) && (!value.is_empty() || is_below(name)) {
            lines.push(format!("{name}={}", dotenv::quoted_value(value)));
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), line_end]).collect()
}

/// Replaces a file as a whole, private and durable.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

fn not_writable(file: &str, error: &io::Error) -> Finding {
    Finding::new(
        file,
        Message::new(MessageId::FileNotWritable, [("detail", error)]),
        MessageId::LetFileBeWritten,
    )
}

/// Whether a setting is told to nobody.
pub fn is_secret(name: &str) -> bool {
    table::find(name).is_none_or(|setting| setting.secret)
}

#[cfg(test)]
mod tests;
