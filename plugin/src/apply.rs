//! Carries out a plan, the steps of one kind at a time; creations go through `create.rs`.
//!
//! Safe to run twice: what is recorded as done is not planned again, and what may have been done is looked for
//! before anything is sent. The shell decides nothing about orders; that is [`plan`].

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{AccountCheck, Amo, Catalog, LinkDraft, Stop, Write},
    config::Settings,
    contacts,
    create::{Item, Made},
    elements,
    ledger::{AccountLedger, Attempt, Effect, Note, Pairs, ShopLedger, Tail},
    model::{ContactId, ElementId, LeadId, OrderCode},
    plan::{self, Crm, Known, KnownLead, Plan, Policy, Work},
    ports::{Ports, StoreError},
    report::Report,
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
    /// Open attempts, as stored.
    pub attempts: BTreeMap<String, Attempt>,
    /// How far the list of leads has been read.
    pub tail: Tail,
    /// What is known of the CRM.
    pub crm: Crm,
    /// What was done.
    pub report: &'a mut Report,
    /// Entities in one request.
    pub batch: usize,
}

impl<'a> Session<'a> {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    /// Looks for what open attempts may have made, before anything else is done.
    pub async fn settle_doubts(&mut self) -> Result<(), Failure> {
        let open: BTreeMap<String, Attempt> =
            self.attempts.iter().filter(|(_, a)| !a.is_absent).map(|(k, a)| (k.clone(), a.clone())).collect();
        if open.is_empty() {
            return Ok(());
        }
        let began_ms = self.now_ms();
        let look = witness::look_for(self, &open).await?;
        let mut pairs = Pairs::new();
        for (key, id) in &look.found {
            let Some(effect) = Effect::parse(key) else { continue };
            pairs.extend(self.made_pairs(&effect, *id)?);
            self.attempts.remove(key);
        }
        for key in &look.absent {
            if let Some(attempt) = self.attempts.get_mut(key) {
                witness::count_absence(attempt, began_ms, self.settings.settle_ms);
            }
        }
        pairs.push(self.account.attempts_pair(&self.attempts));
        self.account.write(&pairs)?;
        Ok(())
    }

    /// What is stored when an effect is known to exist, for attempts of earlier runs.
    fn made_pairs(&mut self, effect: &Effect, id: i64) -> Result<Pairs, Failure> {
        Ok(match effect {
            Effect::Contact(key) => vec![self.account.contact_pair(key, ContactId(id))],
            Effect::Element(key) => vec![self.account.element_pair(key, ElementId(id))],
            Effect::Lead(code) => {
                self.tail.learn([id]);
                // The order itself is taken over from this entry when it is worked on.
                vec![self.account.own_lead_pair(code, LeadId(id), &self.settings.connection)]
            }
            Effect::Note(code) => {
                let (mut loaded, _) = self.shop.load(std::slice::from_ref(code))?;
                match loaded.pop().and_then(|loaded| loaded.record) {
                    Some(mut record) => {
                        record.note = Note::Done;
                        vec![self.shop.record_pair(code, &record)]
                    }
                    None => Pairs::new(),
                }
            }
        })
    }

    /// Tells the plan about attempts that are open.
    pub fn load_doubts(&mut self) {
        for (key, _) in self.attempts.iter().filter(|(_, attempt)| !attempt.is_absent) {
            match Effect::parse(key) {
                Some(Effect::Contact(key)) => drop(self.crm.contacts.insert(key, Known::Doubt)),
                Some(Effect::Element(key)) => drop(self.crm.elements.insert(key, Known::Doubt)),
                Some(Effect::Lead(code)) => drop(self.crm.leads.insert(code, KnownLead::Doubt)),
                Some(Effect::Note(code)) => drop(self.crm.notes.insert(code, Known::Doubt)),
                None => {}
            }
        }
    }

