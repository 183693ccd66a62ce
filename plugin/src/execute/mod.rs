//! Carries out a plan, the steps of one kind at a time.
//!
//! Safe to run twice: what is recorded as done is not planned again, and what may have been done is looked for
//! before anything is sent. Nothing is decided about orders here; that is [`plan`](crate::plan).

mod adopt;
mod create;
mod creation;
pub(crate) mod dry_run;
mod failure;
mod links;
pub(crate) mod lookup;
pub(crate) mod recovery;
mod session;
pub(crate) mod update;

pub(crate) use creation::batch_size;
pub(crate) use failure::Failure;
pub(crate) use session::Session;

use crate::plan::{self, Plan, Work};
use links::Direction;
use lookup::{contacts, elements};

impl Session<'_> {
    /// Plans with what is known at this moment.
    pub(crate) fn plan(&self, works: &[Work]) -> Plan {
        self.with_policy(|policy| plan::plan(works, &self.crm, policy))
    }

    /// Carries out the steps of one kind, the first that the plan has.
    pub(crate) async fn apply(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
        if !plan.look_for_leads.is_empty() {
            self.look_for_leads(&plan.look_for_leads, works).await
        } else if !plan.look_for_contacts.is_empty() {
            contacts::find(self, &plan.look_for_contacts).await
        } else if !plan.make_contacts.is_empty() {
            self.make_contacts(plan, works).await
        } else if !plan.adopt.is_empty() {
            self.adopt(&plan.adopt, works)
        } else if !plan.make_leads.is_empty() {
            self.make_leads(plan, works).await
        } else if !plan.look_for_elements.is_empty() {
            elements::find(self, &plan.look_for_elements).await
        } else if !plan.make_elements.is_empty() {
            self.make_elements(plan).await
        } else if !plan.link_contacts.is_empty() {
            links::send_contacts(self, &plan.link_contacts, works).await
        } else if !plan.look_at_leads.is_empty() {
            update::look(self, &plan.look_at_leads).await
        } else if !plan.follow_merged.is_empty() {
            update::merged(self, &plan.follow_merged, works)
        } else if !plan.change_leads.is_empty() {
            update::change(self, &plan.change_leads, works).await
        } else if !plan.link.is_empty() {
            links::send(self, &plan.link, works, Direction::Link).await
        } else if !plan.unlink.is_empty() {
            links::send(self, &plan.unlink, works, Direction::Unlink).await
        } else if !plan.look_for_notes.is_empty() {
            self.look_for_notes(&plan.look_for_notes, works).await
        } else {
            self.make_notes(plan, works).await
        }
    }
}
