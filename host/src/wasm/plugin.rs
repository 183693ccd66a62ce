//! The compiled component, and one call into it.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use serde_json::{Map, Value};
use tokio::time::Instant;
use wasmtime::component::{Component, Linker};

use super::{
    cache,
    embedded::{EMBEDDED, is_embedded},
    engine,
    guest::{Guest, Limit, Sandbox, bindings},
    imports,
};
use crate::base::job::Job;

/// Characters of an error of the component that are kept.
const ERROR_CHARS_MAX: usize = 1_000;

/// The component, compiled and linked; instances are made from it in a fraction of a millisecond.
#[derive(Clone)]
pub struct Plugin {
    engine: engine::TickingEngine,
    linked: bindings::Host_Pre<Guest>,
    sandbox: Sandbox,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plugin")
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The job of the run.
    pub job: Job,
    /// Whether it goes on with what the slice before has begun.
    pub continues: bool,
}

impl Slice {
    /// The first part of a run.
    pub fn first(job: Job) -> Self {
        Self { job, continues: false }
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
    /// Stopped at a limit of its [`Sandbox`].
    #[error("the component was stopped: it reached the limit of {0}")]
    Limit(Limit),
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
                Self::from_bytes(&bytes, cache, true).map_err(PluginError::Broken)
            }
            None if !is_embedded() => Err(PluginError::NotEmbedded),
            None => Self::from_bytes(EMBEDDED, cache, true).map_err(PluginError::Broken),
        }
    }

    /// Compiles a component that nothing stops while it computes: for measuring what the interruptions cost.
    ///
    /// # Errors
    /// When it does not fit this host.
    pub fn load_uninterruptible(bytes: &[u8]) -> Result<Self, PluginError> {
        Self::from_bytes(bytes, None, false).map_err(PluginError::Broken)
    }

    /// The same component under other limits than the default ones.
    #[must_use]
    pub fn with_sandbox(self, sandbox: Sandbox) -> Self {
        Self { sandbox, ..self }
    }

    fn from_bytes(bytes: &[u8], cache: Option<&Path>, can_interrupt: bool) -> anyhow::Result<Self> {
        let engine = engine::TickingEngine::new(can_interrupt)
            .map_err(anyhow::Error::from)
            .context("cannot set up wasmtime")?;
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
        Ok(Self { engine, linked, sandbox: Sandbox::default() })
    }

    /// Runs one slice of a job in a fresh instance, which is dropped afterwards.
    ///
    /// # Errors
    /// When the component does not answer.
    pub async fn run(
        &self,
        guest: Guest,
        slice: Slice,
        max: Duration,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        let options = serde_json::json!({
            "max_ms": u64::try_from(max.as_millis()).unwrap_or(u64::MAX),
            "connection": guest.connection(),
            // This host lets only one run of a connection through.
            "lease": "host",
            // Without the right to change anything, all that a run can do is to show what it would.
            "dry_run": !guest.may_change(),
            "continues": slice.continues,
        });
        self.call(guest, Call::Run(slice.job), options, max.saturating_add(self.sandbox.grace)).await
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
        self.call(guest, Call::DescribeAccount, options, self.sandbox.grace).await
    }

    /// Asks about orders, or for work on single ones, in a fresh instance too. `options` are those of the question; who
    /// asks, and that the connection is held, is added here.
    ///
    /// # Errors
    /// When the component does not answer within `limit`.
    pub async fn ask(
        &self,
        guest: Guest,
        question: Question,
        mut options: Map<String, Value>,
        limit: Duration,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        options.insert("connection".to_owned(), guest.connection().into());
        if guest.may_change() {
            options.insert("lease".to_owned(), "host".into());
        }
        self.call(guest, Call::Ask(question), Value::Object(options), limit).await
    }

    /// How much longer a call may take than the component was told.
    pub(crate) fn grace(&self) -> Duration {
        self.sandbox.grace
    }

    async fn call(
        &self,
        guest: Guest,
        call: Call,
        options: Value,
        limit: Duration,
    ) -> Result<Result<String, bindings::GuestError>, CallError> {
        let options = options.to_string();
        let guest = guest.within(&self.sandbox);
        let panic = guest.stderr();
        let mut store = self.engine.store(guest, Instant::now() + limit);
        store.limiter(Guest::limiter);
        store.set_hostcall_fuel(self.sandbox.call_bytes);
        let call = async {
            let instance = self.linked.instantiate_async(&mut store).await?;
            let sync = instance.kaspi_amocrm_plugin_sync();
            match call {
                Call::Run(job) => sync.call_run(&mut store, job.into(), &options).await,
                Call::DescribeAccount => sync.call_describe_account(&mut store, &options).await,
                Call::Ask(Question::Orders) => sync.call_orders(&mut store, &options).await,
                Call::Ask(Question::Retry) => sync.call_retry(&mut store, &options).await,
                Call::Ask(Question::Backfill) => sync.call_backfill(&mut store, &options).await,
                Call::Ask(Question::Statement) => sync.call_statement(&mut store, &options).await,
                Call::Ask(Question::Reseal) => sync.call_reseal(&mut store, &options).await,
                Call::Ask(Question::Examine) => sync.call_examine(&mut store, &options).await,
                Call::Ask(Question::Prepare) => sync.call_prepare_account(&mut store, &options).await,
                Call::Ask(Question::Connect) => sync.call_connect_account(&mut store, &options).await,
                Call::Ask(Question::Disconnect) => sync.call_disconnect_account(&mut store, &options).await,
                Call::Ask(Question::Buyer) => sync.call_buyer(&mut store, &options).await,
            }
        };
        // Epochs do not cut a wait inside a host call and a timeout does not stop a busy guest: both are needed.
        match tokio::time::timeout(limit, Box::pin(call)).await {
            Err(_) => Err(CallError::Deadline(limit)),
            Ok(Ok(Ok(report))) if report.len() > self.sandbox.report_bytes => {
                Err(CallError::Limit(Limit::Report))
            }
            Ok(Ok(answer)) => Ok(answer.map_err(shortened)),
            Ok(Err(error)) if error.downcast_ref::<engine::OutOfTime>().is_some() => {
                Err(CallError::Deadline(limit))
            }
            Ok(Err(error)) => Err(match Limit::of(&error) {
                Some(limit) => CallError::Limit(limit),
                None => CallError::Trap(trap_text(&error, &panic.contents())),
            }),
        }
    }
}

