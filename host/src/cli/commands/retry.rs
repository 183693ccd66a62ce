//! `retry`: parked orders are tried again now.

use std::path::Path;

use super::orders::order_code;
use crate::{
    base::failure::{Exit, Failure},
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{held, print_outcome, say},
    },
    config::{DEFAULT_CONNECTION, Settings},
    contract::types::{RetryResult, RetryWhich},
    service::Host,
};

/// Codes that are named in one line.
const CODES_SHOWN: usize = 20;

/// What was asked for.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["codes", "all"]))]
pub(crate) struct Arguments {
    /// Numbers of orders as Kaspi shows them
    #[arg(value_name = "CODE", value_parser = order_code)]
    codes: Vec<String>,
    /// Every order that is parked
    #[arg(long)]
    all: bool,
    /// Connection (shop and account) of kaspi-amocrm.toml
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
    connection: String,
}

/// Lets the orders be tried again, tries them, and prints the report of that run.
pub(crate) async fn retry(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    settings.connection(&wanted.connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let host = Host::open(settings, plugin).await?;
    let which = if wanted.all { RetryWhich::All } else { RetryWhich::Codes(wanted.codes) };
    let retried = Box::pin(host.retry(&wanted.connection, &which, crate::cli::support::begin::WAIT, &stop))
        .await
        .map_err(held)?;
    lines(&retried.answer).iter().try_for_each(|line| say(line))?;
    print_outcome(retried.outcome)
}

/// What became of the wish, order by order.
fn lines(answer: &RetryResult) -> Vec<String> {
    let told = [
        (&answer.retried, "tried again", "повторная попытка"),
        (
            &answer.in_doubt,
            "in doubt: an answer was lost, and the order waits until it is clear what it was",
            "под вопросом: ответ потерян, заказ ждёт, пока не станет ясно, что произошло",
        ),
        (&answer.done, "nothing to do, done already", "делать нечего, уже готово"),
        (&answer.unknown, "no record of it", "записи о нём нет"),
    ];
    let lines: Vec<String> = told
        .into_iter()
        .filter(|(codes, ..)| !codes.is_empty())
        .map(|(codes, en, ru)| format!("{en} / {ru}: {}", list(codes)))
        .collect();
    if lines.is_empty() {
        return vec!["no order is parked / отложенных заказов нет".to_owned()];
    }
    lines
}

fn list(codes: &[String]) -> String {
    let shown = codes.iter().take(CODES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match codes.len().saturating_sub(CODES_SHOWN) {
        0 => shown,
        more => format!("{shown} (+{more})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_each_order_is_told() {
        let codes = |codes: &[u32]| codes.iter().map(ToString::to_string).collect();
        let answer = |retried: &[u32], in_doubt: &[u32], done: &[u32], unknown: &[u32]| {
            let [retried, in_doubt, done, unknown] = [retried, in_doubt, done, unknown].map(codes);
            lines(&RetryResult { retried, in_doubt, done, unknown })
        };
        assert_eq!(
            answer(&[1, 2], &[], &[3], &[4]),
            [
                "tried again / повторная попытка: 1, 2",
                "nothing to do, done already / делать нечего, уже готово: 3",
                "no record of it / записи о нём нет: 4",
            ]
        );
        assert!(answer(&[], &[5], &[], &[])[0].ends_with("что произошло: 5"));
        assert_eq!(answer(&[], &[], &[], &[]), ["no order is parked / отложенных заказов нет"]);
        let many: Vec<u32> = (0..25).collect();
        assert!(answer(&many, &[], &[], &[])[0].ends_with("18, 19 (+5)"));
    }
}
