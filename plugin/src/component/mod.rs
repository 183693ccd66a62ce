//! The component: the exports that hosts call, and the ports of the sync over WASI 0.2.
//!
//! Nothing outside this folder knows the generated bindings. The adapters are small on purpose: what is worth a
//! test of its own ([`failure`], [`reactor`], [`target`]) knows no bindings either and is tested natively by
//! `tests/component_parts.rs`. Start reading at [`Component`].

mod bindings;
mod chance;
mod clock;
mod config;
mod failure;
mod http;
mod polling;
mod reactor;
mod server;
mod store;
mod target;

use std::io::{self, Write as _};

use bindings::exports::{
    kaspi_amocrm::plugin::sync,
    wasi::{cli, http::incoming_handler},
};
use polling::Reactor;

use crate::{
    domain::Job,
    exports::account::describe::describe_account,
    ports::{LocalFuture, Ports},
    run::RunError,
};

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
                with_ports(options, |ports, options| Box::pin(crate::run::run(ports, Job::New, options)))
            }
            sync::Job::Reconcile => with_ports(options, |ports, options| {
                Box::pin(crate::run::run(ports, Job::Reconcile, options))
            }),
        }
    }

    fn describe_account(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(describe_account(ports, options)))
    }

    fn orders(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::exports::orders::orders(ports, options)))
    }

    fn retry(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::exports::retry::retry(ports, options)))
    }

    fn backfill(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::run::backfill(ports, options)))
    }

    fn statement(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::exports::statement::statement(ports, options)))
    }

    fn reseal(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::exports::rotate_key::reseal(ports, options)))
    }

    fn examine(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| {
            Box::pin(crate::exports::account::examine::examine(ports, options))
        })
    }

    fn prepare_account(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| {
            Box::pin(crate::exports::account::prepare::prepare_account(ports, options))
        })
    }

    fn connect_account(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| {
            Box::pin(crate::exports::account::connect::connect_account(ports, options))
        })
    }

    fn disconnect_account(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| {
            Box::pin(crate::exports::account::connect::disconnect_account(ports, options))
        })
    }

    fn buyer(options: String) -> Result<String, sync::Error> {
        with_ports(options, |ports, options| Box::pin(crate::exports::orders::buyer(ports, options)))
    }
}

/// Waits for what works over WASI.
fn with_wasi<T>(work: impl for<'a> FnOnce(&'a Reactor, Ports<'a>) -> LocalFuture<'a, T>) -> T {
    let reactor = Reactor::default();
    let http = http::WasiHttp::new(&reactor);
    let store = store::WasiStore::default();
    let clock = clock::WasiClock::new(&reactor);
    let ports = Ports {
        http: &http,
        store: &store,
        clock: &clock,
        chance: &chance::HasherChance,
        config: &config::WasiConfig,
    };
    reactor.block_on(work(&reactor, ports))
}

/// Calls what our own interface offers. It comes as a boxed future, so that this is one function and not one for each
/// export.
fn with_ports(
    options: String,
    call: for<'a> fn(Ports<'a>, &'a str) -> LocalFuture<'a, Result<String, RunError>>,
) -> Result<String, sync::Error> {
    let result = with_wasi(|_, ports| Box::pin(async move { call(ports, &options).await }));
    result.map_err(|error| match error {
        RunError::Config(why) => sync::Error::Config(why),
        RunError::Busy => sync::Error::Busy,
        RunError::Upstream(why) => sync::Error::Upstream(why),
        RunError::Internal(why) => sync::Error::Internal(why),
    })
}

/// Runs the job that the settings name; each report is a line of the output.
fn fire() -> Result<(), RunError> {
    with_wasi(|_, ports| {
        Box::pin(async move {
            let result = crate::exports::timer::fire(ports, &say).await;
            match result {
                // Another run is doing the work.
                Err(error @ RunError::Busy) => {
                    say(&error.to_string());
                    Ok(())
                }
                other => other,
            }
        })
    })
}

/// Writes a line of output; a host that takes none loses nothing that the store does not have.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

impl bindings::Guest for Component {
    /// The moment of the trigger says nothing that the clock does not.
    fn handle_cron_event(_: bindings::Metadata) -> Result<(), bindings::Error> {
        fire().map_err(|error| bindings::Error::Other(error.to_string()))
    }
}

impl incoming_handler::Guest for Component {
    fn handle(request: incoming_handler::IncomingRequest, outparam: incoming_handler::ResponseOutparam) {
        let head = server::Head::read(&request);
        with_wasi(|reactor, ports| {
            Box::pin(async move {
                let answer = crate::exports::http::answer(ports, head.request()).await;
                server::send(reactor, outparam, &answer).await;
            })
        });
    }
}

impl cli::run::Guest for Component {
    // The export has no room for a reason, so it goes where a person looks.
    fn run() -> Result<(), ()> {
        fire().map_err(|error| drop(writeln!(io::stderr(), "{error}")))
    }
}
