//! One run's work with one account.

use crate::contract::types::Report;
use std::collections::BTreeSet;

use super::failure::Failure;
use crate::{
    amocrm::{AccountCheck, Amo, Stop, Taken},
    domain::{OrderCode, Phone, element_key},
    plan::{Crm, Known, KnownLead, Policy, Work},
    ports::{Budget, Ports},
    records::{AccountLedger, Attempts, Effect, Record, ShopLedger, Tail},
    settings::Settings,
};

/// One run's work with one account.
pub(crate) struct Session<'a> {
    /// Time.
    pub ports: Ports<'a>,
    /// The settings.
    pub settings: &'a Settings,
    /// amoCRM.
    pub amo: &'a Amo<'a>,
    /// The shop's realm of the ledger.
    pub shop: &'a ShopLedger<'a>,
    /// The account's realm of the ledger.
    pub account: AccountLedger<'a>,
    /// What the settings mean in this account.
    pub check: &'a AccountCheck,
    /// Open attempts of all shops of the account.
    pub attempts: Attempts,
    /// How far the list of leads has been read.
    pub tail: Tail,
    /// What is known of the CRM.
    pub crm: Crm,
    /// Orders that may wait for what other shops left in doubt; empty once that was looked for.
    pub awaiting: Vec<OrderCode>,
    /// What was done.
    pub report: &'a mut Report,
    /// Nothing is changed.
    pub is_dry_run: bool,
    /// Entities in one request.
    pub batch: usize,
    /// Keys of contacts and elements that were found to be gone: each is looked for again once in a run.
    pub forgotten: BTreeSet<String>,
    /// Orders whose leads were changed, each counted once.
    pub changed: BTreeSet<OrderCode>,
}

impl<'a> Session<'a> {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    /// Counts a lead that was changed.
    pub(crate) fn count_change(&mut self, code: &OrderCode) {
        self.report.updated += u64::from(self.changed.insert(code.clone()));
    }

    /// Takes the lock of the account and forgets what another shop may have changed since it was last ours. Waits a
    /// while for it; [`Stop::Busy`] if that was in vain. A dry run changes nothing, so it excludes nobody.
    pub(crate) async fn take_account(&mut self, budget: &Budget<'_>) -> Result<(), Failure> {
        if !self.is_dry_run {
            match self.amo.lock().take(self.check.account_id, budget.left_ms()).await? {
                None => return Err(Stop::Busy.into()),
                Some(Taken::Undisturbed) => {}
                Some(Taken::AfterOthers) => {
                    self.attempts = self.account.attempts()?;
                    self.tail = self.account.tail()?;
                    self.crm = Crm::default();
                    self.load_doubts();
                }
            }
        }
        Ok(self.account.ensure_salt(&self.settings.connection, self.ports.chance)?)
    }

    /// Gives the account back.
    pub(crate) fn release_account(&self) -> Result<(), Failure> {
        Ok(self.amo.lock().release()?)
    }

    /// Asks something that depends on the policy of this moment.
    pub(crate) fn with_policy<T>(&self, ask: impl FnOnce(&Policy<'_>) -> T) -> T {
        let account = &self.account;
        let phone_key = |phone: &Phone| account.phone_key(phone);
        let policy = Policy {
            settings: self.settings,
            now_ms: self.now_ms(),
            pipeline_id: self.check.pipeline_id,
            first_stage_id: self.check.first_stage_id,
            catalog: self.check.catalog.as_ref(),
            phone_key: &phone_key,
            element_key: &element_key,
        };
        ask(&policy)
    }
}

/// Changes the record of one order among those that are worked on.
pub(crate) fn set_record(works: &mut [Work], code: &OrderCode, change: impl FnOnce(&mut Record)) {
    if let Some(work) = works.iter_mut().find(|work| work.order.code == *code) {
        change(&mut work.record);
    }
}

impl Session<'_> {
    /// Tells the plan about attempts that are open.
    pub(crate) fn load_doubts(&mut self) {
        for (key, _) in self.attempts.open.iter().filter(|(_, attempt)| !attempt.is_absent) {
            match Effect::parse(key) {
                Some(Effect::Contact(key)) => drop(self.crm.contacts.insert(key, Known::Doubt)),
                Some(Effect::Element(key)) => drop(self.crm.elements.insert(key, Known::Doubt)),
                Some(Effect::Lead(code)) => drop(self.crm.leads.insert(code, KnownLead::Doubt)),
                Some(Effect::Note(code, revision)) => {
                    drop(self.crm.notes.insert((code, revision), Known::Doubt));
                }
                None => {}
            }
        }
    }
}
