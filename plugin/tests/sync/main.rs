//! The sync against strict simulators, in virtual time.

mod changes;
mod dry_run;
mod ending;
mod new_orders;
mod reconcile;
mod resealing;
mod scenario;
mod sealing;
mod shops;
mod statement;
mod support;
mod tokens;
mod two_shops;
