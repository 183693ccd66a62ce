//! The settings of one shop and its account.

use std::{collections::BTreeMap, fmt, time::Duration};

use kaspi_amocrm_contract::{Finding, Message, MessageId, Scope, Setting, SettingsError, rules, table};

use super::values::Values;
use crate::egress::Origin;

/// Settings of one connection, defaults included.
#[derive(Clone)]
pub struct Connection {
    name: String,
    values: BTreeMap<&'static str, String>,
}

impl fmt::Debug for Connection {
    // Values are secrets and addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.name).finish()
    }
}

impl Connection {
    pub(super) fn new(name: &str, process: &Values, own: &Values) -> Self {
        let defaults = table::ALL.iter().filter(|setting| setting.scope != Scope::Elsewhere);
        let mut values: BTreeMap<&'static str, String> =
            defaults.filter_map(|setting| Some((setting.name, setting.default?.to_owned()))).collect();
        values.extend(process.iter().chain(own).map(|(name, value)| (*name, value.text.clone())));
        Self { name: name.to_owned(), values }
    }

    /// The name, `default` for what the environment describes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a setting, or its default.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Address of the Kaspi API.
    ///
    /// # Errors
    /// When it is no address.
    pub fn kaspi_origin(&self) -> Result<Origin, SettingsError> {
        origin(&table::KASPI_API_BASE, self.get("KASPI_API_BASE").unwrap_or_default())
    }

    /// Path of the Kaspi API, without a slash at the end.
    pub fn kaspi_path(&self) -> String {
        let uri: Option<http::Uri> = self.get("KASPI_API_BASE").and_then(|url| url.parse().ok());
        uri.map(|uri| uri.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// Address of the account: `AMO_BASE_URL`, or made from `AMO_SUBDOMAIN`.
    pub fn amo_base_url(&self) -> Option<String> {
        rules::account_address(self.get("AMO_BASE_URL"), self.get("AMO_SUBDOMAIN"))
    }

    /// Address of the account.
    ///
    /// # Errors
    /// When it is no address.
    pub fn amo_origin(&self) -> Result<Origin, SettingsError> {
        origin(&table::AMO_BASE_URL, &self.amo_base_url().unwrap_or_default())
    }

    /// Proxy for requests to Kaspi, where one is set.
    ///
    /// # Errors
    /// When it is no address.
    pub fn kaspi_proxy_origin(&self) -> Result<Option<Origin>, SettingsError> {
        self.get("KASPI_PROXY_URL").map(|url| origin(&table::KASPI_PROXY_URL, url)).transpose()
    }

    /// Requests a second to the account.
    pub fn amo_rps(&self) -> u32 {
        self.number("AMO_RPS")
    }

    /// How long a dead run keeps the connection.
    pub fn lease_ttl(&self) -> Duration {
        Duration::from_secs(self.number("LEASE_SECONDS").into())
    }

    /// What the component may read, by lower-case name. The settings of the process stay with the host.
    pub fn guest_settings(&self) -> BTreeMap<String, String> {
        let mut settings: BTreeMap<String, String> = self
            .values
            .iter()
            .filter(|(name, _)| table::find(name).is_some_and(|setting| setting.scope == Scope::Connection))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        // Given ready-made, so that host and component cannot read the subdomain differently.
        if let Some(url) = self.amo_base_url() {
            settings.insert("amo_base_url".to_owned(), url);
        }
        settings.insert("connection".to_owned(), self.name.clone());
        settings
    }

    fn number(&self, name: &str) -> u32 {
        self.get(name)
            .and_then(|value| value.parse().ok())
            .expect("numbers have a default and were checked when the connection was made")
    }
}

/// The settings are checked before a connection is made; this is for what only the library of addresses knows.
fn origin(setting: &Setting, url: &str) -> Result<Origin, SettingsError> {
    Origin::parse(url).map_err(|error| {
        let problem = Message::new(MessageId::AddressRefused, [("detail", &error)]);
        Finding::new(setting.name, problem, MessageId::WriteHttpsHost).into()
    })
}
