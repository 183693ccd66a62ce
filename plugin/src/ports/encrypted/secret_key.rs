//! One secret key and its envelopes.

use kaspi_amocrm_contract::{Finding, Message, MessageId};
use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{
    domain::{base64::from_base64, hash::hex},
    ports::store::StoreError,
};

/// First byte of an envelope; the JSON of the ledger never begins with it.
const VERSION: u8 = 1;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
pub(super) const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealError {
    /// Sealed, and no key is set.
    NoKey {
        /// Name of the key.
        sealed_with: String,
    },
    /// Sealed with another key.
    OtherKey {
        /// Name of the key that sealed it.
        sealed_with: String,
        /// Names of the keys that are set.
        have: String,
    },
    /// Changed since it was sealed, or moved from another row.
    Damaged {
        /// Key of the row.
        key: String,
    },
}

impl SealError {
    /// The setting, what is wrong, and what to do.
    pub fn finding(&self) -> Finding {
        match self {
            Self::NoKey { sealed_with } => Finding::new(
                "SECRET_KEY",
                Message::new(MessageId::StoreSealedKeyNotSet, [("sealed_with", sealed_with)]),
                MessageId::SetThatKeyAgain,
            ),
            Self::OtherKey { sealed_with, have } => Finding::new(
                "SECRET_KEY",
                Message::new(
                    MessageId::StoreSealedWithOtherKey,
                    [("sealed_with", sealed_with), ("have", have)],
                ),
                MessageId::SetRightKey,
            ),
            Self::Damaged { key } => Finding::new(
                "DATABASE_URL",
                Message::new(MessageId::ValueDamaged, [("key", key)]),
                MessageId::RestoreDatabase,
            ),
        }
    }
}

impl From<SealError> for StoreError {
    fn from(error: SealError) -> Self {
        error.finding().into()
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
