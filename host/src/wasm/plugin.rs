//! The compiled component, and the calls of its functions.

use std::{
    fmt::{self, Debug},
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::Instant;
use wasmtime::{
    Store,
    component::{Component, Linker},
};

use super::{
    cache,
    call::{Answer, Call},
    embedded::{EMBEDDED, is_embedded},
    engine,
    guest::{
        Guest, Sandbox,
        bindings::{self, exports::kaspi_amocrm::plugin::sync::Guest as Sync},
    },
    imports,
};
use crate::{
    base::calendar::Range,
    base::job::Job,
    contract::types::{
        Account, AccountDescription, AccountPart, BuyerDetails, Caller, Error, Examination, KeyRotation,
        Lease, OrdersPage, OrdersQuery, Prepared, RangeStatement, Repair, Report, RetryResult, RetryWhich,
        RunOptions, Side, TimeRange,
    },
};

/// The component, compiled and linked; instances are made from it in a fraction of a millisecond.
#[derive(Clone)]
pub struct Plugin {
    engine: engine::TickingEngine,
    linked: bindings::Host_Pre<Guest>,
    sandbox: Sandbox,
}

impl Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    pub async fn run(&self, guest: Guest, slice: Slice, max: Duration) -> Answer<Report> {
        let options = RunOptions {
            caller: caller(&guest),
            max_ms: Some(milliseconds(max)),
            continues: slice.continues,
            // Without the right to change anything, all that a run can do is to show what it would.
            dry_run: !guest.may_change(),
        };
        self.call(guest, self.limit_of(max), async |sync, store| {
            sync.call_run(store, slice.job.into(), &options).await
        })
        .await
    }

    /// One slice of bringing in the orders of a range.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn backfill(&self, guest: Guest, range: Range, max: Duration) -> Answer<Report> {
        let caller = caller(&guest);
        self.call(guest, self.limit_of(max), async |sync, store| {
            sync.call_backfill(store, &caller, range.into(), Some(milliseconds(max))).await
        })
        .await
    }

    /// Where orders stand, and why: these, or without codes a page of all that have something left to do.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn orders(
        &self,
        guest: Guest,
        codes: &[String],
        after: Option<&str>,
        limit: Duration,
    ) -> Answer<OrdersPage> {
        let query = OrdersQuery {
            connection: Some(guest.connection().to_owned()),
            codes: codes.to_vec(),
            after: after.map(str::to_owned),
            limit: None,
        };
        self.call(guest, limit, async |sync, store| sync.call_orders(store, &query).await).await
    }

    /// Lets parked orders be tried again.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn retry(&self, guest: Guest, which: &RetryWhich, limit: Duration) -> Answer<RetryResult> {
        let caller = caller(&guest);
        self.call(guest, limit, async |sync, store| sync.call_retry(store, &caller, which).await).await
    }

    /// Who ordered.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn buyer(&self, guest: Guest, code: &str, limit: Duration) -> Answer<Option<BuyerDetails>> {
        let connection = guest.connection().to_owned();
        self.call(guest, limit, async |sync, store| sync.call_buyer(store, Some(&connection), code).await)
            .await
    }

    /// The orders of a range against the leads.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn statement(
        &self,
        guest: Guest,
        range: Range,
        repair: Repair,
        limit: Duration,
    ) -> Answer<RangeStatement> {
        let caller = caller(&guest);
        self.call(guest, limit, async |sync, store| {
            sync.call_statement(store, &caller, range.into(), repair).await
        })
        .await
    }

    /// One slice of sealing the store with the key of today.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn rotate_key(&self, guest: Guest, max: Duration, after: Option<&str>) -> Answer<KeyRotation> {
        let caller = caller(&guest);
        self.call(guest, self.limit_of(max), async |sync, store| {
            sync.call_rotate_key(store, &caller, Some(milliseconds(max)), after).await
        })
        .await
    }

    /// The account of the guest's settings, compared with them.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn describe_account(&self, guest: Guest, limit: Duration) -> Answer<AccountDescription> {
        let connection = guest.connection().to_owned();
        self.call(guest, limit, async |sync, store| {
            sync.call_describe_account(store, Some(&connection)).await
        })
        .await
    }

    /// Whether both sides, or one, take what the settings name.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn examine(&self, guest: Guest, side: Option<Side>, limit: Duration) -> Answer<Examination> {
        let connection = guest.connection().to_owned();
        self.call(guest, limit, async |sync, store| sync.call_examine(store, Some(&connection), side).await)
            .await
    }

    /// Makes what the account lacks.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn prepare_account(
        &self,
        guest: Guest,
        parts: &[AccountPart],
        limit: Duration,
    ) -> Answer<Prepared> {
        let caller = caller(&guest);
        self.call(guest, limit, async |sync, store| sync.call_prepare_account(store, &caller, parts).await)
            .await
    }

    /// Trades an authorization code for tokens.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn connect_account(&self, guest: Guest, code: &str, limit: Duration) -> Answer<Account> {
        let caller = caller(&guest);
        self.call(guest, limit, async |sync, store| sync.call_connect_account(store, &caller, code).await)
            .await
    }

    /// Marks the tokens as dead, if they are of this account.
    ///
    /// # Errors
    /// When the component does not answer in time.
    pub async fn disconnect_account(&self, guest: Guest, account_id: i64, limit: Duration) -> Answer<bool> {
        let caller = caller(&guest);
        self.call(guest, limit, async |sync, store| {
            sync.call_disconnect_account(store, &caller, account_id).await
        })
        .await
    }

    /// A component that was told how long it may work gets some time to end by itself.
    fn limit_of(&self, max: Duration) -> Duration {
        max.saturating_add(self.sandbox.grace)
    }

    /// Calls one function of a fresh instance, which is dropped afterwards.
    async fn call<T: Debug>(
        &self,
        guest: Guest,
        limit: Duration,
        function: impl AsyncFnOnce(&Sync, &mut Store<Guest>) -> wasmtime::Result<Result<T, Error>>,
    ) -> Answer<T> {
        let guest = guest.within(&self.sandbox);
        let call = Call { limit, answer_bytes: self.sandbox.report_bytes, panic: guest.stderr() };
        let mut store = self.engine.store(guest, Instant::now() + limit);
        store.limiter(Guest::limiter);
        store.set_hostcall_fuel(self.sandbox.call_bytes);
        call.ended(Box::pin(async {
            let instance = self.linked.instantiate_async(&mut store).await?;
            function(instance.kaspi_amocrm_plugin_sync(), &mut store).await
        }))
        .await
    }
}

/// This host lets only one run of a connection through.
fn caller(guest: &Guest) -> Caller {
    Caller { connection: Some(guest.connection().to_owned()), lease: Lease::Host }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<Range> for TimeRange {
    fn from(range: Range) -> Self {
        Self { from_ms: range.from_ms, to_ms: range.to_ms }
    }
}
