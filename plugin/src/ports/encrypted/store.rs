//! A store over another one: what is private is sealed on its way.

use super::{
    keyring::Keyring,
    private::is_private,
    secret_key::{SealError, is_envelope, key_id},
};
use crate::ports::store::{KeyPage, Store, StoreError};

/// Proves which secret key a store belongs to, also while nothing else in it is sealed.
pub(crate) const PROOF_KEY: &str = "seal";
const PROOF: &[u8] = b"the secret key of this store";

/// A store that seals what is private. Everything else passes through.
pub struct SealedStore<'a> {
    inner: &'a dyn Store,
    keys: Option<Keyring>,
}

impl<'a> SealedStore<'a> {
    /// Takes a store into use. A store that was sealed with none of the keys is refused; one that a further key opens
    /// stays as it is, because other hosts may have no other key yet.
    ///
    /// # Errors
    /// When no key is the one of the store, or the store fails.
    pub fn new(inner: &'a dyn Store, keys: Option<Keyring>) -> Result<Self, StoreError> {
        let proof = inner.get(PROOF_KEY)?;
        match (&keys, proof) {
            (None, None) => {}
            (None, Some(proof)) => {
                return Err(SealError::NoKey { sealed_with: key_id(&proof) }.into());
            }
            (Some(keys), Some(proof)) => {
                if keys.open(PROOF_KEY, &proof)? != PROOF {
                    return Err(SealError::Damaged { key: PROOF_KEY.to_owned() }.into());
                }
            }
            (Some(keys), None) => {
                inner.set_many(&[(PROOF_KEY.to_owned(), keys.seal(PROOF_KEY, PROOF))])?;
            }
        }
        Ok(Self { inner, keys })
    }
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
        let Some(secret) = &self.keys else { return self.inner.set_many(pairs) };
        let sealed: Vec<_> = pairs
            .iter()
            .map(|(key, value)| {
                let value = if is_private(key) { secret.seal(key, value) } else { value.clone() };
                (key.clone(), value)
            })
            .collect();
        self.inner.set_many(&sealed)
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.inner.delete_many(keys)
    }

    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
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
            unreachable!("nothing is listed here")
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
    fn a_store_is_opened_by_its_own_key_only() {
        let map = Map::default();
        SealedStore::new(&map, keys(1, &[])).unwrap();
        SealedStore::new(&map, keys(1, &[])).unwrap();
        let refused = |keys| match SealedStore::new(&map, keys) {
            Err(StoreError::Unusable(text)) => text,
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
