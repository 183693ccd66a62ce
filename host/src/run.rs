//! One run, from lease to report. Commands, schedule and web addresses all come here.

mod account;
mod answers;
mod orders;
mod reading;
mod reseal;
mod work;

pub use account::{Buyer, Examination, Made, Prepared, SeenAmo, SeenKaspi, Symptom};
pub use answers::{Cause, Difference, Field, FoundOrder, RetryAnswer, StateCounts, Statement, Step};
pub use orders::{Backfilled, Repaired, Retried, Which};
pub use reading::{AccountDescription, Item, Pipeline, Told};
pub use reseal::Resealed;
pub use work::Run;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    base::shutdown::Stop,
    config::{
        Connection, Settings, SettingsError,
        secret_key::{self, KeyError},
    },
    egress::{
        AllowList, Client, Hold, Origin,
        rate_limit::{Limiter, Share},
    },
    job::Job,
    lease::Lease,
    report::Report,
    store::{self, Store, StoreError},
    wasm::{CallError, Guest, GuestError, Outbound, Plugin, Slice},
};

/// Time that requests under way get when the program is asked to end; less than the 10 s after which Docker kills.
const CLOSING: Duration = Duration::from_secs(8);

/// Why a run has no report, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A setting is missing or wrong, as far as the host can tell.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting is missing or wrong, as the component says.
    #[error("{0}")]
    Config(String),
    /// Another run holds the connection.
    #[error("another run holds this connection")]
    Busy,
    /// A remote service cannot be reached or refuses.
    #[error("{0}")]
    Upstream(String),
    /// A bug.
    #[error("{0}")]
    Internal(String),
    /// Asked to end before anything was done.
    #[error("interrupted")]
    Interrupted,
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be opened or brought up to date.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no key to seal with.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No folder for what a dry run throws away.
    #[error("cannot make a temporary folder: {0}")]
    Scratch(#[source] std::io::Error),
}

/// How long a run may take.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// The whole run; `None`: until it is done.
    pub total: Option<Duration>,
    /// One call of the component.
    pub slice: Duration,
    /// How many calls; `None`: until it is done.
    pub slices_max: Option<u32>,
}

impl Default for RunLimits {
    /// Until it is done, in slices of a minute.
    fn default() -> Self {
        Self { total: None, slice: Duration::from_secs(60), slices_max: None }
    }
}

/// How a run ended. It may have a report and an error: what was done before it failed.
#[derive(Debug)]
pub struct Outcome {
    /// What was done, all slices together.
    pub report: Option<Report>,
    /// Why it ended early.
    pub error: Option<RunError>,
}

/// By account and number of tickets.
type Limiters = Mutex<HashMap<(String, u32), Arc<Limiter>>>;

/// Everything that runs need: the component, the store, the settings.
#[derive(Debug)]
pub struct Host {
    plugin: Plugin,
    store: Arc<dyn Store>,
    settings: Settings,
    /// What private values are sealed with, in base64; only the component uses it.
    secret_key: String,
    client: Arc<Client>,
    limiters: Arc<Limiters>,
    /// The database of a host that found none and must not make one.
    _scratch: Option<Arc<tempfile::TempDir>>,
}

impl Host {
    /// Opens the database of the settings and finds the key that seals it. A SQLite file is brought up to date; the schema
    /// of a server, which other hosts use as well, is changed by `migrate` only.
    ///
    /// # Errors
    /// When the database cannot be opened or migrated, or is older than this program, or there is no key.
    pub async fn open(settings: Settings, plugin: Plugin) -> Result<Arc<Self>, OpenError> {
        let url = settings.database_url();
        let store = store::open(&url).await?;
        if store::file_of(&url).is_some() {
            store.migrate().await?;
        } else if !store.pending_migrations().await?.is_empty() {
            return Err(StoreError::Older.into());
        }
        let secret_key = secret_key::of(&settings, store.as_ref()).await?;
        Ok(Self::with_store(settings, plugin, store, secret_key, None))
    }

    /// For calls that change nothing: a database that does not exist is not made, an older one stays as it is.
    ///
    /// # Errors
    /// When the database cannot be opened, is older than this program, or its key is missing.
    pub async fn open_unchanged(settings: Settings, plugin: Plugin) -> Result<Arc<Self>, OpenError> {
        let is_new = store::file_of(&settings.database_url()).is_some_and(|file| !file.exists());
        if is_new {
            let scratch = tempfile::tempdir().map_err(OpenError::Scratch)?;
            let url = format!("sqlite://{}", scratch.path().join("scratch.sqlite").display());
            let store = store::open(&url).await?;
            store.migrate().await?;
            return Ok(Self::with_store(settings, plugin, store, secret_key::fresh(), Some(scratch)));
        }
        let store = store::open(&settings.database_url()).await?;
        if !store.pending_migrations().await?.is_empty() {
            return Err(StoreError::Older.into());
        }
        let secret_key = secret_key::of(&settings, store.as_ref()).await?;
        Ok(Self::with_store(settings, plugin, store, secret_key, None))
    }

    fn with_store(
        settings: Settings,
        plugin: Plugin,
        store: Arc<dyn Store>,
        secret_key: String,
        scratch: Option<tempfile::TempDir>,
    ) -> Arc<Self> {
        let (client, limiters) = (Arc::default(), Arc::default());
        let _scratch = scratch.map(Arc::new);
        Arc::new(Self { plugin, store, settings, secret_key, client, limiters, _scratch })
    }

