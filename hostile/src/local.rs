//! Attacks on time, memory and the things that the host keeps for a component.

use std::{hint::black_box, io::Write as _};

use crate::{
    bindings::wasi::{clocks::monotonic_clock, config, http::types::Fields, keyvalue::store, random::random},
    setting::setting,
};

/// What the host said; `None` where this file has no such attack.
pub(crate) fn attack(name: &str) -> Option<String> {
    match name {
        "loop" => loop {
            black_box(0);
        },
        "host-calls" => loop {
            black_box(monotonic_clock::now());
        },
        "sleep" => {
            monotonic_clock::subscribe_duration(u64::MAX).block();
            Some("woke up".to_owned())
        }
        "memory" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
                black_box(&all);
            }
        }
        "recursion" => Some(deep(1).to_string()),
        "leak-fields" => leak(Fields::new),
        "leak-pollables" => leak(|| monotonic_clock::subscribe_duration(u64::MAX)),
        "leak-buckets" => leak(|| store::open("default")),
        "long-strings" => {
            let values = vec![vec![b'x'; 8 << 20]; 5];
            Some(format!("{:?}", Fields::new().set("x", &values)))
        }
        "random" => Some(random::get_random_bytes(1 << 30).len().to_string()),
        "long-setting" => Some(format!("{:?}", config::store::get(&"x".repeat(1 << 20)))),
        "stderr" => {
            let text = format!("{}\n", setting("secret"));
            let mut written = 0;
            while std::io::stderr().write_all(text.as_bytes()).is_ok() {
                written += text.len();
            }
            Some(format!("closed after {written}"))
        }
        "panic" => panic!("{}", setting("secret")),
        "false-panic" => {
            eprintln!("panicked at {}:1:1:", setting("secret"));
            std::process::abort()
        }
        "exit" => std::process::exit(7),
        "work" => Some(work().to_string()),
        _ => None,
    }
}

/// Holds more and more of something until the host stops it.
fn leak<T>(make: impl Fn() -> T) -> Option<String> {
    let mut all = Vec::new();
    loop {
        all.push(make());
        black_box(&all);
    }
}

#[expect(unconditional_recursion, reason = "that is the attack")]
fn deep(level: u64) -> u64 {
    black_box(level) + black_box(deep(black_box(level) + 1))
}

/// A fixed amount of computing, for measurements.
fn work() -> u64 {
    let mut sum = 1_u64;
    for i in 0..300_000_000_u64 {
        sum = black_box(sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i));
    }
    sum
}
