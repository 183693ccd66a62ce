//! The settings of a call.

use super::error::RunError;
use crate::{ports::Ports, settings::Settings};

/// The settings of a call, for one connection.
pub(crate) fn load_settings(ports: Ports<'_>, connection: Option<String>) -> Result<Settings, RunError> {
    let mut settings = Settings::load(ports.config)?;
    settings.connection = connection.unwrap_or(settings.connection);
    Ok(settings)
}
