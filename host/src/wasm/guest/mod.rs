//! One instance of the component: what it works with, and how much of everything it may use. Of WASI it gets an empty
//! context: no files, no environment, no sockets.

pub(super) mod bindings;
mod http;
mod keyvalue;
mod resources;
mod sandbox;

use std::{collections::BTreeMap, fmt, sync::Arc};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2::pipe::MemoryOutputPipe};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::config::DEFAULT_CONNECTION;
use http::Hooks;
pub use http::Outbound;
pub(crate) use keyvalue::{Keyvalue, failed};
pub(crate) use resources::{Bucket, Cas};
pub(crate) use sandbox::Limiter;
pub use sandbox::{Limit, Sandbox};

/// Bytes of the component's error output that are kept, for the place of a panic.
const STDERR_BYTES_MAX: usize = 4096;

/// What one instance of the component works with.
pub struct Guest {
    pub(crate) wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) table: ResourceTable,
    stderr: MemoryOutputPipe,
    hooks: Hooks,
    pub(crate) keyvalue: Keyvalue,
    pub(crate) settings: Arc<BTreeMap<String, String>>,
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
