//! What all addresses work with, and what goes on behind them.

pub(crate) mod background_tasks;
pub(crate) mod state;
