//! `orders`: where orders stand, and why.

mod view;

use std::path::Path;

use crate::{
    base::failure::{Exit, Failure},
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::print,
    },
    config::{DEFAULT_CONNECTION, Settings},
    contract::{
        json,
        types::{Order, OrderStep},
    },
    service::Host,
};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Numbers of orders as Kaspi shows them; without any, all that have something left to do
    #[arg(value_name = "CODE", value_parser = order_code)]
    codes: Vec<String>,
    /// One JSON object for each order
    #[arg(long)]
    json: bool,
    /// Connection (shop and account) of kaspi-amocrm.toml
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
    connection: String,
}

/// A number as it can stand in Kaspi.
pub(crate) fn order_code(text: &str) -> Result<String, String> {
    let code = text.trim();
    if !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(code.to_owned());
    }
    Err("not the number of an order / это не номер заказа".to_owned())
}

/// Looks and tells; changes nothing.
pub(crate) async fn orders(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    settings.connection(&wanted.connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let host = Host::open_unchanged(settings, plugin).await?;
    let orders = Box::pin(host.find_orders(&wanted.connection, &wanted.codes, &stop)).await?;
    let lines = match (wanted.json, wanted.codes.is_empty()) {
        (true, _) => orders.iter().map(|order| json::order(order).to_string()).collect(),
        (false, true) => view::table(&orders),
        (false, false) => view::blocks(&orders),
    };
    lines.iter().try_for_each(|line| print(line))?;
    Ok(if wanted.codes.is_empty() { Exit::Done } else { exit(&orders) })
}

/// An order that was asked for by name and is not known is a finding.
fn exit(orders: &[Order]) -> Exit {
    if orders.iter().all(|order| order.found && order.step != OrderStep::Unknown) {
        Exit::Done
    } else {
        Exit::Findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples;

    #[test]
    fn codes_are_numbers_of_orders() {
        assert_eq!(order_code(" 000100 ").as_deref(), Ok("000100"));
        for text in ["", " ", "10 00", "№1", &"1".repeat(65)] {
            assert!(order_code(text).unwrap_err().contains("номер"), "{text}");
        }
    }

    #[test]
    fn an_order_that_is_not_known_is_a_finding() {
        use OrderStep::{Done, Lead, NoLead, Note, Unknown};
        let order = |found, step| Order { found, step, ..samples::order("1") };
        for (orders, expected) in [
            (vec![], Exit::Done),
            (vec![order(true, Note), order(true, NoLead)], Exit::Done),
            (vec![order(true, Done), order(false, Unknown)], Exit::Findings),
            (vec![order(false, Lead)], Exit::Findings),
            (vec![order(true, Unknown)], Exit::Findings),
        ] {
            assert_eq!(exit(&orders), expected, "{orders:?}");
        }
    }
}
