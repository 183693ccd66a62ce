//! A store, settings and chance in memory.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use kaspi_amocrm_plugin::ports::{Chance, Config, KeyPage, Store, StoreError};
use kaspi_amocrm_simulator::rng::SplitMix64;

/// Keys of one page; few, so that every list has several.
const PAGE_KEYS: usize = 4;

/// A store in memory that can die.
#[derive(Default)]
pub struct MemoryStore {
    pub values: RefCell<BTreeMap<String, Vec<u8>>>,
    pub writes: Cell<u64>,
    /// The write at which the process dies, counted from here.
    pub dies_at: Cell<Option<u64>>,
    /// The process dies when it writes a value with this text.
    pub dies_of: RefCell<Option<String>>,
}

impl MemoryStore {
    fn write(&self) -> Result<(), StoreError> {
        self.writes.set(self.writes.get() + 1);
        match self.dies_at.get() {
            Some(0) => Err(StoreError::Failed("the process died here".into())),
            Some(left) => {
                self.dies_at.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn write_values<'v>(&self, values: impl IntoIterator<Item = &'v [u8]>) -> Result<(), StoreError> {
        self.write()?;
        let Some(text) = &*self.dies_of.borrow() else { return Ok(()) };
        if values.into_iter().any(|value| String::from_utf8_lossy(value).contains(text)) {
            return Err(StoreError::Failed("the process died of this order".into()));
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        Ok(keys.iter().map(|key| self.values.borrow().get(key).cloned()).collect())
    }
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write_values(pairs.iter().map(|(_, value)| value.as_slice()))?;
        self.values.borrow_mut().extend(pairs.iter().cloned());
        Ok(())
    }
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.write()?;
        keys.iter().for_each(|key| drop(self.values.borrow_mut().remove(key)));
        Ok(())
    }
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.write()?;
        let mut values = self.values.borrow_mut();
        let old = match values.get(key).map(|value| <[u8; 8]>::try_from(value.as_slice())) {
            None => 0,
            Some(Ok(bytes)) => i64::from_le_bytes(bytes),
            Some(Err(_)) => return Err(StoreError::Failed(format!("{key} is no counter"))),
        };
        values.insert(key.to_owned(), (old + delta).to_le_bytes().to_vec());
        Ok(old + delta)
    }
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.write_values([value])?;
        let mut values = self.values.borrow_mut();
        let is_same = values.get(key).is_some_and(|held| held == seen);
        if is_same {
            values.insert(key.to_owned(), value.to_vec());
        }
        Ok(is_same)
    }
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        let values = self.values.borrow();
        let is_after = |key: &&String| cursor.is_none_or(|cursor| key.as_str() > cursor);
        let keys: Vec<String> = values.keys().filter(is_after).take(PAGE_KEYS).cloned().collect();
        let cursor = keys.last().filter(|_| keys.len() == PAGE_KEYS).cloned();
        Ok(KeyPage { keys, cursor })
    }
}

/// Settings in memory.
#[derive(Default, Clone)]
pub struct MapConfig(pub BTreeMap<String, String>);

impl Config for MapConfig {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(name).cloned())
    }
}

/// Chance that comes out the same in each run.
pub struct SeededChance(RefCell<SplitMix64>);

impl SeededChance {
    pub fn new(seed: u64) -> Self {
        Self(RefCell::new(SplitMix64::new(seed)))
    }
}

impl Chance for SeededChance {
    fn bits(&self) -> u128 {
        let mut rng = self.0.borrow_mut();
        u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())
    }
}
