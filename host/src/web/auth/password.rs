//! Passwords of people, kept as argon2id.

use std::hint::black_box;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// The one name there is.
pub(crate) const OWNER: &str = "owner";
/// A shorter password is refused.
pub(crate) const CHARS_MIN: usize = 10;
/// A longer one too.
pub(crate) const CHARS_MAX: usize = 200;
const SALT_BYTES: usize = 16;

/// Each of them takes 19 MiB and some tens of milliseconds: others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Why a password could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed")]
pub(crate) struct PasswordError;

/// Whether a new password is long enough, and not longer than anybody types.
pub(crate) fn is_acceptable(password: &str) -> bool {
    (CHARS_MIN..=CHARS_MAX).contains(&password.chars().count())
}

/// What is stored of a password: argon2id with the parameters that OWASP names (19 MiB, 2 passes), as a PHC string.
///
/// # Errors
/// When this machine has no memory or no randomness for it.
pub(crate) async fn hash(password: String) -> Result<String, PasswordError> {
    slowly(move || {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).ok()?;
        hashed(&password, &salt)
    })
    .await
    .ok_or(PasswordError)
}

/// Whether it is the password of which that was stored. Where nothing was stored, no password is, and finding that out
/// takes as long.
pub(crate) async fn is_right(stored: Option<String>, password: String) -> bool {
    let verified = slowly(move || {
        let Some(stored) = stored else {
            black_box(hashed(&password, &[0; SALT_BYTES]));
            return None;
        };
        let stored = PasswordHash::new(&stored).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &stored).ok()
    });
    verified.await.is_some()
}

fn hashed(password: &str, salt: &[u8]) -> Option<String> {
    let hash: PasswordHash = Argon2::default().hash_password_with_salt(password.as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

/// Away from the threads that answer requests.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let _permit = AT_ONCE.acquire().await.ok()?;
    tokio::task::spawn_blocking(work).await.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_is_right() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("correct horse".to_owned()).await.unwrap(), "each has its own salt");
        let right = async |password: &str| is_right(Some(stored.clone()), password.to_owned()).await;
        assert!(right("correct horse").await);
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!right(wrong).await, "{wrong}");
        }
        assert!(!is_right(None, String::new()).await);
        assert!(!is_right(Some("no hash".to_owned()), String::new()).await);
    }

    #[test]
    fn a_password_has_a_length() {
        for (password, acceptable) in
            [("123456789", false), ("1234567890", true), ("пароль пароль", true), ("", false)]
        {
            assert_eq!(is_acceptable(password), acceptable, "{password}");
        }
        assert!(is_acceptable(&"я".repeat(200)) && !is_acceptable(&"я".repeat(201)));
    }
}
