//! What an operation of the store answers with.

use std::{future::Future, pin::Pin};

use crate::store::error::StoreError;

/// An answer of the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;
