//! The realm of one amoCRM account: what is known to exist there, and what we may just have made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    intents::{Attempt, Attempts},
    pairs::Pairs,
};
use crate::{
    domain::{ContactId, ElementId, LeadId, OrderCode, Phone, hash::hash},
    ports::{
        Chance, Store, StoreError,
        document::{decode, encode, read},
        lock,
    },
};
/// How often a change of the open attempts is tried while others change them, too.
const AMEND_TRIES_MAX: u32 = 20;
/// What the document of the open attempts is made with.
const UNWRITTEN: [u8; 8] = [0; 8];

/// Leads that were seen for a code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct LeadEntry {
    /// Their ids, lowest first; to be looked at before one is adopted.
    pub ids: Vec<i64>,
    /// The connection that the first one belongs to, where we made or adopted it.
    pub shop: Option<String>,
}

impl LeadEntry {
    /// Leads that are remembered for one code; more mention it only by accident.
    const IDS_MAX: usize = 8;

    /// Adds a sighting; answers whether that was news.
    pub(crate) fn add(&mut self, id: i64) -> bool {
        if self.shop.is_some() || self.ids.contains(&id) || self.ids.len() >= Self::IDS_MAX {
            return false;
        }
        self.ids.push(id);
        self.ids.sort();
        true
    }
}

/// How far the list of leads has been read. An older one that overwrites a newer one only makes the next reading longer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tail {
    /// Highest lead id seen.
    pub top_id: i64,
    /// Leads created since then are all seen, in seconds.
    pub reached_s: Option<i64>,
    /// When it was read, in seconds.
    pub read_s: i64,
    /// Highest contact id seen.
    pub contact_top_id: i64,
    /// The newest lead ids that surely exist: a list that shows none of them is stale.
    pub known: Vec<i64>,
}

impl Tail {
    const KNOWN_MAX: usize = 5;

    /// Remembers leads that exist.
    pub(crate) fn learn(&mut self, ids: impl IntoIterator<Item = i64>) {
        self.known.extend(ids);
        self.known.sort();
        self.known.reverse();
        self.known.dedup();
        self.known.truncate(Self::KNOWN_MAX);
        self.top_id = self.top_id.max(self.known.first().copied().unwrap_or(0));
    }
}

/// The ledger of one account.
pub(crate) struct AccountLedger<'a> {
    store: &'a dyn Store,
    prefix: String,
    salt: String,
}

impl<'a> AccountLedger<'a> {
    /// Opens the ledger of an account. Phones have keys only once there is a [salt](Self::ensure_salt).
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn open(store: &'a dyn Store, account_id: i64) -> Result<Self, StoreError> {
        let prefix = format!("amo/{account_id}/");
        let salt = read(store, &Self::salt_key(account_id))?.unwrap_or_default();
        Ok(Self { store, prefix, salt })
    }

