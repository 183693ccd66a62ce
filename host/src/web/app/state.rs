//! What the addresses work with, before all: the host of the settings that are in force, and the one of a setup under way.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use super::background_tasks::Desk;
use crate::{
    base::shutdown::Stop,
    config::Settings,
    service::Host,
    web::auth::{api_token::Guard, login::Door},
};

/// What every address is given.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) site: Arc<Site>,
    pub(crate) guard: Guard,
    pub(crate) door: Door,
    /// `BASE_PATH` with a slash in front, or empty.
    pub(crate) base: Arc<str>,
    pub(crate) stop: Stop,
    pub(crate) desk: Arc<Desk>,
}

/// The hosts of this process. All of them share one database, one component and the tickets.
#[derive(Debug)]
pub struct Site {
    current: watch::Sender<Arc<Host>>,
    /// Settings that somebody is putting together; they count for nobody else.
    draft: Mutex<Option<Arc<Host>>>,
    /// Where the files of the settings are.
    folder: PathBuf,
}

impl Site {
    /// For a host whose settings stand in the files of a folder.
    pub fn new(host: Arc<Host>, folder: PathBuf) -> Arc<Self> {
        Arc::new(Self { current: watch::Sender::new(host), draft: Mutex::default(), folder })
    }

    /// The host of the settings in force.
    pub fn host(&self) -> Arc<Host> {
        self.current.borrow().clone()
    }

    /// Tells of every change of the settings.
    pub fn watch(&self) -> watch::Receiver<Arc<Host>> {
        self.current.subscribe()
    }

    /// The host of a setup under way; where there is none, that of the settings in force.
    pub fn host_in_setup(&self) -> Arc<Host> {
        let draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        draft.clone().unwrap_or_else(|| self.host())
    }

    /// Goes on with a setup: these settings count for it.
    pub fn draft(&self, settings: Settings) -> Arc<Host> {
        let host = self.host().with_settings(settings);
        *self.draft.lock().unwrap_or_else(PoisonError::into_inner) = Some(host.clone());
        host
    }

    /// Ends a setup.
    pub fn drop_draft(&self) {
        *self.draft.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Reads the files of the settings again and works with what they say now.
    pub fn reload(&self) {
        self.current.send_replace(self.host().with_settings(Settings::load(&self.folder)));
    }

    /// Where the files of the settings are.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}
