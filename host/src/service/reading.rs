//! Calls that change nothing: a dry run, and the account as it is set up. They need no lease, so a run of the
//! connection may be under way.

use std::{sync::Arc, time::Duration};

use super::{
    call::finished,
    error::RunError,
    host::{Host, Target},
};
use crate::{
    base::job::Job,
    base::shutdown::Stop,
    contract::types::{AccountDescription, Report},
    egress::rate_limit::{Limiter, QuietTickets, Share, Urgency},
    wasm::Slice,
};

/// Time for reading the account.
const ACCOUNT_MAX: Duration = Duration::from_secs(90);

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
        let call = Box::pin(self.plugin.describe_account(guest, ACCOUNT_MAX));
        finished(call, stop, Duration::ZERO).await
    }

    /// Tickets of a call that only reads, and keeps out of the way of all others.
    pub(super) fn quiet_share(&self, target: &Target) -> Share {
        let tickets = Arc::new(QuietTickets::new(self.store.clone()));
        let limiter = Limiter::new(tickets, target.amo.account(), target.connection.amo_rps());
        Arc::new(limiter).share(target.connection.name(), Urgency::Live)
    }
}
