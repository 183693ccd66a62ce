//! What earlier attempts left in doubt: whose it is to settle, and what is recorded once it is known.

use std::collections::BTreeMap;

use super::{failure::Failure, lookup::intents, session::Session};
use crate::{
    domain::{ContactId, ElementId, LeadId, OrderCode},
    plan::Crm,
    records::{Attempt, Attempts, Effect, Note, Pairs},
};

/// The attempts in doubt that a shop looks for: its own, or, where `pending` orders are given, those of other shops that
/// these may wait for. Only a note's own shop can record that it is there.
pub(crate) fn doubts(
    attempts: &Attempts,
    connection: &str,
    pending: Option<&[OrderCode]>,
) -> BTreeMap<String, Attempt> {
    let is_wanted = |key: &str, attempt: &Attempt| match (Effect::parse(key), pending) {
        (Some(_), None) => attempt.is_of(connection),
        (Some(Effect::Contact(_) | Effect::Element(_)), Some(_)) => !attempt.is_of(connection),
        (Some(Effect::Lead(code)), Some(pending)) => pending.contains(&code) && !attempt.is_of(connection),
        (Some(Effect::Note(..)), Some(_)) | (None, _) => false,
    };
    let open = attempts.open.iter().filter(|(_, attempt)| !attempt.is_absent);
    open.filter(|(key, attempt)| is_wanted(key, attempt))
        .map(|(key, attempt)| (key.clone(), attempt.clone()))
        .collect()
}

impl Session<'_> {
    /// Looks for what open attempts may have made, before anything else is done: see [`doubts`].
    pub(crate) async fn settle_doubts(&mut self, pending: Option<&[OrderCode]>) -> Result<(), Failure> {
        let open = doubts(&self.attempts, &self.settings.connection, pending);
        if open.is_empty() {
            return Ok(());
        }
        let began_ms = self.now_ms();
        let look = intents::look_for(self, &open).await?;
        let mut pairs = Pairs::new();
        for (key, id) in &look.found {
            let (Some(effect), Some(attempt)) = (Effect::parse(key), open.get(key)) else { continue };
            pairs.extend(self.made_pairs(&effect, *id, &attempt.shop)?);
        }
        if !pairs.is_empty() {
            self.account.write(&pairs)?;
        }
        let settle_ms = self.settings.settle_ms;
        self.account.amend_attempts(&mut self.attempts, &mut |attempts| {
            for (key, looked_at) in &open {
                // Another one of the same effect was not looked for.
                let Some(attempt) = attempts.get_mut(key).filter(|attempt| *attempt == looked_at) else {
                    continue;
                };
                if look.found.contains_key(key) {
                    attempts.remove(key);
                } else if look.absent.contains(key) {
                    intents::count_absence(attempt, began_ms, settle_ms);
                }
            }
        })?;
        self.crm = Crm::default();
        self.load_doubts();
        Ok(())
    }

    /// What is stored when an effect is known to exist, for attempts of earlier runs.
    fn made_pairs(&mut self, effect: &Effect, id: i64, shop: &str) -> Result<Pairs, Failure> {
        Ok(match effect {
            Effect::Contact(key) => vec![self.account.contact_pair(key, ContactId(id))],
            Effect::Element(key) => vec![self.account.element_pair(key, ElementId(id))],
            Effect::Lead(code) => {
                self.tail.learn([id]);
                let entries = self.account.leads(std::slice::from_ref(code))?;
                if entries.get(code).is_some_and(|entry| entry.shop.is_some()) {
                    // Recorded with the answer, only the attempt was left.
                    return Ok(Pairs::new());
                }
                // The order itself is taken over from this entry when its shop works on it.
                vec![self.account.own_lead_pair(code, LeadId(id), shop)]
            }
            Effect::Note(code, revision) => {
                let (mut loaded, _) = self.shop.load(std::slice::from_ref(code))?;
                match loaded.pop().and_then(|loaded| loaded.record) {
                    Some(mut record) => {
                        record.note = Note::Done;
                        record.told(*revision, self.now_ms());
                        Pairs::from(self.shop.record_pairs(code, &record))
                    }
                    None => Pairs::new(),
                }
            }
        })
    }
}
