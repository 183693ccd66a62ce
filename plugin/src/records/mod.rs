//! The durable record of every order and of every open attempt to create something.
//!
//! Two realms: a **shop**'s own (orders, watermark), under `shop/<connection>/`, and what belongs to the **amoCRM
//! account**, under `amo/<account id>/`, which shops of one account share (contacts, products, leads by code, open
//! attempts) and work on under its lock.
//! Values are JSON with a version; what is not understood is reported, never overwritten.
//! Only the payload of an order has personal data; it is a record of its own and is removed once the order is settled.
//! What is private ([`is_private`](crate::ports::encrypted::is_private)) reaches the store sealed.

mod account;
mod index;
mod intents;
mod order;
mod pairs;
mod row;
mod shop;
mod visits;

pub(crate) use account::{AccountLedger, LeadEntry, Tail};
pub(crate) use index::Index;
pub(crate) use intents::{Attempt, Attempts, Effect};
pub(crate) use order::DEATHS_PARKED;
pub(crate) use order::{Note, Parts, Record, Trouble, Written, tombstones};
pub(crate) use pairs::Pairs;
pub(crate) use shop::{AccountPin, Loaded, Meta, Settled, ShopLedger};
pub(crate) use visits::{Visit, Visits};
