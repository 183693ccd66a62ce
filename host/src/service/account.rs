//! Setting up an account, and finding out why it does not work.

use std::{sync::Arc, time::Duration};

use super::{
    call::{CLOSING, finished},
    error::RunError,
    host::Host,
};
use crate::{
    base::job::Job,
    base::shutdown::Stop,
    contract::types::{Account, AccountPart, BuyerDetails, Examination, Prepared, Side},
    egress::rate_limit::Urgency,
    wasm::{Answer, Guest},
};

/// Time for what asks both servers a few questions.
const ASK_MAX: Duration = Duration::from_secs(60);

impl Host {
    /// Tries what the settings name at both sides, or at one; changes nothing.
    ///
    /// # Errors
    /// When the component does not answer. What is wrong with the settings is a symptom where the component can tell it.
    pub async fn examine(
        &self,
        connection: &str,
        side: Option<Side>,
        stop: &Stop,
    ) -> Result<Examination, RunError> {
        let guest = self.onlooker(connection, stop)?;
        finished(Box::pin(self.plugin.examine(guest, side, ASK_MAX)), stop, Duration::ZERO).await
    }

    /// Who placed an order; `None` once it is settled. The caller records who has asked.
    ///
    /// # Errors
    /// When settings are wrong, or the component does not answer.
    pub async fn buyer(
        &self,
        connection: &str,
        code: &str,
        stop: &Stop,
    ) -> Result<Option<BuyerDetails>, RunError> {
        let guest = self.onlooker(connection, stop)?;
        finished(Box::pin(self.plugin.buyer(guest, code, ASK_MAX)), stop, Duration::ZERO).await
    }

    /// Makes fields and lists that the account lacks.
    ///
    /// # Errors
    /// When it could not begin, or amoCRM refuses.
    pub async fn prepare_account(
        self: &Arc<Self>,
        connection: &str,
        parts: &[AccountPart],
        wait: Duration,
        stop: &Stop,
    ) -> Result<Prepared, RunError> {
        let ask = async |guest| self.plugin.prepare_account(guest, parts, ASK_MAX).await;
        self.change(connection, ask, wait, stop).await
    }

    /// Trades an authorization code for tokens of the account of the settings.
    ///
    /// # Errors
    /// When it could not begin, or amoCRM refuses.
    pub async fn connect_account(
        self: &Arc<Self>,
        connection: &str,
        code: &str,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Account, RunError> {
        let ask = async |guest| self.plugin.connect_account(guest, code, ASK_MAX).await;
        self.change(connection, ask, wait, stop).await
    }

    /// Marks the tokens of a connection as dead, if it works with that account.
    ///
    /// # Errors
    /// When it could not begin, or the store fails.
    pub async fn disconnect_account(
        self: &Arc<Self>,
        connection: &str,
        account_id: i64,
        wait: Duration,
        stop: &Stop,
    ) -> Result<bool, RunError> {
        let ask = async |guest| self.plugin.disconnect_account(guest, account_id, ASK_MAX).await;
        self.change(connection, ask, wait, stop).await
    }

    fn onlooker(&self, connection: &str, stop: &Stop) -> Result<Guest, RunError> {
        let target = self.target_so_far(connection)?;
        Ok(self.guest(&target, None, self.quiet_share(&target), stop))
    }

    async fn change<T>(
        self: &Arc<Self>,
        connection: &str,
        ask: impl AsyncFnOnce(Guest) -> Answer<T>,
        wait: Duration,
        stop: &Stop,
    ) -> Result<T, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let guest = run.guest(Urgency::Live, stop);
        let answer = finished(Box::pin(ask(guest)), stop, CLOSING).await;
        run.finish(stop).await;
        answer
    }
}
