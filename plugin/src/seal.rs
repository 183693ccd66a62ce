//! Seals secrets and personal data before they reach the store, whatever host it belongs to.
//!
//! An envelope is bound to the key it is stored under, so a value that was moved to another row does not open, and
//! it names the secret key that it was made with, so a wrong key is told from a damaged value.
//! The nonce follows from the contents under a key of its own: no randomness is asked of a host that may have none,
//! and one nonce never serves two contents. What that gives away is whether a value was written again unchanged.

mod keyring;
mod reseal;

pub use keyring::Keyring;
pub use reseal::reseal;

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{
    domain::{base64::from_base64, hash::hex},
    ledger::is_private,
    ports::{KeyPage, Store, StoreError},
};

/// First byte of an envelope; the JSON of the ledger never begins with it.
const VERSION: u8 = 1;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;

/// Proves which secret key a store belongs to, also while nothing else in it is sealed.
pub(crate) const PROOF_KEY: &str = "seal";
const PROOF: &[u8] = b"the secret key of this store";

/// One key, 32 bytes, and what follows from them.
#[derive(Clone)]
pub struct SecretKey {
    id: [u8; ID_BYTES],
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.id())
    }
}

impl SecretKey {
    /// Reads 32 bytes in base64, with or without padding.
    pub fn parse(text: &str) -> Option<Self> {
        let key: [u8; 32] = from_base64(text)?.try_into().ok()?;
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&mac(&key, &[b"id"])[..ID_BYTES]);
        let cipher = XChaCha20Poly1305::new(&mac(&key, &[b"contents"]).into());
        Some(Self { id, cipher, nonces: mac(&key, &[b"nonces"]) })
    }

    /// A short name of the key that tells nothing about it.
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// The envelope of a value that is stored under `key`.
    pub fn seal(&self, key: &str, value: &[u8]) -> Vec<u8> {
        let nonce = mac(&self.nonces, &[key.as_bytes(), value]);
        let nonce = XNonce::try_from(&nonce[..NONCE_BYTES]).expect("24 of 32 bytes");
        let mut envelope = vec![VERSION];
        envelope.extend_from_slice(&self.id);
        let aad = bound_to(&envelope, key);
        envelope.extend_from_slice(&nonce);
        let contents = self.cipher.encrypt(&nonce, Payload { msg: value, aad: &aad });
        envelope.extend(contents.expect("values are far below the 256 GiB of the cipher"));
        envelope
    }

    /// The value in an envelope.
    ///
    /// # Errors
    /// When it was made with another key, for another row, or was damaged.
    pub fn open(&self, key: &str, envelope: &[u8]) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError::Damaged { key: key.to_owned() };
        if !is_envelope(envelope) || envelope.len() < HEAD_BYTES {
            return Err(damaged());
        }
        let (head, contents) = envelope.split_at(HEAD_BYTES);
        let (label, nonce) = head.split_at(1 + ID_BYTES);
        if label[1..] != self.id {
            return Err(SealError::OtherKey { sealed_with: hex(&label[1..]), have: self.id() });
        }
        let nonce = XNonce::try_from(nonce).map_err(|_| damaged())?;
        let payload = Payload { msg: contents, aad: &bound_to(label, key) };
        self.cipher.decrypt(&nonce, payload).map_err(|_| damaged())
    }
}

/// Why a sealed value cannot be read. Never names anything but keys of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed, and no key is set.
    #[error(
        "SECRET_KEY: is not set, but the store is sealed with the key {sealed_with}; set that key again / не задан, \
         но данные зашифрованы ключом {sealed_with}; верните этот ключ"
    )]
    NoKey {
        /// Name of the key.
        sealed_with: String,
    },
    /// Sealed with another key.
    #[error(
        "SECRET_KEY: the store is sealed with the key {sealed_with}, what is set is {have}; set the right one, add it \
         to SECRET_KEY_ALSO, or put its key file back / данные зашифрованы ключом {sealed_with}, а задан {have}; \
         укажите прежний ключ, добавьте его в SECRET_KEY_ALSO или верните его файл"
    )]
    OtherKey {
        /// Name of the key that sealed it.
        sealed_with: String,
        /// Names of the keys that are set.
        have: String,
    },
    /// Changed since it was sealed, or moved from another row.
    #[error(
        "DATABASE_URL: the value of {key} was changed or moved by something other than this program; restore the \
         database from a backup / значение {key} изменено или перемещено не этой программой; восстановите базу \
         из резервной копии"
    )]
    Damaged {
        /// Key of the row.
        key: String,
    },
}

impl From<SealError> for StoreError {
    fn from(error: SealError) -> Self {
        Self::Unusable(error.to_string())
    }
}

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

pub(crate) fn is_envelope(value: &[u8]) -> bool {
    value.first() == Some(&VERSION)
}

/// Name of the key that an envelope was made with.
pub(crate) fn key_id(envelope: &[u8]) -> String {
    hex(envelope.get(1..=ID_BYTES).unwrap_or_default())
}

fn bound_to(label: &[u8], key: &str) -> Vec<u8> {
    [label, key.as_bytes()].concat()
}

/// HMAC-SHA-256 over parts of known lengths.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key is allowed");
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;
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
