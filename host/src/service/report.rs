//! The report of a run, made of those of its slices.

use serde_json::Value;

use crate::{
    base::failure::Exit,
    contract::{
        json,
        types::{Problem, ProblemClass, Report},
    },
};

/// The names of a report's fields in the order in which they are printed; others follow. People read it as well.
const FIELDS: [&str; 24] = [
    "job",
    "connection",
    "started_at",
    "took_ms",
    "complete",
    "more",
    "seen",
    "created",
    "adopted",
    "updated",
    "skipped",
    "parked",
    "in_doubt",
    "backlog",
    "requests",
    "kaspi",
    "amocrm",
    "watermark",
    "lag_ms",
    "token_age_ms",
    "token_left_ms",
    "problems",
    "code",
    "class",
];

/// A report of several slices.
pub trait Slices {
    /// Adds the report of the slice that followed.
    fn merge(&mut self, next: Self);

    /// What kept the run from doing its work: a setting, or a server.
    fn failure(&self) -> Option<&Problem>;

    /// The exit code that the problems call for: a wrong setting counts more than a server.
    fn exit(&self) -> Exit;

    /// One line of JSON.
    fn to_line(&self) -> String;
}

impl Slices for Report {
    fn merge(&mut self, next: Self) {
        self.complete = next.complete;
        self.more = next.more;
        // The numbers are the component's word and may be anything.
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.took_ms, next.took_ms);
        add(&mut self.seen, next.seen);
        add(&mut self.created, next.created);
        add(&mut self.adopted, next.adopted);
        add(&mut self.updated, next.updated);
        add(&mut self.skipped, next.skipped);
        add(&mut self.parked, next.parked);
        add(&mut self.in_doubt, next.in_doubt);
        add(&mut self.requests.kaspi, next.requests.kaspi);
        add(&mut self.requests.amocrm, next.requests.amocrm);
        self.watermark_ms = next.watermark_ms.or(self.watermark_ms);
        self.lag_ms = next.lag_ms;
        self.backlog = next.backlog;
        self.token_age_ms = next.token_age_ms;
        self.token_left_ms = next.token_left_ms;
        for problem in next.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        // What only a part of a run says is not said by the whole, unless its last part does.
        self.next_from_ms = next.next_from_ms;
        self.plan = next.plan;
    }

    fn failure(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| exit_of(problem) != Exit::Done)
    }

    fn exit(&self) -> Exit {
        let is_called_for = |exit: &Exit| self.problems.iter().any(|problem| exit_of(problem) == *exit);
        [Exit::Config, Exit::Upstream].into_iter().find(is_called_for).unwrap_or(Exit::Done)
    }

    fn to_line(&self) -> String {
        let mut line = String::new();
        write_ordered(&json::report(self), &mut line);
        line
    }
}

/// The exit code that a problem calls for; one of a single order calls for none.
fn exit_of(problem: &Problem) -> Exit {
    match problem.class {
        ProblemClass::Config | ProblemClass::Token => Exit::Config,
        ProblemClass::UpstreamKaspi | ProblemClass::UpstreamAmocrm => Exit::Upstream,
        _ => Exit::Done,
    }
}

fn write_ordered(value: &Value, line: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            let place = |name: &str| FIELDS.iter().position(|field| *field == name).unwrap_or(FIELDS.len());
            fields.sort_by_key(|(name, _)| place(name));
            line.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                line.push_str(&Value::from(name.as_str()).to_string());
                line.push(':');
                write_ordered(value, line);
            }
            line.push('}');
        }
        Value::Array(values) => {
            line.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                write_ordered(value, line);
            }
            line.push(']');
        }
        plain => line.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{
        samples::{message, problem, report},
        types::Requests,
    };

    #[test]
    fn slices_add_up_to_one_report() {
        let lead = |code: &str| Problem {
            code: Some(code.to_owned()),
            ..problem(ProblemClass::LeadRefused, "lead-refused")
        };
        let mut first = Report {
            started_at_ms: 1_000,
            took_ms: 5,
            more: true,
            seen: 3,
            created: 2,
            requests: Requests { kaspi: 1, amocrm: 4 },
            watermark_ms: Some(7_000),
            lag_ms: Some(9),
            problems: vec![lead("1")],
            backlog: 9,
            next_from_ms: Some(1),
            ..report()
        };
        first.merge(Report {
            started_at_ms: 2_000,
            took_ms: 7,
            complete: true,
            seen: 1,
            created: 1,
            requests: Requests { kaspi: 2, amocrm: 1 },
            lag_ms: Some(0),
            problems: vec![lead("1"), lead("2")],
            backlog: 2,
            plan: Some(Vec::new()),
            ..report()
        });
        assert_eq!(
            (first.took_ms, first.seen, first.created, first.more, first.complete),
            (12, 4, 3, false, true)
        );
        assert_eq!(first.requests, Requests { kaspi: 3, amocrm: 5 });
        assert_eq!((first.started_at_ms, first.watermark_ms, first.lag_ms), (1_000, Some(7_000), Some(0)));
        assert_eq!(first.problems.len(), 2);
        assert_eq!(first.backlog, 2);
        assert_eq!(first.next_from_ms, None, "the last part has read all of its range");
        assert!(first.to_line().contains(r#""plan":[]"#) && !first.to_line().contains('\n'));
    }

    #[test]
    fn fields_are_printed_in_their_order() {
        let report = Report {
            problems: vec![Problem {
                code: Some("1".to_owned()),
                class: ProblemClass::Gone,
                setting: None,
                message: message("\"quoted\""),
                hint: None,
            }],
            next_from_ms: Some(5),
            ..report()
        };
        let line = report.to_line();
        assert!(line.starts_with(r#"{"job":"new","connection":"default","started_at":"#), "{line}");
        assert!(line.contains(r#""requests":{"kaspi":0,"amocrm":0},"watermark":null"#), "{line}");
        assert!(line.contains(r#""problems":[{"code":"1","class":"gone","message":"#), "{line}");
        assert!(line.ends_with(r#","next_from_ms":5}"#), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json::report(&report));
    }

    #[test]
    fn problems_decide_about_the_exit_code() {
        use ProblemClass::{Config, Gone, InDoubt, Token, UpstreamAmocrm, UpstreamKaspi};
        for (classes, exit) in [
            (&[][..], Exit::Done),
            (&[Gone, InDoubt], Exit::Done),
            (&[Gone, UpstreamKaspi], Exit::Upstream),
            (&[UpstreamAmocrm, Config], Exit::Config),
            (&[UpstreamAmocrm, Token], Exit::Config),
        ] {
            let problems = classes.iter().map(|class| problem(*class, "x")).collect();
            assert_eq!(Report { problems, ..report() }.exit(), exit, "{classes:?}");
        }
    }
}
