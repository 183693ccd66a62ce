//! amoCRM's API v4: reading lists, creating in batches, and what the answer to a write proves.
//!
//! Only this folder knows amoCRM's field names. What is known of the API stands in docs/apis/amocrm.md.

mod account;
mod account_lock;
mod client;
pub(crate) mod dry_run;
mod error;
mod layout;
mod limits;
mod oauth;
mod outcome;
mod parts;
mod same_account;
mod transport;
mod wire;

pub(crate) use account::{AccountCheck, check_account};
pub(crate) use account_lock::Taken;
pub(crate) use client::{Amo, Creation};
pub(crate) use error::Stop;
pub(crate) use layout::{Extent, Layout, account_id};
pub(crate) use limits::{PAGE_SIZE, WRITE_DEADLINE_MS};
pub(crate) use oauth::pair_key;
pub(crate) use outcome::{RefusedPart, Write};
pub(crate) use parts::Part;
pub(crate) use same_account::another_account;
pub(crate) use wire::{
    Catalog, Contact, ContactDraft, Element, ElementDraft, FieldValue, Lead, LeadChange, LeadDraft,
    LinkDraft, Note, NoteDraft,
};