    /// The same database, component and limits with other settings of the connections.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            plugin: self.plugin.clone(),
            store: self.store.clone(),
            settings,
            secret_key: self.secret_key.clone(),
            client: self.client.clone(),
            limiters: self.limiters.clone(),
            _scratch: self._scratch.clone(),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Runs a job until it is done or its limits are reached, then the jobs that became due meanwhile.
    ///
    /// # Errors
    /// When the run could not begin: settings, or the connection is held for longer than `wait`.
    pub async fn run(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        limits: RunLimits,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Outcome, RunError> {
        let run = self.begin_unless(connection, job, wait, stop).await?;
        let outcome = run.work(limits, stop).await;
        run.finish(stop).await;
        Ok(outcome)
    }

    /// Takes a connection for a job.
    ///
    /// # Errors
    /// When a setting is missing or wrong, the connection is held for longer than `wait`, or the store fails.
    pub async fn begin(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        wait: Duration,
    ) -> Result<Run, RunError> {
        self.begin_unless(connection, job, wait, &Stop::never()).await
    }

    async fn begin_unless(
        self: &Arc<Self>,
        connection: &str,
        job: Job,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Run, RunError> {
        let target = self.target(connection)?;
        let limiter = self.limiter(&target.amo, target.connection.amo_rps());
        let ttl = target.connection.lease_ttl();
        let lease = Lease::take(&self.store, target.connection.name(), job, ttl, wait, stop)
            .await?
            .ok_or_else(|| if stop.is_requested() { RunError::Interrupted } else { RunError::Busy })?;
        Ok(Run { host: self.clone(), target, job, lease, limiter })
    }

    fn target(&self, connection: &str) -> Result<Target, RunError> {
        let connection = self.settings.connection(connection)?;
        let amo = connection.amo_origin()?;
        self.target_of(connection, amo)
    }

    /// A connection that somebody is still setting up. Without an account there is nobody but Kaspi to talk to.
    fn target_so_far(&self, connection: &str) -> Result<Target, RunError> {
        let connection = self.settings.connection_so_far(connection)?;
        let amo = match connection.amo_base_url() {
            Some(_) => connection.amo_origin()?,
            None => connection.kaspi_origin()?,
        };
        self.target_of(connection, amo)
    }

    fn target_of(&self, connection: Connection, amo: Origin) -> Result<Target, RunError> {
        let (kaspi, proxy) = (connection.kaspi_origin()?, connection.kaspi_proxy_origin()?);
        let mut settings = connection.guest_settings();
        settings.insert("secret_key".to_owned(), self.secret_key.clone());
        if let Some(also) = self.settings.process("SECRET_KEY_ALSO") {
            settings.insert("secret_key_also".to_owned(), also.to_owned());
        }
        Ok(Target { connection, kaspi, amo, proxy, settings: Arc::new(settings) })
    }

    /// An instance of the component for one call; without a hold it can change nothing.
    fn guest(&self, target: &Target, hold: Option<Hold>, share: Share, stop: &Stop) -> Guest {
        let outbound = Outbound {
            client: self.client.clone(),
            allow: AllowList::new([target.kaspi.clone(), target.amo.clone()]),
            kaspi: target.kaspi.clone(),
            kaspi_path: target.connection.kaspi_path(),
            kaspi_proxy: target.proxy.clone(),
            account: target.amo.clone(),
            share,
            hold,
            store: self.store.clone(),
            stop: stop.clone(),
        };
        Guest::new(outbound, target.settings.clone())
    }

    /// One slice of a job.
    async fn slice(
        &self,
        target: &Target,
        hold: Option<Hold>,
        share: Share,
        slice: Slice,
        max: Duration,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        let guest = self.guest(target, hold, share, stop);
        let text = finished(self.plugin.run(guest, slice, max), stop, CLOSING).await?;
        answers::parsed(&text, "report")
    }

    fn limiter(&self, account: &Origin, count: u32) -> Arc<Limiter> {
        let account = account.account();
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Limiter::new(self.store.clone(), account.clone(), count));
        limiters.entry((account.clone(), count)).or_insert_with(new).clone()
    }
}

/// A connection, and where its requests go.
#[derive(Debug)]
struct Target {
    connection: Connection,
    kaspi: Origin,
    amo: Origin,
    proxy: Option<Origin>,
    settings: Arc<BTreeMap<String, String>>,
}

/// How a call of the component came back.
type Called = Result<Result<String, GuestError>, CallError>;

/// Waits for a call. Once it is time to end, nothing new is sent any more; what is under way may come back and be
/// recorded within `closing`.
async fn finished(
    call: impl Future<Output = Called>,
    stop: &Stop,
    closing: Duration,
) -> Result<String, RunError> {
    tokio::select! {
        called = call => answer(called),
        () = async { stop.requested().await; tokio::time::sleep(closing).await } => Err(RunError::Interrupted),
    }
}

/// What the component answers, with its errors as ours.
fn answer(answer: Called) -> Result<String, RunError> {
    match answer {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(GuestError::Config(text))) => Err(RunError::Config(text)),
        Ok(Err(GuestError::Busy)) => Err(RunError::Busy),
        Ok(Err(GuestError::Upstream(text))) => Err(RunError::Upstream(text)),
        Ok(Err(GuestError::Internal(text))) => Err(RunError::Internal(text)),
        Err(error) => Err(RunError::Internal(error.to_string())),
    }
}
