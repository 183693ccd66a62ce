//! The command line. Data goes to stdout, logs and messages for people to stderr.

mod commands;
mod logging;
mod support;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use commands::{
    backfill, config, demo, doctor, migrate, orders, password, reseal, retry, run, serve, setup, statement,
    status,
};
use support::output::report_failure;

use crate::{
    base::failure::{Exit, Failure},
    base::job::Job,
    config::{DEFAULT_CONNECTION, Settings},
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
}
