//! `backfill`: orders of past days are brought in.

use std::{path::Path, time::Duration};

use crate::{
    base::clock::now_ms,
    base::{
        calendar::{self, Day},
        failure::{Exit, Failure},
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{held, print_outcome, say},
    },
    config::{DEFAULT_CONNECTION, Settings},
    service::{Backfilled, Host, RunLimits},
};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// First day, YYYY-MM-DD, of Almaty
    #[arg(long, value_name = "DATE")]
    from: Day,
    /// Last day, included
    #[arg(long, value_name = "DATE")]
    to: Day,
    /// Stop after this many seconds, and say how to go on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_seconds: Option<u64>,
    /// Connection (shop and account) of kaspi-amocrm.toml
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
    connection: String,
}

/// Reads the range and brings its orders in; prints one report.
pub(crate) async fn backfill(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    let range = calendar::range(wanted.from, wanted.to, Day::of(now_ms()))?;
    settings.connection(&wanted.connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let host = Host::open(settings, plugin).await?;
    let limits = RunLimits { total: wanted.max_seconds.map(Duration::from_secs), ..RunLimits::default() };
    let backfilled =
        Box::pin(host.backfill(&wanted.connection, range, limits, crate::cli::support::begin::WAIT, &stop))
            .await
            .map_err(held)?;
    rest(&backfilled, wanted.to, &wanted.connection).iter().try_for_each(|line| say(line))?;
    print_outcome(backfilled.outcome)
}

/// How to go on with what ended early.
fn rest(backfilled: &Backfilled, to: Day, connection: &str) -> Vec<String> {
    let connection = match connection {
        DEFAULT_CONNECTION => String::new(),
        name => format!(" --connection {name}"),
    };
    let has_more = backfilled.outcome.report.as_ref().is_some_and(|report| report.more);
    match backfilled.next_from_ms {
        Some(from_ms) => {
            let from = Day::of(from_ms);
            vec![
                "it ended early; nothing is lost, go on with / работа прервана, ничего не потеряно; продолжить:"
                    .to_owned(),
                format!("  kaspi-amocrm backfill --from {from} --to {to}{connection}"),
            ]
        }
        None if has_more => vec![
            "all orders are read; the next run makes what is missing / все заказы прочитаны; остальное сделает \
             следующий запуск:"
                .to_owned(),
            format!("  kaspi-amocrm run new{connection}"),
        ],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{samples::report, types::Report},
        service::Outcome,
    };

    #[test]
    fn what_ended_early_says_how_to_go_on() {
        let to: Day = "2026-11-24".parse().unwrap();
        let lines = |more: bool, next_from_ms, connection| {
            let outcome = Outcome { report: Some(Report { more, ..report() }), error: None };
            rest(&Backfilled { outcome, next_from_ms }, to, connection)
        };
        assert_eq!(lines(false, None, DEFAULT_CONNECTION), [""; 0]);
        let go_on = "  kaspi-amocrm backfill --from 2026-11-24 --to 2026-11-24";
        assert_eq!(lines(true, Some(1_795_546_799_999), DEFAULT_CONNECTION)[1], go_on);
        assert_eq!(lines(true, Some(1_795_460_400_000), "two")[1], format!("{go_on} --connection two"));
        assert_eq!(lines(true, None, "two")[1], "  kaspi-amocrm run new --connection two");
    }
}
