//! Orders that a person wants to be tried again.

use crate::contract::types::{Caller, RetryResult, RetryWhich};

use crate::{
    domain::{Day, OrderCode},
    ports::{Ports, encrypted::SealedStore},
    records::{AccountLedger, Effect, Loaded, ShopLedger},
    run::{RunError, lease::Guard, settings::load_settings},
};

/// Lets parked orders be tried again, see `retry` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, another run has the connection, or the store fails.
pub async fn retry(ports: Ports<'_>, caller: Caller, which: RetryWhich) -> Result<RetryResult, RunError> {
    let settings = load_settings(ports, caller.connection)?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let shop = ShopLedger::new(&store, &settings.connection);
    let now_ms = ports.clock.now_ms();
    let mut unknown: Vec<String> = Vec::new();
    let is_all = matches!(which, RetryWhich::All);
    let codes: Vec<OrderCode> = match which {
        RetryWhich::All => shop.pending(Day::from_number(0))?,
        RetryWhich::Codes(texts) => {
            let mut codes = Vec::new();
            for text in &texts {
                match OrderCode::parse(text) {
                    Some(code) => codes.push(code),
                    None => unknown.push(text.chars().take(40).collect()),
                }
            }
            codes
        }
    };
    let attempts = match shop.pin()? {
        Some(pin) => AccountLedger::open(&store, pin.account_id)?.attempts()?.open,
        None => Default::default(),
    };
    let (mut retried, mut in_doubt, mut done) = (Vec::new(), Vec::new(), Vec::new());
    let mut again = Vec::new();
    for Loaded { code, record, .. } in shop.load(&codes)?.0 {
        let Some(mut record) = record else {
            unknown.push(code.as_str().to_owned());
            continue;
        };
        let is_in_doubt = attempts.contains_key(&Effect::Lead(code.clone()).key())
            || attempts.contains_key(&Effect::Note(code.clone(), record.revision + 1).key())
            || record.unsure_until_ms > now_ms;
        let is_parked = record.trouble.is_some() || record.deaths > 0;
        let list = if record.is_settled() {
            &mut done
        } else if is_in_doubt {
            &mut in_doubt
        } else {
            &mut retried
        };
        if !is_all || is_parked || is_in_doubt {
            list.push(code.as_str().to_owned());
        }
        if is_parked && !record.is_settled() {
            record.trouble.iter_mut().for_each(|trouble| trouble.next_try_ms = 0);
            record.deaths = 0;
            again.push((code, record));
        }
    }
    shop.put_back(&again)?;
    Ok(RetryResult { retried, in_doubt, done, unknown })
}
