//! The address of the database, from `DATABASE_URL` or in the words of the older PHP tool.

use std::path::Path;

use kaspi_amocrm_contract::table;

use super::values::Values;
use crate::base::percent::encoded;

/// The address of the database. A relative SQLite path is meant from the folder of the settings.
pub(super) fn url(process: &Values, folder: &Path) -> String {
    let set = process.get(table::DATABASE_URL.name).map(|value| value.text.clone());
    let url = set.or_else(|| url_of_parts(process)).or(table::DATABASE_URL.default.map(str::to_owned));
    let url = url.unwrap_or_default();
    match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        Some(path) if !path.starts_with('/') && !path.starts_with(':') => {
            format!("sqlite://{}", folder.join(path).display())
        }
        _ => url,
    }
}

/// The older tool's settings as one address; names and password are percent-encoded.
fn url_of_parts(process: &Values) -> Option<String> {
    let part = |name: &str| process.get(name).map(|value| value.text.as_str());
    let name = part("DB_NAME")?;
    let driver = part("DB_DRIVER").unwrap_or("mysql").to_lowercase();
    let scheme = match driver.as_str() {
        "pgsql" | "postgres" | "postgresql" => "postgres",
        "sqlite" => return Some(format!("sqlite://{name}")),
        "mariadb" => "mariadb",
        _ => "mysql",
    };
    let host = part("DB_HOST").unwrap_or("localhost");
    let port = part("DB_PORT").map(|port| format!(":{port}")).unwrap_or_default();
    let user = encoded(part("DB_USER").unwrap_or_default());
    let password = part("DB_PASS").map(|password| format!(":{}", encoded(password))).unwrap_or_default();
    Some(format!("{scheme}://{user}{password}@{host}{port}/{}", encoded(name)))
}
