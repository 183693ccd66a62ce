//! Spin, as far as the component can tell: what Spin 3.5 and 4.0 offer their guests, with the habits of its key-value
//! stores. No replacement for the real one (`cargo xtask spin-check`), but here in every test run.
//!
//! The linker has WASI 0.2, `wasi:http`, and the drafts of `wasi:keyvalue` and `wasi:config` that Spin has, and nothing
//! else: an import that Spin lacks ends here as it ends there. Each firing and each request is an instance of its own,
//! none waits for another, and nothing but the store outlives it. What the stores do was read in Spin 4.0.2
//! (`crates/key-value-spin`, `crates/key-value-redis`) and seen in the program.

mod keyvalue;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use wasmtime::{
    Config, Engine, ResourceLimiter, Store,
    component::{Component, HasSelf, Linker, ResourceTable},
};
use wasmtime_wasi::{
    HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2::pipe::MemoryOutputPipe,
};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
    p2::bindings::{ProxyPre, http::types::Scheme},
};

pub(crate) use keyvalue::Backend;
use keyvalue::Stores;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package test:spin;
            world app {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import wasi:config/store@0.2.0-draft-2024-09-27;
                use kaspi-amocrm:plugin/schedule@0.2.0.{metadata, error};
                export handle-cron-event: func(metadata: metadata) -> result<_, error>;
            }
        ",
        world: "test:spin/app",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:keyvalue/store.bucket": super::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": super::keyvalue::Cas,
        },
    });
}

/// Bytes of output that are kept of one firing.
const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// The component, compiled: as long as the process of a trigger lives.
pub(crate) struct Spin {
    engine: Engine,
    cron: bindings::AppPre<Guest>,
    http: ProxyPre<Guest>,
}

impl Spin {
    /// Starts with a component; fails on an import that Spin does not have.
    pub(crate) fn start(wasm: &[u8]) -> wasmtime::Result<Self> {
        let engine = Engine::new(&Config::new())?;
        let component = Component::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        bindings::wasi::keyvalue::store::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        bindings::wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        bindings::wasi::keyvalue::batch::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        bindings::wasi::config::store::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
        let pre = linker.instantiate_pre(&component)?;
        Ok(Self { engine, cron: bindings::AppPre::new(pre.clone())?, http: ProxyPre::new(pre)? })
    }
}

/// An application: its variables, the hosts it may talk to, and its store.
#[derive(Clone)]
pub(crate) struct App {
    spin: Arc<Spin>,
    /// Of all components; each firing names further ones.
    variables: BTreeMap<String, String>,
    /// `scheme://host:port`, each exactly.
    allowed: Vec<String>,
    stores: Arc<Mutex<Stores>>,
    client: Client<HttpConnector, WasiBody>,
    /// How far the clock on the wall is ahead.
    ahead_ms: Arc<AtomicI64>,
    memory_bytes_max: Arc<AtomicUsize>,
}

/// What came of one firing.
#[derive(Debug)]
pub(crate) struct Fired {
    /// The message of the component's error, or of the trap.
    pub(crate) result: Result<(), String>,
    /// What it wrote to its output.
    pub(crate) output: String,
}

impl App {
    pub(crate) fn new(
        spin: Arc<Spin>,
        variables: BTreeMap<String, String>,
        allowed: Vec<String>,
        backend: Backend,
    ) -> Self {
        Self {
            spin,
            variables,
            allowed,
            stores: Arc::new(Mutex::new(Stores::new(backend))),
            client: Client::builder(TokioExecutor::new()).build_http(),
            ahead_ms: Arc::default(),
            memory_bytes_max: Arc::default(),
        }
    }

    /// The largest memory that an instance has had.
    pub(crate) fn memory_bytes_max(&self) -> usize {
        self.memory_bytes_max.load(Ordering::Relaxed)
    }

