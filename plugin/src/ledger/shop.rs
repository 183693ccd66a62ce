//! The realm of one shop: its orders, where it has read to, what it was working on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Pairs, encode, read,
    record::{Payload, Record},
};
use crate::{
    model::{Day, Order, OrderCode},
    ports::{Store, StoreError},
};

/// Where a shop stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Version of this layout.
    pub v: u32,
    /// When the first run began.
    pub first_start_ms: i64,
    /// Orders created earlier get no lead, whatever reads them.
    pub horizon_ms: i64,
    /// Every order created up to here and shown by then is recorded.
    pub watermark_ms: i64,
    /// Codes that a run was working on and has not finished; empty between runs.
    #[serde(default)]
    pub working: Vec<String>,
    /// amoCRM asked to be left alone until then.
    #[serde(default)]
    pub paused_until_ms: i64,
    /// Entities in one request, as it has proven itself; 0 for the default.
    #[serde(default)]
    pub batch: usize,
    /// When the last run that sent something to amoCRM ended.
    #[serde(default)]
    pub ended_ms: i64,
}

impl Meta {
    /// The state of a shop at its first run.
    pub fn first(now_ms: i64, lookback_ms: i64) -> Self {
        let horizon_ms = now_ms - lookback_ms;
        Self {
            v: 1,
            first_start_ms: now_ms,
            horizon_ms,
            watermark_ms: horizon_ms,
            working: Vec::new(),
            paused_until_ms: 0,
            batch: 0,
            ended_ms: 0,
        }
    }
}

/// The account that the settings were checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPin {
    /// Of the settings at that time.
    pub fingerprint: String,
    /// When.
    pub checked_ms: i64,
    /// The account's id.
    pub account_id: i64,
    /// Where leads go.
    pub pipeline_id: i64,
    /// Catalog id, whether it has SKU, whether it has PRICE.
    pub catalog: Option<(i64, bool, bool)>,
}

/// An order as loaded for work.
pub struct Loaded {
    /// Its code.
    pub code: OrderCode,
    /// The record; `None` where only the index has the code.
    pub record: Option<Record>,
    /// The order, until it is settled.
    pub order: Option<Order>,
}

/// A stored value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The order.
    pub code: String,
}

/// The ledger of one shop.
pub struct ShopLedger<'a> {
    store: &'a dyn Store,
    prefix: String,
}

/// Codes that wait for work, or are not final at Kaspi, by creation day.
#[derive(Clone, Copy)]
enum Index {
    Pending,
    Open,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
        }
    }
}

impl<'a> ShopLedger<'a> {
    /// The ledger of a connection.
    pub fn new(store: &'a dyn Store, connection: &str) -> Self {
        Self { store, prefix: format!("shop/{connection}/") }
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// Where the payload of an order is stored.
    pub fn payload_key(&self, code: &OrderCode) -> String {
        self.key(&format!("payload/{code}"))
    }

    /// Where the shop stands; `None` before its first run.
    ///
    /// # Errors
    /// When the store fails or its value cannot be read.
    pub fn meta(&self) -> Result<Option<Meta>, StoreError> {
        read(self.store, &self.key("meta"))
    }

    /// Stores where the shop stands.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_meta(&self, meta: &Meta) -> Result<(), StoreError> {
        self.store.set_many(&[(self.key("meta"), encode(meta))])
    }

    /// The account of the last check.
    ///
    /// # Errors
    /// When the store fails or its value cannot be read.
    pub fn pin(&self) -> Result<Option<AccountPin>, StoreError> {
        read(self.store, &self.key("account"))
    }

