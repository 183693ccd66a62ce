//! What a run may send and write, and until when: handed to everything that does it for the run.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{base::clock::Moment, store::Fence};

/// Until when a lease surely holds, as this machine can tell without asking anybody: for as long as its last renewal
/// promised, counted from before that was asked for.
///
/// A process that stood still cannot know what became of its lease meanwhile. By this it knows that it has to ask.
#[derive(Debug, Clone)]
pub struct Term {
    pub(crate) ttl: Duration,
    since: Arc<Mutex<Moment>>,
}

impl Term {
    /// Of a lease that was asked for at `asked`.
    pub fn new(ttl: Duration, asked: Moment) -> Self {
        Self { ttl, since: Arc::new(Mutex::new(asked)) }
    }

    /// Whether somebody else may have the connection by now.
    pub fn is_over(&self) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).elapsed() >= self.ttl
    }

    pub(crate) fn renew(&self, asked: Moment) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }
}

/// What a run that holds its connection may do, and for how long.
#[derive(Debug, Clone)]
pub struct Hold {
    /// What its writes carry.
    pub fence: Fence,
    /// How long it may send requests.
    pub term: Term,
}
