//! The tickets of one amoCRM account.
//!
//! The account accepts seven requests a second. A request needs one of seven tickets, and a ticket comes back one
//! second after its answer was received. So between two uses of a ticket at least a second passes at the other side
//! too, however long the network takes, and no second ever sees an eighth request. The times are in the store, which
//! all processes share, and by its clock.

mod fair_queue;
mod limiter;
mod memory;

pub use fair_queue::Urgency;
pub use limiter::{Ended, Limiter, Share};
pub use memory::{MemoryTickets, QuietTickets};
