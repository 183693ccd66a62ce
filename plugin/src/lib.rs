//! The sync of Kaspi orders into amoCRM: a library that is tested natively and, on `wasm32-wasip2`, the component.
//!
//! Start reading at [`sync`], which is one run from lease to report. [`ingest`] brings Kaspi's pages into the
//! [`ledger`]; [`plan`] decides what the CRM lacks, without any I/O; [`apply`] does it; [`witness`] looks at what
//! the CRM really holds, before anything is created and whenever an answer was lost.
//! [`trigger`] and [`http_api`] wake it on hosts that are not ours; there [`sync`] keeps a lease of its own.
//! Everything from outside comes in through [`ports`]; only `component` knows the generated bindings.

pub mod amocrm;
pub mod apply;
pub mod changes;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod connect;
pub mod contacts;
mod create;
pub mod describe;
pub mod domain;
mod doubt;
pub mod elements;
pub mod examine;
pub mod exports;
mod follow;
pub mod history;
pub mod http_api;
pub mod ingest;
pub mod inquiry;
pub mod kaspi;
mod lease;
mod links;
pub mod note;
mod options;
pub mod plan;
pub mod ports;
pub mod prepare;
pub mod records;
pub mod rehearsal;
pub mod report;
pub mod revisit;
pub mod settings;
pub mod statement;
mod status;
pub mod sync;
pub mod trigger;
pub mod witness;
mod work;
