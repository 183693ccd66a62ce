//! Creates what a plan lacks: contacts, elements, leads, notes.

use crate::amocrm::RefusedPart;
use kaspi_amocrm_contract::Message;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    creation::{Item, Made},
    failure::Failure,
    session::{Session, set_record},
};
use crate::{
    amocrm::Creation,
    domain::{ContactId, ElementId, LeadId, OrderCode},
    plan::{KnownLead, Plan, PlannedNote, Work},
    records::{Effect, Note, Pairs},
};

impl Session<'_> {
    pub(super) async fn make_contacts(&mut self, plan: Plan, works: &[Work]) -> Result<(), Failure> {
        let troubled: BTreeSet<String> = works
            .iter()
            .filter(|work| work.record.trouble.is_some())
            .filter_map(|work| work.order.buyer.phone.as_ref())
            .map(|phone| self.account.phone_key(phone))
            .collect();
        let items = plan
            .make_contacts
            .into_iter()
            .map(|(key, draft)| {
                let is_alone = troubled.contains(&key);
                Item { effect: Effect::Contact(key), about: 0, is_alone, body: draft.body() }
            })
            .collect();
        let floor = self.tail.contact_top_id;
        let made = self
            .create(Creation::Contacts, floor, items, &mut |s, effect, id| {
                s.tail.contact_top_id = s.tail.contact_top_id.max(id);
                match effect {
                    Effect::Contact(key) => vec![s.account.contact_pair(key, ContactId(id))],
                    _ => Pairs::new(),
                }
            })
            .await?;
        for (effect, outcome) in made {
            if let Effect::Contact(key) = effect {
                self.crm.contacts.insert(key, outcome.known(ContactId));
            }
        }
        Ok(())
    }

    pub(super) async fn make_elements(&mut self, plan: Plan) -> Result<(), Failure> {
        let Some(catalog) = self.check.catalog.clone() else { return Ok(()) };
        let items = plan
            .make_elements
            .into_iter()
            .map(|(key, draft)| Item {
                effect: Effect::Element(key),
                about: 0,
                is_alone: false,
                body: draft.body(&catalog),
            })
            .collect();
        let made =
            self.create(Creation::Elements { catalog_id: catalog.id }, 0, items, &mut |s, effect, id| {
                match effect {
                    Effect::Element(key) => vec![s.account.element_pair(key, ElementId(id))],
                    _ => Pairs::new(),
                }
            })
            .await?;
        for (effect, outcome) in made {
            if let Effect::Element(key) = effect {
                self.crm.elements.insert(key, outcome.known(ElementId));
            }
        }
        Ok(())
    }

    pub(super) async fn make_leads(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
        let mut records = BTreeMap::new();
        let items = plan
            .make_leads
            .into_iter()
            .filter_map(|(code, draft)| {
                let work = works.iter().find(|work| work.order.code == code)?;
                records.insert(code.clone(), (work.record.clone(), draft.status_id, draft.price_kzt));
                Some(Item {
                    effect: Effect::Lead(code),
                    about: work.order.created_ms / 1_000,
                    is_alone: work.record.trouble.is_some(),
                    body: draft.body(),
                })
            })
            .collect();
        let floor = self.tail.top_id;
        let made = self
            .create(Creation::Leads, floor, items, &mut |s, effect, id| {
                let Effect::Lead(code) = effect else { return Pairs::new() };
                let Some((record, status_id, price_kzt)) = records.get_mut(code) else {
                    return Pairs::new();
                };
                record.lead = Some(id);
                record.wrote = Some((*status_id, *price_kzt));
                record.trouble = None;
                record.times.lead_ms = s.now_ms();
                s.tail.learn([id]);
                s.report.created += 1;
                let mut pairs = vec![s.account.own_lead_pair(code, LeadId(id), &s.settings.connection)];
                pairs.extend(s.shop.record_pairs(code, record));
                pairs
            })
            .await?;
        let mut in_doubt = Pairs::new();
        for (effect, outcome) in made {
            let Effect::Lead(code) = effect else { continue };
            let known = match outcome {
                Made::There(id) => {
                    if let Some((record, ..)) = records.remove(&code) {
                        set_record(works, &code, |slot| *slot = record);
                    }
                    KnownLead::There(LeadId(id))
                }
                Made::Refused(reason, part) => self.lead_refused(&code, reason, part, works)?,
                Made::Later(reason) => KnownLead::Later(reason),
                Made::Doubt => {
                    if let Some((mut record, status_id, price_kzt)) = records.remove(&code) {
                        // What it was given, for the day on which it shows up.
                        record.sent = Some((status_id, price_kzt));
                        in_doubt.extend(self.shop.record_pairs(&code, &record));
                        set_record(works, &code, |slot| *slot = record);
                    }
                    KnownLead::Doubt
                }
            };
            self.crm.leads.insert(code, known);
        }
        let mut pairs = in_doubt;
        pairs.push(self.account.tail_pair(&self.tail));
        self.account.write(&pairs)?;
        Ok(())
    }

    /// What a refusal means: a contact that people merged into another one is looked for again, once.
    pub(super) fn lead_refused(
        &mut self,
        code: &OrderCode,
        reason: Message,
        part: RefusedPart,
        works: &[Work],
    ) -> Result<KnownLead, Failure> {
        let phone = works
            .iter()
            .find(|work| work.order.code == *code)
            .and_then(|work| work.order.buyer.phone.as_ref());
        let key = phone.map(|phone| self.account.phone_key(phone));
        match key.filter(|_| part == RefusedPart::Contacts) {
            Some(key) if self.forgotten.insert(format!("contact/{key}")) => {
                self.crm.contacts.remove(&key);
                self.account.forget_contact(&key)?;
                Ok(KnownLead::Absent)
            }
            _ => Ok(KnownLead::Refused(reason)),
        }
    }

    pub(super) async fn make_notes(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
        let mut records = BTreeMap::new();
        let mut telling = Pairs::new();
        let items: Vec<Item> = plan
            .make_notes
            .into_iter()
            .filter_map(|PlannedNote { code, revision, draft }| {
                let work = works.iter_mut().find(|work| work.order.code == code)?;
                if revision > 1 {
                    // Kaspi may go on while the answer is lost: what the note tells is kept with its attempt.
                    work.record.telling = Some(work.record.facts());
                    telling.extend(self.shop.record_pairs(&code, &work.record));
                }
                records.insert(code.clone(), work.record.clone());
                let is_alone = work.record.trouble.is_some();
                let effect = Effect::Note(code, revision);
                Some(Item { effect, about: draft.lead.0, is_alone, body: draft.body() })
            })
            .collect();
        if !telling.is_empty() {
            self.account.write(&telling)?;
        }
        let made = self
            .create(Creation::Notes, 0, items, &mut |s, effect, _| {
                let Effect::Note(code, revision) = effect else { return Pairs::new() };
                let Some(record) = records.get_mut(code) else { return Pairs::new() };
                record.note = Note::Done;
                record.linked = true;
                record.trouble = None;
                record.told(*revision, s.now_ms());
                Pairs::from(s.shop.record_pairs(code, record))
            })
            .await?;
        for (effect, outcome) in made {
            let Effect::Note(code, revision) = effect else { continue };
            if let (Made::There(_), Some(record)) = (&outcome, records.remove(&code)) {
                if revision > 1 {
                    self.count_change(&code);
                }
                set_record(works, &code, |slot| *slot = record);
            }
            self.crm.notes.insert((code, revision), outcome.known(drop));
        }
        Ok(())
    }
}
