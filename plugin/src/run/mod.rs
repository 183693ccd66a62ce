//! One run: read Kaspi into the ledger, check the account, settle doubts, then bring orders into amoCRM.
//!
//! Both halves meet only in the ledger, so trouble on one side never stops the other. A run works in slices: it ends
//! between two units of work when its time is spent, never before the first, and says that there is more.

pub(crate) mod account_check;
mod backlog;
pub(crate) mod cooldown;
mod error;
pub(crate) mod history;
pub(crate) mod lease;
pub(crate) mod settings;
mod slice;

pub use error::RunError;
pub(crate) use slice::window;
pub use slice::{backfill, run};
