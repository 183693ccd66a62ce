//! What the component imports. One file per interface that we implement ourselves; the rest of WASI comes from
//! wasmtime, over the empty context of the guest.

mod config;
mod keyvalue;

use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::{
    cli::{WasiCli, WasiCliView},
    p2::bindings::{cli, random},
    random::WasiRandom,
};

use super::guest::{Guest, bindings};

/// Defines everything that the component imports. Of WASI only what its imports name (`plugin/tests/imports.txt`): there
/// are no files and no sockets to link.
///
/// # Errors
/// When an interface is defined twice.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |guest| guest.wasi.random())?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    bindings::wasi::keyvalue::store::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::keyvalue::batch::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    bindings::wasi::config::store::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}
