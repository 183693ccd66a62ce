//! Chance.

/// Chance, for what must differ between installations and is never decided by.
pub trait Chance {
    /// 128 bits that nobody can guess, as far as the host has such.
    fn bits(&self) -> u128;
}
