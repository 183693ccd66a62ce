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
    contract::types,
    exports,
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
    fn run(job: types::Job, options: types::RunOptions) -> Result<types::Report, types::Error> {
        call(|ports| Box::pin(async move { crate::run::run(ports, job, &options).await }))
    }

    fn backfill(
        caller: types::Caller,
        range: types::TimeRange,
        max_ms: Option<u64>,
    ) -> Result<types::Report, types::Error> {
        call(|ports| Box::pin(crate::run::backfill(ports, caller, range, max_ms)))
    }

    fn orders(query: types::OrdersQuery) -> Result<types::OrdersPage, types::Error> {
        call(|ports| Box::pin(exports::orders::orders(ports, query)))
    }

    fn retry(caller: types::Caller, which: types::RetryWhich) -> Result<types::RetryResult, types::Error> {
        call(|ports| Box::pin(exports::retry::retry(ports, caller, which)))
    }

    fn buyer(connection: Option<String>, code: String) -> Result<Option<types::BuyerDetails>, types::Error> {
        call(|ports| Box::pin(async move { exports::orders::buyer(ports, connection, &code).await }))
    }

    fn statement(
        caller: types::Caller,
        range: types::TimeRange,
        repair: types::Repair,
    ) -> Result<types::RangeStatement, types::Error> {
        call(|ports| Box::pin(exports::statement::statement(ports, caller, range, repair)))
    }

    fn rotate_key(
        caller: types::Caller,
        max_ms: Option<u64>,
        after: Option<String>,
    ) -> Result<types::KeyRotation, types::Error> {
        call(|ports| Box::pin(exports::rotate_key::rotate_key(ports, caller, max_ms, after)))
    }

    fn describe_account(connection: Option<String>) -> Result<types::AccountDescription, types::Error> {
        call(|ports| Box::pin(exports::account::describe::describe_account(ports, connection)))
    }

    fn examine(
        connection: Option<String>,
        side: Option<types::Side>,
    ) -> Result<types::Examination, types::Error> {
        call(|ports| Box::pin(exports::account::examine::examine(ports, connection, side)))
    }

    fn prepare_account(
        caller: types::Caller,
        parts: Vec<types::AccountPart>,
    ) -> Result<types::Prepared, types::Error> {
        call(|ports| {
            Box::pin(async move { exports::account::prepare::prepare_account(ports, caller, &parts).await })
        })
    }

    fn connect_account(caller: types::Caller, code: String) -> Result<types::Account, types::Error> {
        call(|ports| {
            Box::pin(async move { exports::account::connect::connect_account(ports, caller, &code).await })
        })
    }

    fn disconnect_account(caller: types::Caller, account_id: i64) -> Result<bool, types::Error> {
        call(|ports| Box::pin(exports::account::connect::disconnect_account(ports, caller, account_id)))
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

/// Calls what our own interface offers.
fn call<T>(work: impl for<'a> FnOnce(Ports<'a>) -> LocalFuture<'a, T>) -> T {
    with_wasi(|_, ports| work(ports))
}

/// Runs the job that the settings name; each report is a line of the output.
fn fire() -> Result<(), RunError> {
    with_wasi(|_, ports| {
        Box::pin(async move {
            let result = exports::timer::fire(ports, &say).await;
            match result {
                // Another run is doing the work.
                Err(error @ RunError::Busy) => {
                    say(&error.text());
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
        fire().map_err(|error| bindings::Error::Other(error.text()))
    }
}

impl incoming_handler::Guest for Component {
    fn handle(request: incoming_handler::IncomingRequest, outparam: incoming_handler::ResponseOutparam) {
        let head = server::Head::read(&request);
        with_wasi(|reactor, ports| {
            Box::pin(async move {
                let answer = exports::http::answer(ports, head.request()).await;
                server::send(reactor, outparam, &answer).await;
            })
        });
    }
}

impl cli::run::Guest for Component {
    // The export has no room for a reason, so it goes where a person looks.
    fn run() -> Result<(), ()> {
        fire().map_err(|error| drop(writeln!(io::stderr(), "{}", error.text())))
    }
}
