//! A statement as lines for people.

use crate::{
    cli::support::table,
    service::{Difference, Problem, Repaired, StateCounts, Statement},
};

/// The table by state, what does not agree, and what was left out on purpose.
pub(crate) fn lines(statement: &Statement) -> Vec<String> {
    let (orders, leads) = (statement.orders, statement.leads);
    let mut lines =
        vec![format!("{orders} orders at Kaspi, {leads} leads / заказов в Kaspi: {orders}, сделок: {leads}")];
    if !statement.states.is_empty() {
        let mut rows: Vec<[String; 8]> = statement.states.iter().map(row).collect();
        if rows.len() > 1 {
            rows.push(total(&statement.states));
        }
        let header = ["State", "Orders", "Agree", "Missing", "Doubled", "Different", "Kept", "No lead"];
        lines.push(String::new());
        lines.extend(table::lines(header, &rows));
    }
    let open: Vec<&Difference> = statement.open().collect();
    if !open.is_empty() {
        lines.push(String::new());
        lines.extend(open.iter().flat_map(|difference| told(difference)));
    }
    lines.push(String::new());
    lines.extend(counts(statement));
    if open.is_empty() && statement.complete {
        lines.push("nothing to look at: both sides agree / расхождений нет".to_owned());
    }
    if !statement.complete {
        lines.push(
            "not complete: one side could not be read, so there may be more / неполно: одну из сторон прочитать не удалось, \
             расхождений может быть больше"
                .to_owned(),
        );
    }
    lines.extend(statement.problems.iter().map(problem));
    lines
}

/// How many were put right.
pub(crate) fn mended(repaired: &Repaired) -> String {
    let (wanted, mended) = (repaired.wanted, repaired.mended);
    match mended {
        _ if wanted == 0 => "there was nothing to mend / исправлять было нечего".to_owned(),
        None => format!(
            "the mending of {wanted} orders did not end; the next reconcile goes on / исправление {wanted} заказов не закончено; \
             его продолжит следующий reconcile"
        ),
        Some(mended) => format!("mended {mended} of {wanted} / исправлено {mended} из {wanted}"),
    }
}

/// A problem of a statement or of a run.
pub(crate) fn problem(problem: &Problem) -> String {
    match problem.code.as_str() {
        Some(code) => format!("{} {code}: {}", problem.class, problem.message),
        None => format!("{}: {}", problem.class, problem.message),
    }
}

fn row(counts: &StateCounts) -> [String; 8] {
    let state = match (counts.state.as_str(), counts.status.as_str()) {
        (state, "") => state.to_owned(),
        (state, status) => format!("{state}/{status}"),
    };
    cells(state, numbers(counts))
}

fn total(states: &[StateCounts]) -> [String; 8] {
    let sum = states.iter().map(numbers).fold([0_u64; 7], |sum, numbers| {
        std::array::from_fn(|column| sum[column].saturating_add(numbers[column]))
    });
    cells("all".to_owned(), sum)
}

fn numbers(counts: &StateCounts) -> [u64; 7] {
    let StateCounts { orders, agree, missing, doubled, different, kept, no_lead, .. } = *counts;
    [orders, agree, missing, doubled, different, kept, no_lead]
}

fn cells(first: String, numbers: [u64; 7]) -> [String; 8] {
    let mut cells = numbers.iter().map(ToString::to_string);
    std::array::from_fn(|column| match column {
        0 => first.clone(),
        _ => cells.next().unwrap_or_default(),
    })
}

fn told(difference: &Difference) -> Vec<String> {
    let mut parts = vec![difference.code.clone(), difference.kind.clone()];
    let fields = difference.fields.iter().map(|field| {
        let shown = |value: &str| if value.is_empty() { "-".to_owned() } else { value.to_owned() };
        format!("{} {} ≠ {}", field.field, shown(&field.kaspi), shown(&field.amocrm))
    });
    parts.push(fields.collect::<Vec<_>>().join(", "));
    let name = if difference.lead_ids.len() > 1 { "leads" } else { "lead" };
    parts.push(match difference.lead_ids.as_slice() {
        [] => String::new(),
        ids => format!("{name} {}", ids.join(", ")),
    });
    if difference.will_mend {
        parts.push("(will be mended / будет исправлено)".to_owned());
    }
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let reasons = [&difference.told.en, &difference.told.ru];
    let reasons = reasons.into_iter().filter(|reason| !reason.is_empty());
    std::iter::once(parts.join("  ")).chain(reasons.map(|reason| format!("    {reason}"))).collect()
}

