//! What a dry run found, in numbers and examples.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{i18n::words::Words, service::Report};

/// Examples that are shown.
const EXAMPLES_MAX: usize = 10;

/// What would happen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rehearsal {
    /// Orders read.
    pub(crate) seen: u64,
    /// Orders by what would become of their leads.
    pub(crate) counts: Vec<(Fate, usize)>,
    /// The first ones that get something.
    pub(crate) examples: Vec<Planned>,
    /// What stands in the way: order or setting, and words.
    pub(crate) problems: Vec<(String, String)>,
    orders: Vec<Planned>,
}

/// An order that two settings treat differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The order.
    pub(crate) code: String,
    /// What the present settings would do.
    pub(crate) before: Option<Planned>,
    /// What the changed ones would do.
    pub(crate) after: Option<Planned>,
}

/// The orders of which two dry runs plan something different.
pub(crate) fn differences(before: &Rehearsal, after: &Rehearsal) -> Vec<Difference> {
    let by_code = |rehearsal: &Rehearsal| -> BTreeMap<String, Planned> {
        rehearsal.orders.iter().map(|order| (order.code.clone(), order.clone())).collect()
    };
    let (mut before, mut after) = (by_code(before), by_code(after));
    let codes: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let all = codes.into_iter().map(|code| {
        let (before, after) = (before.remove(&code), after.remove(&code));
        Difference { code, before, after }
    });
    all.filter(|difference| difference.before != difference.after).collect()
}

/// What would become of an order's lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// A new lead.
    Create,
    /// One that somebody made is taken over.
    Adopt,
    /// Ours lacks something.
    Complete,
    /// Ours changes.
    Change,
    /// Set aside with a problem.
    Park,
    /// Later.
    Wait,
    /// Nothing.
    #[serde(other)]
    None,
}

impl Fate {
    /// For people.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::Create => Words::new("a new lead", "новая сделка", "жаңа мәміле"),
            Self::Adopt => {
                Words::new("an existing lead is taken over", "узнана готовая сделка", "бар мәміле танылды")
            }
            Self::Complete => Words::new("a lead is completed", "сделка дополняется", "мәміле толықтырылады"),
            Self::Change => Words::new("a lead changes", "сделка меняется", "мәміле өзгереді"),
            Self::Park => Words::new("needs your attention", "нужно ваше внимание", "назарыңыз қажет"),
            Self::Wait => Words::new("waits", "подождёт", "күтеді"),
            Self::None => Words::new("no lead is needed", "сделка не нужна", "мәміле қажет емес"),
        }
    }
}

/// What would be done for one order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Planned {
    /// The order.
    pub(crate) code: String,
    /// Its lead.
    #[serde(rename = "lead")]
    pub(crate) fate: Fate,
    /// The total, in tenge.
    pub(crate) price_kzt: Option<i64>,
    /// The stage that it would be in.
    #[serde(default)]
    pub(crate) status_id: Option<i64>,
}

impl Rehearsal {
    /// From the report of a dry run; what cannot be read of its plan is left out.
    pub(crate) fn of(report: &Report) -> Self {
        let plan = report.other.get("plan").and_then(|plan| plan.as_array()).cloned().unwrap_or_default();
        let orders: Vec<Planned> =
            plan.into_iter().filter_map(|order| serde_json::from_value(order).ok()).collect();
        let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
        for order in &orders {
            *counts.entry(order.fate).or_default() += 1;
        }
        let of_problem = |problem: &crate::service::Problem| {
            let code = problem.code.as_str().map(str::to_owned).unwrap_or_default();
            (code, problem.message.clone())
        };
        Self {
            seen: report.seen,
            counts: counts.into_iter().collect(),
            examples: orders
                .iter()
                .filter(|order| order.fate != Fate::None)
                .take(EXAMPLES_MAX)
                .cloned()
                .collect(),
            problems: report.problems.iter().map(of_problem).collect(),
            orders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_are_treated_differently_are_found() {
        let rehearsal = |plan| {
            let report = serde_json::json!({"job": "new", "plan": plan});
            Rehearsal::of(&serde_json::from_value(report).unwrap())
        };
        let before = rehearsal(serde_json::json!([
            {"code": "1", "lead": "create", "status_id": 5},
            {"code": "2", "lead": "create", "status_id": 5},
            {"code": "3", "lead": "park"},
        ]));
        let after = rehearsal(serde_json::json!([
            {"code": "2", "lead": "create", "status_id": 6},
            {"code": "1", "lead": "create", "status_id": 5},
        ]));
        let told: Vec<_> = differences(&before, &after)
            .into_iter()
            .map(|one| (one.code, one.before.and_then(|p| p.status_id), one.after.and_then(|p| p.status_id)))
            .collect();
        assert_eq!(told, [("2".to_owned(), Some(5), Some(6)), ("3".to_owned(), None, None)]);
        assert!(differences(&before, &before).is_empty());
    }

    #[test]
    fn a_plan_is_counted_and_a_newer_one_is_read_as_far_as_it_goes() {
        let report: Report = serde_json::from_value(serde_json::json!({
            "job": "new", "seen": 4,
            "problems": [{"code": "12", "class": "lead_refused", "message": "amoCRM refuses it"}],
            "plan": [
                {"code": "10", "lead": "create", "price_kzt": 1500, "more": 1},
                {"code": "11", "lead": "create"},
                {"code": "12", "lead": "park"},
                {"code": "13", "lead": "something new"},
                {"unreadable": true},
            ],
        }))
        .unwrap();
        let rehearsal = Rehearsal::of(&report);
        assert_eq!(rehearsal.counts, [(Fate::Create, 2), (Fate::Park, 1), (Fate::None, 1)]);
        assert_eq!((rehearsal.seen, rehearsal.examples.len()), (4, 3));
        assert_eq!(rehearsal.examples[0].price_kzt, Some(1_500));
        assert_eq!(rehearsal.problems, [("12".to_owned(), "amoCRM refuses it".to_owned())]);
    }
}
