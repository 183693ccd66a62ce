//! What a command needs to begin: the component, and how long it may wait for others and for its own end.

use std::{path::Path, time::Duration};

use crate::{
    base::{
        failure::{Exit, Failure, Text},
        shutdown::{Stop, stop},
    },
    wasm::{Plugin, PluginError, default_cache_folder},
};

/// How long a command waits for another run of its connection to end.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// The component, from a file or embedded.
pub(crate) fn load_plugin(file: Option<&Path>) -> Result<Plugin, Failure> {
    Plugin::load(file, default_cache_folder().as_deref()).map_err(|error| match error {
        PluginError::NotEmbedded => Failure {
            exit: Exit::Bug,
            error: Text::new(error.to_string(), "программа собрана без компонента"),
            hint: Text::new(
                "build it with: cargo xtask build; or name a component with --plugin FILE",
                "соберите её командой cargo xtask build или укажите компонент: --plugin FILE",
            ),
        },
        PluginError::Broken(error) => Failure::internal(format!("{error:#}")),
    })
}

/// Ends at SIGINT and SIGTERM; at the second one without waiting for anything.
pub(crate) fn stop_on_signals() -> Stop {
    let (stopper, stop) = stop();
    tokio::spawn(async move {
        match stopper.stop_on_signals().await {
            Ok(code) => std::process::exit(code),
            Err(error) => tracing::warn!("signals are not heard: {error}"),
        }
    });
    stop
}
