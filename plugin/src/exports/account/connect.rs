//! Takes a pair of tokens for an authorization code, and gives it up.

use crate::contract::types::{Account, Caller};
use crate::{
    amocrm::Amo,
    ports::{Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::{RunError, lease::Guard, settings::load_settings},
    settings::Settings,
};

/// See `connect-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, amoCRM refuses the code, or the tokens are of another account.
pub async fn connect_account(ports: Ports<'_>, caller: Caller, code: &str) -> Result<Account, RunError> {
    let settings = load_settings(ports, caller.connection)?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let pin = pinned_id(ports, &settings)?;
    Ok(Amo::new(ports, &settings, 0).oauth().connect(code, pin).await?)
}

/// See `disconnect-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, or the store fails.
pub async fn disconnect_account(ports: Ports<'_>, caller: Caller, account_id: i64) -> Result<bool, RunError> {
    let settings = load_settings(ports, caller.connection)?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let is_ours = pinned_id(ports, &settings)? == Some(account_id);
    Ok(is_ours && Amo::new(ports, &settings, 0).oauth().disconnect().await?)
}

/// The account that the connection has worked with so far.
fn pinned_id(ports: Ports<'_>, settings: &Settings) -> Result<Option<i64>, RunError> {
    Ok(ShopLedger::new(ports.store, &settings.connection).pin()?.map(|pin| pin.account_id))
}
