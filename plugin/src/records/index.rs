//! Which orders of a shop wait for something, by the day on which they were placed.

use std::collections::{BTreeMap, BTreeSet};

use super::{order::Record, pairs::Pairs};
use crate::{
    domain::{Day, OrderCode},
    ports::{
        Store, StoreError,
        document::{encode, read},
    },
};

/// What orders may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Index {
    /// Work in amoCRM.
    Pending,
    /// Their next state at Kaspi.
    Open,
    /// A return: they are completed, and the buyer may still send them back.
    Watched,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Watched => "watched",
        }
    }
}

/// Changes of the indexes that are written together.
#[derive(Default)]
pub(super) struct IndexEdit(BTreeMap<(Index, Day), BTreeMap<OrderCode, bool>>);

impl IndexEdit {
    pub(super) fn set(&mut self, index: Index, day: Day, code: &OrderCode, is_in: bool) {
        self.0.entry((index, day)).or_default().insert(code.clone(), is_in);
    }

    /// An order is open or watched, as it stands at Kaspi; one that gets no lead is neither.
    pub(super) fn follow(&mut self, code: &OrderCode, record: &Record) {
        let day = Day::of(record.created_ms);
        let facts = record.facts();
        let is_alive = record.tombstone.is_none();
        self.set(Index::Open, day, code, is_alive && !facts.is_final() && !facts.is_completed());
        self.set(Index::Watched, day, code, is_alive && facts.is_completed());
    }

    pub(super) fn add(&mut self, index: Index, day: Day, code: &OrderCode) {
        self.set(index, day, code, true);
    }

    pub(super) fn remove(&mut self, index: Index, day: Day, code: &OrderCode) {
        self.set(index, day, code, false);
    }
}

/// What has to be written for some changes of the indexes.
pub(super) struct Edited {
    /// Before the records: who is not in an index may be forgotten.
    pub(super) first: Pairs,
    /// After the records.
    pub(super) last: Pairs,
    /// Keys that go at the end.
    pub(super) gone: Vec<String>,
}

/// The indexes of one shop.
pub(super) struct Indexes<'a> {
    pub(super) store: &'a dyn Store,
    /// Before the keys of the shop.
    pub(super) prefix: &'a str,
}

impl Indexes<'_> {
    /// Only what really changes is written, and the days of an index come after their codes, so that a day never lacks
    /// its codes.
    pub(super) fn edited(&self, edit: IndexEdit) -> Result<Edited, StoreError> {
        let mut edited = Edited { first: Pairs::new(), last: Pairs::new(), gone: Vec::new() };
        let mut roots: BTreeMap<Index, (BTreeSet<i64>, BTreeSet<i64>)> = BTreeMap::new();
        for ((index, day), codes) in edit.0 {
            let before = self.codes_of(index, day)?;
            let mut with_new = before.clone();
            with_new.extend(codes.iter().filter(|(_, is_in)| **is_in).map(|(code, _)| code.clone()));
            let mut after = with_new.clone();
            after.retain(|code| codes.get(code) != Some(&false));
            if after == before {
                continue;
            }
            if with_new != before {
                edited.first.push((self.day_key(index, day), encode_codes(&with_new)));
            }
            let root = self.root(index)?;
            let (more, fewer) = roots.entry(index).or_insert_with(|| (root.clone(), root));
            more.insert(day.number());
            fewer.insert(day.number());
            if after.is_empty() {
                fewer.remove(&day.number());
                edited.gone.push(self.day_key(index, day));
            } else if after != with_new {
                edited.last.push((self.day_key(index, day), encode_codes(&after)));
            }
        }
        for (index, (more, fewer)) in roots {
            let key = self.root_key(index);
            if more != self.root(index)? {
                edited.first.push((key.clone(), encode(&more)));
            }
            if fewer != more {
                edited.last.push((key, encode(&fewer)));
            }
        }
        Ok(edited)
    }

    /// Days on which orders of an index were placed, oldest first.
    pub(super) fn days(&self, index: Index) -> Result<Vec<Day>, StoreError> {
        Ok(self.root(index)?.into_iter().map(Day::from_number).collect())
    }

    /// The codes of one day of an index.
    pub(super) fn codes_of(&self, index: Index, day: Day) -> Result<BTreeSet<OrderCode>, StoreError> {
        let codes: Vec<String> = read(self.store, &self.day_key(index, day))?.unwrap_or_default();
        Ok(codes.iter().filter_map(|code| OrderCode::parse(code)).collect())
    }

    fn root(&self, index: Index) -> Result<BTreeSet<i64>, StoreError> {
        Ok(read(self.store, &self.root_key(index))?.unwrap_or_default())
    }

    fn day_key(&self, index: Index, day: Day) -> String {
        format!("{}/{}", self.root_key(index), day.number())
    }

    fn root_key(&self, index: Index) -> String {
        format!("{}{}", self.prefix, index.name())
    }
}

fn encode_codes(codes: &BTreeSet<OrderCode>) -> Vec<u8> {
    encode(&codes.iter().map(OrderCode::as_str).collect::<Vec<_>>())
}
