//! Everything that was set, and what is wrong with it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use kaspi_amocrm_contract::{Finding, Message, MessageId, Scope, Setting, SettingsError, rules, table};

use super::{
    connection::Connection,
    database,
    values::{DEFAULT_CONNECTION, Source, TOML_FILE, Value, Values, find},
};

/// What only the owner of a shop can say.
const OF_A_SHOP: [&Setting; 7] = [
    &table::KASPI_API_TOKEN,
    &table::AMO_SUBDOMAIN,
    &table::AMO_LONG_LIVED_TOKEN,
    &table::AMO_ACCESS_TOKEN,
    &table::AMO_REFRESH_TOKEN,
    &table::AMO_CLIENT_ID,
    &table::AMO_CLIENT_SECRET,
];
/// Everything that was set.
#[derive(Clone, Default)]
pub struct Settings {
    pub(super) process: Values,
    pub(super) connections: BTreeMap<String, Values>,
    /// What could not be read.
    pub(super) broken: Vec<Finding>,
    /// Names of `.env` that mean nothing.
    pub(super) unknown: Vec<Finding>,
    pub(super) folder: PathBuf,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("connections", &self.connections.keys()).finish_non_exhaustive()
    }
}

impl Settings {
    pub(super) fn add(&mut self, setting: &'static Setting, connection: &str, value: &str, source: Source) {
        let values = match setting.scope {
            Scope::Process => &mut self.process,
            Scope::Connection | Scope::Elsewhere => {
                self.connections.entry(connection.to_owned()).or_default()
            }
        };
        let value = value.trim();
        if setting.is_unset(value) {
            // An empty line above takes away what a lower source says.
            values.remove(setting.name);
        } else {
            values.insert(setting.name, Value { text: value.to_owned(), source });
        }
        if values.is_empty() && setting.scope == Scope::Connection {
            self.connections.remove(connection);
        }
    }

    /// The folder whose files these settings were read from; empty for the working folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of the database. A relative SQLite path is meant from the folder of the settings.
    pub fn database_url(&self) -> String {
        database::url(&self.process, &self.folder)
    }

    /// A setting of the process, or its default.
    pub fn process(&self, name: &str) -> Option<&str> {
        let setting = find(name)?;
        self.process.get(setting.name).map(|value| value.text.as_str()).or(setting.default)
    }

    /// Names of the connections.
    pub fn connection_names(&self) -> impl Iterator<Item = &str> {
        self.connections.keys().map(String::as_str)
    }

    /// Whether nobody has begun to describe a shop: where servers are, and how things are done, may be set and right; no
    /// token is, and no account.
    pub fn is_untouched(&self) -> bool {
        let is_general = |own: &Values| {
            faults(own).is_empty() && !OF_A_SHOP.iter().any(|setting| own.contains_key(setting.name))
        };
        self.broken.is_empty() && self.connections.values().all(is_general)
    }

    /// The value of a setting and where it comes from, right or wrong; for people. `connection` matters only where the
    /// setting belongs to one.
    pub fn value(&self, connection: &str, setting: &'static Setting) -> Option<(String, Source)> {
        let values = match setting.scope {
            Scope::Process => Some(&self.process),
            Scope::Connection | Scope::Elsewhere => self.connections.get(connection),
        };
        if setting.name == table::DATABASE_URL.name {
            let source = self.process.get(setting.name).or_else(|| self.process.get(table::DB_NAME.name));
            return Some((self.database_url(), source.map_or(Source::Default, |value| value.source)));
        }
        match values.and_then(|values| values.get(setting.name)) {
            Some(value) => Some((value.text.clone(), value.source)),
            None => setting.default.map(|default| (default.to_owned(), Source::Default)),
        }
    }

