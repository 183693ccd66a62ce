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

pub use account::{AccountCheck, check_account};
pub use account_lock::{AccountLock, Taken};
pub use client::{Amo, Creation};
pub use error::Stop;
pub use layout::{Extent, Layout, account_id};
pub(crate) use limits::{PAGE_SIZE, WRITE_DEADLINE_MS};
pub(crate) use oauth::pair_key;
pub use oauth::{OAuth, TokenState};
pub use outcome::{Rejection, Write};
pub use parts::Part;
pub use same_account::another_account;
pub use transport::Heard;
pub use wire::{
    Catalog, Contact, ContactDraft, Element, ElementDraft, FieldValue, Lead, LeadChange, LeadDraft,
    LinkDraft, Note, NoteDraft, TAG,
};
