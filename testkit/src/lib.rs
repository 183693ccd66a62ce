//! The native sync beside the simulators, in virtual time: nothing waits, nothing depends on chance.
//!
//! [`rig`] is one shop with one account, [`shops`] are several that share an account and run at the same time.
//! [`trace`] plays seeds through both and holds every request, report and lead against committed digests.
#![expect(missing_docs, reason = "tests of this workspace are the only readers; the names say it")]

pub mod changes;
pub mod clock;
pub mod orders;
pub mod rig;
pub mod shops;
pub mod store;
pub mod trace;
pub mod wire;

pub use clock::VirtualClock;
pub use orders::{MINUTE_MS, NOON_MS, orders, world};
pub use rig::Rig;
pub use store::{MapConfig, MemoryStore};
pub use wire::{LATENCY_MS, delivered, wire};
