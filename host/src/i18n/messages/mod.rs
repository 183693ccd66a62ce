//! What is said where: one table for each place.

pub(crate) mod causes;
pub(crate) mod settings_pages;
pub(crate) mod setup_pages;
pub(crate) mod setup_terminal;
