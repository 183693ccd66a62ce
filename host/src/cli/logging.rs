//! What is logged. Logs go to stderr.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

use crate::base::recent_log::Recent;

/// Of these even warnings are the most that is worth reading unless they are asked for by name.
const QUIET: &str = "cranelift_codegen=warn,wasmtime=warn,wasmtime_environ=warn,wasmtime_internal_cranelift=warn,\
                     wasmtime_internal_fiber=warn,sqlx=warn,hyper=warn,hyper_util=warn,rustls=warn";
/// Beginning of the targets of our own crates.
const OWN: &str = "kaspi_amocrm";

/// Logs what `RUST_LOG` asks for, or `default`, and never what others of this program have to say below their level:
/// wasmtime writes the arguments of host calls at `trace`, which are tokens, phones and names.
pub(crate) fn start(default: &str) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty());
    let wanted = wanted.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(format!("{QUIET},{wanted}")).unwrap_or_else(|_| EnvFilter::new(default));
    let named = named_targets(wanted);
    let is_loggable = move |metadata: &Metadata<'_>| *metadata.level() <= level(metadata.target(), &named);
    let lines = tracing_subscriber::fmt::layer()
        .compact()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry().with(filter).with(filter_fn(is_loggable)).with(Recent).with(lines).init();
}

/// The most that a target may say: ours everything, others warnings, or what happens in general where it is named.
fn level(target: &str, named: &[String]) -> Level {
    if target.starts_with(OWN) {
        Level::TRACE
    } else if named.iter().any(|name| target.starts_with(name)) {
        Level::INFO
    } else {
        Level::WARN
    }
}

/// The targets that directives like `debug,hyper=info,sqlx` name.
fn named_targets(directives: &str) -> Vec<String> {
    directives
        .split(',')
        .filter_map(|directive| directive.split(['=', '[']).next())
        .map(str::trim)
        .filter(|name| !name.is_empty() && name.parse::<tracing_subscriber::filter::LevelFilter>().is_err())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_host_calls_are_never_logged() {
        let wasi = "wasmtime_wasi_http::p2::bindings::wasi::http::types";
        for (wanted, target, expected) in [
            ("trace", "kaspi_amocrm::run", Level::TRACE),
            ("trace", "kaspi_amocrm_simulator", Level::TRACE),
            ("trace", wasi, Level::WARN),
            ("debug,hyper=info", "hyper::proto", Level::INFO),
            ("debug,hyper=info", wasi, Level::WARN),
            ("wasmtime_wasi_http=trace", wasi, Level::INFO),
            ("wasmtime_wasi_http[a]=trace", wasi, Level::INFO),
            ("info", "sqlx::query", Level::WARN),
            ("", wasi, Level::WARN),
        ] {
            assert_eq!(level(target, &named_targets(wanted)), expected, "{wanted}: {target}");
        }
    }
}
