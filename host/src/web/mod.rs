//! The addresses of `serve`: pages for people, health and figures for machines, `/cron` and `/migrate` for a hosting
//! panel.

mod app;
mod auth;
mod console;
mod http;
mod oauth;
mod ops;
mod router;
mod server;

pub use app::state::Site;
pub use auth::client_ip::TrustedProxies;
pub(crate) use auth::login::{new_start_code, replace_password};
pub(crate) use auth::password;
pub use router::router;
pub use server::{announce, serve};
