//! What hosts call, one module for each.

pub mod rotate_key;
