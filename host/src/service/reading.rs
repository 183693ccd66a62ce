//! Calls that change nothing: a dry run, and the account as it is set up. They need no lease, so a run of the
//! connection may be under way.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use super::{
    call::finished,
    error::RunError,
    host::{Host, Target},
    report::Report,
};
use crate::{
    base::{job::Job, shutdown::Stop},
    egress::rate_limit::{Limiter, QuietTickets, Share, Urgency},
    wasm::Slice,
};

/// What `describe-account` answers, see `wit/world.wit`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AccountDescription {
    /// The account itself.
    pub account: Item,
    /// Settings that the account contradicts.
    pub findings: Vec<Told>,
    /// What works worse than it could.
    pub hints: Vec<Told>,
    /// Pipelines with the stages that leads can be made in.
    pub pipelines: Vec<Pipeline>,
    /// Active users.
    pub users: Vec<Item>,
    /// Lists.
    pub catalogs: Vec<Item>,
    /// Fields of leads.
    pub lead_fields: Vec<Item>,
    /// Fields of contacts.
    pub contact_fields: Vec<Item>,
    /// Reasons why a lead is lost.
    pub loss_reasons: Vec<Item>,
}

/// A finding of the component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The setting.
    pub name: String,
    /// What is wrong and what to do, English.
    pub en: String,
    /// The same in Russian.
    pub ru: String,
}

/// Something with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// First part of the address; of the account only.
    pub subdomain: String,
    /// `text`, `numeric` ... of a field, `products`, `regular` ... of a list.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pipeline {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Where leads go that name none.
    pub is_main: bool,
    /// Whether it was put away.
    pub is_archive: bool,
    /// Its stages, in their order.
    pub stages: Vec<Item>,
}

impl Host {
    /// Shows what a run would do from the state that is stored; stores nothing.
    ///
    /// # Errors
    /// When settings are missing or wrong, or the component does not answer.
    pub async fn dry_run(
        &self,
        connection: &str,
        job: Job,
        max: Duration,
        stop: &Stop,
    ) -> Result<Report, RunError> {
        let target = self.target(connection)?;
        self.slice(&target, None, self.quiet_share(&target), Slice::first(job), max, stop).await
    }

    /// Reads the account of a connection and compares its settings with it.
    ///
    /// # Errors
    /// When settings are missing or wrong, or the account cannot be read.
    pub async fn describe_account(
        &self,
        connection: &str,
        stop: &Stop,
    ) -> Result<AccountDescription, RunError> {
        let target = self.target(connection)?;
        let guest = self.guest(&target, None, self.quiet_share(&target), stop);
        let text = finished(self.plugin.describe_account(guest), stop, Duration::ZERO).await?;
        serde_json::from_str(&text)
            .map_err(|error| RunError::Internal(format!("the component's description is not valid: {error}")))
    }

    /// Tickets of a call that only reads, and keeps out of the way of all others.
    pub(super) fn quiet_share(&self, target: &Target) -> Share {
        let tickets = Arc::new(QuietTickets::new(self.store.clone()));
        let limiter = Limiter::new(tickets, target.amo.account(), target.connection.amo_rps());
        Arc::new(limiter).share(target.connection.name(), Urgency::Live)
    }
}
