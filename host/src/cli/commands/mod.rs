//! One file or folder for each command.

pub(crate) mod backfill;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod migrate;
pub(crate) mod orders;
pub(crate) mod password;
pub(crate) mod reseal;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod statement;
pub(crate) mod status;
