//! The report of a run, as it grows.

pub(crate) mod planned_order;

use std::collections::BTreeSet;

use kaspi_amocrm_contract::{Finding, Message};

use crate::contract::types::{Activity, Problem, ProblemClass, Report, Requests};

impl Problem {
    /// Of a run.
    pub fn new(class: ProblemClass, message: impl Into<Message>) -> Self {
        Self { code: None, class, setting: None, message: message.into().into(), hint: None }
    }

    /// Of a setting.
    pub fn of_setting(class: ProblemClass, finding: &Finding) -> Self {
        Self {
            code: None,
            class,
            setting: Some(finding.name.clone()),
            message: finding.problem.clone().into(),
            hint: Some(finding.hint.clone().into()),
        }
    }
}

impl Report {
    /// Of a slice in which nothing has been done yet.
    pub fn new(activity: Activity, connection: &str, started_at_ms: i64) -> Self {
        Self {
            activity,
            connection: connection.to_owned(),
            started_at_ms,
            took_ms: 0,
            complete: false,
            more: false,
            seen: 0,
            created: 0,
            adopted: 0,
            updated: 0,
            skipped: 0,
            parked: 0,
            in_doubt: 0,
            backlog: 0,
            requests: Requests { kaspi: 0, amocrm: 0 },
            watermark_ms: None,
            lag_ms: None,
            token_age_ms: None,
            token_left_ms: None,
            problems: Vec::new(),
            next_from_ms: None,
            plan: None,
        }
    }

    /// Adds a problem of the run itself.
    pub(crate) fn problem(&mut self, class: ProblemClass, message: impl Into<Message>) {
        self.problems.push(Problem::new(class, message));
    }

    /// Adds a problem of a setting.
    pub fn finding(&mut self, class: ProblemClass, finding: &Finding) {
        self.problems.push(Problem::of_setting(class, finding));
    }

    /// Adds a problem of one order.
    pub(crate) fn order_problem(&mut self, code: &str, class: ProblemClass, message: impl Into<Message>) {
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        self.problems.push(Problem { code, ..Problem::new(class, message) });
    }

    /// Leaves of each problem the first.
    pub fn tell_each_once(&mut self) {
        let mut seen = BTreeSet::new();
        self.problems.retain(|problem| {
            let hint = problem.hint.as_ref().map(|hint| (hint.id.clone(), hint.arguments.clone()));
            let message = (problem.message.id.clone(), problem.message.arguments.clone());
            seen.insert((problem.code.clone(), problem.class.name(), problem.setting.clone(), message, hint))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once() {
        let mut report = Report::new(Activity::New, "default", 0);
        report.problem(ProblemClass::Hint, Message::verbatim("one"));
        report.problem(ProblemClass::Hint, Message::verbatim("one"));
        report.problem(ProblemClass::Hint, Message::verbatim("two"));
        report.order_problem("7", ProblemClass::Hint, Message::verbatim("one"));
        report.tell_each_once();
        let told: Vec<_> =
            report.problems.iter().map(|problem| (problem.code.as_deref(), problem.text())).collect();
        assert_eq!(told, [(None, "one".into()), (None, "two".into()), (Some("7"), "one".into())]);
    }
}
