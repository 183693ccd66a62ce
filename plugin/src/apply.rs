//! Carries out a plan, the steps of one kind at a time; creations go through `create.rs`.
//!
//! Safe to run twice: what is recorded as done is not planned again, and what may have been done is looked for
//! before anything is sent. The shell decides nothing about orders; that is [`plan`].

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{AccountCheck, Amo, Creation, Stop, Taken},
    changes::SeenLead,
    contacts,
    create::{Item, Made},
    domain::{ContactId, ElementId, LeadId, OrderCode, Phone, element_key, small_collections::Gather as _},
    elements, follow,
    links::{self, Direction},
    note,
    plan::{self, Crm, KnownLead, Plan, PlannedNote, Policy, Work},
    ports::{Budget, Ports, StoreError},
    records::{AccountLedger, Attempts, Effect, Note, Pairs, Record, ShopLedger, Tail},
    report::Report,
    settings::Settings,
    witness,
};

/// Why the work with amoCRM ends early. What was open is recorded either way.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// amoCRM.
    #[error(transparent)]
    Stop(Stop),
    /// The store: nothing is sent that cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Store(error) => Self::Store(error),
            stop => Self::Stop(stop),
        }
    }
}

/// One run's work with one account.
pub struct Session<'a> {
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
    /// Entities in one request.
    pub batch: usize,
    /// Keys of contacts and elements that were found to be gone: each is looked for again once in a run.
    pub forgotten: BTreeSet<String>,
    /// Orders whose leads were changed, each counted once.
    pub changed: BTreeSet<OrderCode>,
}

impl<'a> Session<'a> {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    /// Counts a lead that was changed.
    pub(crate) fn count_change(&mut self, code: &OrderCode) {
        self.report.updated += u64::from(self.changed.insert(code.clone()));
    }

    /// Takes the lock of the account and forgets what another shop may have changed since it was last ours. Waits a
    /// while for it; [`Stop::Busy`] if that was in vain. A dry run changes nothing, so it excludes nobody.
    pub(crate) async fn take_account(&mut self, budget: &Budget<'_>) -> Result<(), Failure> {
        if self.report.plan.is_none() {
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
        Ok(self.account.ensure_salt(&self.settings.connection)?)
    }

    /// Gives the account back.
    pub(crate) fn release_account(&self) -> Result<(), Failure> {
        Ok(self.amo.lock().release()?)
    }

    /// Asks something that depends on the policy of this moment.
    pub fn with_policy<T>(&self, ask: impl FnOnce(&Policy<'_>) -> T) -> T {
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

    /// Plans with what is known at this moment.
    pub fn plan(&self, works: &[Work]) -> Plan {
        self.with_policy(|policy| plan::plan(works, &self.crm, policy))
    }

    /// Carries out the steps of one kind, the first that the plan has.
    pub async fn apply(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
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
            follow::look(self, &plan.look_at_leads).await
        } else if !plan.follow_merged.is_empty() {
            follow::merged(self, &plan.follow_merged, works)
        } else if !plan.change_leads.is_empty() {
            follow::change(self, &plan.change_leads, works).await
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

    async fn look_for_leads(&mut self, codes: &[OrderCode], works: &[Work]) -> Result<(), Failure> {
        let wanted: Vec<&Work> = works.iter().filter(|work| codes.contains(&work.order.code)).collect();
        let oldest_s = wanted.iter().map(|work| work.order.created_ms / 1_000).min().unwrap_or(0);
        witness::read_tail(self, oldest_s).await?;
        witness::leads_of(self, &wanted).await
    }

    async fn make_contacts(&mut self, plan: Plan, works: &[Work]) -> Result<(), Failure> {
        let troubled: BTreeSet<String> = works
            .iter()
            .filter(|work| work.record.trouble.is_some())
            .filter_map(|work| work.order.buyer.phone.as_ref())
            .map(|phone| self.account.phone_key(phone))
            .gather();
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

    async fn make_elements(&mut self, plan: Plan) -> Result<(), Failure> {
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

    async fn make_leads(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
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
                Made::Refused(reason) => self.lead_refused(&code, reason, works)?,
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
    fn lead_refused(
        &mut self,
        code: &OrderCode,
        reason: String,
        works: &[Work],
    ) -> Result<KnownLead, Failure> {
        let phone = works
            .iter()
            .find(|work| work.order.code == *code)
            .and_then(|work| work.order.buyer.phone.as_ref());
        let key = phone.map(|phone| self.account.phone_key(phone));
        match key.filter(|_| reason.contains("contacts")) {
            Some(key) if self.forgotten.insert(format!("contact/{key}")) => {
                self.crm.contacts.remove(&key);
                self.account.forget_contact(&key)?;
                Ok(KnownLead::Absent)
            }
            _ => Ok(KnownLead::Refused(reason)),
        }
    }

    fn adopt(&mut self, leads: &[(OrderCode, LeadId)], works: &mut [Work]) -> Result<(), Failure> {
        if self.report.plan.is_none() && !self.amo.lock().renew()? {
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

    async fn look_for_notes(
        &mut self,
        leads: &[(OrderCode, LeadId)],
        works: &mut [Work],
    ) -> Result<(), Failure> {
        let notes = witness::notes_of(self, leads).await?;
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

    async fn make_notes(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
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

/// Changes the record of one order among those that are worked on.
pub(crate) fn set_record(works: &mut [Work], code: &OrderCode, change: impl FnOnce(&mut Record)) {
    if let Some(work) = works.iter_mut().find(|work| work.order.code == *code) {
        change(&mut work.record);
    }
}
