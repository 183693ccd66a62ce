//! The realm of one shop: its orders, where it has read to, what it was working on.

use kaspi_amocrm_contract::rows::{self, place};
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    index::{Index, IndexEdit, Indexes},
    order::{Payload, Record},
    pairs::Pairs,
    row::row_of,
    visits::Visits,
};
use crate::{
    domain::{Day, Order, OrderCode},
    ports::{
        Store, StoreError,
        document::{encode, read},
    },
};

/// Where a shop stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Version of this layout.
    pub v: u32,
    /// When the first run began.
    pub first_start_ms: i64,
    /// Orders created earlier get no lead, whatever reads them.
    pub horizon_ms: i64,
    /// Every order created up to here and shown by then is recorded.
    pub watermark_ms: i64,
    /// Codes that a run was working on and has not finished; empty between runs.
    pub working: Vec<String>,
    /// amoCRM asked to be left alone until then.
    pub paused_until_ms: i64,
    /// Entities in one request, as it has proven itself; 0 for the default.
    pub batch: usize,
    /// Edits of leads are noticed up to here, in seconds; 0: never looked.
    pub edits_read_s: i64,
    /// When the last run that sent something to amoCRM ended.
    pub ended_ms: i64,
}

impl Meta {
    /// The state of a shop at its first run.
    pub(crate) fn first(now_ms: i64, lookback_ms: i64) -> Self {
        let horizon_ms = now_ms - lookback_ms;
        Self {
            v: 1,
            first_start_ms: now_ms,
            horizon_ms,
            watermark_ms: horizon_ms,
            working: Vec::new(),
            paused_until_ms: 0,
            batch: 0,
            edits_read_s: now_ms / 1_000,
            ended_ms: 0,
        }
    }
}

/// The account that the settings were checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountPin {
    /// Of the settings at that time.
    pub fingerprint: String,
    /// When.
    pub checked_ms: i64,
    /// The account's id.
    pub account_id: i64,
    /// Where leads go.
    pub pipeline_id: i64,
    /// The stage of leads that name none.
    pub first_stage_id: Option<i64>,
    /// Catalog id, whether it has SKU, whether it has PRICE.
    pub catalog: Option<(i64, bool, bool)>,
}

/// An order as loaded for work.
pub(crate) struct Loaded {
    /// Its code.
    pub code: OrderCode,
    /// The record; `None` where only the index has the code.
    pub record: Option<Record>,
    /// The order, until it is settled.
    pub order: Option<Order>,
}

/// An order with nothing left to do.
pub(crate) struct Settled<'w> {
    /// Its code.
    pub code: &'w OrderCode,
    /// Its record.
    pub record: Record,
    /// Whether the record has to be stored, too.
    pub is_changed: bool,
}

/// A stored value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The order.
    pub code: String,
}

/// The ledger of one shop.
pub(crate) struct ShopLedger<'a> {
    store: &'a dyn Store,
    prefix: String,
    /// What the keys of rows begin with.
    rows: String,
}

impl<'a> ShopLedger<'a> {
    /// The ledger of a connection.
    pub(crate) fn new(store: &'a dyn Store, connection: &str) -> Self {
        Self { store, prefix: format!("shop/{connection}/"), rows: rows::prefix(connection) }
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    fn indexes(&self) -> Indexes<'_> {
        Indexes { store: self.store, prefix: &self.prefix }
    }

    /// Days on which orders of an index were placed, oldest first.
    ///
    /// # Errors
    /// When the store fails or the index cannot be read.
    pub(crate) fn days(&self, index: Index) -> Result<Vec<Day>, StoreError> {
        self.indexes().days(index)
    }

    /// The codes of one day of an index.
    ///
    /// # Errors
    /// When the store fails or the index cannot be read.
    pub(crate) fn codes_of(&self, index: Index, day: Day) -> Result<BTreeSet<OrderCode>, StoreError> {
        self.indexes().codes_of(index, day)
    }

    /// Where the payload of an order is stored.
    pub(crate) fn payload_key(&self, code: &OrderCode) -> String {
        self.key(&format!("payload/{code}"))
    }

    /// Where the shop stands; `None` before its first run.
    ///
    /// # Errors
    /// When the store fails or its value cannot be read.
    pub(crate) fn meta(&self) -> Result<Option<Meta>, StoreError> {
        read(self.store, &self.key("meta"))
    }

