//! The way out: which addresses may be reached, how a connection is made, and a client that says exactly how far a
//! request came. Knows nothing of the component.

mod address;
mod client;
mod connect;
mod error;
mod gate;
mod lease_guard;
mod origin;
pub mod rate_limit;

pub use address::is_public;
pub use client::{Client, Limits};
pub use connect::{Reach, Route};
pub use error::SendError;
pub use gate::Gate;
pub use lease_guard::{Hold, Term};
pub use origin::{AllowList, Origin, OriginError};
