//! Seals secrets and personal data before they reach the store, whatever host it belongs to.
//!
//! An envelope is bound to the key it is stored under, so a value that was moved to another row does not open, and
//! it names the secret key that it was made with, so a wrong key is told from a damaged value.
//! The nonce follows from the contents under a key of its own: no randomness is asked of a host that may have none,
//! and one nonce never serves two contents. What that gives away is whether a value was written again unchanged.

mod format;
mod keyring;
mod private;
pub(crate) mod secret_key;
pub(crate) mod store;

pub use keyring::Keyring;
pub use private::is_private;
pub use secret_key::{SealError, SecretKey};
pub use store::SealedStore;
pub(crate) use store::check_format;
