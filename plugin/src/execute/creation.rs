//! Creates entities in batches, so that none is ever made twice.
//!
//! An attempt is durable before the first byte of its request, and its outcome before the next request. An answer
//! that proves nothing is followed by one look at once; what that does not show stays in doubt.
//! Between attempt and request the lock of the account is renewed: who takes it over later finds the attempt, and if
//! somebody took it over before, nothing is sent.

use crate::amocrm::RefusedPart;
use std::collections::BTreeMap;

use kaspi_amocrm_contract::{Message, MessageId};
use serde_json::Value;

use super::{failure::Failure, lookup::intents, session::Session};
use crate::{
    amocrm::{Amo, Creation, Stop, WRITE_DEADLINE_MS, Write},
    plan::{Known, note},
    records::{Attempt, Effect, Pairs},
};

/// Entities in one request: at first, and at most (docs/apis/amocrm.md 2.2).
const BATCH: usize = 50;
const BATCH_MAX: usize = 250;
/// A batch grows while its answers come within this time.
const QUICK_MS: i64 = 5_000;

/// What became of one entity that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    There(i64),
    Refused(Message, RefusedPart),
    Later(Message),
    Doubt,
}

impl Made {
    /// What the plan is told; `of` says what an id stands for.
    pub(crate) fn known<T>(self, of: impl FnOnce(i64) -> T) -> Known<T> {
        match self {
            Self::There(id) => Known::There(of(id)),
            Self::Refused(reason, _) => Known::Refused(reason),
            Self::Later(reason) => Known::Later(reason),
            Self::Doubt => Known::Doubt,
        }
    }
}

/// One entity to be made.
pub(crate) struct Item {
    pub(crate) effect: Effect,
    /// See [`Attempt::about`].
    pub(crate) about: i64,
    /// Sent in a request of its own: it was refused, or is sent again after a doubt.
    pub(crate) is_alone: bool,
    pub(crate) body: Value,
}

