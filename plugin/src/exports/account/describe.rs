//! What the account of the settings looks like, for people who fill them in.

use kaspi_amocrm_settings::{Finding, Language};
use serde_json::{Value, json};

use crate::{
    amocrm::{Amo, Extent, Layout, another_account, check_account},
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::{RunError, options::Options, settings::load_settings},
};

/// Reads the account and compares the settings with it; writes nothing, neither there nor into the store. Answers with
/// JSON, see `describe-account` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, or the account cannot be read.
pub async fn describe_account(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection"])?;
    let settings = load_settings(ports, options.connection)?;
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
    let mut description = layout.describe();
    description["findings"] = told(&check.findings);
    description["hints"] = told(&check.hints);
    Ok(description.to_string())
}

fn told(findings: &[Finding]) -> Value {
    let row = |finding: &Finding| {
        json!({
            "name": finding.name,
            "en": finding.text(Language::En),
            "ru": finding.text(Language::Ru),
        })
    };
    findings.iter().map(row).collect()
}