    /// Stores where the shop stands.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_meta(&self, meta: &Meta) -> Result<(), StoreError> {
        self.store.set_many(&[(self.key("meta"), encode(meta))])
    }

    /// What has been read again and when.
    ///
    /// # Errors
    /// When the store fails or its value cannot be read.
    pub(crate) fn visits(&self) -> Result<Visits, StoreError> {
        Ok(read(self.store, &self.key("visits"))?.unwrap_or_default())
    }

    /// Stores what has been read again.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_visits(&self, visits: &Visits) -> Result<(), StoreError> {
        self.store.set_many(&[(self.key("visits"), encode(visits))])
    }

    /// The account of the last check.
    ///
    /// # Errors
    /// When the store fails or its value cannot be read.
    pub(crate) fn pin(&self) -> Result<Option<AccountPin>, StoreError> {
        read(self.store, &self.key("account"))
    }

    /// Stores the account of a check.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_pin(&self, pin: &AccountPin) -> Result<(), StoreError> {
        self.store.set_many(&[(self.key("account"), encode(pin))])
    }

    /// Records what a page told: index entries, payloads, records, then where the shop stands.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn record(&self, seen: &[(Order, Record)], meta: &Meta) -> Result<(), StoreError> {
        let mut edit = IndexEdit::default();
        let mut pairs = Pairs::new();
        for (order, record) in seen {
            if !record.is_settled() {
                edit.add(Index::Pending, Day::of(record.created_ms), &order.code);
                pairs.push((self.payload_key(&order.code), encode(&Payload::of(order))));
            }
            edit.follow(&order.code, record);
            pairs.extend(self.record_pairs(&order.code, record));
        }
        pairs.push((self.key("meta"), encode(meta)));
        self.write(pairs, edit, Vec::new())
    }

    /// Stores records that a person wants worked on again; their orders are read from Kaspi when it comes to that.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn put_back(&self, records: &[(OrderCode, Record)]) -> Result<(), StoreError> {
        let mut edit = IndexEdit::default();
        for (code, record) in records {
            edit.add(Index::Pending, Day::of(record.created_ms), code);
            edit.follow(code, record);
        }
        let records = records.iter().flat_map(|(code, record)| self.record_pairs(code, record));
        self.write(records.collect(), edit, Vec::new())
    }

    /// Completed orders that need not be watched any more.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn forget_watched(&self, codes: &[(OrderCode, i64)]) -> Result<(), StoreError> {
        let mut edit = IndexEdit::default();
        for (code, created_ms) in codes {
            edit.remove(Index::Watched, Day::of(*created_ms), code);
        }
        self.write(Pairs::new(), edit, Vec::new())
    }

    /// Codes that wait for work: those placed since `live_from`, then the others, oldest day first.
    ///
    /// # Errors
    /// When the store fails or an index cannot be read.
    pub(crate) fn pending(&self, live_from: Day) -> Result<Vec<OrderCode>, StoreError> {
        let (older, live): (Vec<Day>, Vec<Day>) =
            self.days(Index::Pending)?.into_iter().partition(|day| *day < live_from);
        let mut codes = Vec::new();
        for day in live.into_iter().chain(older) {
            codes.extend(self.codes_of(Index::Pending, day)?);
        }
        Ok(codes)
    }

    /// Stores settled orders and takes them off the list of those that wait, with their payloads.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn settle(&self, settled: &[Settled<'_>]) -> Result<(), StoreError> {
        let mut edit = IndexEdit::default();
        for Settled { code, record, .. } in settled {
            let day = Day::of(record.created_ms);
            edit.remove(Index::Pending, day, code);
            if record.tombstone.is_some() {
                edit.remove(Index::Open, day, code);
                edit.remove(Index::Watched, day, code);
            }
        }
        let changed = settled.iter().filter(|settled| settled.is_changed);
        let records = changed.flat_map(|settled| self.record_pairs(settled.code, &settled.record));
        let payloads = settled.iter().map(|settled| self.payload_key(settled.code));
        self.write(records.collect(), edit, payloads.collect())
    }

    /// Writes pairs with changes of the indexes around them, then removes keys.
    fn write(&self, pairs: Pairs, edit: IndexEdit, mut gone: Vec<String>) -> Result<(), StoreError> {
        let edited = self.indexes().edited(edit)?;
        let mut all = edited.first;
        all.extend(pairs);
        all.extend(edited.last);
        gone.extend(edited.gone);
        if !all.is_empty() {
            self.store.set_many(&all)?;
        }
        if gone.is_empty() { Ok(()) } else { self.store.delete_many(&gone) }
    }

    /// Loads orders for work.
    ///
    /// # Errors
    /// When the store fails. A record that cannot be read is returned beside the others.
    pub(crate) fn load(&self, codes: &[OrderCode]) -> Result<(Vec<Loaded>, Vec<Unreadable>), StoreError> {
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

    /// Pairs that store a record, and what hosts show of it. There is no other way to store one.
    pub(crate) fn record_pairs(&self, code: &OrderCode, record: &Record) -> [(String, Vec<u8>); 2] {
        [
            (self.key(&format!("order/{code}")), encode(record)),
            (
                format!("{}{}", self.rows, place(code.as_str(), record.created_ms)),
                row_of(code, record).encode(),
            ),
        ]
    }

    /// Stores records and where the shop stands, in one write.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_records(&self, records: &[(OrderCode, Record)], meta: &Meta) -> Result<(), StoreError> {
        let mut pairs: Pairs =
            records.iter().flat_map(|(code, record)| self.record_pairs(code, record)).collect();
        pairs.push((self.key("meta"), encode(meta)));
        self.store.set_many(&pairs)
    }

    /// Stores a record with its order.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn set_order(&self, order: &Order, record: &Record) -> Result<(), StoreError> {
        let [stored, row] = self.record_pairs(&order.code, record);
        self.store.set_many(&[(self.payload_key(&order.code), encode(&Payload::of(order))), stored, row])
    }
}
