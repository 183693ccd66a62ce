//! Takes a pair of tokens for an authorization code, and gives it up.

use serde_json::{Value, json};

use crate::{
    amocrm::Amo,
    ports::{Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::{
        RunError,
        lease::Guard,
        options::{Options, required},
        settings::load_settings,
    },
    settings::Settings,
};

/// See `connect-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, amoCRM refuses the code, or the tokens are of another account.
pub async fn connect_account(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection", "lease", "code"])?;
    let code = required(options.code, "code")?;
    let settings = load_settings(ports, options.connection)?;
    let guard = Guard::begin(ports, &settings.connection, options.lease.as_deref()).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let pin = pinned_id(ports, &settings)?;
    let account = Amo::new(ports, &settings, 0).oauth().connect(&code, pin).await?;
    let part = |name: &str| account.get(name).cloned().unwrap_or(Value::Null);
    let account = json!({"id": part("id"), "name": part("name"), "subdomain": part("subdomain")});
    Ok(json!({"account": account}).to_string())
}

/// See `disconnect-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, or the store fails.
pub async fn disconnect_account(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection", "lease", "account_id"])?;
    let account_id = required(options.account_id, "account_id")?;
    let settings = load_settings(ports, options.connection)?;
    let guard = Guard::begin(ports, &settings.connection, options.lease.as_deref()).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let is_ours = pinned_id(ports, &settings)? == Some(account_id);
    let disconnected = is_ours && Amo::new(ports, &settings, 0).oauth().disconnect().await?;
    Ok(json!({"disconnected": disconnected}).to_string())
}

/// The account that the connection has worked with so far.
fn pinned_id(ports: Ports<'_>, settings: &Settings) -> Result<Option<i64>, RunError> {
    Ok(ShopLedger::new(ports.store, &settings.connection).pin()?.map(|pin| pin.account_id))
}
