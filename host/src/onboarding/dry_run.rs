//! What a dry run found, in numbers and examples.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    contract::types::{LeadAction, PlannedOrder, Problem, Report},
    i18n::words::Words,
};

/// Examples that are shown.
const EXAMPLES_MAX: usize = 10;

/// What can happen to a lead, in the order in which it is told.
const ACTIONS: [LeadAction; 7] = [
    LeadAction::Create,
    LeadAction::Adopt,
    LeadAction::Complete,
    LeadAction::Change,
    LeadAction::Park,
    LeadAction::Wait,
    LeadAction::None,
];

/// What would happen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rehearsal {
    /// Orders read.
    pub(crate) seen: u64,
    /// Orders by what would become of their leads.
    pub(crate) counts: Vec<(LeadAction, usize)>,
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

/// What would become of an order's lead, for people.
pub(crate) fn fate(action: LeadAction) -> Words {
    match action {
        LeadAction::Create => Words::new("a new lead", "новая сделка", "жаңа мәміле"),
        LeadAction::Adopt => {
            Words::new("an existing lead is taken over", "узнана готовая сделка", "бар мәміле танылды")
        }
        LeadAction::Complete => {
            Words::new("a lead is completed", "сделка дополняется", "мәміле толықтырылады")
        }
        LeadAction::Change => Words::new("a lead changes", "сделка меняется", "мәміле өзгереді"),
        LeadAction::Park => Words::new("needs your attention", "нужно ваше внимание", "назарыңыз қажет"),
        LeadAction::Wait => Words::new("waits", "подождёт", "күтеді"),
        LeadAction::None => Words::new("no lead is needed", "сделка не нужна", "мәміле қажет емес"),
    }
}

/// What would be done for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// The order.
    pub(crate) code: String,
    /// Its lead.
    pub(crate) lead: LeadAction,
    /// The total, in tenge.
    pub(crate) price_kzt: Option<i64>,
    /// The stage that it would be in.
    pub(crate) status_id: Option<i64>,
}

impl Rehearsal {
    /// From the report of a dry run.
    pub(crate) fn of(report: &Report) -> Self {
        let orders: Vec<Planned> = report.plan.iter().flatten().map(Planned::of).collect();
        let count = |action| orders.iter().filter(|order| order.lead == action).count();
        let counts = ACTIONS.map(|action| (action, count(action)));
        let of_problem = |problem: &Problem| (problem.code.clone().unwrap_or_default(), problem.text());
        Self {
            seen: report.seen,
            counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
            examples: orders
                .iter()
                .filter(|order| order.lead != LeadAction::None)
                .take(EXAMPLES_MAX)
                .cloned()
                .collect(),
            problems: report.problems.iter().map(of_problem).collect(),
            orders,
        }
    }
}

impl Planned {
    fn of(order: &PlannedOrder) -> Self {
        let PlannedOrder { code, lead, price_kzt, status_id, .. } = order;
        Self { code: code.clone(), lead: *lead, price_kzt: *price_kzt, status_id: *status_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{
        samples::{message, planned, problem, report},
        types::ProblemClass,
    };

    fn rehearsal(plan: Vec<PlannedOrder>) -> Rehearsal {
        Rehearsal::of(&Report { plan: Some(plan), ..report() })
    }

    #[test]
    fn orders_that_are_treated_differently_are_found() {
        let in_stage =
            |code: &str, id| PlannedOrder { status_id: Some(id), ..planned(code, LeadAction::Create) };
        let before = rehearsal(vec![in_stage("1", 5), in_stage("2", 5), planned("3", LeadAction::Park)]);
        let after = rehearsal(vec![in_stage("2", 6), in_stage("1", 5)]);
        let told: Vec<_> = differences(&before, &after)
            .into_iter()
            .map(|one| (one.code, one.before.and_then(|p| p.status_id), one.after.and_then(|p| p.status_id)))
            .collect();
        assert_eq!(told, [("2".to_owned(), Some(5), Some(6)), ("3".to_owned(), None, None)]);
        assert!(differences(&before, &before).is_empty());
    }

    #[test]
    fn a_plan_is_counted() {
        let refused =
            Problem { code: Some("12".to_owned()), ..problem(ProblemClass::LeadRefused, "lead-refused") };
        let plan = vec![
            PlannedOrder { price_kzt: Some(1_500), ..planned("10", LeadAction::Create) },
            planned("12", LeadAction::Park),
            planned("11", LeadAction::Create),
            planned("13", LeadAction::None),
        ];
        let report = Report { seen: 4, problems: vec![refused], plan: Some(plan), ..report() };
        let rehearsal = Rehearsal::of(&report);
        assert_eq!(rehearsal.counts, [(LeadAction::Create, 2), (LeadAction::Park, 1), (LeadAction::None, 1)]);
        assert_eq!((rehearsal.seen, rehearsal.examples.len()), (4, 3));
        assert_eq!(rehearsal.examples[0].price_kzt, Some(1_500));
        assert_eq!(rehearsal.problems, [("12".to_owned(), message("lead-refused").both())]);
    }
}
