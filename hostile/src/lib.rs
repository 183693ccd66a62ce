//! A component that misbehaves in every way there is, for `host/tests/hostile.rs`.
//!
//! The setting `attack` says which way. An attack that the host answers with errors ends with a report whose field
//! `said` tells what the host said; the others do not come back.

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
                export kaspi-amocrm:plugin/sync@0.1.0;
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

use bindings::exports::kaspi_amocrm::plugin::sync::{Error, Guest, Job};
use setting::setting;

struct Hostile;

#[expect(unsafe_code, reason = "generated code exports the functions by their names in the component ABI")]
mod export {
    use super::{Hostile, bindings};
    bindings::export!(Hostile with_types_in bindings);
}

fn report(said: &str) -> String {
    format!(r#"{{"job":"new","said":"{said}"}}"#)
}

/// The answer to everything but `run`.
fn only_attacks() -> Result<String, Error> {
    Err(Error::Internal("this component only attacks, with `run`".to_owned()))
}

impl Guest for Hostile {
    fn describe_account(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn orders(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn retry(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn backfill(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn statement(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn reseal(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn examine(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn prepare_account(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn connect_account(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn disconnect_account(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn buyer(_: String) -> Result<String, Error> {
        only_attacks()
    }

    fn run(_: Job, _: String) -> Result<String, Error> {
        let attack = setting("attack");
        let said = match attack.as_str() {
            "none" => normal(),
            "report-not-json" => return Ok(format!("{{\"job\":\"{}", setting("secret"))),
            "report-of-another-type" => return Ok(format!("{{\"seen\":\"{}\"}}", setting("secret"))),
            "report-huge" => return Ok("x".repeat(9 << 20)),
            "report-numbers" => {
                let most = u64::MAX;
                return Ok(format!(
                    r#"{{"job":"new","more":true,"took_ms":{most},"seen":{most},"requests":{{"kaspi":{most},"amocrm":1}}}}"#
                ));
            }
            "error-huge" => return Err(Error::Upstream("x".repeat(1 << 20))),
            other => local::attack(other).or_else(|| store::attack(other)).or_else(|| web::attack(other)),
        };
        match said {
            Some(said) => Ok(report(&said)),
            None => Err(Error::Internal("no such attack".to_owned())),
        }
    }
}

/// What a good component does: writes, reads, asks.
fn normal() -> Option<String> {
    Some(format!("{} {}", store::write_and_read(), web::get(&setting("url"))))
}
