//! Calls about the amoCRM account: what it holds, whether the settings fit it, and how to get at it.

pub mod connect;
pub mod describe;
pub mod examine;
pub mod prepare;
