//! Where somebody is in the setup, with the draft of the settings, and why a step does not go on.

use std::{sync::Arc, time::Duration};

use kaspi_amocrm_contract::Setting;

use crate::{
    config::{Changes, Settings},
    contract::types::{AccountDescription, AccountPart, Examination, Side},
    diagnostics::{doctor, finding::Finding},
    onboarding::setup,
    service::{Host, RunError},
    web::{app::state::Web, console::frame::visitor::Visitor},
};

/// How long to wait for a run of the connection to end.
const WAIT: Duration = Duration::from_secs(20);

/// Where somebody is in the setup.
pub(super) struct Place<'v> {
    pub(super) web: &'v Web,
    pub(super) visitor: &'v Visitor,
    /// With the settings of the draft.
    pub(super) host: Arc<Host>,
}

/// Why a step does not go on.
pub(super) enum Halt {
    /// Something has to be put right.
    Findings(Vec<Finding>),
    /// A fault of ours.
    Fault(RunError),
}

impl From<RunError> for Halt {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_) | RunError::Busy => {
                Self::Findings(doctor::unexamined(error))
            }
            RunError::Settings(error) => {
                Self::Findings(error.findings.iter().map(doctor::wrong_setting).collect())
            }
            error => Self::Fault(error),
        }
    }
}

impl<'v> Place<'v> {
    pub(super) fn of(web: &'v Web, visitor: &'v Visitor) -> Self {
        Self { web, visitor, host: web.site.host_in_setup() }
    }

    pub(super) fn settings(&self) -> &Settings {
        self.host.settings()
    }

    pub(super) fn connection(&self) -> &str {
        &self.visitor.connection
    }

    pub(super) fn value(&self, setting: &'static Setting) -> Option<String> {
        self.settings().value(self.connection(), setting).map(|(value, _)| value)
    }

    /// The draft with some changes. What the environment of the program overrides is told instead of being lost.
    pub(super) fn change(&mut self, changes: &Changes) -> Result<(), Halt> {
        let overridden = self.settings().overridden(self.connection(), changes);
        self.host = self.web.site.draft(self.settings().with(self.connection(), changes));
        match &overridden[..] {
            [] => Ok(()),
            names => Err(Halt::Findings(vec![doctor::overridden(names)])),
        }
    }

    pub(super) fn set(&mut self, setting: &'static Setting, value: String) -> Result<(), Halt> {
        self.change(&Changes::from([(setting.name, value)]))
    }

    pub(super) async fn account(&self) -> Result<AccountDescription, Halt> {
        Ok(Box::pin(self.host.describe_account(self.connection(), &self.web.stop)).await?)
    }

    /// Whether one side takes what was set for it.
    pub(super) async fn tried(&self, side: Side) -> Result<Examination, Halt> {
        let tried = setup::try_side(&self.host, self.connection(), side, &self.web.stop).await?;
        if tried.stopping.is_empty() { Ok(tried.seen) } else { Err(Halt::Findings(tried.stopping)) }
    }

    /// Makes in the account what was asked for, and sets what was made.
    pub(super) async fn make(&mut self, wanted: &[AccountPart]) -> Result<(), Halt> {
        if wanted.is_empty() {
            return Ok(());
        }
        let call = self.host.prepare_account(self.connection(), wanted, WAIT, &self.web.stop);
        let prepared = Box::pin(call).await?;
        let mut changes = setup::named(&prepared.found);
        changes.extend(setup::named(&prepared.made));
        self.change(&changes)
    }
}
