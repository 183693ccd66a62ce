//! The engine, and the thread that lets a busy guest be interrupted.

use std::{ops::Deref, thread, time::Duration};

use tokio::time::Instant;
use wasmtime::{Config, Engine, Store, UpdateDeadline};

/// How often a busy guest lets others run.
const TICK: Duration = Duration::from_millis(20);

/// An engine whose epoch rises until it is dropped.
#[derive(Clone)]
pub(super) struct TickingEngine(Engine);

impl TickingEngine {
    pub(super) fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model(true).epoch_interruption(true);
        let engine = Engine::new(&config)?;
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
                return Err(wasmtime::Error::msg("out of time"));
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
