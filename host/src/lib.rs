//! Runs the sync component on wasmtime: store, tickets, lease, schedule, HTTP addresses and command line.
//!
//! The binary `kaspi-amocrm` is a thin shell around [`cli`]. Programs that embed the sync start at [`service::Host`]:
//! load a [`wasm::Plugin`], make [`config::Settings`], open a host and call [`service::Host::run`].
//! Only [`store`] knows SQL; only [`wasm`] calls the component; only [`egress`] opens connections to
//! other machines. The sync itself is in the component: what is here shows orders to people and decides nothing about
//! them.

pub mod base;
pub mod cli;
pub mod config;
pub mod contract;
pub mod diagnostics;
pub mod egress;
mod i18n;
mod onboarding;
pub mod service;
pub mod store;
pub mod wasm;
pub mod web;
