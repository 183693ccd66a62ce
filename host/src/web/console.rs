//! Pages for people. Everything is rendered here and works without a script; where scripts run, pages keep themselves up
//! to date.

mod account;
mod assets;
mod chart;
mod chooser;
mod desk;
mod next;
mod order;
mod orders;
mod overview;
mod page;
#[cfg(test)]
mod page_tests;
mod parts;
mod preferences;
mod problems;
mod runs;
mod settings;
mod setup;
mod sign_in;
mod statement;
#[cfg(test)]
mod tests;
mod visitor;
#[cfg(test)]
mod work_tests;

use axum::{
    Router,
    routing::{get, post},
};

use super::Web;
pub(super) use page::plain_page;
pub(super) use visitor::{Anyone, SignedIn, Visitor};

pub(super) use assets::routes as assets;
pub(super) use desk::Desk;

/// The addresses of the pages.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(overview::overview))
        .route("/orders", get(orders::orders))
        .route("/orders/{code}", get(order::order))
        .route("/orders/{code}/buyer", get(order::back).post(order::buyer))
        .route("/problems", get(problems::problems))
        .route("/problems/retry", get(problems::back).post(problems::retry))
        .route("/statement", get(statement::statement).post(statement::compare))
        .route("/runs", get(runs::runs))
        .route("/sign-in", get(sign_in::sign_in_page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/welcome", get(sign_in::welcome_page).post(sign_in::welcome))
        .route("/preferences", post(preferences::keep))
        .route("/account", get(account::account))
        .route("/account/password", post(account::change_password))
        .merge(assets())
        .merge(setup::routes())
        .merge(settings::routes())
}
