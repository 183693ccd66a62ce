//! Futures of the single-threaded guest.

use std::{future::Future, pin::Pin};

/// A future of the single-threaded guest.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
