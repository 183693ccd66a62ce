//! Values for tests, with nothing in them but what their name says.

use super::{
    json_samples,
    types::{
        AccountDescription, LeadAction, Message, Named, Order, OrderStep, PlannedOrder, Problem,
        ProblemClass, RangeStatement, Report, Requests, Symptom, SymptomClass,
    },
};

pub(crate) fn message(id: &str) -> Message {
    Message { id: id.to_owned(), arguments: Vec::new() }
}

pub(crate) fn problem(class: ProblemClass, id: &str) -> Problem {
    Problem { code: None, class, setting: None, message: message(id), hint: None }
}

pub(crate) fn report() -> Report {
    Report { connection: "default".to_owned(), ..json_samples::bare_report() }
}

pub(crate) fn planned(code: &str, lead: LeadAction) -> PlannedOrder {
    PlannedOrder {
        code: code.to_owned(),
        lead,
        why: message(""),
        lead_id: None,
        status_id: None,
        price_kzt: None,
        contact: None,
        products: Vec::new(),
        note: false,
    }
}

pub(crate) fn order(code: &str) -> Order {
    Order {
        code: code.to_owned(),
        found: true,
        facts: None,
        lead: None,
        step: OrderStep::Lead,
        cause: None,
        history: Vec::new(),
    }
}

pub(crate) fn statement() -> RangeStatement {
    RangeStatement {
        complete: true,
        orders: 0,
        leads: 0,
        states: Vec::new(),
        differences: Vec::new(),
        problems: Vec::new(),
        requests: Requests { kaspi: 0, amocrm: 0 },
    }
}

pub(crate) fn named(id: i64, name: &str, kind: Option<&str>) -> Named {
    Named { id, name: name.to_owned(), kind: kind.map(str::to_owned) }
}

pub(crate) fn description() -> AccountDescription {
    AccountDescription {
        account: json_samples::account(),
        findings: Vec::new(),
        hints: Vec::new(),
        pipelines: Vec::new(),
        loss_reasons: Vec::new(),
        users: Vec::new(),
        catalogs: Vec::new(),
        lead_fields: Vec::new(),
        contact_fields: Vec::new(),
    }
}

pub(crate) fn symptom(class: SymptomClass) -> Symptom {
    Symptom { class, setting: None, details: Vec::new(), finding: None }
}
