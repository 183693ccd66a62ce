//! Pages for people. Everything is rendered here and works without a script; where scripts run, pages keep themselves up
//! to date.

pub(crate) mod frame;
#[cfg(test)]
mod page_tests;
mod pages;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod work_tests;

use axum::{
    Router,
    routing::{get, post},
};

use self::{
    frame::assets,
    pages::{
        account, order, orders, overview, preferences, problems, runs, settings, setup, sign_in, statement,
    },
};
use super::app::state::Web;

/// The addresses of the pages.
pub(crate) fn routes() -> Router<Web> {
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
        .merge(assets::routes())
        .merge(setup::routes())
        .merge(settings::routes())
}
