//! The sync against strict simulators, in virtual time.

mod dry_run;
mod ending;
mod new_orders;
mod sealing;
mod support;
mod tokens;