    /// Makes the salt of an account that has none. Two shops with a salt each would not find each other's contacts,
    /// and the first shop may stand still at any moment while the second one makes some. So each offers a salt of its
    /// own, one offer is chosen once and for all, and whoever writes the salt writes that one.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn ensure_salt(&mut self, connection: &str, chance: &dyn Chance) -> Result<(), StoreError> {
        if !self.salt.is_empty() {
            return Ok(());
        }
        let (store, key) = (self.store, self.key("salt"));
        if let Some(salt) = read(store, &key)? {
            self.salt = salt;
            return Ok(());
        }
        let offer_of = |owner: i64| format!("{key}/{owner}");
        let own = offer_of(lock::owner_number(connection));
        let choice = format!("lock/{key}");
        let chosen = match lock::first(store, &choice, None)? {
            Some(owner) => Some(owner),
            None => {
                store.set_many(&[(own.clone(), encode(&fresh_salt(chance)))])?;
                lock::first(store, &choice, Some(connection))?
            }
        };
        let offer = chosen.map(|owner| read(store, &offer_of(owner))).transpose()?.flatten();
        // Its shop takes the offer away once the salt stands.
        let salt = match offer {
            Some(salt) => salt,
            None => read(store, &key)?.unwrap_or_else(|| fresh_salt(chance)),
        };
        store.set_many(&[(key, encode(&salt))])?;
        store.delete_many(&[own])?;
        self.salt = salt;
        Ok(())
    }

    /// Where the salt of an account's phone hashes is stored.
    pub(crate) fn salt_key(account_id: i64) -> String {
        format!("amo/{account_id}/salt")
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The key of a phone: a hash with this account's own salt, so that the index alone tells no numbers.
    pub(crate) fn phone_key(&self, phone: &Phone) -> String {
        hash(&[&self.salt, phone.as_str()])
    }

    /// Contacts by phone key.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn contacts(&self, keys: &[String]) -> Result<BTreeMap<String, ContactId>, StoreError> {
        Ok(self.ids("contact", keys)?.into_iter().map(|(key, id)| (key, ContactId(id))).collect())
    }

    /// Elements by key.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn elements(&self, keys: &[String]) -> Result<BTreeMap<String, ElementId>, StoreError> {
        Ok(self.ids("element", keys)?.into_iter().map(|(key, id)| (key, ElementId(id))).collect())
    }

    fn ids(&self, kind: &str, keys: &[String]) -> Result<BTreeMap<String, i64>, StoreError> {
        let stored: Vec<String> = keys.iter().map(|key| self.key(&format!("{kind}/{key}"))).collect();
        let values = self.store.get_many(&stored)?;
        let ids = keys.iter().zip(values).filter_map(|(key, value)| {
            // A damaged entry is as good as none: it is looked up again.
            Some((key.clone(), serde_json::from_slice::<i64>(&value?).ok()?))
        });
        Ok(ids.collect())
    }

    /// Pair that remembers a contact.
    pub(crate) fn contact_pair(&self, key: &str, id: ContactId) -> (String, Vec<u8>) {
        (self.key(&format!("contact/{key}")), encode(&id.0))
    }

    /// Forgets a contact that is not there any more.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn forget_contact(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete_many(&[self.key(&format!("contact/{key}"))])
    }

    /// Forgets an element that is not there any more.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn forget_element(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete_many(&[self.key(&format!("element/{key}"))])
    }

    /// Pair that remembers an element.
    pub(crate) fn element_pair(&self, key: &str, id: ElementId) -> (String, Vec<u8>) {
        (self.key(&format!("element/{key}")), encode(&id.0))
    }

    /// Leads seen for some codes.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn leads(&self, codes: &[OrderCode]) -> Result<BTreeMap<OrderCode, LeadEntry>, StoreError> {
        let keys: Vec<String> = codes.iter().map(|code| self.key(&format!("lead/{code}"))).collect();
        let values = self.store.get_many(&keys)?;
        let entries = codes
            .iter()
            .zip(values)
            .filter_map(|(code, value)| Some((code.clone(), serde_json::from_slice(&value?).ok()?)));
        Ok(entries.collect())
    }

    /// Pair that remembers a lead.
    pub(crate) fn lead_pair(&self, code: &str, entry: &LeadEntry) -> (String, Vec<u8>) {
        (self.key(&format!("lead/{code}")), encode(entry))
    }

    /// A lead that our connection made or adopted.
    pub(crate) fn own_lead_pair(&self, code: &OrderCode, id: LeadId, shop: &str) -> (String, Vec<u8>) {
        self.lead_pair(code.as_str(), &LeadEntry { ids: vec![id.0], shop: Some(shop.to_owned()) })
    }

    /// All open attempts.
    ///
    /// # Errors
    /// When the store fails or the value cannot be read.
    pub(crate) fn attempts(&self) -> Result<Attempts, StoreError> {
        let key = self.key("attempts");
        let stored = self.store.get(&key)?;
        let written = stored.as_deref().filter(|bytes| *bytes != UNWRITTEN);
        let open = written.map(|bytes| decode(&key, bytes)).transpose()?.unwrap_or_default();
        Ok(Attempts { open, stored })
    }

    /// Stores the open attempts, unless somebody else has stored others since they were read: answers whether it did.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn swap_attempts(&self, attempts: &mut Attempts) -> Result<bool, StoreError> {
        let key = self.key("attempts");
        let value = encode(&attempts.open);
        let is_stored = match &attempts.stored {
            Some(stored) if *stored == value => return Ok(true),
            Some(stored) => self.store.swap(&key, stored, &value)?,
            // A value has to be there to be swapped, and only a counter is made without overwriting anything.
            None => match self.store.increment(&key, 0) {
                Ok(_) => self.store.swap(&key, &UNWRITTEN, &value)?,
                // Somebody was faster, and a document is no counter.
                Err(_) if self.store.get(&key)?.is_some() => false,
                Err(error) => return Err(error),
            },
        };
        if is_stored {
            attempts.stored = Some(value);
        }
        Ok(is_stored)
    }

    /// Changes the open attempts, whatever others change: `edit` is asked again with what they stored.
    ///
    /// # Errors
    /// When the store fails, or others never rest.
    pub(crate) fn amend_attempts(
        &self,
        attempts: &mut Attempts,
        edit: &mut dyn FnMut(&mut BTreeMap<String, Attempt>),
    ) -> Result<(), StoreError> {
        for _ in 0..AMEND_TRIES_MAX {
            edit(&mut attempts.open);
            if self.swap_attempts(attempts)? {
                return Ok(());
            }
            *attempts = self.attempts()?;
        }
        Err(StoreError::Failed("the open attempts of the account change all the time".into()))
    }

    /// How far the list of leads has been read.
    ///
    /// # Errors
    /// When the store fails or the value cannot be read.
    pub(crate) fn tail(&self) -> Result<Tail, StoreError> {
        Ok(read(self.store, &self.key("tail"))?.unwrap_or_default())
    }

    /// Pair that stores how far the list of leads has been read.
    pub(crate) fn tail_pair(&self, tail: &Tail) -> (String, Vec<u8>) {
        (self.key("tail"), encode(tail))
    }

    /// Writes pairs together.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn write(&self, pairs: &Pairs) -> Result<(), StoreError> {
        self.store.set_many(pairs)
    }
}

fn fresh_salt(chance: &dyn Chance) -> String {
    format!("{:032x}", chance.bits())
}
