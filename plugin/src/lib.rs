//! The sync of Kaspi orders into amoCRM: a library that is tested natively and, on `wasm32-wasip2`, the component.
//!
//! Start reading at [`run`], which is one run from lease to report. `intake` brings Kaspi's pages into the `records`;
//! `plan` decides what the CRM lacks, without any I/O; `execute` does it, and looks at what the CRM really holds before
//! anything is created and whenever an answer was lost. What hosts call stands in [`exports`].
//! Everything from outside comes in through [`ports`]; only `component` knows the generated bindings.
//!
//! A room knows only those below it: `domain`, `ports`, `settings` and `report`, `kaspi` and `amocrm`, `records`,
//! `intake` and `plan`, `execute`, `run`, `exports`, `component`.

mod amocrm;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod contract;
pub mod domain;
mod execute;
pub mod exports;
mod intake;
mod kaspi;
mod plan;
pub mod ports;
mod records;
mod report;
pub mod run;
mod settings;
