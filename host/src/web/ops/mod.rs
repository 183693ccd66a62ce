//! For machines: health and figures, and `/cron` and `/migrate` for a hosting panel.

pub(crate) mod cron;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod migrate;
