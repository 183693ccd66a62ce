//! Settings: gathered once from environment, `.env` and `kaspi-amocrm.toml`, checked before anything is sent.
//!
//! The environment counts most, then `.env`, then the TOML file. All three describe the connection `default`; further
//! connections stand in the TOML file under `[connections.NAME]`. Names, shapes and defaults come from the crate
//! `kaspi-amocrm-contract`; nothing else is read from the environment.
//! Loading never fails: what cannot be read is a finding like any other, so that all of them are told at once.

mod connection;
mod database;
mod dotenv;
mod files;
mod load;
pub mod secret_key;
mod settings;
#[cfg(test)]
mod tests;
mod toml_text;
mod values;
mod writer;

pub use connection::Connection;
pub use kaspi_amocrm_contract::{Finding, SettingsError};
pub use settings::Settings;
pub use values::{Changes, DEFAULT_CONNECTION, DOTENV_FILE, Source, TOML_FILE};
pub use writer::{Written, is_secret, lines};
