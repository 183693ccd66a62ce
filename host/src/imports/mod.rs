//! What the component imports. One file per interface that we implement ourselves; the rest of WASI comes from
//! wasmtime, over an empty context: no files, no environment, no sockets.

mod config;
mod http;
mod keyvalue;

use std::{collections::BTreeMap, fmt, sync::Arc};

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{
    WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
    cli::{WasiCli, WasiCliView},
    p2::{
        bindings::{cli, random},
        pipe::MemoryOutputPipe,
    },
    random::WasiRandom,
};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub use self::http::Outbound;
use self::{http::Hooks, keyvalue::Keyvalue};
use crate::{
    config::DEFAULT_CONNECTION,
    job::Job,
    runtime::{Limiter, Sandbox},
};

/// Bytes of the component's error output that are kept, for the place of a panic.
const STDERR_BYTES_MAX: usize = 4096;

/// Generated from `wit/world.wit`, world `host`.
#[expect(missing_docs, reason = "generated code")]
pub mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "host",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:keyvalue/store.bucket": crate::imports::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::imports::keyvalue::Cas,
        },
    });

    pub use self::exports::kaspi_amocrm::plugin::sync::{Error as GuestError, Job as GuestJob};
}

impl From<Job> for bindings::GuestJob {
    fn from(job: Job) -> Self {
        match job {
            Job::New => Self::New,
            Job::Reconcile => Self::Reconcile,
        }
    }
}

/// What one instance of the component works with.
pub struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    stderr: MemoryOutputPipe,
    hooks: Hooks,
    keyvalue: Keyvalue,
    settings: Arc<BTreeMap<String, String>>,
    limiter: Limiter,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("fence", &self.keyvalue.fence).finish_non_exhaustive()
    }
}

impl Guest {
    /// With the way out of a run that holds its connection; of one that does not it can read and change nothing, neither
    /// in the store nor at a server. `settings` by lower-case name. Its limits are those of the component that is called
    /// with it.
    pub fn new(outbound: Outbound, settings: Arc<BTreeMap<String, String>>) -> Self {
        let store = outbound.store.clone();
        let fence = outbound.hold.as_ref().map(|hold| hold.fence.clone());
        let sandbox = Sandbox::default();
        let stderr = MemoryOutputPipe::new(STDERR_BYTES_MAX);
        Self {
            wasi: WasiCtxBuilder::new().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            stderr,
            hooks: Hooks::new(outbound, &sandbox),
            keyvalue: Keyvalue::new(store, fence, &sandbox),
            settings,
            limiter: sandbox.limiter(),
        }
    }

    /// The same under the limits of a component, which sets them before each call.
    pub(crate) fn within(mut self, sandbox: &Sandbox) -> Self {
        self.wasi =
            WasiCtxBuilder::new().stderr(self.stderr.clone()).max_random_size(sandbox.random_bytes).build();
        self.http.set_field_size_limit(sandbox.header_bytes);
        self.table.set_max_capacity(sandbox.resources);
        self.hooks.limit(sandbox);
        self.keyvalue.limit(sandbox);
        self.limiter = sandbox.limiter();
        self
    }

    /// Counts memories and tables.
    pub(crate) fn limiter(&mut self) -> &mut dyn wasmtime::ResourceLimiter {
        &mut self.limiter
    }

    /// The connection that the settings belong to.
    pub fn connection(&self) -> &str {
        self.settings.get("connection").map_or(DEFAULT_CONNECTION, String::as_str)
    }

    /// Whether it holds its connection and may change anything.
    pub fn may_change(&self) -> bool {
        self.keyvalue.fence.is_some()
    }

    /// What the component writes when it panics.
    pub(crate) fn stderr(&self) -> MemoryOutputPipe {
        self.stderr.clone()
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Defines everything that the component imports. Of WASI only what its imports name (`plugin/tests/imports.txt`): there
/// are no files and no sockets to link.
///
/// # Errors
/// When an interface is defined twice.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |guest| guest.wasi.random())?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    bindings::wasi::keyvalue::store::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::keyvalue::batch::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::config::store::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}
