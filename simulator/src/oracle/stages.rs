//! In which stage a lead must be.

use std::collections::BTreeMap;

use crate::kaspi::SimOrder;

/// Stages by what an order is, as the sync is set to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stages {
    /// Stage ids by `STATE`, `STATE/STATUS` or, for Kaspi delivery, `KASPI_DELIVERY/` and `packing`, `packed`,
    /// `handed_over` or `pre_order`. The most exact key wins: sub-stage, then status, then state.
    pub by_key: BTreeMap<String, u64>,
    /// The stage of new leads that no key names; `None` if it is not judged.
    pub default: Option<u64>,
}

impl Stages {
    /// The stage the lead of an order must be in; `None` where none is wrong. An order that no key names leaves its
    /// lead where it is, so this is the default only if no key has ever named it.
    pub(super) fn wanted(&self, order: &SimOrder, now_ms: i64) -> Option<u64> {
        if let Some(id) = self.named(order, now_ms) {
            return Some(id);
        }
        let changes = order.timeline.iter().map(|change| change.at_ms);
        let moments = changes.chain(order.assembled_from_ms).chain(order.handed_over_ms);
        let mut past = moments.filter(|at_ms| *at_ms <= now_ms).chain([i64::MIN]);
        if past.any(|at_ms| self.named(order, at_ms).is_some()) { None } else { self.default }
    }

    fn named(&self, order: &SimOrder, at_ms: i64) -> Option<u64> {
        let (state, status) = order.at(at_ms);
        let of = |detail: &str| self.by_key.get(&format!("{state}/{detail}"));
        let by_sub_stage = sub_stage(order, at_ms).and_then(of);
        by_sub_stage.or_else(|| of(status)).or_else(|| self.by_key.get(state)).copied()
    }
}

/// What Kaspi's delivery is about while the status says only that the order is accepted (docs/apis/kaspi.md 3.4).
fn sub_stage(order: &SimOrder, at_ms: i64) -> Option<&'static str> {
    if order.at(at_ms) != ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT") {
        return None;
    }
    Some(if order.handed_over_at(at_ms).is_some() {
        "handed_over"
    } else if order.pre_order {
        "pre_order"
    } else if order.assembled_at(at_ms) == Some(true) {
        "packed"
    } else {
        "packing"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: i64 = 1_790_000_000_000;

    fn stages(keys: &[(&str, u64)], default: Option<u64>) -> Stages {
        Stages { by_key: keys.iter().map(|(key, id)| ((*key).to_owned(), *id)).collect(), default }
    }

    #[test]
    fn the_most_exact_key_wins() {
        let order = || SimOrder::new("1", START_MS);
        let sub_stages = [
            ("KASPI_DELIVERY/packing", 1),
            ("KASPI_DELIVERY/packed", 2),
            ("KASPI_DELIVERY/handed_over", 3),
            ("KASPI_DELIVERY/pre_order", 4),
            ("KASPI_DELIVERY/ACCEPTED_BY_MERCHANT", 5),
            ("KASPI_DELIVERY", 6),
            ("PICKUP/packing", 7),
            ("PICKUP", 8),
        ];
        let pre_order = SimOrder { pre_order: true, ..order() };
        let cases = [
            (order(), 0, 1),
            (order().assembled_from(START_MS + 5), 4, 1),
            (order().assembled_from(START_MS + 5), 5, 2),
            (order().assembled_from(START_MS + 5).handed_over(START_MS + 6), 6, 3),
            (SimOrder { assembled: Some(true), ..pre_order.clone() }, 0, 4),
            (pre_order.handed_over(START_MS), 0, 3),
            (order().state("KASPI_DELIVERY", "CANCELLING"), 0, 6),
            (order().state("PICKUP", "ACCEPTED_BY_MERCHANT"), 0, 8),
        ];
        for (order, after_ms, expected) in cases {
            let wanted = stages(&sub_stages, None).wanted(&order, START_MS + after_ms);
            assert_eq!(wanted, Some(expected), "{order:?} after {after_ms} ms");
        }
        for (from, expected) in [(4, Some(5)), (5, Some(6)), (6, None)] {
            let wanted = stages(&sub_stages[from..], None).wanted(&order(), START_MS);
            assert_eq!(wanted, expected, "keys from {from} on");
        }
    }

    #[test]
    fn what_no_key_names_stays_where_it_is() {
        let stages = |default| stages(&[("KASPI_DELIVERY/packed", 2)], default);
        let order = SimOrder::new("1", START_MS);
        assert_eq!(stages(Some(9)).wanted(&order, START_MS), Some(9), "never named");
        assert_eq!(stages(None).wanted(&order, START_MS), None);
        let packed = order.assembled_from(START_MS + 5).later(START_MS + 7, "ARCHIVE", "COMPLETED");
        let wanted = |after_ms| stages(Some(9)).wanted(&packed, START_MS + after_ms);
        assert_eq!(
            [0, 5, 7].map(wanted),
            [Some(9), Some(2), None],
            "archived from the stage for packed ones"
        );
    }
}
