//! A store over another one: what is private is sealed on its way.

use std::cell::Cell;

use kaspi_amocrm_contract::rows::KEY_PROOF;

use super::{
    format,
    keyring::Keyring,
    private::is_private,
    secret_key::{SealError, is_envelope, key_id},
};
use crate::ports::store::{KeyPage, Store, StoreError};

/// Under [`KEY_PROOF`]: proves which secret key a store belongs to, also while nothing else in it is sealed.
const PROOF: &[u8] = b"the secret key of this store";

/// A store that seals what is private. Everything else passes through.
pub struct SealedStore<'a> {
    inner: &'a dyn Store,
    keys: Option<Keyring>,
    /// Nothing has been written yet: the first write names the format.
    is_new: Cell<bool>,
}

impl<'a> SealedStore<'a> {
    /// Takes a store into use. A store that was sealed with none of the keys is refused; one that a further key opens
    /// stays as it is, because other hosts may have no other key yet.
    ///
    /// # Errors
    /// When no key is the one of the store, it is of a version that is newer or was never released, or it fails.
    pub fn new(inner: &'a dyn Store, keys: Option<Keyring>) -> Result<Self, StoreError> {
        let mut stored = inner.get_many(&[KEY_PROOF.to_owned(), format::KEY.to_owned()])?;
        let (format, proof) = (stored.pop().flatten(), stored.pop().flatten());
        let mut is_new = format::is_new(inner, format.as_deref(), proof.is_some())?;
        match (&keys, proof) {
            (None, None) => {}
            (None, Some(proof)) => {
                return Err(SealError::NoKey { sealed_with: key_id(&proof) }.into());
            }
            (Some(keys), Some(proof)) => {
                if keys.open(KEY_PROOF, &proof)? != PROOF {
                    return Err(SealError::Damaged { key: KEY_PROOF.to_owned() }.into());
                }
            }
            (Some(keys), None) => {
                let mut pairs = vec![(KEY_PROOF.to_owned(), keys.seal(KEY_PROOF, PROOF))];
                if is_new {
                    pairs.insert(0, format::pair());
                    is_new = false;
                }
                inner.set_many(&pairs)?;
            }
        }
        Ok(Self { inner, keys, is_new: Cell::new(is_new) })
    }

    /// For writes that cannot name the format in the same step.
    fn name_format(&self) -> Result<(), StoreError> {
        if self.is_new.get() {
            self.inner.set_many(&[format::pair()])?;
            self.is_new.set(false);
        }
        Ok(())
    }
}

/// Whether this version may use a store, as far as can be told without its keys.
///
/// # Errors
/// When it may not, or the store fails.
pub(crate) fn check_format(store: &dyn Store) -> Result<(), StoreError> {
    let mut stored = store.get_many(&[KEY_PROOF.to_owned(), format::KEY.to_owned()])?;
    let (format, proof) = (stored.pop().flatten(), stored.pop().flatten());
    format::is_new(store, format.as_deref(), proof.is_some()).map(drop)
}

