//! A component that misbehaves in every way there is, for `host/tests/hostile.rs`.
//!
//! The setting `attack` says which way. An attack that the host answers with errors ends with a report whose first
//! problem tells what the host said; the others do not come back.

#![cfg(target_arch = "wasm32")]

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package kaspi-amocrm:hostile@0.1.0;

            world hostile {
                import wasi:random/random@0.2.6;
                import wasi:clocks/monotonic-clock@0.2.6;
                import wasi:config/store@0.2.0-draft-2024-09-27;
                import wasi:http/outgoing-handler@0.2.6;
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                export kaspi-amocrm:plugin/sync@0.2.0;
            }

            // Not among the imports of the real one.
            package wasi:random@0.2.6 {
                interface random {
                    get-random-bytes: func(len: u64) -> list<u8>;
                    get-random-u64: func() -> u64;
                }
            }
        ",
        path: "../wit",
        world: "kaspi-amocrm:hostile/hostile",
        generate_all,
    });
}

mod local;
mod setting;
mod store;
mod web;

use bindings::{
    exports::kaspi_amocrm::plugin::sync::Guest,
    kaspi_amocrm::plugin::types::{
        Account, AccountDescription, AccountPart, Activity, BuyerDetails, Caller, Error, Examination, Job,
        KeyRotation, Message, OrdersPage, OrdersQuery, Prepared, Problem, ProblemClass, RangeStatement,
        Repair, Report, Requests, RetryResult, RetryWhich, RunOptions, Side, TimeRange,
    },
};
use setting::setting;

struct Hostile;

#[expect(unsafe_code, reason = "generated code exports the functions by their names in the component ABI")]
mod export {
    use super::{Hostile, bindings};
    bindings::export!(Hostile with_types_in bindings);
}

fn message(id: &str, arguments: &[(&str, &str)]) -> Message {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Message { id: id.to_owned(), arguments }
}

fn problem(message: Message) -> Problem {
    Problem { code: None, class: ProblemClass::Hint, setting: None, message, hint: None }
}

/// A report in which all numbers are the same.
fn report(number: u64, moment_ms: i64, problems: Vec<Problem>) -> Report {
    Report {
        activity: Activity::New,
        connection: "default".to_owned(),
        started_at_ms: moment_ms,
        took_ms: number,
        complete: true,
        more: false,
        seen: number,
        created: number,
        adopted: number,
        updated: number,
        skipped: number,
        parked: number,
        in_doubt: number,
        backlog: number,
        requests: Requests { kaspi: number, amocrm: number },
        watermark_ms: Some(moment_ms),
        lag_ms: Some(moment_ms),
        token_age_ms: Some(moment_ms),
        token_left_ms: Some(moment_ms),
        problems,
        next_from_ms: Some(moment_ms),
        plan: None,
    }
}

/// The answer to everything but `run`.
fn only_attacks<T>() -> Result<T, Error> {
    Err(Error::Internal(message("only-attacks", &[])))
}

impl Guest for Hostile {
    fn backfill(_: Caller, _: TimeRange, _: Option<u64>) -> Result<Report, Error> {
        only_attacks()
    }

    fn orders(_: OrdersQuery) -> Result<OrdersPage, Error> {
        only_attacks()
    }

    fn retry(_: Caller, _: RetryWhich) -> Result<RetryResult, Error> {
        only_attacks()
    }

    fn buyer(_: Option<String>, _: String) -> Result<Option<BuyerDetails>, Error> {
        only_attacks()
    }

    fn statement(_: Caller, _: TimeRange, _: Repair) -> Result<RangeStatement, Error> {
        only_attacks()
    }

    fn rotate_key(_: Caller, _: Option<u64>, _: Option<String>) -> Result<KeyRotation, Error> {
        only_attacks()
    }

    fn describe_account(_: Option<String>) -> Result<AccountDescription, Error> {
        only_attacks()
    }

    fn examine(_: Option<String>, _: Option<Side>) -> Result<Examination, Error> {
        only_attacks()
    }

    fn prepare_account(_: Caller, _: Vec<AccountPart>) -> Result<Prepared, Error> {
        only_attacks()
    }

    fn connect_account(_: Caller, _: String) -> Result<Account, Error> {
        only_attacks()
    }

    fn disconnect_account(_: Caller, _: i64) -> Result<bool, Error> {
        only_attacks()
    }

    fn run(_: Job, _: RunOptions) -> Result<Report, Error> {
        let attack = setting("attack");
        let said = match attack.as_str() {
            "none" => normal(),
            "report-text" => {
                let id = "x".repeat(9 << 20);
                return Ok(report(0, 0, vec![problem(message(&id, &[]))]));
            }
            "report-list" => return Ok(report(0, 0, vec![problem(message("", &[])); 100_000])),
            "report-huge" => {
                let code = Some("x".repeat(40 << 20));
                return Ok(report(0, 0, vec![Problem { code, ..problem(message("", &[])) }]));
            }
            "report-numbers" => return Ok(report(u64::MAX, i64::MAX, Vec::new())),
            "report-numbers-below" => return Ok(report(0, i64::MIN, Vec::new())),
            "report-unknown" => {
                let odd = message("no-such-\u{0}message", &[("{", "}}{{"), ("", "\u{202e}\""), ("x@", "x@")]);
                return Ok(report(0, 0, vec![problem(odd)]));
            }
            "error-text" => {
                let huge = "x".repeat(1 << 20);
                return Err(Error::Upstream(message(&huge, &[(&huge, &huge)])));
            }
            "error-list" => {
                let many = message("x", &vec![("x", "x"); 1_000]);
                return Err(Error::Config(vec![problem(many); 200]));
            }
            other => local::attack(other).or_else(|| store::attack(other)).or_else(|| web::attack(other)),
        };
        match said {
            Some(said) => Ok(report(0, 0, vec![problem(message("said", &[("said", &said)]))])),
            None => Err(Error::Internal(message("no-such-attack", &[]))),
        }
    }
}

/// What a good component does: writes, reads, asks.
fn normal() -> Option<String> {
    Some(format!("{} {}", store::write_and_read(), web::get(&setting("url"))))
}
