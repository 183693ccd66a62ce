//! Seals what other keys have sealed with the key of today, while the store is in use.
//!
//! A walk through all keys, slice by slice. Nothing is locked: each value is swapped for the same one under the new key,
//! and who writes it meanwhile wins. The proof follows when a whole walk has found nothing else to do: until then, who
//! has only the new key is refused at once, and not by some value in the middle of a run.
use crate::contract::types::{Caller, KeyRotation};
use kaspi_amocrm_contract::MessageId;
use kaspi_amocrm_contract::rows::KEY_PROOF;

use std::collections::BTreeMap;

use crate::{
    ports::{
        Budget, MAX_MS, Ports, Store, StoreError,
        encrypted::{
            Keyring, SealError, SealedStore, is_private,
            secret_key::{is_envelope, key_id},
        },
    },
    run::{RunError, lease::Guard, settings::load_settings},
};

/// Values that are in memory together.
const VALUES_AT_ONCE: usize = 100;
/// How often a value is tried that others write at the same moment.
const TRIES_MAX: u32 = 5;
/// Before the cursor in `next`: nothing has been found under another key so far.
const CLEAN: &str = "=";
/// Something has.
const DIRTY: &str = "+";

/// What a slice has found.
#[derive(Default)]
struct Found {
    resealed: u64,
    left: u64,
    /// Sealed values by id of their key.
    keys: BTreeMap<String, u64>,
}

/// One slice of a walk, see `rotate-key` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, no key is that of the store, a value is damaged, or the store fails.
pub async fn rotate_key(
    ports: Ports<'_>,
    caller: Caller,
    max_ms: Option<u64>,
    after: Option<String>,
) -> Result<KeyRotation, RunError> {
    let settings = load_settings(ports, caller.connection)?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let ports = guard.ports();
    let keys = settings.secret_key.ok_or_else(|| RunError::config(MessageId::NoKeyToSealWith))?;
    let store = ports.store;
    SealedStore::new(store, Some(keys.clone()))?;
    let budget = Budget::new(ports, max_ms.unwrap_or(MAX_MS));
    let (was_clean, mut cursor) = match after.as_deref().map(|after| after.split_at_checked(1)) {
        None => (true, None),
        Some(Some((CLEAN, cursor))) => (true, Some(cursor.to_owned())),
        Some(Some((DIRTY, cursor))) => (false, Some(cursor.to_owned())),
        Some(_) => return Err(RunError::invalid(MessageId::OptionAfterUnusable)),
    };
    let mut found = Found::default();
    loop {
        let page = store.list_keys(cursor.as_deref())?;
        let private: Vec<String> = page.keys.into_iter().filter(|key| is_private(key)).collect();
        for names in private.chunks(VALUES_AT_ONCE) {
            for (name, value) in names.iter().zip(store.get_many(names)?) {
                found.see(store, &keys, name, value, true)?;
            }
        }
        if page.cursor.is_some() && page.cursor == cursor {
            return Err(StoreError::Failed("the list of keys does not end".to_owned()).into());
        }
        cursor = page.cursor;
        if cursor.is_none() || budget.is_spent() {
            break;
        }
    }
    let is_clean = was_clean && found.resealed + found.left == 0;
    if cursor.is_none() {
        found.see(store, &keys, KEY_PROOF, store.get(KEY_PROOF)?, is_clean)?;
    }
    let next = cursor.map(|cursor| format!("{}{cursor}", if is_clean { CLEAN } else { DIRTY }));
    Ok(KeyRotation {
        key: keys.id(),
        resealed: found.resealed,
        left: found.left,
        keys: found.keys.into_iter().collect(),
        next,
    })
}

impl Found {
    /// Counts a value; one under another key is first sealed anew, where that is wanted and the key is known.
    fn see(
        &mut self,
        store: &dyn Store,
        keys: &Keyring,
        name: &str,
        mut value: Option<Vec<u8>>,
        is_wanted: bool,
    ) -> Result<(), StoreError> {
        let mut tries = 0;
        // What is gone needs nothing; what is not sealed counts as absent everywhere.
        while let Some(envelope) = value.filter(|value| is_envelope(value)) {
            let mut id = key_id(&envelope);
            if id != keys.id() {
                tries += 1;
                let opened = match keys.open(name, &envelope) {
                    Err(SealError::OtherKey { .. }) => None,
                    opened => Some(opened?),
                };
                match opened.filter(|_| is_wanted && tries <= TRIES_MAX) {
                    None => self.left += 1,
                    Some(opened) if store.swap(name, &envelope, &keys.seal(name, &opened))? => {
                        self.resealed += 1;
                        id = keys.id();
                    }
                    // Somebody else was quicker.
                    Some(_) => {
                        value = store.get(name)?;
                        continue;
                    }
                }
            }
            *self.keys.entry(id).or_default() += 1;
            break;
        }
        Ok(())
    }
}