    /// Sets the clock on the wall forward for everything that begins from now on.
    pub(crate) fn let_pass(&self, duration: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Everything that is stored.
    pub(crate) fn stored(&self) -> BTreeMap<String, Vec<u8>> {
        self.stores.lock().unwrap().values().clone()
    }

    /// The cron trigger fires for a component with these further variables.
    pub(crate) async fn fire(&self, variables: &[(&str, &str)]) -> Fired {
        let output = MemoryOutputPipe::new(OUTPUT_BYTES_MAX);
        let mut store = self.store(variables, &output);
        let seconds = kaspi_amocrm_simulator::serve::wall_clock_ms().unsigned_abs() / 1_000;
        let metadata = bindings::Metadata { timestamp: seconds };
        let called = async {
            let instance = self.spin.cron.instantiate_async(&mut store).await?;
            instance.call_handle_cron_event(&mut store, metadata).await
        };
        let result = match called.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(bindings::Error::Other(message))) => Err(message),
            Err(trap) => Err(format!("{trap:#}")),
        };
        drop(store);
        Fired { result, output: String::from_utf8(output.contents().to_vec()).unwrap() }
    }

    /// The HTTP trigger gets a request; answers with its status, headers and body.
    pub(crate) async fn get(
        &self,
        path_with_query: &str,
        headers: &[(&str, &str)],
    ) -> (u16, http::HeaderMap, String) {
        let mut store = self.store(&[], &MemoryOutputPipe::new(OUTPUT_BYTES_MAX));
        let mut request = hyper::Request::get(format!("http://app.test{path_with_query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request =
            request.body(Empty::<Bytes>::new().map_err(|never| -> Error { match never {} })).unwrap();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request).unwrap();
        let outparam = store.data_mut().http().new_response_outparam(sender).unwrap();
        let proxy = self.spin.http.instantiate_async(&mut store).await.unwrap();
        let handled = async {
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await.unwrap();
        };
        let answered = async {
            let (head, body) = receiver.await.unwrap().unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
        };
        tokio::join!(handled, answered).1
    }

    fn store(&self, variables: &[(&str, &str)], output: &MemoryOutputPipe) -> Store<Guest> {
        let mut all = self.variables.clone();
        all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let clock = WallClock(self.ahead_ms.load(Ordering::Relaxed));
        let guest = Guest {
            wasi: WasiCtxBuilder::new().stdout(output.clone()).wall_clock(clock).build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: Hooks { allowed: self.allowed.clone(), client: self.client.clone() },
            variables: all,
            stores: self.stores.clone(),
            memory_bytes_max: self.memory_bytes_max.clone(),
        };
        let mut store = Store::new(&self.spin.engine, guest);
        store.limiter(|guest| guest);
        store
    }
}

struct WallClock(i64);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let now_ms = kaspi_amocrm_simulator::serve::wall_clock_ms() + self.0;
        Duration::from_millis(now_ms.unsigned_abs())
    }
}

/// One instance's view.
struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    variables: BTreeMap<String, String>,
    stores: Arc<Mutex<Stores>>,
    memory_bytes_max: Arc<AtomicUsize>,
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

/// Measures only: Spin limits nothing by default.
impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.memory_bytes_max.fetch_max(desired, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

impl bindings::wasi::config::store::Host for Guest {
    async fn get(
        &mut self,
        key: String,
    ) -> wasmtime::Result<Result<Option<String>, bindings::wasi::config::store::Error>> {
        Ok(Ok(self.variables.get(&key).cloned()))
    }

    async fn get_all(
        &mut self,
    ) -> wasmtime::Result<Result<Vec<(String, String)>, bindings::wasi::config::store::Error>> {
        Ok(Ok(self.variables.clone().into_iter().collect()))
    }
}

/// Requests go only where the manifest allows it.
struct Hooks {
    allowed: Vec<String>,
    client: Client<HttpConnector, WasiBody>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = wasmtime_wasi_http::Result<(hyper::Response<WasiBody>, Io)>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: hyper::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processing: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let uri = request.uri();
        let origin = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map(|authority| authority.as_str()).unwrap_or_default()
        );
        if !self.allowed.contains(&origin) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let client = self.client.clone();
        Box::new(async move {
            // Ten minutes is what Spin waits where a guest says nothing.
            let limit =
                options.and_then(|options| options.first_byte_timeout).unwrap_or(Duration::from_secs(600));
            let answer = tokio::time::timeout(limit, client.request(request)).await;
            let answer = answer.map_err(|_| Error::HttpResponseTimeout)?.map_err(|error| {
                if error.is_connect() { Error::ConnectionRefused } else { Error::HttpProtocolError }
            })?;
            let answer = answer.map(|body| body.map_err(|_| Error::HttpProtocolError).boxed_unsync());
            Ok((answer, Box::new(async { Ok(()) }) as Io))
        })
    }
}
