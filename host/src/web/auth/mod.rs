//! Who may come in: people with a password, machines with a token.

pub(crate) mod api_token;
pub(crate) mod client_ip;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod session;
