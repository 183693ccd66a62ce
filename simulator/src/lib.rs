//! Kaspi and amoCRM as pure state machines with faults, and an HTTP shell around them.
//!
//! The machines are functions of (state, request, now): no clock, no chance and no network of their own, so the same
//! code serves tests in virtual time, end-to-end tests over loopback and the demo. They are strict: whatever
//! `docs/apis/` does not allow is refused, so that a client cannot live on their good nature. They share no types
//! with the plugin. Start reading at [`World`], then [`kaspi`] and [`amo`]; [`oracle`] says what must hold after a
//! run.

pub mod amo;
pub mod codec;
pub mod demo;
pub mod fault;
pub mod http;
pub mod kaspi;
mod limiter;
pub mod oracle;
pub mod rng;
pub mod serve;
mod world;

pub use serve::serve;
pub use world::World;
