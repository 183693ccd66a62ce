//! The sliding window of a rate limit, its penalty and the block that follows repeated excess.

use std::collections::VecDeque;

/// What the limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Let it pass.
    Pass,
    /// Too many: 429.
    TooMany,
    /// Blocked until somebody lifts it: 403.
    Blocked,
}

/// How strict the limit is (docs/apis/amocrm.md 2.1 and 8).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// Requests in any second.
    pub(crate) rps_max: usize,
    /// How long everything is refused after an excess.
    pub(crate) penalty_ms: i64,
    /// Refusals within 60 s that lead to the block.
    pub(crate) violations_max: usize,
}

/// The memory of the limit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limiter {
    arrivals: VecDeque<i64>,
    refusals: VecDeque<i64>,
    penalty_until: i64,
    blocked: bool,
}

impl Limiter {
    /// Counts one request, also where it is refused.
    pub(crate) fn admit(&mut self, limit: Limit, now_ms: i64) -> Verdict {
        if self.blocked {
            return Verdict::Blocked;
        }
        forget_before(&mut self.arrivals, now_ms - 1000);
        self.arrivals.push_back(now_ms);
        let excess = self.arrivals.len() > limit.rps_max;
        if !excess && now_ms >= self.penalty_until {
            return Verdict::Pass;
        }
        if excess && now_ms >= self.penalty_until {
            self.penalty_until = now_ms + limit.penalty_ms;
        }
        forget_before(&mut self.refusals, now_ms - 60_000);
        self.refusals.push_back(now_ms);
        self.blocked = self.refusals.len() >= limit.violations_max;
        Verdict::TooMany
    }

    /// Blocks everything until [`Limiter::reset`].
    pub(crate) fn block(&mut self) {
        self.blocked = true;
    }

    /// Forgets everything, the block included.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Keeps what came later than `border`, so that two requests exactly one second apart do not share a window.
fn forget_before(times: &mut VecDeque<i64>, border: i64) {
    while times.front().is_some_and(|at| *at <= border) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { rps_max: 7, penalty_ms: 1000, violations_max: 100 };

    #[test]
    fn seven_a_second_pass_for_ever() {
        let mut limiter = Limiter::default();
        for at in 0..70 {
            assert_eq!(limiter.admit(LIMIT, at / 7 * 1000), Verdict::Pass, "request {at}");
        }
    }

    #[test]
    fn the_eighth_is_refused_and_a_second_of_penalty_follows() {
        let mut limiter = Limiter::default();
        for _ in 0..7 {
            assert_eq!(limiter.admit(LIMIT, 0), Verdict::Pass);
        }
        assert_eq!(limiter.admit(LIMIT, 500), Verdict::TooMany);
        assert_eq!(limiter.admit(LIMIT, 1400), Verdict::TooMany, "the window is free, the penalty lasts");
        assert_eq!(limiter.admit(LIMIT, 1500), Verdict::Pass);
    }

    #[test]
    fn hammering_leads_to_a_block_until_reset() {
        let mut limiter = Limiter::default();
        let verdicts: Vec<_> = (0..110).map(|at| limiter.admit(LIMIT, at * 10)).collect();
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::TooMany).count(), 100);
        assert_eq!(verdicts.last(), Some(&Verdict::Blocked));
        assert_eq!(limiter.admit(LIMIT, 1_000_000), Verdict::Blocked);
        limiter.reset();
        assert_eq!(limiter.admit(LIMIT, 1_000_000), Verdict::Pass);
    }
}