/// What the component is asked for.
enum Call {
    Run(Job),
    DescribeAccount,
    Ask(Question),
}

/// A question about orders or the account, or work on single ones or on the store; see `wit/world.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Where orders stand, and why.
    Orders,
    /// Lets parked orders be tried again.
    Retry,
    /// One slice of bringing in the orders of a range.
    Backfill,
    /// The orders of a range against the leads.
    Statement,
    /// One slice of sealing the store with the key of today.
    Reseal,
    /// Whether both sides take what the settings name.
    Examine,
    /// Makes missing fields in the account.
    Prepare,
    /// Trades an authorization code for tokens.
    Connect,
    /// Marks the tokens as dead.
    Disconnect,
    /// Who ordered.
    Buyer,
}

fn shortened(error: bindings::GuestError) -> bindings::GuestError {
    use bindings::GuestError::{Busy, Config, Internal, Upstream};
    let cut = |text: String| text.chars().take(ERROR_CHARS_MAX).collect();
    match error {
        Config(text) => Config(cut(text)),
        Upstream(text) => Upstream(cut(text)),
        Internal(text) => Internal(cut(text)),
        Busy => Busy,
    }
}

/// The reason of a trap and where the component panicked; never its message, which may hold data of buyers.
fn trap_text(error: &wasmtime::Error, stderr: &[u8]) -> String {
    let stderr = String::from_utf8_lossy(stderr);
    let place = stderr.lines().find_map(|line| line.split_once("panicked at ")).map(|(_, place)| place);
    match (place.and_then(source_place), error.downcast_ref::<wasmtime::Trap>()) {
        (Some(place), _) => format!("panicked at {place}"),
        (None, Some(trap)) => trap.to_string(),
        (None, None) => error.root_cause().to_string(),
    }
}

/// `file:line:column`, or nothing: what stands there is the component's word, and may be anything.
fn source_place(text: &str) -> Option<&str> {
    const CHARS_MAX: usize = 120;
    let place = text.trim_end_matches(':');
    let is_number = |part: Option<&str>| {
        part.is_some_and(|n| (1..=6).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = place.rsplitn(3, ':');
    let is_place = is_number(parts.next()) && is_number(parts.next());
    let file = parts.next().filter(|file| file.ends_with(".rs") && file.len() <= CHARS_MAX)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/\\._-".contains(&b);
    (is_place && file.bytes().all(is_plain)).then_some(place)
}

#[cfg(test)]
mod tests {
    use crate::wasm::plugin::source_place;

    #[test]
    fn only_a_place_in_the_source_is_told() {
        for (text, place) in [
            ("plugin/src/sync.rs:12:5:", Some("plugin/src/sync.rs:12:5")),
            ("+7 701 123 45 67", None),
            ("Айгерим.rs:1:1:", None),
            ("Bearer abc.rs:1:1:", None),
            ("plugin/src/sync.rs:12345678:5:", None),
            ("", None),
        ] {
            assert_eq!(source_place(text), place, "{text}");
        }
    }
}
