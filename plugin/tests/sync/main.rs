//! The sync against strict simulators, in virtual time.

mod connecting;
mod dry_run;
mod elsewhere;
mod ending;
mod examine;
mod new_orders;
mod new_orders_faults;
mod prepare;
mod reconcile;
mod reconcile_faults;
mod resealing;
mod rows;
mod scenario;
mod sealing;
mod statement;
mod tokens;
mod two_shops;

use kaspi_amocrm_testkit::{self as support, changes, shops};