    /// One connection, with the settings of the process and all defaults.
    ///
    /// # Errors
    /// Everything that keeps it from being used: files that cannot be read, and whatever is wrong or missing among the
    /// settings of the process and of this connection.
    pub fn connection(&self, name: &str) -> Result<Connection, SettingsError> {
        let mut findings = self.process_findings();
        match self.connections.get(name) {
            Some(own) => findings.extend(connection_findings(name, own)),
            None => findings.push(self.no_connection(name)),
        }
        SettingsError::none_of(findings)?;
        Ok(Connection::new(name, &self.process, &self.connections[name]))
    }

    /// One connection as far as it is set, for those who are still setting it up.
    ///
    /// # Errors
    /// As [`Self::connection`], but nothing has to be there.
    pub fn connection_so_far(&self, name: &str) -> Result<Connection, SettingsError> {
        let none = Values::new();
        let own = self.connections.get(name).unwrap_or(&none);
        let mut findings = self.process_findings();
        findings.extend(faults(own).into_iter().map(|finding| of_connection(name, finding)));
        SettingsError::none_of(findings)?;
        Ok(Connection::new(name, &self.process, own))
    }

    /// For what needs no connection.
    ///
    /// # Errors
    /// When a file cannot be read, or settings of the process are wrong or missing.
    pub fn check_process(&self) -> Result<(), SettingsError> {
        SettingsError::none_of(self.process_findings())
    }

    /// For what needs all connections.
    ///
    /// # Errors
    /// When there is any finding.
    pub fn check(&self) -> Result<(), SettingsError> {
        SettingsError::none_of(self.findings())
    }

    /// Everything that is wrong or missing, in the files, for the process and for all connections.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.process_findings();
        for (name, own) in &self.connections {
            findings.extend(connection_findings(name, own));
        }
        findings
    }

    fn process_findings(&self) -> Vec<Finding> {
        let is_set = |setting: &Setting| self.process.contains_key(setting.name);
        let mut found = faults(&self.process);
        found.extend(rules::missing_database_part(&is_set));
        let key = |setting: &Setting| self.process.get(setting.name).map(|value| value.text.as_str());
        found.extend(rules::repeated_key(key(&table::SECRET_KEY), key(&table::SECRET_KEY_ALSO)));
        found.extend(rules::missing_key(&self.database_url(), is_set(&table::SECRET_KEY)));
        in_order(&mut found);
        let mut findings = self.broken.clone();
        findings.append(&mut found);
        findings
    }

    /// What should be looked at and stops nothing.
    pub fn warnings(&self) -> Vec<Finding> {
        let mut warnings = self.unknown.clone();
        if let Some(secret) = self.process.get(table::CRON_SECRET.name) {
            warnings.extend(rules::weak_secret(&table::CRON_SECRET, &secret.text));
        }
        for (name, own) in &self.connections {
            let soon = rules::soon_over(&|setting| own.contains_key(setting.name));
            warnings.extend(soon.map(|finding| of_connection(name, finding)));
        }
        warnings
    }

    fn no_connection(&self, name: &str) -> Finding {
        let names: Vec<&str> = self.connection_names().collect();
        let names = names.join(", ");
        Finding::new(
            format!("--connection {name}"),
            MessageId::ConnectionUnknown,
            Message::new(
                MessageId::ChooseConnection,
                [("names", &names), ("file", &TOML_FILE), ("name", &name)],
            ),
        )
    }
}

fn connection_findings(connection: &str, own: &Values) -> Vec<Finding> {
    let mut findings = faults(own);
    findings.extend(rules::missing(&|setting| own.contains_key(setting.name)));
    in_order(&mut findings);
    findings.into_iter().map(|finding| of_connection(connection, finding)).collect()
}

fn faults(values: &Values) -> Vec<Finding> {
    let check = |(name, value): (&&str, &Value)| table::find(name).map(|setting| setting.check(&value.text));
    values.iter().filter_map(check).flatten().collect()
}

fn in_order(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| table::position(&finding.name));
}

/// Only where there may be several, the connection is named.
fn of_connection(connection: &str, finding: Finding) -> Finding {
    if connection == DEFAULT_CONNECTION {
        return finding;
    }
    Finding { name: format!("{} [{connection}]", finding.name), ..finding }
}
