//! The program itself, as a user starts it, against the simulators on loopback.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

#[cfg(unix)]
mod browser;
mod config_commands;
mod connecting;
#[path = "../databases/mod.rs"]
mod databases;
mod day_to_day;
mod embedding;
mod first_start;
mod foreign_database;
mod homes;
#[cfg(unix)]
mod hosts;
#[cfg(unix)]
mod process;
mod resealing;
mod rig;
mod safe_keeping;
mod setting_up;
mod setting_up_in_a_browser;
#[cfg(unix)]
mod signals;
#[path = "../spin/mod.rs"]
mod spin;
