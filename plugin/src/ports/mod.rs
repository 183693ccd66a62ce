//! The five things the sync needs from outside: HTTP, a key-value store, a clock, chance and settings.
//!
//! Everything that varies between hosts, and everything a test wants to control, comes in through these traits.
//! `component` implements them over WASI; the tests implement them over the simulators, in virtual time.

mod budget;
mod bundle;
mod chance;
mod clock;
mod config;
pub(crate) mod document;
pub mod encrypted;
mod future;
mod http;
pub(crate) mod lock;
mod overlay;
mod rate_limit;
mod store;

pub(crate) use budget::{Budget, MAX_MS};
pub use bundle::Ports;
pub use chance::Chance;
pub use clock::Clock;
pub use config::Config;
pub use future::LocalFuture;
pub use http::{Http, HttpError, HttpRequest, HttpResponse, Method, NetworkTrouble};
pub use overlay::Overlay;
pub(crate) use rate_limit::Pace;
pub use store::{KeyPage, Store, StoreError};
