//! Everything that runs need: the component, the store, the settings.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    call::{CLOSING, finished},
    error::{OpenError, RunError},
};
use crate::{
    base::shutdown::Stop,
    config::{Connection, Settings, secret_key},
    contract::types::Report,
    egress::{
        AllowList, Client, Hold, Origin,
        rate_limit::{Limiter, Share},
    },
    store::{self, Store, StoreError},
    wasm::{Guest, Outbound, Plugin, Slice},
};

/// By account and number of tickets.
type Limiters = Mutex<HashMap<(String, u32), Arc<Limiter>>>;

/// Everything that runs need: the component, the store, the settings.
#[derive(Debug)]
pub struct Host {
    pub(super) plugin: Plugin,
    pub(super) store: Arc<dyn Store>,
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

    pub(super) fn target(&self, connection: &str) -> Result<Target, RunError> {
        let connection = self.settings.connection(connection)?;
        let amo = connection.amo_origin()?;
        self.target_of(connection, amo)
    }

    /// A connection that somebody is still setting up. Without an account there is nobody but Kaspi to talk to.
    pub(super) fn target_so_far(&self, connection: &str) -> Result<Target, RunError> {
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
    pub(super) fn guest(&self, target: &Target, hold: Option<Hold>, share: Share, stop: &Stop) -> Guest {
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
    pub(super) async fn slice(
        &self,
        target: &Target,
        hold: Option<Hold>,
        share: Share,
        slice: Slice,
        max: Duration,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        let guest = self.guest(target, hold, share, stop);
        finished(Box::pin(self.plugin.run(guest, slice, max)), stop, CLOSING).await
    }

    pub(super) fn limiter(&self, account: &Origin, count: u32) -> Arc<Limiter> {
        let account = account.account();
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Limiter::new(self.store.clone(), account.clone(), count));
        limiters.entry((account.clone(), count)).or_insert_with(new).clone()
    }
}

/// A connection, and where its requests go.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) connection: Connection,
    pub(super) kaspi: Origin,
    pub(super) amo: Origin,
    pub(super) proxy: Option<Origin>,
    pub(super) settings: Arc<BTreeMap<String, String>>,
}