    /// Plans with what is known at this moment.
    pub fn plan(&self, works: &[Work]) -> Plan {
        let account = &self.account;
        let phone_key = |phone: &crate::model::Phone| account.phone_key(phone);
        let policy = Policy {
            settings: self.settings,
            pipeline_id: self.check.pipeline_id,
            catalog: self.check.catalog.as_ref(),
            phone_key: &phone_key,
            element_key: &AccountLedger::element_key,
        };
        plan::plan(works, &self.crm, &policy)
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
        } else if !plan.link.is_empty() {
            self.link(plan.link, works).await
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
            .collect();
        let items = plan
            .make_contacts
            .into_iter()
            .map(|(key, draft)| {
                let is_alone = troubled.contains(&key);
                Item { effect: Effect::Contact(key), about: 0, is_alone, draft }
            })
            .collect();
        let floor = self.tail.contact_top_id;
        let amo = self.amo;
        let made = self
            .create(
                "contacts",
                floor,
                items,
                async |drafts: &[_]| amo.create_contacts(drafts).await,
                |s, effect, id| {
                    s.tail.contact_top_id = s.tail.contact_top_id.max(id);
                    match effect {
                        Effect::Contact(key) => vec![s.account.contact_pair(key, ContactId(id))],
                        _ => Pairs::new(),
                    }
                },
            )
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
            .map(|(key, draft)| Item { effect: Effect::Element(key), about: 0, is_alone: false, draft })
            .collect();
        let amo = self.amo;
        let catalog: &Catalog = &catalog;
        let made = self
            .create(
                "elements",
                0,
                items,
                async |drafts: &[_]| amo.create_elements(catalog, drafts).await,
                |s, effect, id| match effect {
                    Effect::Element(key) => vec![s.account.element_pair(key, ElementId(id))],
                    _ => Pairs::new(),
                },
            )
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
                    draft,
                })
            })
            .collect();
        let floor = self.tail.top_id;
        let amo = self.amo;
        let made = self
            .create(
                "leads",
                floor,
                items,
                async |drafts: &[_]| amo.create_leads(drafts).await,
                |s, effect, id| {
                    let Effect::Lead(code) = effect else { return Pairs::new() };
                    let Some((record, status_id, price_kzt)) = records.get_mut(code) else {
                        return Pairs::new();
                    };
                    record.lead = Some(id);
                    record.wrote = Some((*status_id, *price_kzt));
                    record.trouble = None;
                    s.tail.learn([id]);
                    s.report.created += 1;
                    vec![
                        s.account.own_lead_pair(code, LeadId(id), &s.settings.connection),
                        s.shop.record_pair(code, record),
                    ]
                },
            )
            .await?;
        for (effect, outcome) in made {
            let Effect::Lead(code) = effect else { continue };
            let known = match outcome {
                Made::There(id) => {
                    if let Some((record, ..)) = records.remove(&code) {
                        set_record(works, &code, |slot| *slot = record);
                    }
                    KnownLead::There(LeadId(id))
                }
                Made::Refused(reason) => KnownLead::Refused(reason),
                Made::Later(reason) => KnownLead::Later(reason),
                Made::Doubt => KnownLead::Doubt,
            };
            self.crm.leads.insert(code, known);
        }
        let pairs = vec![self.account.tail_pair(&self.tail)];
        self.account.write(&pairs)?;
        Ok(())
    }

    fn adopt(&mut self, leads: &[(OrderCode, LeadId)], works: &mut [Work]) -> Result<(), Failure> {
        let mut pairs = Pairs::new();
        for (code, lead) in leads {
            let is_ours = matches!(self.crm.leads.get(code), Some(KnownLead::There(_)));
            set_record(works, code, |record| {
                record.lead = Some(lead.0);
                // One of our own, made by a run whose answer was lost, may have its note already: it is looked for.
                record.adopted = true;
                record.trouble = None;
                pairs.push(self.shop.record_pair(code, record));
            });
            pairs.push(self.account.own_lead_pair(code, *lead, &self.settings.connection));
            self.attempts.remove(&Effect::Lead(code.clone()).key());
            self.report.adopted += u64::from(!is_ours);
            self.report.created += u64::from(is_ours);
        }
        pairs.push(self.account.attempts_pair(&self.attempts));
        Ok(self.account.write(&pairs)?)
    }

    /// Sends links; they are upserts, so what is not surely done is simply sent again by a later run.
    async fn link(
        &mut self,
        orders: Vec<(OrderCode, Vec<LinkDraft>)>,
        works: &mut [Work],
    ) -> Result<(), Failure> {
        let mut rest = orders.as_slice();
        while !rest.is_empty() {
            // Whole orders, so that the outcome of an order is the outcome of one request.
            let mut rows = 0;
            let count = rest.iter().take_while(|(_, links)| {
                rows += links.len();
                rows <= self.batch.max(links.len())
            });
            let (now, later) = rest.split_at(count.count().max(1));
            rest = later;
            let drafts: Vec<LinkDraft> = now.iter().flat_map(|(_, links)| links.iter().copied()).collect();
            let began_ms = self.now_ms();
            let answer = self.amo.link(&drafts).await?;
            self.adapt_batch(&answer, now.len(), began_ms);
            let mut pairs = Pairs::new();
            for (i, (code, _)) in now.iter().enumerate() {
                let first_row: usize = now[..i].iter().map(|(_, links)| links.len()).sum();
                let known = match &answer {
                    Write::Done(_) => {
                        set_record(works, code, |record| {
                            record.linked = true;
                            pairs.push(self.shop.record_pair(code, record));
                        });
                        continue;
                    }
                    Write::Rejected(rejection) => {
                        let named = (first_row..first_row + now[i].1.len())
                            .find_map(|row| rejection.items.get(&row.to_string()));
                        match named {
                            Some(reason) => Known::Refused(format!("amoCRM refuses the products: {reason}")),
                            None if now.len() == 1 || rejection.items.is_empty() => {
                                Known::Refused(format!("amoCRM refuses the products: {}", rejection.detail))
                            }
                            None => Known::Later("products of another order were refused".to_owned()),
                        }
                    }
                    Write::NotApplied(reason) | Write::Unknown(reason) => {
                        Known::Later(format!("the products could not be linked: {reason}"))
                    }
                };
                self.crm.links.insert(code.clone(), known);
            }
            if !pairs.is_empty() {
                self.account.write(&pairs)?;
            }
        }
        Ok(())
    }

    async fn look_for_notes(
        &mut self,
        leads: &[(OrderCode, LeadId)],
        works: &mut [Work],
    ) -> Result<(), Failure> {
        for (code, lead) in leads {
            if witness::has_note(self, code, *lead).await? {
                let mut pairs = Pairs::new();
                set_record(works, code, |record| {
                    record.note = Note::Done;
                    pairs.push(self.shop.record_pair(code, record));
                });
                self.account.write(&pairs)?;
            } else {
                self.crm.notes.insert(code.clone(), Known::Absent);
            }
        }
        Ok(())
    }

    async fn make_notes(&mut self, plan: Plan, works: &mut [Work]) -> Result<(), Failure> {
        let mut records = BTreeMap::new();
        let items = plan
            .make_notes
            .into_iter()
            .filter_map(|(code, draft)| {
                let work = works.iter().find(|work| work.order.code == code)?;
                records.insert(code.clone(), work.record.clone());
                let is_alone = work.record.trouble.is_some();
                Some(Item { effect: Effect::Note(code), about: draft.lead.0, is_alone, draft })
            })
            .collect();
        let amo = self.amo;
        let made = self
            .create(
                "notes",
                0,
                items,
                async |drafts: &[_]| amo.create_notes(drafts).await,
                |s, effect, _| {
                    let Effect::Note(code) = effect else { return Pairs::new() };
                    let Some(record) = records.get_mut(code) else { return Pairs::new() };
                    record.note = Note::Done;
                    record.linked = true;
                    record.trouble = None;
                    vec![s.shop.record_pair(code, record)]
                },
            )
            .await?;
        for (effect, outcome) in made {
            let Effect::Note(code) = effect else { continue };
            if let (Made::There(_), Some(record)) = (&outcome, records.remove(&code)) {
                set_record(works, &code, |slot| *slot = record);
            }
            self.crm.notes.insert(code, outcome.known(drop));
        }
        Ok(())
    }
}

fn set_record(works: &mut [Work], code: &OrderCode, change: impl FnOnce(&mut crate::ledger::Record)) {
    if let Some(work) = works.iter_mut().find(|work| work.order.code == *code) {
        change(&mut work.record);
    }
}
