//! Everything that can be wrong: how bad it is, why it is so, and what to do, in three languages.

mod amocrm;
mod catalog;
mod definition;
mod kaspi;
mod machine;

#[cfg(test)]
pub(crate) use catalog::groups;
pub(crate) use catalog::{filled, of};
pub(crate) use definition::{Class, Severity};
