//! Several keys at once, so that a store can change from one to another while it is in use.

use super::secret_key::{SealError, SecretKey};

/// `SECRET_KEY`, which seals and opens, and those of `SECRET_KEY_ALSO`, which only open.
#[derive(Debug, Clone)]
pub struct Keyring {
    sealing: SecretKey,
    also: Vec<SecretKey>,
}

impl Keyring {
    /// The key that seals, and further ones.
    pub fn new(sealing: SecretKey, also: Vec<SecretKey>) -> Self {
        Self { sealing, also }
    }

    /// Name of the key that seals.
    pub fn id(&self) -> String {
        self.sealing.id()
    }

    /// The envelope of a value that is stored under `key`.
    pub fn seal(&self, key: &str, value: &[u8]) -> Vec<u8> {
        self.sealing.seal(key, value)
    }

    /// The value in an envelope that any of the keys has made.
    ///
    /// # Errors
    /// When it was made with none of them, for another row, or was damaged.
    pub fn open(&self, key: &str, envelope: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut opened = self.sealing.open(key, envelope);
        let mut names = self.id();
        for secret in &self.also {
            let Err(SealError::OtherKey { .. }) = opened else { return opened };
            opened = secret.open(key, envelope);
            names = format!("{names}, {}", secret.id());
        }
        match opened {
            Err(SealError::OtherKey { sealed_with, .. }) => {
                Err(SealError::OtherKey { sealed_with, have: names })
            }
            opened => opened,
        }
    }
}