/// What is otherwise on purpose.
fn counts(statement: &Statement) -> [String; 2] {
    let sum = |count: fn(&StateCounts) -> u64| -> u64 {
        statement.states.iter().map(count).fold(0, u64::saturating_add)
    };
    let (kept, no_lead) = (sum(|state| state.kept), sum(|state| state.no_lead));
    [
        format!("kept as a person has set it / оставлено так, как изменил сотрудник: {kept}"),
        format!("gets no lead / сделка не создаётся: {no_lead}"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(value: Value) -> Vec<String> {
        lines(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_statement_reads_as_a_table_and_its_differences() {
        let lines = shown(json!({
            "complete": true, "orders": 7, "leads": 6,
            "states": [
                {"state": "ARCHIVE", "status": "COMPLETED", "orders": 4, "agree": 2, "different": 1, "no_lead": 1},
                {"state": "NEW", "status": "", "orders": 3, "missing": 1, "doubled": 1, "kept": 1},
            ],
            "differences": [
                {"code": "100", "state": "ARCHIVE", "status": "COMPLETED", "kind": "different", "lead_ids": [800003],
                 "fields": [{"field": "price", "kaspi": 15000, "amocrm": 14000},
                            {"field": "stage", "kaspi": "142", "amocrm": null}],
                 "will_mend": true, "en": "changed at Kaspi", "ru": "изменено в Kaspi"},
                {"code": "200", "kind": "missing", "lead_ids": [], "fields": [], "en": "the lead is gone", "ru": "сделки нет"},
                {"code": "300", "kind": "doubled", "lead_ids": [7, 8], "en": "two leads", "ru": "две сделки"},
                {"code": "400", "kind": "kept", "en": "x", "ru": "x"},
                {"code": "500", "kind": "no_lead"},
            ],
            "problems": [],
        }));
        assert_eq!(
            lines,
            [
                "7 orders at Kaspi, 6 leads / заказов в Kaspi: 7, сделок: 6",
                "",
                "State              Orders  Agree  Missing  Doubled  Different  Kept  No lead",
                "-----------------  ------  -----  -------  -------  ---------  ----  -------",
                "ARCHIVE/COMPLETED  4       2      0        0        1          0     1",
                "NEW                3       0      1        1        0          1     0",
                "all                7       2      1        1        1          1     1",
                "",
                "100  different  price 15000 ≠ 14000, stage 142 ≠ -  lead 800003  (will be mended / будет исправлено)",
                "    changed at Kaspi",
                "    изменено в Kaspi",
                "200  missing",
                "    the lead is gone",
                "    сделки нет",
                "300  doubled  leads 7, 8",
                "    two leads",
                "    две сделки",
                "",
                "kept as a person has set it / оставлено так, как изменил сотрудник: 1",
                "gets no lead / сделка не создаётся: 1",
            ]
        );
    }

    #[test]
    fn agreement_and_its_absence_are_said() {
        let lines = shown(json!({"complete": true, "orders": 0, "leads": 0}));
        assert_eq!(lines.last().unwrap(), "nothing to look at: both sides agree / расхождений нет");
        let lines = shown(json!({"complete": false, "problems": [
            {"code": null, "class": "upstream_kaspi", "message": "no answer / нет ответа"}]}));
        assert!(lines[lines.len() - 2].starts_with("not complete"), "{lines:#?}");
        assert_eq!(lines.last().unwrap(), "upstream_kaspi: no answer / нет ответа");
    }

    #[test]
    fn mended_orders_are_counted() {
        for (wanted, count, said) in [
            (4, Some(3), "mended 3 of 4 / исправлено 3 из 4"),
            (0, Some(0), "there was nothing to mend / исправлять было нечего"),
            (
                4,
                None,
                "the mending of 4 orders did not end; the next reconcile goes on / исправление 4 заказов не закончено; \
                 его продолжит следующий reconcile",
            ),
        ] {
            let statement = Statement::default();
            let repaired = Repaired { statement, wanted, mended: count, outcome: None };
            assert_eq!(mended(&repaired), said);
        }
    }
}
