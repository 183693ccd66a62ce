//! What this program does for a connection, whoever asks for it: runs, questions about orders, the account, statements.
//! The commands, the schedule and the pages all come here.

mod account;
mod answers;
mod call;
pub mod connections_status;
mod error;
mod host;
mod lease;
pub(crate) mod order_rows;
mod orders;
mod reading;
mod report;
mod rotate_key;
mod run;
pub mod schedule;

pub use account::{Buyer, Examination, Made, Prepared, SeenAmo, SeenKaspi, Symptom};
pub use answers::{Cause, Difference, Field, FoundOrder, RetryAnswer, StateCounts, Statement, Step};
pub use error::{OpenError, RunError};
pub use host::Host;
pub use lease::Lease;
pub use orders::{Backfilled, Repaired, Retried, Which};
pub use reading::{AccountDescription, Item, Pipeline, Told};
pub use report::{Problem, Report, Requests};
pub use rotate_key::Resealed;
pub use run::{Outcome, Run, RunLimits};
