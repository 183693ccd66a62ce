//! One file or folder for each page, and what several of them show.

pub(crate) mod account;
pub(crate) mod chart;
pub(crate) mod chooser;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod preferences;
pub(crate) mod problems;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod statement;
