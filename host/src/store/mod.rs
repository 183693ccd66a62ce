//! The store port: key-value data of the component, leases, tickets and past runs; and who may look at them.
//!
//! Only the files of this folder know SQL. A further database is one more folder that implements [`Store`] and what
//! belongs to it, a folder of migrations with the same names, and a scheme in [`open`](fn@open).

mod changes;
mod clock;
mod error;
mod migrations;
mod mysql;
mod open;
mod options;
mod port;
mod postgres;
mod server;
mod sqlite;

#[cfg(test)]
mod contract;

pub use clock::StoreClock;
pub use error::StoreError;
pub use migrations::{MIGRATIONS, Migration};
pub use mysql::MySql;
pub use open::{file_of, open, open_with};
pub use options::StoreOptions;
pub use port::{
    Store,
    audit::{Act, Audit},
    auth::{Attempt, Attempts, Pace, Passwords, Session, SessionData, Sessions},
    future::StoreFuture,
    kv::{Change, Values, Versioned},
    lease::{Fence, LeaseAnswer, LeaseRequest, Leases},
    permits::{Ticket, TicketAnswer, Tickets},
    runs::{Blocker, LastRuns, RunRecord, Runs, Span},
    schedule::{Claim, Schedule},
    schema::Schema,
};
pub use postgres::Postgres;
pub use sqlite::{SQLITE_VERSION_MIN, Sqlite, quick_check};