impl Store for SealedStore<'_> {
    /// A private value that is not sealed counts as absent: nobody vouches for it, and all of them can be had again.
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut values = self.inner.get_many(keys)?;
        if let Some(secret) = &self.keys {
            for (key, value) in keys.iter().zip(&mut values).filter(|(key, _)| is_private(key)) {
                *value = value
                    .take()
                    .filter(|value| is_envelope(value))
                    .map(|value| secret.open(key, &value))
                    .transpose()?;
            }
        }
        Ok(values)
    }

    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        if self.keys.is_none() && !self.is_new.get() {
            return self.inner.set_many(pairs);
        }
        let sealed = pairs.iter().map(|(key, value)| match &self.keys {
            Some(secret) if is_private(key) => (key.clone(), secret.seal(key, value)),
            _ => (key.clone(), value.clone()),
        });
        let format = self.is_new.get().then(format::pair);
        let all: Vec<_> = format.into_iter().chain(sealed).collect();
        self.inner.set_many(&all)?;
        self.is_new.set(false);
        Ok(())
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.inner.delete_many(keys)
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        if !key.starts_with("lock/") {
            self.name_format()?;
        }
        self.inner.increment(key, delta)
    }

    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.inner.swap(key, seen, value)
    }

    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::encrypted::secret_key::{HEAD_BYTES, SecretKey};
    use base64::Engine as _;
    use std::{cell::RefCell, collections::BTreeMap};

    const PAYLOAD: &str = "shop/default/payload/100";

    fn key(byte: u8) -> SecretKey {
        let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        SecretKey::parse(&text).unwrap()
    }

    /// A key that seals, and others that only open.
    fn keys(own: u8, also: &[u8]) -> Option<Keyring> {
        Some(Keyring::new(key(own), also.iter().copied().map(key).collect()))
    }

    #[test]
    fn only_32_bytes_of_base64_are_a_key() {
        let bytes = |count| base64::engine::general_purpose::STANDARD.encode(vec![7_u8; count]);
        assert!(SecretKey::parse(&bytes(32)).is_some());
        assert!(SecretKey::parse(bytes(32).trim_end_matches('=')).is_some(), "without padding");
        for wrong in [bytes(31), bytes(33), String::new(), "not base64 at all, but long enough!!".to_owned()]
        {
            assert!(SecretKey::parse(&wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{:?}", key(7)).contains(&bytes(32)[..8]));
    }

    #[test]
    fn an_envelope_opens_with_its_key_in_its_row_and_unchanged() {
        let sealed = key(1).seal(PAYLOAD, b"Aliya");
        assert!(!sealed.windows(5).any(|part| part == b"Aliya"));
        assert_eq!(key(1).open(PAYLOAD, &sealed).unwrap(), b"Aliya");
        assert!(matches!(key(2).open(PAYLOAD, &sealed), Err(SealError::OtherKey { .. })));
        let moved = key(1).open("shop/default/payload/101", &sealed);
        assert_eq!(moved, Err(SealError::Damaged { key: "shop/default/payload/101".to_owned() }));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key(1).open(PAYLOAD, &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(key(1).open(PAYLOAD, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn different_contents_never_share_a_nonce() {
        let nonce = |key_name: &str, value: &[u8]| key(1).seal(key_name, value)[5..HEAD_BYTES].to_vec();
        let nonces = [nonce("a", b"bc"), nonce("ab", b"c"), nonce("a", b"b"), nonce("a", b"")];
        for (index, one) in nonces.iter().enumerate() {
            assert!(nonces[index + 1..].iter().all(|other| other != one));
        }
    }

    #[derive(Default)]
    struct Map(RefCell<BTreeMap<String, Vec<u8>>>);

    impl Store for Map {
        fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
            Ok(keys.iter().map(|key| self.0.borrow().get(key).cloned()).collect())
        }
        fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
            self.0.borrow_mut().extend(pairs.iter().cloned());
            Ok(())
        }
        fn delete_many(&self, _: &[String]) -> Result<(), StoreError> {
            unreachable!("nothing is deleted here")
        }
        fn increment(&self, _: &str, _: i64) -> Result<i64, StoreError> {
            unreachable!("nothing is counted here")
        }
        fn swap(&self, _: &str, _: &[u8], _: &[u8]) -> Result<bool, StoreError> {
            unreachable!("nothing is swapped here")
        }
        fn list_keys(&self, _: Option<&str>) -> Result<KeyPage, StoreError> {
            Ok(KeyPage { keys: self.0.borrow().keys().cloned().collect(), cursor: None })
        }
    }

    #[test]
    fn a_sealed_store_hides_what_is_private_and_nothing_else() {
        let map = Map::default();
        let store = SealedStore::new(&map, keys(1, &[])).unwrap();
        let pairs =
            [(PAYLOAD.to_owned(), b"Aliya".to_vec()), ("shop/default/meta".to_owned(), b"{}".to_vec())];
        store.set_many(&pairs).unwrap();
        assert_eq!(map.0.borrow()["shop/default/meta"], b"{}");
        assert!(is_envelope(&map.0.borrow()[PAYLOAD]));
        let rows = pairs.clone().map(|(key, _)| key);
        assert_eq!(store.get_many(&rows).unwrap(), pairs.map(|(_, value)| Some(value)));

        map.0.borrow_mut().insert(PAYLOAD.to_owned(), b"{\"planted\":1}".to_vec());
        assert_eq!(store.get(PAYLOAD).unwrap(), None, "what is not sealed is not trusted");
    }

    #[test]
    fn a_store_names_its_format_with_its_first_write() {
        let written = |keys: Option<Keyring>| {
            let map = Map::default();
            let store = SealedStore::new(&map, keys).unwrap();
            let begun: Vec<String> = map.0.borrow().keys().cloned().collect();
            store.set_many(&[("shop/default/meta".to_owned(), b"{}".to_vec())]).unwrap();
            let format = map.0.borrow()[format::KEY].clone();
            (begun, String::from_utf8(format).unwrap())
        };
        let format = r#"{"v":1,"since":"0.2.0"}"#.to_owned();
        assert_eq!(written(None), (vec![], format.clone()));
        assert_eq!(written(keys(1, &[])), (vec![format::KEY.to_owned(), KEY_PROOF.to_owned()], format));
    }

    #[test]
    fn a_store_of_another_format_is_refused_and_left_as_it_is() {
        for (key, value, wanted) in [
            ("shop/default/meta", "{}", Some("before 0.2.0")),
            ("amo/1/tail", "{}", Some("before 0.2.0")),
            ("oauth/acme.amocrm.ru", "{}", Some("before 0.2.0")),
            (KEY_PROOF, "sealed", Some("before 0.2.0")),
            ("lease/default", "12345678", None),
            ("lock/amo/1/salt", "12345678", None),
            ("shop/default/runs/new", "[]", None),
            (format::KEY, r#"{"v":2,"since":"0.9.0"}"#, Some("0.9.0")),
            (format::KEY, "[]", Some("newer version")),
            (format::KEY, r#"{"v":1,"since":"0.2.0","more":1}"#, None),
        ] {
            let map = Map::default();
            map.0.borrow_mut().insert(key.to_owned(), value.as_bytes().to_vec());
            let before = map.0.borrow().clone();
            let answer = SealedStore::new(&map, None).map(drop);
            match (answer, wanted) {
                (Ok(()), None) => {}
                (Err(StoreError::Unusable(finding)), Some(text)) => {
                    assert!(finding.to_string().contains(text), "{key}: {finding}");
                }
                (answer, _) => panic!("{key} {value}: {answer:?}"),
            }
            assert_eq!(*map.0.borrow(), before, "{key} {value}");
        }
    }

    #[test]
    fn a_store_is_opened_by_its_own_key_only() {
        let map = Map::default();
        SealedStore::new(&map, keys(1, &[])).unwrap();
        SealedStore::new(&map, keys(1, &[])).unwrap();
        let refused = |keys| match SealedStore::new(&map, keys) {
            Err(StoreError::Unusable(finding)) => finding.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("the store is sealed with another key"),
        };
        let text = refused(keys(2, &[3]));
        for known in [1, 2, 3] {
            assert!(text.contains(&key(known).id()), "{text}");
        }
        assert!(refused(None).contains(&key(1).id()));
        SealedStore::new(&Map::default(), None).expect("a store that nobody sealed needs no key");
    }

    #[test]
    fn further_keys_open_and_seal_nothing() {
        let map = Map::default();
        let old = SealedStore::new(&map, keys(1, &[2])).unwrap();
        old.set_many(&[(PAYLOAD.to_owned(), b"Aliya".to_vec())]).unwrap();
        let before = map.0.borrow().clone();
        let new = SealedStore::new(&map, keys(2, &[3, 1])).unwrap();
        assert_eq!(new.get(PAYLOAD).unwrap().as_deref(), Some(&b"Aliya"[..]));
        assert_eq!(*map.0.borrow(), before, "nothing is rewritten before it is asked for");
        new.set_many(&[(PAYLOAD.to_owned(), b"Aliya S.".to_vec())]).unwrap();
        assert_eq!(key_id(&map.0.borrow()[PAYLOAD]), key(2).id());
        assert_eq!(old.get(PAYLOAD).unwrap().as_deref(), Some(&b"Aliya S."[..]), "who has both reads both");
    }
}
