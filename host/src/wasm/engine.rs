//! The engine, and the thread that lets a busy guest be interrupted.

use std::{ops::Deref, thread, time::Duration};

use tokio::time::Instant;
use wasmtime::{Config, Engine, Store, UpdateDeadline};

/// How often a busy guest lets others run.
const TICK: Duration = Duration::from_millis(20);

/// A busy guest met the deadline around its call.
#[derive(Debug, thiserror::Error)]
#[error("out of time")]
pub(super) struct OutOfTime;

/// An engine whose epoch rises until it is dropped.
#[derive(Clone)]
pub(super) struct TickingEngine(Engine);

impl TickingEngine {
    /// Guests of an engine that cannot interrupt run on for as long as they compute.
    pub(super) fn new(can_interrupt: bool) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model(true).epoch_interruption(can_interrupt);
        let engine = Engine::new(&config)?;
        if !can_interrupt {
            return Ok(Self(engine));
        }
        let weak = engine.weak();
        // A thread of its own: busy guests may occupy every worker of the async runtime.
        thread::Builder::new().name("epoch".to_owned()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
        Ok(Self(engine))
    }

    /// A store whose guest yields at every tick and traps after the deadline.
    pub(super) fn store<T: 'static>(&self, data: T, deadline: Instant) -> Store<T> {
        let mut store = Store::new(&self.0, data);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if Instant::now() > deadline {
                return Err(OutOfTime.into());
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }
}

impl Deref for TickingEngine {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.0
    }
}
