//! Wasmtime: the engine, the compiled component, and one call into it.

mod cache;
mod embedded;
mod engine;

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use tokio::time::Instant;
use wasmtime::component::{Component, Linker};

pub use cache::default_folder as default_cache_folder;
pub use embedded::{EMBEDDED, is_embedded};

use crate::{
    imports::{self, Guest, bindings},
    job::Job,
};

/// A call may take this much longer than the component was told.
const GRACE: Duration = Duration::from_secs(90);

/// The component, compiled and linked; instances are made from it in a fraction of a millisecond.
#[derive(Clone)]
pub struct Plugin {
    engine: engine::TickingEngine,
    linked: bindings::Host_Pre<Guest>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plugin")
    }
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// This program was built without one.
    #[error("this program was built without the component")]
    NotEmbedded,
    /// It cannot be read, compiled or linked.
    #[error("{0:#}")]
    Broken(anyhow::Error),
}

/// How a call ended without an answer of the component.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Stopped at the deadline around the whole call.
    #[error("the component did not come back within {0:?} and was stopped")]
    Deadline(Duration),
    /// It trapped, or does not fit this host.
    #[error("the component failed: {0}")]
    Trap(String),
}

impl Plugin {
    /// Compiles a component file, or the embedded one. `cache` is the folder for compiled code.
    ///
    /// # Errors
    /// When there is no component, or it does not fit this host.
    pub fn load(file: Option<&Path>, cache: Option<&Path>) -> Result<Self, PluginError> {
        match file {
            Some(file) => {
                let bytes = std::fs::read(file)
                    .with_context(|| format!("cannot read the component {}", file.display()))
                    .map_err(PluginError::Broken)?;
                Self::from_bytes(&bytes, cache).map_err(PluginError::Broken)
            }
            None if !is_embedded() => Err(PluginError::NotEmbedded),
            None => Self::from_bytes(EMBEDDED, cache).map_err(PluginError::Broken),
        }
    }

    fn from_bytes(bytes: &[u8], cache: Option<&Path>) -> anyhow::Result<Self> {
        let engine =
            engine::TickingEngine::new().map_err(anyhow::Error::from).context("cannot set up wasmtime")?;
        let component: Component = match cache {
            Some(folder) => cache::compile(&engine, bytes, folder)?,
            None => Component::from_binary(&engine, bytes).map_err(anyhow::Error::from)?,
        };
        let mut linker = Linker::new(&engine);
        imports::add_to_linker(&mut linker)
            .map_err(anyhow::Error::from)
            .context("cannot link the imports")?;
        let linked = linker
            .instantiate_pre(&component)
            .and_then(bindings::Host_Pre::new)
            .map_err(anyhow::Error::from)
            .context("the component does not fit this host")?;
        Ok(Self { engine, linked })
    }

    /// Runs one slice of a job in a fresh instance, which is dropped afterwards.
    ///
    /// # Errors
    /// When the component does not answer.
    pub async fn run(
        &self,
        guest: Guest,
        job: Job,
        max: Duration,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        let options = serde_json::json!({
            "max_ms": u64::try_from(max.as_millis()).unwrap_or(u64::MAX),
            "connection": guest.connection(),
            // This host lets only one run of a connection through.
            "lease": "host",
            // Without the right to change anything, all that a run can do is to show what it would.
            "dry_run": !guest.may_change(),
        });
        self.call(guest, Call::Run(job), options, max + GRACE).await
    }

    /// Asks for the account of the guest's settings, in a fresh instance too.
    ///
    /// # Errors
    /// When the component does not answer.
    pub async fn describe_account(
        &self,
        guest: Guest,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        let options = serde_json::json!({"connection": guest.connection()});
        self.call(guest, Call::DescribeAccount, options, GRACE).await
    }

    async fn call(
        &self,
        guest: Guest,
        call: Call,
        options: serde_json::Value,
        limit: Duration,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        let options = options.to_string();
        let panic = guest.stderr();
        let mut store = self.engine.store(guest, Instant::now() + limit);
        let call = async {
            let instance = self.linked.instantiate_async(&mut store).await?;
            let sync = instance.kaspi_amocrm_plugin_sync();
            match call {
                Call::Run(job) => sync.call_run(&mut store, job.into(), &options).await,
                Call::DescribeAccount => sync.call_describe_account(&mut store, &options).await,
            }
        };
        // Epochs do not cut a wait inside a host call and a timeout does not stop a busy guest: both are needed.
        match tokio::time::timeout(limit, Box::pin(call)).await {
            Err(_) => Err(CallError::Deadline(limit)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(CallError::Trap(trap_text(&error, &panic.contents()))),
        }
    }
}

/// What the component is asked for.
enum Call {
    Run(Job),
    DescribeAccount,
}

/// The reason of a trap and where the component panicked; never its message, which may hold data of buyers.
fn trap_text(error: &wasmtime::Error, stderr: &[u8]) -> String {
    let reason = error.root_cause().to_string();
    let stderr = String::from_utf8_lossy(stderr);
    match stderr.lines().find_map(|line| line.split_once("panicked at ")) {
        Some((_, place)) => format!("panicked at {}", place.trim_end_matches(':')),
        None => reason,
    }
}
