//! The command line. Data goes to stdout, logs and messages for people to stderr.

mod backfill;
mod config;
mod demo;
mod doctor;
mod logging;
mod migrate;
mod orders;
mod password;
mod plan;
mod reseal;
mod retry;
mod run;
mod serve;
mod setup;
mod statement;
mod status;
mod table;

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};

use crate::{
    base::{
        failure::{Exit, Failure, Text},
        shutdown::{Stop, stop},
    },
    config::{DEFAULT_CONNECTION, Settings},
    job::Job,
    service::{Outcome, RunError},
    wasm::{Plugin, PluginError, default_cache_folder},
};

/// Orders of a Kaspi shop become leads of an amoCRM account.
#[derive(Debug, Parser)]
#[command(name = "kaspi-amocrm", version, arg_required_else_help = true)]
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
    /// Say where orders stand, and why one is not in the CRM
    Orders(orders::Arguments),
    /// Try parked orders again now; prints the report of the run
    Retry(retry::Arguments),
    /// Bring in the orders of past days, whatever their age; prints one report
    Backfill(backfill::Arguments),
    /// Compare the orders of some days with the leads in amoCRM
    Statement(statement::Arguments),
    /// Say how all connections are doing: lag, backlog, doubt, token, last success
    Status(status::Arguments),
    /// Seal the whole database with SECRET_KEY after it was changed
    Reseal(reseal::Arguments),
    /// Connect a shop and an account, question by question
    Setup(setup::Arguments),
    /// Look for everything that can be wrong, with cause and remedy; changes nothing
    Doctor(doctor::Arguments),
    /// Bring the database up to date and say what was done
    Migrate,
    /// Set the password of the web pages, read from stdin, and end all sessions
    Password,
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

/// How long a command waits for another run of its connection to end.
const WAIT: Duration = Duration::from_secs(30);

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
        Command::Orders(wanted) => orders::orders(settings(), plugin, wanted).await,
        Command::Retry(wanted) => retry::retry(settings(), plugin, wanted).await,
        Command::Backfill(wanted) => backfill::backfill(settings(), plugin, wanted).await,
        Command::Statement(wanted) => statement::statement(settings(), plugin, wanted).await,
        Command::Status(wanted) => status::status(&settings(), wanted).await,
        Command::Reseal(wanted) => reseal::reseal(settings(), plugin, wanted).await,
        Command::Setup(wanted) => setup::setup(settings(), plugin, wanted).await,
        Command::Doctor(wanted) => {
            // Warnings are part of what it prints.
            doctor::doctor(Settings::load(Path::new("")), plugin, wanted).await
        }
        Command::Demo { keep } => demo::demo(plugin, keep).await,
        Command::Migrate => migrate::migrate(&settings()).await,
        Command::Password => password::password(&settings()).await,
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

/// Says one line to the person in front of it.
fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stderr().lock(), "{line}").map_err(Failure::internal)
}

/// Prints the report of a run that began, also when it failed later, and says why it did.
fn print_outcome(outcome: Outcome) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    if let Some(report) = &outcome.report {
        print(&report.to_line())?;
        exit = report.exit();
    }
    match outcome.error {
        // It did what it could before it was asked to end, and says `more` in its report.
        Some(RunError::Interrupted) if outcome.report.is_some() => Ok(exit),
        Some(error) => Ok(report_failure(&error.into())),
        None => Ok(exit),
    }
}

/// Why a command did not begin. Unlike a job it is not noted for the run that holds the connection.
fn held(error: RunError) -> Failure {
    let mut failure = Failure::from(error);
    if failure.exit == Exit::Busy {
        failure.hint = Text::new(
            "nothing was changed; try again when the other run has ended",
            "ничего не изменено; повторите, когда другой запуск закончится",
        );
    }
    failure
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
        for arguments in [
            "run",
            "run old",
            "nothing",
            "orders №1",
            "retry",
            "retry 100 --all",
            "backfill",
            "backfill --from 2026-11-24",
            "backfill --from 2026-11-24 --to yesterday",
            "backfill --from 2026-11-24 --to 2026-11-24 --max-seconds 0",
            "statement",
            "statement --day 2026-02-30",
            "statement --day 2026-11-24 --from 2026-11-24 --to 2026-11-24",
            "statement --from 2026-11-24",
            "statement --to 2026-11-24",
            "statement --day 2026-11-24 --missing",
            "reseal now",
            "setup --lang de",
            "doctor now",
        ] {
            let error = parse(arguments).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{arguments}");
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for arguments in [
            "orders",
            "orders 100 000200 --json --connection two",
            "retry 100 200",
            "retry --all",
            "backfill --from 2026-11-01 --to 2026-11-24 --max-seconds 5",
            "statement --day 2026-11-24 --json",
            "status",
            "status --json",
            "statement --from 2026-11-01 --to 2026-11-24 --repair --missing --connection two",
            "reseal",
            "reseal --connection two",
            "setup",
            "setup --lang kk --connection two",
            "doctor --json --connection two",
            "doctor --lang ru",
        ] {
            parse(arguments).unwrap_or_else(|error| panic!("{arguments}: {error}"));
        }
    }

    fn parse(arguments: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("kaspi-amocrm").chain(arguments.split(' ')))
    }

    #[test]
    fn a_command_that_found_its_connection_held_is_not_noted() {
        let failure = held(RunError::Busy);
        assert_eq!(failure.exit.code(), 75);
        assert!(!failure.hint.en.contains("noted"), "{failure}");
        assert_eq!(held(RunError::Interrupted), RunError::Interrupted.into());
    }
}
