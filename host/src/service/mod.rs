//! What this program does for a connection, whoever asks for it: runs, questions about orders, the account, statements.
//! The commands, the schedule and the pages all come here.

mod account;
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
mod statement;
pub(crate) mod stored_report;

pub use error::{OpenError, RunError};
pub use host::Host;
pub use lease::Lease;
pub use orders::{Backfilled, Repaired, Retried};
pub use report::Slices;
pub use run::{Outcome, Run, RunLimits};
pub use statement::Comparison;
