//! Takes over what is there already: leads, and notes of ours.

use std::collections::BTreeMap;

use super::{
    failure::Failure,
    lookup::{leads, notes},
    session::{Session, set_record},
};
use crate::{
    amocrm::Stop,
    domain::{LeadId, OrderCode},
    plan::{KnownLead, SeenLead, Work, note},
    records::{Effect, Note, Pairs},
};

impl Session<'_> {
    pub(super) async fn look_for_leads(
        &mut self,
        codes: &[OrderCode],
        works: &[Work],
    ) -> Result<(), Failure> {
        let wanted: Vec<&Work> = works.iter().filter(|work| codes.contains(&work.order.code)).collect();
        let oldest_s = wanted.iter().map(|work| work.order.created_ms / 1_000).min().unwrap_or(0);
        leads::read_tail(self, oldest_s).await?;
        leads::leads_of(self, &wanted).await
    }

    pub(super) fn adopt(&mut self, leads: &[(OrderCode, LeadId)], works: &mut [Work]) -> Result<(), Failure> {
        if !self.is_dry_run && !self.amo.lock().renew()? {
            // Another shop may have taken the same leads over.
            return Err(Stop::Busy.into());
        }
        let mut pairs = Pairs::new();
        for (code, lead) in leads {
            let is_ours = matches!(self.crm.leads.get(code), Some(KnownLead::There(_)));
            let seen = match self.crm.seen.get(code) {
                Some(SeenLead::There(lead)) => Some(lead),
                _ => None,
            };
            let found = seen.map(|lead| (Some(lead.status_id), lead.price_kzt));
            let has_phone =
                works.iter().any(|work| work.order.code == *code && work.order.buyer.phone.is_some());
            let lacks_contact = has_phone && seen.is_some_and(|lead| lead.contacts.is_empty());
            let now_ms = self.ports.clock.now_ms();
            set_record(works, code, |record| {
                record.lead = Some(lead.0);
                record.lacks_contact = lacks_contact;
                // One whose answer was lost is ours, and has no note yet. Any other may have one: it is looked for.
                record.adopted = record.sent.is_none();
                record.trouble = None;
                record.times.lead_ms = now_ms;
                // What it was given, else what it has, is the baseline; then it is looked at once.
                record.wrote = record.sent.take().or(found);
                record.since = Some(record.facts());
                pairs.extend(self.shop.record_pairs(code, record));
            });
            pairs.push(self.account.own_lead_pair(code, *lead, &self.settings.connection));
            self.report.adopted += u64::from(!is_ours);
            self.report.created += u64::from(is_ours);
        }
        self.account.write(&pairs)?;
        self.account.amend_attempts(&mut self.attempts, &mut |attempts| {
            for (code, _) in leads {
                attempts.remove(&Effect::Lead(code.clone()).key());
            }
        })?;
        Ok(())
    }

    pub(super) async fn look_for_notes(
        &mut self,
        leads: &[(OrderCode, LeadId)],
        works: &mut [Work],
    ) -> Result<(), Failure> {
        let notes = notes::notes_of(self, leads).await?;
        let now_ms = self.now_ms();
        let language = self.settings.language;
        let mut pairs = Pairs::new();
        for (code, _) in leads {
            self.crm.searched.insert(code.clone());
            let Some((highest, text)) = notes.get(code).and_then(BTreeMap::last_key_value) else { continue };
            set_record(works, code, |record| {
                record.note = Note::Done;
                if *highest > record.revision {
                    // What would be told now may have been told before the database was lost.
                    let since = record.since.clone().unwrap_or_else(|| record.facts());
                    let told = note::change(code, &since, &record.facts(), *highest, language);
                    let is_same = told.is_some_and(|told| note::body_of(&told) == note::body_of(text));
                    record.telling = is_same.then(|| record.facts());
                    record.told(*highest, now_ms);
                }
                pairs.extend(self.shop.record_pairs(code, record));
            });
        }
        Ok(self.account.write(&pairs)?)
    }
}
