//! What a dry run found, in words. The component's plan is the data; this is only how a person reads it.

use std::{collections::BTreeMap, io::Write as _};

use serde::Deserialize;
use serde_json::Value;

use crate::{base::failure::Failure, cli::support::table, service::Report};

/// The parts of the plan that are shown; a newer component may say more.
#[derive(Deserialize)]
struct Order {
    code: String,
    lead: String,
    #[serde(default)]
    why: String,
    lead_id: Option<i64>,
    price_kzt: Option<i64>,
    contact: Option<Value>,
    #[serde(default)]
    products: Vec<Product>,
    #[serde(default)]
    note: bool,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    quantity: i64,
    element_id: Option<i64>,
}

/// Prints the plan to stderr: stdout has it as JSON.
pub(crate) fn show(report: &Report) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    for line in lines(report)? {
        writeln!(out, "{line}").map_err(Failure::internal)?;
    }
    Ok(())
}

fn lines(report: &Report) -> Result<Vec<String>, Failure> {
    let plan = report.other.get("plan").cloned().unwrap_or_default();
    let orders: Vec<Order> = match plan {
        Value::Null => Vec::new(),
        plan => serde_json::from_value(plan).map_err(Failure::internal)?,
    };
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
    orders.iter().for_each(|order| *counts.entry(&order.lead).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(lead, count)| format!("{lead} {count}")).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    lines.push(format!("{} orders read; leads: {counts}", report.seen));
    lines.extend(report.problems.iter().map(|problem| format!("{}: {}", problem.class, problem.message)));
    if report.more {
        lines.push("The time was not enough for all orders: give it more with --max-seconds.".to_owned());
    }
    Ok(lines)
}

fn row(order: &Order) -> [String; 7] {
    let lead = match order.lead_id {
        Some(id) => format!("{} {id}", order.lead),
        None => order.lead.clone(),
    };
    let contact = match &order.contact {
        None => String::new(),
        Some(Value::String(word)) => word.clone(),
        Some(found) => found.get("found").map(|id| format!("found {id}")).unwrap_or_default(),
    };
    let new = order.products.iter().filter(|product| product.element_id.is_none()).count();
    let pieces: i64 = order.products.iter().map(|product| product.quantity).sum();
    let products = match (order.products.len(), new) {
        (0, _) => String::new(),
        (count, 0) => format!("{count} ({pieces} pcs)"),
        (count, new) => format!("{count} ({pieces} pcs), {new} new"),
    };
    let price = order.price_kzt.map(|price| format!("{price} KZT")).unwrap_or_default();
    let note = if order.note { "yes" } else { "" }.to_owned();
    [order.code.clone(), lead, price, contact, products, note, order.why.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_as_a_table_with_its_reasons() {
        let report: Report = serde_json::from_value(serde_json::json!({
            "job": "new", "seen": 3, "more": true,
            "problems": [{"code": "12", "class": "lead_refused", "message": "amoCRM refuses it"}],
            "plan": [
                {"code": "10", "lead": "create", "why": "no lead", "price_kzt": 1500, "contact": "create", "note": true,
                 "products": [{"sku": "A", "name": "x", "quantity": 2, "element_id": null},
                              {"sku": "B", "name": "y", "quantity": 1, "element_id": 7}]},
                {"code": "11", "lead": "adopt", "lead_id": 800, "why": "named so", "contact": {"found": 5}, "note": false},
                {"code": "12", "lead": "park", "why": "amoCRM refuses it"},
            ],
        }))
        .unwrap();
        assert_eq!(
            lines(&report).unwrap()[3..],
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