impl Session<'_> {
    /// Makes entities in batches. Each attempt is durable before its request, each outcome before the next request.
    ///
    /// `floor` is the newest id of that kind so far; `made` says what is stored of one that was made.
    pub(crate) async fn create(
        &mut self,
        kind: Creation,
        floor: i64,
        items: Vec<Item>,
        made: &mut dyn FnMut(&mut Self, &Effect, i64) -> Pairs,
    ) -> Result<Vec<(Effect, Made)>, Failure> {
        let (alone, mut together): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| {
            item.is_alone
                || self.attempts.open.get(&item.effect.key()).is_some_and(|attempt| attempt.is_absent)
        });
        let mut outcomes = Vec::new();
        let mut alone = alone.into_iter();
        while !together.is_empty() || alone.len() > 0 {
            let batch: Vec<Item> = if together.is_empty() {
                alone.by_ref().take(1).collect()
            } else {
                together.drain(..together.len().min(self.batch)).collect()
            };
            let results = self.create_batch(kind, floor, &batch, made, true).await?;
            outcomes.extend(results);
        }
        Ok(outcomes)
    }

    async fn create_batch(
        &mut self,
        kind: Creation,
        floor: i64,
        batch: &[Item],
        made: &mut dyn FnMut(&mut Self, &Effect, i64) -> Pairs,
        may_resend: bool,
    ) -> Result<Vec<(Effect, Made)>, Failure> {
        let began_ms = self.now_ms();
        let deadline_ms = began_ms + i64::try_from(WRITE_DEADLINE_MS).unwrap_or(i64::MAX);
        for item in batch {
            let attempt = Attempt {
                deadline_ms,
                floor,
                about: item.about,
                scans: Vec::new(),
                is_absent: false,
                shop: self.settings.connection.clone(),
            };
            self.attempts.open.insert(item.effect.key(), attempt);
        }
        if !self.account.swap_attempts(&mut self.attempts)? {
            // What was looked at before may be out of date.
            self.attempts = self.account.attempts()?;
            return Err(Stop::Busy.into());
        }

        let bodies: Vec<Value> = batch.iter().map(|item| item.body.clone()).collect();
        let answer = match self.amo.create(kind, bodies).await {
            Ok(answer) => answer,
            Err(stop) => {
                // Turned away before it was read: nothing is open.
                self.close_attempts(batch, &|_| false)?;
                return Err(stop.into());
            }
        };
        self.adapt_batch(&answer, batch.len(), began_ms);
        let mut outcomes: Vec<Made> = vec![Made::Doubt; batch.len()];
        let mut resend = Vec::new();
        match &answer {
            Write::Done(document) => {
                let ids: BTreeMap<String, i64> = Amo::ids_of(document, kind).into_iter().collect();
                for (item, outcome) in batch.iter().zip(&mut outcomes) {
                    if let Some(id) = ids.get(&request_id(&item.effect)) {
                        *outcome = Made::There(*id);
                    }
                }
            }
            Write::Rejected(rejection) => {
                for (i, (item, outcome)) in batch.iter().zip(&mut outcomes).enumerate() {
                    *outcome = match rejection
                        .refusal_of([request_id(&item.effect), i.to_string()].into_iter(), batch.len() == 1)
                    {
                        Some(refusal) => Made::Refused(
                            Message::new(refused_as(kind), [("reason", &refusal.reason)]),
                            refusal.part,
                        ),
                        None => {
                            resend.push(i);
                            Made::Later(MessageId::OthersOfRequestRefused.into())
                        }
                    };
                }
            }
            Write::NotApplied(reason) => {
                outcomes.fill(Made::Later(Message::new(MessageId::AmoNotReached, [("reason", reason)])));
            }
            Write::Unknown(_) => {}
        }
        let is_open = |outcome: &Made| *outcome == Made::Doubt;
        if outcomes.iter().any(is_open) || !resend.is_empty() {
            self.look_at_once(batch, &mut outcomes, &mut resend).await?;
        }
        self.store_outcomes(batch, &outcomes, made)?;
        let mut results: Vec<(Effect, Made)> =
            batch.iter().map(|item| item.effect.clone()).zip(outcomes).collect();
        if may_resend && !resend.is_empty() {
            let rest: Vec<Item> = resend
                .into_iter()
                .map(|i| Item {
                    effect: batch[i].effect.clone(),
                    about: batch[i].about,
                    is_alone: false,
                    body: batch[i].body.clone(),
                })
                .collect();
            let again = Box::pin(self.create_batch(kind, floor, &rest, made, false)).await?;
            results.retain(|(effect, _)| again.iter().all(|(again, _)| again != effect));
            results.extend(again);
        }
        Ok(results)
    }

    /// Looks once, right after an answer that proves nothing: most of what was made shows up here.
    async fn look_at_once(
        &mut self,
        batch: &[Item],
        outcomes: &mut [Made],
        resend: &mut Vec<usize>,
    ) -> Result<(), Failure> {
        let wanted: BTreeMap<String, Attempt> = batch
            .iter()
            .enumerate()
            .filter(|(i, _)| outcomes[*i] == Made::Doubt || resend.contains(i))
            .filter_map(|(_, item)| {
                let key = item.effect.key();
                Some((key.clone(), self.attempts.open.get(&key)?.clone()))
            })
            .collect();
        match intents::look_for(self, &wanted).await {
            Ok(look) => {
                for (item, outcome) in batch.iter().zip(outcomes.iter_mut()) {
                    if let Some(id) = look.found.get(&item.effect.key()) {
                        *outcome = Made::There(*id);
                    }
                }
                // What a refused request left undone is sent again only where a whole look does not show it.
                resend.retain(|i| look.absent.contains(&batch[*i].effect.key()));
            }
            Err(Failure::Stop(_)) => resend.clear(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn store_outcomes(
        &mut self,
        batch: &[Item],
        outcomes: &[Made],
        made: &mut dyn FnMut(&mut Self, &Effect, i64) -> Pairs,
    ) -> Result<(), Failure> {
        let mut pairs = Pairs::new();
        for (item, outcome) in batch.iter().zip(outcomes) {
            if let Made::There(id) = outcome {
                pairs.extend(made(self, &item.effect, *id));
            }
        }
        // What is recorded as made stands before the attempt goes. Both may come after the lock was lost: nobody else
        // makes, and so records, what an open attempt may have made.
        if !pairs.is_empty() {
            self.account.write(&pairs)?;
        }
        self.close_attempts(batch, &|i| outcomes[i] == Made::Doubt)
    }

    /// Takes the attempts of a batch away that are in no doubt.
    fn close_attempts(&mut self, batch: &[Item], is_open: &dyn Fn(usize) -> bool) -> Result<(), Failure> {
        let (connection, now_ms) = (self.settings.connection.as_str(), self.ports.clock.now_ms());
        let keys: Vec<String> = batch.iter().map(|item| item.effect.key()).collect();
        self.account.amend_attempts(&mut self.attempts, &mut |attempts| {
            for (i, key) in keys.iter().enumerate() {
                let Some(attempt) = attempts.get_mut(key).filter(|a| a.is_of(connection)) else {
                    continue;
                };
                if is_open(i) {
                    // Tickets and pauses may have held the request back: it settles from when it was given up.
                    attempt.deadline_ms = attempt.deadline_ms.max(now_ms);
                } else {
                    attempts.remove(key);
                }
            }
        })?;
        Ok(())
    }

    /// Doubles the batch while full ones are answered quickly, halves it when an answer was lost.
    pub(crate) fn adapt_batch(&mut self, answer: &Write, sent: usize, began_ms: i64) {
        match answer {
            Write::Done(_) if sent >= self.batch && self.now_ms() - began_ms < QUICK_MS => {
                self.batch = (self.batch * 2).min(BATCH_MAX);
            }
            Write::Unknown(_) => self.batch = (self.batch / 2).max(1),
            _ => {}
        }
    }
}

/// The batch size to begin with, from what was stored.
pub(crate) fn batch_size(stored: usize) -> usize {
    if stored == 0 { BATCH } else { stored.clamp(1, BATCH_MAX) }
}

/// What is said of an entity that amoCRM refuses.
fn refused_as(kind: Creation) -> MessageId {
    match kind {
        Creation::Contacts => MessageId::ContactRefused,
        Creation::Elements { .. } => MessageId::ElementRefused,
        Creation::Leads => MessageId::LeadRefused,
        Creation::Notes => MessageId::NoteRefused,
    }
}

fn request_id(effect: &Effect) -> String {
    match effect {
        Effect::Contact(key) | Effect::Element(key) => key.clone(),
        Effect::Lead(code) => code.as_str().to_owned(),
        Effect::Note(code, revision) => note::request_id(code, *revision),
    }
}
