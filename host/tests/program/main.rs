//! The program itself, as a user starts it, against the simulators on loopback.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod config_commands;
#[path = "../databases/mod.rs"]
mod databases;
mod day_to_day;
#[cfg(unix)]
mod hosts;
#[cfg(unix)]
mod process;
mod resealing;
mod rig;
mod safe_keeping;
#[cfg(unix)]
mod signals;
