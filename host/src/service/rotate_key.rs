//! The store is sealed with the key of today, after it was changed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{call::parsed, error::RunError, host::Host, run::Run};
use crate::{
    base::{clock::millis, job::Job, shutdown::Stop},
    wasm::Question,
};

/// One call of the component; short, so that a program that is asked to end need not cut one.
const SLICE: Duration = Duration::from_secs(5);
/// Walks through the store: one that seals, one that finds nothing more, and one for what was written in between.
const WALKS_MAX: u32 = 3;

/// What has been sealed anew.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resealed {
    /// Name of the key that seals.
    pub key: String,
    /// Values that were sealed anew.
    pub resealed: u64,
    /// Values that are still sealed with another key.
    pub left: u64,
    /// How many values there are, by name of their key.
    pub keys: BTreeMap<String, u64>,
    /// Where the walk goes on after a slice.
    next: Value,
}

impl Resealed {
    /// Takes in what another slice has done; answers with where it ended.
    fn add(&mut self, slice: Self) -> Value {
        self.key = slice.key;
        self.resealed = self.resealed.saturating_add(slice.resealed);
        self.left = self.left.saturating_add(slice.left);
        for (id, count) in slice.keys {
            let sum = self.keys.entry(id).or_default();
            *sum = sum.saturating_add(count);
        }
        slice.next
    }
}

impl Host {
    /// Seals with `SECRET_KEY` what the further keys have sealed. Any connection will do; it is held meanwhile.
    ///
    /// # Errors
    /// When it could not begin, was asked to end, or the component does not answer. What is done stays done.
    pub async fn reseal(
        self: &Arc<Self>,
        connection: &str,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Resealed, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let resealed = run.reseal(stop).await;
        run.finish(stop).await;
        resealed
    }
}

impl Run {
    /// Walks through the store until nothing is left, or a walk can do nothing about it.
    async fn reseal(&self, stop: &Stop) -> Result<Resealed, RunError> {
        let mut resealed = 0;
        let mut walks = 0;
        loop {
            let walk = self.reseal_walk(stop).await?;
            resealed += walk.resealed;
            walks += 1;
            if walk.left == 0 || walk.resealed == 0 || walks == WALKS_MAX {
                return Ok(Resealed { resealed, ..walk });
            }
        }
    }

    async fn reseal_walk(&self, stop: &Stop) -> Result<Resealed, RunError> {
        let mut walk = Resealed::default();
        let mut after = Value::Null;
        loop {
            if stop.is_requested() {
                return Err(RunError::Interrupted);
            }
            let mut options = Map::from_iter([("max_ms".to_owned(), millis(SLICE).into())]);
            if !after.is_null() {
                options.insert("after".to_owned(), after.clone());
            }
            let limit = SLICE.saturating_add(self.host.plugin.grace());
            let text = self.ask(Question::Reseal, options, limit, stop).await?;
            let next = walk.add(parsed(&text, "answer to a resealing")?);
            if next.is_null() {
                return Ok(walk);
            }
            if next == after {
                return Err(RunError::Internal(
                    "the component's walk through the store does not end".to_owned(),
                ));
            }
            after = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_slices_of_a_walk_are_summed() {
        let slice = |value| -> Resealed { serde_json::from_value(value).unwrap() };
        let mut walk = Resealed::default();
        let first = json!({"key": "b", "resealed": 2, "left": 1, "keys": {"a": 1, "b": 2}, "next": "+x"});
        assert_eq!(walk.add(slice(first)), "+x");
        assert_eq!(walk.add(slice(json!({"key": "b", "keys": {"b": 3}, "next": null}))), Value::Null);
        let whole = json!({"key": "b", "resealed": 2, "left": 1, "keys": {"a": 1, "b": 5}});
        assert_eq!(walk, slice(whole));
    }
}
