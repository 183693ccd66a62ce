//! The command line. Data goes to stdout, logs and messages for people to stderr.

mod config;
mod demo;
mod logging;
mod migrate;
mod plan;
mod run;
mod serve;
mod table;

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    exit::{Exit, Failure, Text},
    job::Job,
    runtime::{Plugin, PluginError, default_cache_folder},
    settings::{DEFAULT_CONNECTION, Settings},
    stop::{Stop, stop},
};

/// Orders of a Kaspi shop become leads of an amoCRM account.
#[derive(Debug, Parser)]
#[command(name = "kaspi-amocrm", version, about, arg_required_else_help = true)]
struct Cli {
    /// Run this component instead of the embedded one
    #[arg(long, global = true, value_name = "FILE")]
    plugin: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run both jobs by the clock, and answer /cron and health checks
    Serve {
        /// Address to listen on
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Only answer requests; a crontab calls /cron
        #[arg(long)]
        no_schedule: bool,
    },
    /// Run one job until it is done; the report is one line of JSON on stdout
    Run {
        /// new: orders that amoCRM does not have yet; reconcile: what has changed since
        job: Job,
        /// Show what would be done, and change and store nothing
        #[arg(long)]
        dry_run: bool,
        /// Stop after this many seconds; the next run goes on
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        max_seconds: Option<u64>,
        /// Wait this many seconds for another run of the connection to end
        #[arg(long, value_name = "N", default_value_t = 30)]
        wait: u64,
        /// Connection (shop and account) of kaspi-amocrm.toml
        #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
        connection: String,
    },
    /// Bring the database up to date and say what was done
    Migrate,
    /// Show it working: simulators of both APIs, no account and no network
    Demo {
        /// Leave it running with a new order every few seconds
        #[arg(long)]
        keep: bool,
    },
    /// Show or check the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigAction {
    /// Name everything that is missing or wrong, first in the settings, then by what the account has
    Check {
        /// Only look at the settings, ask nobody
        #[arg(long)]
        offline: bool,
        /// Only this connection; all of them where none is named
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
    },
    /// Print all settings, without secrets
    Show,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The demo says itself what it does.
    logging::start(if matches!(cli.command, Command::Demo { .. }) { "warn" } else { "info" });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report_failure(&Failure::internal(error)).into(),
    };
    let exit = runtime.block_on(Box::pin(dispatch(cli)));
    exit.unwrap_or_else(|failure| report_failure(&failure)).into()
}

async fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let plugin = cli.plugin.as_deref();
    match cli.command {
        Command::Serve { listen, no_schedule } => {
            serve::serve(settings(), plugin, listen, !no_schedule).await
        }
        Command::Run { job, dry_run, max_seconds, wait, connection } => {
            run::run(settings(), plugin, run::Wanted { job, max_seconds, wait, connection, dry_run }).await
        }
        Command::Demo { keep } => demo::demo(plugin, keep).await,
        Command::Migrate => migrate::migrate(&settings()).await,
        Command::Config { action: ConfigAction::Check { offline, connection } } => {
            // Warnings are part of what it prints.
            let settings = Settings::load(Path::new(""));
            config::check(settings, plugin, offline, connection.as_deref()).await
        }
        Command::Config { action: ConfigAction::Show } => config::show(&settings()),
    }
}

/// The settings of the working folder, not checked yet. Warnings are logged.
fn settings() -> Settings {
    let settings = Settings::load(Path::new(""));
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    settings
}

/// The component, from a file or embedded.
fn load_plugin(file: Option<&Path>) -> Result<Plugin, Failure> {
    Plugin::load(file, default_cache_folder().as_deref()).map_err(|error| match error {
        PluginError::NotEmbedded => Failure {
            exit: Exit::Bug,
            error: Text::new(error.to_string(), "программа собрана без компонента"),
            hint: Text::new(
                "build it with: cargo xtask build; or name a component with --plugin FILE",
                "соберите её командой cargo xtask build или укажите компонент: --plugin FILE",
            ),
        },
        PluginError::Broken(error) => Failure::internal(format!("{error:#}")),
    })
}

/// Ends at SIGINT and SIGTERM; at the second one without waiting for anything.
fn stop_on_signals() -> Stop {
    let (stopper, stop) = stop();
    tokio::spawn(async move {
        match stopper.stop_on_signals().await {
            Ok(code) => std::process::exit(code),
            Err(error) => tracing::warn!("signals are not heard: {error}"),
        }
    });
    stop
}

/// Prints one line of data.
fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{line}").map_err(Failure::internal)
}

fn report_failure(failure: &Failure) -> Exit {
    // Nobody is there to hear that stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{failure}");
    failure.exit
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn usage_errors_have_the_code_of_the_contract() {
        for arguments in
            [&["kaspi-amocrm", "run"][..], &["kaspi-amocrm", "run", "old"], &["kaspi-amocrm", "nothing"]]
        {
            assert_eq!(Cli::try_parse_from(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }
}
