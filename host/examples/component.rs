//! What a component costs before it does anything: bytes, the first compilation, one instance, memory.
//!
//! `cargo xtask bench component` measures the one that was built last; a further argument names another file. Imports
//! are linked to traps, so any component can be measured.

use std::{fs, io::Write as _, time::Instant};

use anyhow::{Context as _, Result};
use wasmtime::{
    Config, Engine, Store,
    component::{Component, Linker},
};

#[path = "usage/mod.rs"]
mod usage;

/// Instances of which the median is told.
const INSTANCES: usize = 201;

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("say which component")?;
    let bytes = fs::read(&path).with_context(|| format!("cannot read {path}"))?;
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).map_err(anyhow::Error::from)?;
    let (began, cpu_ms) = (Instant::now(), usage::cpu_ms()?);
    let component = Component::from_binary(&engine, &bytes).map_err(anyhow::Error::from)?;
    let (compiled_ms, cpu_ms) = (began.elapsed().as_millis(), usage::cpu_ms()? - cpu_ms);
    let code_bytes = component.serialize().map_err(anyhow::Error::from)?.len();
    let mut linker = Linker::<()>::new(&engine);
    linker.define_unknown_imports_as_traps(&component).map_err(anyhow::Error::from)?;
    let linked = linker.instantiate_pre(&component).map_err(anyhow::Error::from)?;
    let mut times_us = Vec::new();
    for _ in 0..INSTANCES {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1_000);
        let began = Instant::now();
        linked.instantiate_async(&mut store).await.map_err(anyhow::Error::from)?;
        times_us.push(began.elapsed().as_micros());
    }
    times_us.sort_unstable();
    writeln!(
        std::io::stdout(),
        "{} bytes, compiled in {compiled_ms} ms ({cpu_ms} ms CPU) to {code_bytes} bytes, an instance in {} us (median of \
         {INSTANCES}), {} kB peak",
        bytes.len(),
        times_us[INSTANCES / 2],
        usage::peak_kb()?
    )?;
    Ok(())
}
