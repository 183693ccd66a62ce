//! What a dry run found, in words. The component's plan is the data; this is only how a person reads it.

use std::{collections::BTreeMap, io::Write as _};

use crate::{
    base::failure::Failure,
    cli::support::table,
    contract::types::{PlannedContact, PlannedOrder, Report},
};

/// Prints the plan to stderr: stdout has it as JSON.
pub(crate) fn show(report: &Report) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    for line in lines(report) {
        writeln!(out, "{line}").map_err(Failure::internal)?;
    }
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let orders = report.plan.as_deref().unwrap_or_default();
    let mut lines = vec![
        "Dry run: nothing was changed, nothing was stored.".to_owned(),
        "Пробный запуск: ничего не изменено и не сохранено.".to_owned(),
        String::new(),
    ];
    if !orders.is_empty() {
        let rows: Vec<[String; 7]> = orders.iter().map(row).collect();
        lines.extend(table::lines(["Order", "Lead", "Price", "Contact", "Products", "Note", "Why"], &rows));
        lines.push(String::new());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    orders.iter().for_each(|order| *counts.entry(order.lead.name()).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(lead, count)| format!("{lead} {count}")).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    lines.push(format!("{} orders read; leads: {counts}", report.seen));
    lines.extend(
        report.problems.iter().map(|problem| format!("{}: {}", problem.class.name(), problem.text())),
    );
    if report.more {
        lines.push("The time was not enough for all orders: give it more with --max-seconds.".to_owned());
    }
    lines
}

fn row(order: &PlannedOrder) -> [String; 7] {
    let lead = match order.lead_id {
        Some(id) => format!("{} {id}", order.lead.name()),
        None => order.lead.name().to_owned(),
    };
    let contact = match &order.contact {
        None => String::new(),
        Some(PlannedContact::Create) => "create".to_owned(),
        Some(PlannedContact::None) => "none".to_owned(),
        Some(PlannedContact::Found(id)) => format!("found {id}"),
    };
    let new = order.products.iter().filter(|product| product.element_id.is_none()).count();
    let pieces: i64 = order.products.iter().map(|product| product.quantity).fold(0, i64::saturating_add);
    let products = match (order.products.len(), new) {
        (0, _) => String::new(),
        (count, 0) => format!("{count} ({pieces} pcs)"),
        (count, new) => format!("{count} ({pieces} pcs), {new} new"),
    };
    let price = order.price_kzt.map(|price| format!("{price} KZT")).unwrap_or_default();
    let note = if order.note { "yes" } else { "" }.to_owned();
    [order.code.clone(), lead, price, contact, products, note, order.why.both()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{
        samples::{message, planned, problem, report},
        types::{LeadAction, PlannedProduct, Problem, ProblemClass},
    };

    #[test]
    fn a_plan_reads_as_a_table_with_its_reasons() {
        let product = |element_id, quantity| PlannedProduct {
            sku: Some("A".to_owned()),
            name: "x".to_owned(),
            quantity,
            element_id,
        };
        let refused = Problem {
            code: Some("12".to_owned()),
            ..problem(ProblemClass::LeadRefused, "amoCRM refuses it")
        };
        let plan = vec![
            PlannedOrder {
                why: message("no lead"),
                price_kzt: Some(1_500),
                contact: Some(PlannedContact::Create),
                note: true,
                products: vec![product(None, 2), product(Some(7), 1)],
                ..planned("10", LeadAction::Create)
            },
            PlannedOrder {
                why: message("named so"),
                lead_id: Some(800),
                contact: Some(PlannedContact::Found(5)),
                ..planned("11", LeadAction::Adopt)
            },
            PlannedOrder { why: message("amoCRM refuses it"), ..planned("12", LeadAction::Park) },
        ];
        let report = Report { seen: 3, more: true, problems: vec![refused], plan: Some(plan), ..report() };
        assert_eq!(
            lines(&report)[3..],
            [
                "Order  Lead       Price     Contact  Products          Note  Why",
                "-----  ---------  --------  -------  ----------------  ----  -----------------",
                "10     create     1500 KZT  create   2 (3 pcs), 1 new  yes   no lead",
                "11     adopt 800            found 5                          named so",
                "12     park                                                  amoCRM refuses it",
                "",
                "3 orders read; leads: adopt 1, create 1, park 1",
                "lead_refused: amoCRM refuses it",
                "The time was not enough for all orders: give it more with --max-seconds.",
            ]
        );
    }
}
