//! The realm of one amoCRM account: what is known to exist there, and what we may just have made.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    hash::BuildHasher as _,
};

use serde::{Deserialize, Serialize};

use super::{Pairs, encode, hash, read};
use crate::{
    gather::Gather as _,
    model::{ContactId, ElementId, LeadId, OrderCode, Phone},
    ports::{Store, StoreError},
};

/// Longest SKU that stands in a key as it is.
const CLEAR_KEY_BYTES_MAX: usize = 60;

/// What an attempt wants to create.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A contact, by the keyed hash of its phone.
    Contact(String),
    /// A catalog element, by its key.
    Element(String),
    /// The lead of an order.
    Lead(OrderCode),
    /// A note of an order, by its revision.
    Note(OrderCode, u32),
}

impl Effect {
    /// The key under which the attempt is kept.
    pub fn key(&self) -> String {
        match self {
            Self::Contact(hash) => format!("contact/{hash}"),
            Self::Element(key) => format!("element/{key}"),
            Self::Lead(code) => format!("lead/{code}"),
            Self::Note(code, revision) => format!("note/{code}/{revision}"),
        }
    }

    /// The effect of a stored key.
    pub fn parse(key: &str) -> Option<Self> {
        let (kind, rest) = key.split_once('/')?;
        match kind {
            "contact" => Some(Self::Contact(rest.to_owned())),
            "element" => Some(Self::Element(rest.to_owned())),
            "lead" => OrderCode::parse(rest).map(Self::Lead),
            "note" => {
                let (code, revision) = rest.split_once('/').unwrap_or((rest, "1"));
                Some(Self::Note(OrderCode::parse(code)?, revision.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// A creation that was sent, or was about to be, and whose outcome is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// After this no answer was waited for any more.
    pub deadline_ms: i64,
    /// The newest id of its kind that was known before; what it made has a higher one.
    pub floor: i64,
    /// The lead of a note; the order's creation in seconds for a lead; else 0.
    #[serde(default)]
    pub about: i64,
    /// When complete scans that did not show it began.
    #[serde(default)]
    pub scans: Vec<i64>,
    /// Proven absent: it may be sent again, alone.
    #[serde(default)]
    pub is_absent: bool,
}

/// Leads that were seen for a code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeadEntry {
    /// Their ids, lowest first; to be looked at before one is adopted.
    pub ids: Vec<i64>,
    /// The connection that the first one belongs to, where we made or adopted it.
    #[serde(default)]
    pub shop: Option<String>,
}

impl LeadEntry {
    /// Leads that are remembered for one code; more mention it only by accident.
    const IDS_MAX: usize = 8;

    /// Adds a sighting; answers whether that was news.
    pub fn add(&mut self, id: i64) -> bool {
        if self.shop.is_some() || self.ids.contains(&id) || self.ids.len() >= Self::IDS_MAX {
            return false;
        }
        self.ids.push(id);
        self.ids.sort_unstable();
        true
    }
}

/// How far the list of leads has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tail {
    /// Highest lead id seen.
    pub top_id: i64,
    /// Leads created since then are all seen, in seconds.
    pub reached_s: Option<i64>,
    /// When it was read, in seconds.
    pub read_s: i64,
    /// Highest contact id seen.
    #[serde(default)]
    pub contact_top_id: i64,
    /// The newest lead ids that surely exist: a list that shows none of them is stale.
    #[serde(default)]
    pub known: Vec<i64>,
}

impl Tail {
    const KNOWN_MAX: usize = 5;

    /// Remembers leads that exist.
    pub fn learn(&mut self, ids: impl IntoIterator<Item = i64>) {
        self.known.extend(ids);
        self.known.sort_unstable_by(|a, b| b.cmp(a));
        self.known.dedup();
        self.known.truncate(Self::KNOWN_MAX);
        self.top_id = self.top_id.max(self.known.first().copied().unwrap_or(0));
    }
}

/// The ledger of one account.
pub struct AccountLedger<'a> {
    store: &'a dyn Store,
    prefix: String,
    salt: String,
}

impl<'a> AccountLedger<'a> {
    /// Opens the ledger of an account.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(store: &'a dyn Store, account_id: i64) -> Result<Self, StoreError> {
        let prefix = format!("amo/{account_id}/");
        let key = Self::salt_key(account_id);
        let salt: String = match read(store, &key)? {
            Some(salt) => salt,
            None => {
                let salt = fresh_salt();
                store.set_many(&[(key, encode(&salt))])?;
                salt
            }
        };
        Ok(Self { store, prefix, salt })
    }

    /// Where the salt of an account's phone hashes is stored.
    pub fn salt_key(account_id: i64) -> String {
        format!("amo/{account_id}/salt")
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The key of a phone: a hash with this account's own salt, so that the index alone tells no numbers.
    pub fn phone_key(&self, phone: &Phone) -> String {
        hash(&[&self.salt, phone.as_str()])
    }

    /// The key of a product: by SKU where it has one and the catalog can hold it, else by name.
    pub fn element_key(sku: Option<&str>, name: &str) -> String {
        let (kind, text) = sku.map_or(("name", name), |sku| ("sku", sku));
        let is_plain = text.len() <= CLEAR_KEY_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        if is_plain { format!("{kind}:{text}") } else { format!("{kind}#{}", hash(&[text.trim()])) }
    }

    /// Contacts by phone key.
    ///
    /// # Errors
    /// When the store fails.
    pub fn contacts(&self, keys: &[String]) -> Result<BTreeMap<String, ContactId>, StoreError> {
        Ok(self.ids("contact", keys)?.into_iter().map(|(key, id)| (key, ContactId(id))).gather())
    }

    /// Elements by key.
    ///
    /// # Errors
    /// When the store fails.
    pub fn elements(&self, keys: &[String]) -> Result<BTreeMap<String, ElementId>, StoreError> {
        Ok(self.ids("element", keys)?.into_iter().map(|(key, id)| (key, ElementId(id))).gather())
    }

    fn ids(&self, kind: &str, keys: &[String]) -> Result<BTreeMap<String, i64>, StoreError> {
        let stored: Vec<String> = keys.iter().map(|key| self.key(&format!("{kind}/{key}"))).collect();
        let values = self.store.get_many(&stored)?;
        let ids = keys.iter().zip(values).filter_map(|(key, value)| {
            // A damaged entry is as good as none: it is looked up again.
            Some((key.clone(), serde_json::from_slice::<i64>(&value?).ok()?))
        });
        Ok(ids.gather())
    }

    /// Pair that remembers a contact.
    pub fn contact_pair(&self, key: &str, id: ContactId) -> (String, Vec<u8>) {
        (self.key(&format!("contact/{key}")), encode(&id.0))
    }

    /// Forgets a contact that is not there any more.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_contact(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete_many(&[self.key(&format!("contact/{key}"))])
    }

    /// Forgets an element that is not there any more.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_element(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete_many(&[self.key(&format!("element/{key}"))])
    }

