//! The store is sealed with the key of today, after it was changed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    call::{CLOSING, finished},
    error::RunError,
    host::Host,
    run::Run,
};
use crate::{
    base::job::Job, base::shutdown::Stop, contract::types::KeyRotation, egress::rate_limit::Urgency,
};

/// One call of the component; short, so that a program that is asked to end need not cut one.
const SLICE: Duration = Duration::from_secs(5);
/// Walks through the store: one that seals, one that finds nothing more, and one for what was written in between.
const WALKS_MAX: u32 = 3;

/// Takes in what another slice has done; answers with where it ended.
fn add(walk: &mut KeyRotation, slice: KeyRotation) -> Option<String> {
    walk.key = slice.key;
    walk.resealed = walk.resealed.saturating_add(slice.resealed);
    walk.left = walk.left.saturating_add(slice.left);
    let mut keys: BTreeMap<String, u64> = walk.keys.drain(..).collect();
    for (id, count) in slice.keys {
        let sum = keys.entry(id).or_default();
        *sum = sum.saturating_add(count);
    }
    walk.keys = keys.into_iter().collect();
    slice.next
}

/// Nothing done yet.
fn nothing() -> KeyRotation {
    KeyRotation { key: String::new(), resealed: 0, left: 0, keys: Vec::new(), next: None }
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
    ) -> Result<KeyRotation, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let resealed = run.reseal(stop).await;
        run.finish(stop).await;
        resealed
    }
}

impl Run {
    /// Walks through the store until nothing is left, or a walk can do nothing about it.
    async fn reseal(&self, stop: &Stop) -> Result<KeyRotation, RunError> {
        let mut resealed = 0_u64;
        let mut walks = 0;
        loop {
            let walk = self.reseal_walk(stop).await?;
            resealed = resealed.saturating_add(walk.resealed);
            walks += 1;
            if walk.left == 0 || walk.resealed == 0 || walks == WALKS_MAX {
                return Ok(KeyRotation { resealed, ..walk });
            }
        }
    }

    async fn reseal_walk(&self, stop: &Stop) -> Result<KeyRotation, RunError> {
        let mut walk = nothing();
        let mut after: Option<String> = None;
        loop {
            if stop.is_requested() {
                return Err(RunError::Interrupted);
            }
            let guest = self.guest(Urgency::Live, stop);
            let call = Box::pin(self.host.plugin.rotate_key(guest, SLICE, after.as_deref()));
            let next = add(&mut walk, finished(call, stop, CLOSING).await?);
            if next.is_none() {
                return Ok(walk);
            }
            if next == after {
                return Err(RunError::Fault(
                    "the component's walk through the store does not end".to_owned(),
                ));
            }
            after = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slices_of_a_walk_are_summed() {
        let keys = |keys: &[(&str, u64)]| keys.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
        let mut walk = nothing();
        let first = KeyRotation {
            key: "b".to_owned(),
            resealed: 2,
            left: 1,
            keys: keys(&[("a", 1), ("b", 2)]),
            next: Some("+x".to_owned()),
        };
        assert_eq!(add(&mut walk, first).as_deref(), Some("+x"));
        let last = KeyRotation { key: "b".to_owned(), keys: keys(&[("b", 3)]), ..nothing() };
        assert_eq!(add(&mut walk, last), None);
        let whole = KeyRotation {
            key: "b".to_owned(),
            resealed: 2,
            left: 1,
            keys: keys(&[("a", 1), ("b", 5)]),
            next: None,
        };
        assert_eq!(walk, whole);
    }
}
