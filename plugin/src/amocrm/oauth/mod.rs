//! Tokens: the long-lived one of the settings, or a pair that is renewed (docs/apis/amocrm.md 1).
//!
//! A refresh token works once, and amoCRM's answer to it can be had once. So a pair is renewed by one run at a time,
//! under a lock that all runs of the store share; the new pair is durable before its access token is used; and a
//! renewal happens at half of the access token's life, so that a pair that got lost leaves hours to mend it.
//! A pair of the settings moves into the store once, and again only when the settings changed.

mod client;
mod pair;
mod refusals;

pub(crate) use client::OAuth;
pub(crate) use pair::pair_key;
