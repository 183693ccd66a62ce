//! Kaspi's merchant API: reading orders and their lines. Never writes.
//!
//! Only this folder knows Kaspi's field names. What is known of the API stands in docs/apis/kaspi.md.

mod client;
pub(crate) mod pages;
mod wire;

pub(crate) use client::{Kaspi, KaspiError, Obstacle, Window};
