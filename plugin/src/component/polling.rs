//! The pollables of `wasi:io` and their one blocking call.

use super::{
    bindings::wasi::io::poll::{Pollable, poll},
    reactor,
};

/// Waits for pollables of the host.
pub(super) type Reactor = reactor::Reactor<Pollable>;

impl reactor::Pollable for Pollable {
    fn poll_any(pollables: &[&Self]) -> Vec<u32> {
        poll(pollables)
    }
}