    /// Pair that remembers an element.
    pub fn element_pair(&self, key: &str, id: ElementId) -> (String, Vec<u8>) {
        (self.key(&format!("element/{key}")), encode(&id.0))
    }

    /// Leads seen for some codes.
    ///
    /// # Errors
    /// When the store fails.
    pub fn leads(&self, codes: &[OrderCode]) -> Result<BTreeMap<OrderCode, LeadEntry>, StoreError> {
        let keys: Vec<String> = codes.iter().map(|code| self.key(&format!("lead/{code}"))).collect();
        let values = self.store.get_many(&keys)?;
        let entries = codes
            .iter()
            .zip(values)
            .filter_map(|(code, value)| Some((code.clone(), serde_json::from_slice(&value?).ok()?)));
        Ok(entries.gather())
    }

    /// Pair that remembers a lead.
    pub fn lead_pair(&self, code: &str, entry: &LeadEntry) -> (String, Vec<u8>) {
        (self.key(&format!("lead/{code}")), encode(entry))
    }

    /// A lead that our connection made or adopted.
    pub fn own_lead_pair(&self, code: &OrderCode, id: LeadId, shop: &str) -> (String, Vec<u8>) {
        self.lead_pair(code.as_str(), &LeadEntry { ids: vec![id.0], shop: Some(shop.to_owned()) })
    }

    /// All open attempts.
    ///
    /// # Errors
    /// When the store fails or the value cannot be read.
    pub fn attempts(&self) -> Result<BTreeMap<String, Attempt>, StoreError> {
        Ok(read(self.store, &self.key("attempts"))?.unwrap_or_default())
    }

    /// Pair that stores all open attempts.
    pub fn attempts_pair(&self, attempts: &BTreeMap<String, Attempt>) -> (String, Vec<u8>) {
        (self.key("attempts"), encode(attempts))
    }

    /// How far the list of leads has been read.
    ///
    /// # Errors
    /// When the store fails or the value cannot be read.
    pub fn tail(&self) -> Result<Tail, StoreError> {
        Ok(read(self.store, &self.key("tail"))?.unwrap_or_default())
    }

    /// Pair that stores how far the list of leads has been read.
    pub fn tail_pair(&self, tail: &Tail) -> (String, Vec<u8>) {
        (self.key("tail"), encode(tail))
    }

    /// Writes pairs together.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write(&self, pairs: &Pairs) -> Result<(), StoreError> {
        self.store.set_many(pairs)
    }
}

/// 128 random bits of std's hasher, which asks the host for them. Decisions never depend on the value.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that wants chance, and nothing is decided by it"
)]
fn fresh_salt() -> String {
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(1_u8), state.hash_one(2_u8))
}
