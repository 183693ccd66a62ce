//! Chance over `wasi:random/insecure-seed`, which std asks for the seeds of its hash maps.

use std::{collections::hash_map::RandomState, hash::BuildHasher as _};

use crate::ports::Chance;

/// 128 bits of std's hasher: the standard library brings that import anyway, and a further one could shut out hosts.
pub(super) struct HasherChance;

impl Chance for HasherChance {
    #[expect(clippy::disallowed_methods, reason = "the one place that chance comes in through")]
    fn bits(&self) -> u128 {
        let state = RandomState::new();
        u128::from(state.hash_one(1_u8)) << 64 | u128::from(state.hash_one(2_u8))
    }
}