    /// Stores the account of a check.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_pin(&self, pin: &AccountPin) -> Result<(), StoreError> {
        self.store.set_many(&[(self.key("account"), encode(pin))])
    }

    /// Which of the codes are recorded.
    ///
    /// # Errors
    /// When the store fails.
    pub fn known(&self, codes: &[OrderCode]) -> Result<BTreeSet<OrderCode>, StoreError> {
        let keys: Vec<String> = codes.iter().map(|code| self.key(&format!("order/{code}"))).collect();
        let values = self.store.get_many(&keys)?;
        Ok(codes
            .iter()
            .zip(values)
            .filter(|(_, value)| value.is_some())
            .map(|(code, _)| code.clone())
            .collect())
    }

    /// Records orders that are seen for the first time, then moves the watermark: index, records, watermark.
    ///
    /// # Errors
    /// When the store fails.
    pub fn record_new(
        &self,
        orders: &[(Order, Record)],
        is_final: impl Fn(&Order) -> bool,
        meta: &Meta,
    ) -> Result<(), StoreError> {
        let mut pairs = Pairs::new();
        let waiting = orders.iter().filter(|(_, record)| !record.is_settled()).map(|(order, _)| order);
        pairs.extend(self.add(Index::Pending, waiting)?);
        let open =
            orders.iter().filter(|(o, r)| r.tombstone.is_none() && !is_final(o)).map(|(order, _)| order);
        pairs.extend(self.add(Index::Open, open)?);
        for (order, record) in orders {
            if !record.is_settled() {
                pairs.push((self.payload_key(&order.code), encode(&Payload::of(order))));
            }
            pairs.push((self.key(&format!("order/{}", order.code)), encode(record)));
        }
        pairs.push((self.key("meta"), encode(meta)));
        self.store.set_many(&pairs)
    }

    /// Adds codes to an index: the days' root last but one, so that a day never lacks its codes.
    fn add<'o>(&self, index: Index, orders: impl Iterator<Item = &'o Order>) -> Result<Pairs, StoreError> {
        let mut by_day: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for order in orders {
            by_day
                .entry(Day::of(order.created_ms).number())
                .or_default()
                .insert(order.code.as_str().to_owned());
        }
        let mut pairs = Pairs::new();
        if by_day.is_empty() {
            return Ok(pairs);
        }
        let mut days = self.days(index)?;
        for (day, codes) in by_day {
            let mut all = self.codes_of(index, day)?;
            all.extend(codes);
            pairs.push((self.day_key(index, day), encode(&all)));
            days.insert(day);
        }
        pairs.push((self.key(index.name()), encode(&days)));
        Ok(pairs)
    }

    fn day_key(&self, index: Index, day: i64) -> String {
        self.key(&format!("{}/{day}", index.name()))
    }

    fn days(&self, index: Index) -> Result<BTreeSet<i64>, StoreError> {
        Ok(read(self.store, &self.key(index.name()))?.unwrap_or_default())
    }

    fn codes_of(&self, index: Index, day: i64) -> Result<BTreeSet<String>, StoreError> {
        Ok(read(self.store, &self.day_key(index, day))?.unwrap_or_default())
    }

    /// Codes that wait for work, oldest day first.
    ///
    /// # Errors
    /// When the store fails or an index cannot be read.
    pub fn pending(&self) -> Result<Vec<OrderCode>, StoreError> {
        let mut codes = Vec::new();
        for day in self.days(Index::Pending)? {
            codes
                .extend(self.codes_of(Index::Pending, day)?.iter().filter_map(|code| OrderCode::parse(code)));
        }
        Ok(codes)
    }

    /// Takes settled orders off the list of those that wait, with their payloads.
    ///
    /// # Errors
    /// When the store fails.
    pub fn settle(&self, settled: &[(OrderCode, i64)]) -> Result<(), StoreError> {
        let mut by_day: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
        for (code, created_ms) in settled {
            by_day.entry(Day::of(*created_ms).number()).or_default().insert(code.as_str());
        }
        let mut days = self.days(Index::Pending)?;
        let mut gone: Vec<String> = settled.iter().map(|(code, _)| self.payload_key(code)).collect();
        let mut pairs = Pairs::new();
        for (day, codes) in by_day {
            let mut left = self.codes_of(Index::Pending, day)?;
            left.retain(|code| !codes.contains(code.as_str()));
            if left.is_empty() {
                days.remove(&day);
                gone.push(self.day_key(Index::Pending, day));
            } else {
                pairs.push((self.day_key(Index::Pending, day), encode(&left)));
            }
        }
        pairs.push((self.key(Index::Pending.name()), encode(&days)));
        self.store.set_many(&pairs)?;
        self.store.delete_many(&gone)
    }

    /// Loads orders for work.
    ///
    /// # Errors
    /// When the store fails. A record that cannot be read is returned beside the others.
    pub fn load(&self, codes: &[OrderCode]) -> Result<(Vec<Loaded>, Vec<Unreadable>), StoreError> {
        let keys: Vec<String> = codes
            .iter()
            .flat_map(|code| [self.key(&format!("order/{code}")), self.payload_key(code)])
            .collect();
        let values = self.store.get_many(&keys)?;
        let mut loaded = Vec::new();
        let mut unreadable = Vec::new();
        for (code, pair) in codes.iter().zip(values.chunks(2)) {
            let record: Option<Result<Record, _>> = pair[0].as_deref().map(serde_json::from_slice);
            let payload: Option<Result<Payload, _>> = pair[1].as_deref().map(serde_json::from_slice);
            match (record, payload) {
                (Some(Err(_)), _) => unreadable.push(Unreadable { code: code.as_str().to_owned() }),
                (record, payload) => loaded.push(Loaded {
                    code: code.clone(),
                    record: record.and_then(Result::ok),
                    // A payload that cannot be read is fetched from Kaspi again.
                    order: payload.and_then(Result::ok).and_then(Payload::into_order),
                }),
            }
        }
        Ok((loaded, unreadable))
    }

    /// Pairs that store a record.
    pub fn record_pair(&self, code: &OrderCode, record: &Record) -> (String, Vec<u8>) {
        (self.key(&format!("order/{code}")), encode(record))
    }

    /// Stores records and where the shop stands, in one write.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_records(&self, records: &[(OrderCode, Record)], meta: &Meta) -> Result<(), StoreError> {
        let mut pairs: Pairs = records.iter().map(|(code, record)| self.record_pair(code, record)).collect();
        pairs.push((self.key("meta"), encode(meta)));
        self.store.set_many(&pairs)
    }

    /// Stores a record with its order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_order(&self, order: &Order, record: &Record) -> Result<(), StoreError> {
        self.store.set_many(&[
            (self.payload_key(&order.code), encode(&Payload::of(order))),
            self.record_pair(&order.code, record),
        ])
    }
}
