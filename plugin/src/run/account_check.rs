//! The settings against the account, before the first write.

use crate::contract::types::{ProblemClass, Report};
use crate::{
    amocrm::{AccountCheck, Amo, Catalog, Extent, Layout, another_account, check_account},
    execute::Failure,
    records::{AccountPin, ShopLedger},
    settings::Settings,
};
/// How long a check of the settings against the account holds.
const CHECK_MS: i64 = 6 * 3_600_000;

/// The account that the settings belong to, checked before the first write; `None` where nothing is to be done.
pub(crate) async fn checked_account(
    settings: &Settings,
    shop: &ShopLedger<'_>,
    amo: &Amo<'_>,
    now_ms: i64,
    is_idle: bool,
    may_be_known: bool,
    report: &mut Report,
) -> Result<Option<AccountCheck>, Failure> {
    let pin = shop.pin()?;
    let fingerprint = settings.fingerprint();
    if let Some(pin) = &pin
        && pin.fingerprint == fingerprint
        && may_be_known
        && (is_idle || now_ms - pin.checked_ms < CHECK_MS)
    {
        return Ok(Some(AccountCheck {
            account_id: pin.account_id,
            catalog: pin.catalog.map(|(id, has_sku, has_price)| Catalog { id, has_sku, has_price }),
            pipeline_id: pin.pipeline_id,
            first_stage_id: pin.first_stage_id,
            findings: Vec::new(),
            hints: Vec::new(),
        }));
    }
    let layout = Layout::read(amo, settings, Extent::Needed).await?;
    let mut check = check_account(&layout, settings);
    if let Some(pin) = pin.as_ref().filter(|pin| pin.account_id != check.account_id) {
        check.findings.push(another_account(&settings.connection, check.account_id, pin.account_id));
    }
    for hint in &check.hints {
        report.finding(ProblemClass::Hint, hint);
    }
    if !check.findings.is_empty() {
        for finding in &check.findings {
            report.finding(ProblemClass::Config, finding);
        }
        return Ok(None);
    }
    shop.set_pin(&AccountPin {
        fingerprint,
        checked_ms: now_ms,
        account_id: check.account_id,
        pipeline_id: check.pipeline_id,
        first_stage_id: check.first_stage_id,
        catalog: check.catalog.as_ref().map(|catalog| (catalog.id, catalog.has_sku, catalog.has_price)),
    })?;
    Ok(Some(check))
}
