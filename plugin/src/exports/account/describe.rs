//! What the account of the settings looks like, for people who fill them in.

use crate::contract::types::AccountDescription;
use kaspi_amocrm_contract::Finding;

use crate::{
    amocrm::{Amo, Extent, Layout, another_account, check_account},
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::{RunError, settings::load_settings},
};

/// Reads the account and compares the settings with it; writes nothing, neither there nor into the store. See
/// `describe-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, or the account cannot be read.
pub async fn describe_account(
    ports: Ports<'_>,
    connection: Option<String>,
) -> Result<AccountDescription, RunError> {
    let settings = load_settings(ports, connection)?;
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let amo = Amo::new(ports, &settings, 0).rehearsing();
    let layout = Layout::read(&amo, &settings, Extent::Everything).await?;
    let mut check = check_account(&layout, &settings);
    let pin = ShopLedger::new(ports.store, &settings.connection).pin()?;
    if let Some(pin) = pin.filter(|pin| pin.account_id != check.account_id) {
        check.findings.push(another_account(&settings.connection, check.account_id, pin.account_id));
    }
    let told = |findings: &[Finding]| findings.iter().map(Into::into).collect();
    Ok(AccountDescription { findings: told(&check.findings), hints: told(&check.hints), ..layout.describe() })
}
