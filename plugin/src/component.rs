//! The component: the exports that hosts call, and the ports of the sync over WASI 0.2.
//!
//! Nothing outside this folder knows the generated bindings. The adapters are small on purpose: what is worth a
//! test of its own ([`failure`], [`reactor`], [`target`]) knows no bindings either and is tested natively by
//! `tests/component_parts.rs`. Start reading at [`Component`].

mod clock;
mod config;
mod failure;
mod http;
mod reactor;
mod refusal;
mod store;
mod target;

use bindings::exports::{
    kaspi_amocrm::plugin::sync,
    wasi::{cli, http::incoming_handler},
};

use crate::{
    describe::describe_account,
    ports::{LocalFuture, Ports},
    sync::{Job, RunError},
};

/// What `wit-bindgen` makes of `wit/`.
mod bindings {
    wit_bindgen::generate!({ world: "plugin", path: "../wit", generate_all });
}

/// The pollables of `wasi:io` and their one blocking call.
type Reactor = reactor::Reactor<bindings::wasi::io::poll::Pollable>;

impl reactor::Pollable for bindings::wasi::io::poll::Pollable {
    fn poll_any(pollables: &[&Self]) -> Vec<u32> {
        bindings::wasi::io::poll::poll(pollables)
    }
}

/// The four exports of the world `plugin`.
struct Component;

#[expect(unsafe_code, reason = "generated code exports the functions by their names in the component ABI")]
mod export {
    use super::{Component, bindings};
    bindings::export!(Component with_types_in bindings);
}

impl sync::Guest for Component {
    fn run(job: sync::Job, options: String) -> Result<String, sync::Error> {
        match job {
            sync::Job::New => {
                with_ports(&options, |ports, options| Box::pin(crate::sync::run(ports, Job::New, options)))
            }
            sync::Job::Reconcile => with_ports(&options, |ports, options| {
                Box::pin(crate::sync::run(ports, Job::Reconcile, options))
            }),
        }
    }

    fn describe_account(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(describe_account(ports, options)))
    }

    fn orders(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::inquiry::orders(ports, options)))
    }

    fn retry(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::inquiry::retry(ports, options)))
    }

    fn backfill(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::sync::backfill(ports, options)))
    }

    fn statement(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::statement::statement(ports, options)))
    }

    fn reseal(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::seal::reseal(ports, options)))
    }

    fn examine(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::examine::examine(ports, options)))
    }

    fn prepare_account(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::prepare::prepare_account(ports, options)))
    }

    fn connect_account(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::connect::connect_account(ports, options)))
    }

    fn disconnect_account(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::connect::disconnect_account(ports, options)))
    }

    fn buyer(options: String) -> Result<String, sync::Error> {
        with_ports(&options, |ports, options| Box::pin(crate::inquiry::buyer(ports, options)))
    }
}

/// Waits for a call that works over WASI. It comes as a boxed future, so that this is one function and not one for each
/// export.
fn with_ports(
    options: &str,
    call: for<'a> fn(Ports<'a>, &'a str) -> LocalFuture<'a, Result<String, RunError>>,
) -> Result<String, sync::Error> {
    let reactor = Reactor::default();
    let http = http::WasiHttp::new(&reactor);
    let store = store::WasiStore::default();
    let clock = clock::WasiClock::new(&reactor);
    let ports = Ports { http: &http, store: &store, clock: &clock, config: &config::WasiConfig };
    reactor.block_on(call(ports, options)).map_err(|error| match error {
        RunError::Config(why) => sync::Error::Config(why),
        RunError::Busy => sync::Error::Busy,
        RunError::Upstream(why) => sync::Error::Upstream(why),
        RunError::Internal(why) => sync::Error::Internal(why),
    })
}

impl bindings::Guest for Component {
    fn handle_cron_event(_: bindings::Metadata) -> Result<(), bindings::Error> {
        Err(bindings::Error::Other(refusal::detail("cron trigger")))
    }
}

impl incoming_handler::Guest for Component {
    fn handle(_: incoming_handler::IncomingRequest, response: incoming_handler::ResponseOutparam) {
        let reactor = Reactor::default();
        reactor.block_on(refusal::answer(&reactor, response));
    }
}

impl cli::run::Guest for Component {
    // The export has no room for a reason; the settings that select a job from a command line come with the job.
    fn run() -> Result<(), ()> {
        Err(())
    }
}
