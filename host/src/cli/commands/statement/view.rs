//! A statement as lines for people.

use kaspi_amocrm_contract::Language;

use crate::{
    cli::support::table,
    contract::types::{Difference, FieldDifference, Problem, RangeStatement, StateCounts},
    service::{Comparison as _, Repaired},
};

/// The table by state, what does not agree, and what was left out on purpose.
pub(crate) fn lines(statement: &RangeStatement) -> Vec<String> {
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
    let (class, text) = (problem.class.name(), problem.text());
    match &problem.code {
        Some(code) => format!("{class} {code}: {text}"),
        None => format!("{class}: {text}"),
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
    let mut parts = vec![difference.code.clone(), difference.kind.name().to_owned()];
    parts.push(difference.fields.iter().map(differs).collect::<Vec<_>>().join(", "));
    let name = if difference.lead_ids.len() > 1 { "leads" } else { "lead" };
    parts.push(match difference.lead_ids.as_slice() {
        [] => String::new(),
        ids => format!("{name} {}", ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    });
    if difference.will_mend {
        parts.push("(will be mended / будет исправлено)".to_owned());
    }
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let reasons = [Language::En, Language::Ru].map(|language| difference.message.text(language));
    let reasons = reasons.into_iter().filter(|reason| !reason.is_empty());
    std::iter::once(parts.join("  ")).chain(reasons.map(|reason| format!("    {reason}"))).collect()
}

/// A value on both sides.
fn differs(field: &FieldDifference) -> String {
    match field {
        FieldDifference::Price(both) => format!("price {} ≠ {}", both.kaspi, both.amocrm),
        FieldDifference::Stage(both) => format!("stage {} ≠ {}", both.kaspi, both.amocrm),
        FieldDifference::Lines(both) => {
            let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
            format!("lines {} ≠ {}", shown(&both.kaspi), shown(&both.amocrm))
        }
    }
}

/// What is otherwise on purpose.
fn counts(statement: &RangeStatement) -> [String; 2] {
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
    use super::*;
    use crate::contract::{
        samples::{message, problem as problem_of, statement},
        types::{DifferenceKind, ProblemClass, TwoNumbers, TwoTexts},
    };

    fn counts_of(state: &str, status: &str, orders: u64) -> StateCounts {
        StateCounts {
            state: state.to_owned(),
            status: status.to_owned(),
            orders,
            agree: 0,
            missing: 0,
            doubled: 0,
            different: 0,
            kept: 0,
            no_lead: 0,
        }
    }

    fn difference(code: &str, kind: DifferenceKind, lead_ids: &[i64], id: &str) -> Difference {
        Difference {
            code: code.to_owned(),
            state: "ARCHIVE".to_owned(),
            status: "COMPLETED".to_owned(),
            kind,
            lead_ids: lead_ids.to_vec(),
            fields: Vec::new(),
            will_mend: false,
            message: message(id),
        }
    }

    #[test]
    fn a_statement_reads_as_a_table_and_its_differences() {
        let fields = vec![
            FieldDifference::Price(TwoNumbers { kaspi: 15_000, amocrm: 14_000 }),
            FieldDifference::Stage(TwoNumbers { kaspi: 142, amocrm: 143 }),
            FieldDifference::Lines(TwoTexts { kaspi: "A × 2".to_owned(), amocrm: String::new() }),
        ];
        let differences = vec![
            Difference {
                fields,
                will_mend: true,
                ..difference("100", DifferenceKind::Different, &[800_003], "setting-not-set")
            },
            difference("200", DifferenceKind::Missing, &[], "the lead is gone"),
            difference("300", DifferenceKind::Doubled, &[7, 8], "two leads"),
            difference("400", DifferenceKind::Kept, &[9], "x"),
            difference("500", DifferenceKind::NoLead, &[], "x"),
        ];
        let states = vec![
            StateCounts { agree: 2, different: 1, no_lead: 1, ..counts_of("ARCHIVE", "COMPLETED", 4) },
            StateCounts { missing: 1, doubled: 1, kept: 1, ..counts_of("NEW", "", 3) },
        ];
        let lines = lines(&RangeStatement { orders: 7, leads: 6, states, differences, ..statement() });
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
                "100  different  price 15000 ≠ 14000, stage 142 ≠ 143, lines A × 2 ≠ -  lead 800003  (will be mended / будет исправлено)",
                "    is not set",
                "    не задано",
                "200  missing",
                "    the lead is gone",
                "    the lead is gone",
                "300  doubled  leads 7, 8",
                "    two leads",
                "    two leads",
                "",
                "kept as a person has set it / оставлено так, как изменил сотрудник: 1",
                "gets no lead / сделка не создаётся: 1",
            ]
        );
    }

    #[test]
    fn agreement_and_its_absence_are_said() {
        let lines_of = lines;
        let lines = lines_of(&statement());
        assert_eq!(lines.last().unwrap(), "nothing to look at: both sides agree / расхождений нет");
        let problems = vec![problem_of(ProblemClass::UpstreamKaspi, "no answer")];
        let lines = lines_of(&RangeStatement { complete: false, problems, ..statement() });
        assert!(lines[lines.len() - 2].starts_with("not complete"), "{lines:#?}");
        assert_eq!(lines.last().unwrap(), "upstream_kaspi: no answer");
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
            let statement = statement();
            let repaired = Repaired { statement, wanted, mended: count, outcome: None };
            assert_eq!(mended(&repaired), said);
        }
    }
}
