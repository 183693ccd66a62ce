//! The settings of one shop and its account.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    SettingsError, Values,
    known::{KNOWN, known},
};
use crate::outbound::Origin;

/// Settings of one connection, defaults included.
#[derive(Clone)]
pub struct Connection {
    name: String,
    values: Values,
}

impl fmt::Debug for Connection {
    // Values are secrets and addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.name).finish()
    }
}

impl Connection {
    pub(super) fn new(name: &str, process: &Values, own: &Values) -> Self {
        let mut values: Values =
            KNOWN.iter().filter_map(|known| Some((known.name, known.default?.to_owned()))).collect();
        values.extend(process.iter().chain(own).map(|(name, value)| (*name, value.clone())));
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
        self.origin("KASPI_API_BASE", self.get("KASPI_API_BASE").unwrap_or_default())
    }

    /// Path of the Kaspi API, without a slash at the end.
    pub fn kaspi_path(&self) -> String {
        let uri: Option<http::Uri> = self.get("KASPI_API_BASE").and_then(|url| url.parse().ok());
        uri.map(|uri| uri.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// Address of the account: `AMO_BASE_URL`, or made from `AMO_SUBDOMAIN`.
    pub fn amo_base_url(&self) -> Option<String> {
        if let Some(url) = self.get("AMO_BASE_URL") {
            return Some(url.trim_end_matches('/').to_owned());
        }
        let subdomain = self.get("AMO_SUBDOMAIN")?;
        let host = subdomain.trim_start_matches("https://").trim_end_matches('/');
        Some(if host.contains('.') { format!("https://{host}") } else { format!("https://{host}.amocrm.ru") })
    }

    /// Address of the account.
    ///
    /// # Errors
    /// When it is not set or is no address.
    pub fn amo_origin(&self) -> Result<Origin, SettingsError> {
        let url = self.amo_base_url().ok_or_else(|| self.is_missing("AMO_SUBDOMAIN or AMO_BASE_URL"))?;
        self.origin("AMO_SUBDOMAIN", &url)
    }

    /// Proxy for requests to Kaspi, where one is set.
    ///
    /// # Errors
    /// When it is no plain `http://` address.
    pub fn kaspi_proxy_origin(&self) -> Result<Option<Origin>, SettingsError> {
        let Some(url) = self.get("KASPI_PROXY_URL") else { return Ok(None) };
        let origin = self.origin("KASPI_PROXY_URL", url)?;
        if origin.is_https() {
            let what =
                "must begin with http://; the request inside the tunnel is encrypted all the same".to_owned();
            return Err(SettingsError::Invalid {
                name: "KASPI_PROXY_URL",
                connection: self.name.clone(),
                what,
            });
        }
        Ok(Some(origin))
    }

    /// Requests a second to the account.
    pub fn amo_rps(&self) -> u32 {
        self.number("AMO_RPS")
    }

    /// How long a dead run keeps the connection.
    pub fn lease_ttl(&self) -> Duration {
        Duration::from_secs(self.number("LEASE_SECONDS").into())
    }

    /// Required settings without which no run can begin.
    pub fn missing(&self) -> Vec<SettingsError> {
        let mut missing = Vec::new();
        if self.get("KASPI_API_TOKEN").is_none() {
            missing.push(self.is_missing("KASPI_API_TOKEN"));
        }
        if let Err(error) = self.kaspi_origin() {
            missing.push(error);
        }
        if let Err(error) = self.amo_origin() {
            missing.push(error);
        }
        if let Err(error) = self.kaspi_proxy_origin() {
            missing.push(error);
        }
        if self.get("AMO_ACCESS_TOKEN").or_else(|| self.get("AMO_LONG_LIVED_TOKEN")).is_none() {
            missing.push(self.is_missing("AMO_ACCESS_TOKEN or AMO_LONG_LIVED_TOKEN"));
        }
        missing
    }

    /// What the component may read, by lower-case name. The settings of the process stay with the host.
    pub fn guest_settings(&self) -> BTreeMap<String, String> {
        let mut settings: BTreeMap<String, String> = self
            .values
            .iter()
            .filter(|(name, _)| known(name).is_some_and(|known| known.scope == super::Scope::Connection))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        // Given ready-made, so that host and component cannot read the subdomain differently.
        if let Some(url) = self.amo_base_url() {
            settings.insert("amo_base_url".to_owned(), url);
        }
        settings.insert("connection".to_owned(), self.name.clone());
        settings
    }

    fn origin(&self, name: &'static str, url: &str) -> Result<Origin, SettingsError> {
        Origin::parse(url).map_err(|error| SettingsError::Invalid {
            name,
            connection: self.name.clone(),
            what: error.to_string(),
        })
    }

    fn is_missing(&self, name: &'static str) -> SettingsError {
        SettingsError::Missing { name, connection: self.name.clone() }
    }

    fn number(&self, name: &str) -> u32 {
        self.get(name)
            .and_then(|value| value.parse().ok())
            .expect("numbers have a default and were checked when the connection was made")
    }
}
