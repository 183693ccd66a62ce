//! A store over another one, for dry runs: what is written stays in memory.

use std::{cell::RefCell, collections::BTreeMap};

use super::store::{KeyPage, Store, StoreError};

/// A store whose writes stay in memory.
pub struct Overlay<'a> {
    inner: &'a dyn Store,
    written: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

impl<'a> Overlay<'a> {
    /// Over a store that is only read.
    pub fn new(inner: &'a dyn Store) -> Self {
        Self { inner, written: RefCell::default() }
    }
}

impl Store for Overlay<'_> {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut values = self.inner.get_many(keys)?;
        let written = self.written.borrow();
        for (key, value) in keys.iter().zip(&mut values) {
            if let Some(newer) = written.get(key) {
                value.clone_from(newer);
            }
        }
        Ok(values)
    }

    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.written.borrow_mut().extend(pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))));
        Ok(())
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.written.borrow_mut().extend(keys.iter().map(|key| (key.clone(), None)));
        Ok(())
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let old = match self.get(key)? {
            None => 0,
            Some(value) => i64::from_le_bytes(
                value.try_into().map_err(|_| StoreError::Failed(format!("{key} is no counter")))?,
            ),
        };
        let new = old.wrapping_add(delta);
        self.set_many(&[(key.to_owned(), new.to_le_bytes().to_vec())])?;
        Ok(new)
    }

    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let is_same = self.get(key)?.as_deref() == Some(seen);
        if is_same {
            self.set_many(&[(key.to_owned(), value.to_vec())])?;
        }
        Ok(is_same)
    }

    /// What was written only here is not among them: nothing that is rehearsed lists keys.
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(cursor)
    }
}
