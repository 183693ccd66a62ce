//! What hosts call, one module for each call or trigger.

pub mod account;
pub mod http;
pub mod orders;
pub mod retry;
pub mod rotate_key;
pub mod statement;
pub mod timer;
