//! amoCRM's API v4: reading lists, creating in batches, and what the answer to a write proves.
//!
//! Only this folder knows amoCRM's field names. What is known of the API stands in docs/apis/amocrm.md.

mod account;
mod client;
mod layout;
mod outcome;
mod parts;
mod tokens;
mod wire;

pub use account::{AccountCheck, another_account, check_account};
pub use client::{Amo, Creation, Heard, Stop};
pub use layout::{Extent, Layout, account_id};
pub use outcome::{Rejection, Write};
pub use parts::Part;
pub use tokens::{OAuth, TokenState};
pub use wire::{
    Catalog, Contact, ContactDraft, Element, ElementDraft, FieldValue, Lead, LeadChange, LeadDraft,
    LinkDraft, Note, NoteDraft, TAG,
};

pub(crate) use client::{PAGE_SIZE, WRITE_DEADLINE_MS};
pub(crate) use tokens::pair_key;
