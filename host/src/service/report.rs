//! The report of a run. A contract: its fields are read by programs outside the project.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::failure::Exit;

/// What a slice did, or several of them together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The job.
    pub job: String,
    /// The connection.
    #[serde(default)]
    pub connection: String,
    /// When it began, as the component writes it.
    #[serde(default)]
    pub started_at: Value,
    /// How long it took.
    #[serde(default)]
    pub took_ms: u64,
    /// Whether everything that was seen is settled.
    #[serde(default)]
    pub complete: bool,
    /// Whether another slice should follow at once.
    #[serde(default)]
    pub more: bool,
    /// Orders read.
    #[serde(default)]
    pub seen: u64,
    /// Leads made.
    #[serde(default)]
    pub created: u64,
    /// Leads found and taken over.
    #[serde(default)]
    pub adopted: u64,
    /// Leads changed.
    #[serde(default)]
    pub updated: u64,
    /// Orders that needed nothing.
    #[serde(default)]
    pub skipped: u64,
    /// Orders put aside with a reason.
    #[serde(default)]
    pub parked: u64,
    /// Writes whose outcome is not known yet.
    #[serde(default)]
    pub in_doubt: u64,
    /// Orders of the shop that are not settled.
    #[serde(default)]
    pub backlog: u64,
    /// Requests sent.
    #[serde(default)]
    pub requests: Requests,
    /// Up to when Kaspi was read, as the component writes it.
    #[serde(default)]
    pub watermark: Value,
    /// How far that is behind.
    #[serde(default)]
    pub lag_ms: Value,
    /// How long ago the token pair was renewed.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub token_age_ms: Value,
    /// How long its access token lives on.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub token_left_ms: Value,
    /// What a person should look at.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// Fields of a newer component, passed on.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Requests by API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// To Kaspi.
    #[serde(default)]
    pub kaspi: u64,
    /// To amoCRM.
    #[serde(default)]
    pub amocrm: u64,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The order, or what it concerns.
    #[serde(default)]
    pub code: Value,
    /// What kind it is; `config` and `upstream...` decide about the exit code.
    #[serde(default)]
    pub class: String,
    /// For people.
    #[serde(default)]
    pub message: String,
    /// Fields of a newer component, passed on.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Report {
    /// Adds the report of the slice that followed.
    pub fn merge(&mut self, next: Self) {
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
        if !next.watermark.is_null() {
            self.watermark = next.watermark;
        }
        self.lag_ms = next.lag_ms;
        self.backlog = next.backlog;
        self.token_age_ms = next.token_age_ms;
        self.token_left_ms = next.token_left_ms;
        for problem in next.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        // What only a part of a run says (where a backfill goes on) is not said by the whole, unless its last part does.
        self.other = next.other;
    }

    /// What kept the run from doing its work: a setting, or a server.
    pub fn failure(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.exit() != Exit::Done)
    }

    /// The exit code that the problems call for: a wrong setting counts more than a server.
    pub fn exit(&self) -> Exit {
        let is_called_for = |exit: &Exit| self.problems.iter().any(|problem| problem.exit() == *exit);
        [Exit::Config, Exit::Upstream].into_iter().find(is_called_for).unwrap_or(Exit::Done)
    }

    /// One line of JSON.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a report has only text keys")
    }
}

impl Problem {
    /// The exit code that it calls for; a problem of a single order calls for none.
    fn exit(&self) -> Exit {
        match self.class.as_str() {
            "config" => Exit::Config,
            class if class.starts_with("upstream") => Exit::Upstream,
            _ => Exit::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn slices_add_up_to_one_report() {
        let mut first = report(
            r#"{"job":"new","connection":"default","started_at":"a","took_ms":5,"complete":false,"more":true,"seen":3,
               "created":2,"requests":{"kaspi":1,"amocrm":4},"watermark":"w1","lag_ms":9,
               "problems":[{"code":"1","class":"parked","message":"m"}],"backlog":9,"next_from_ms":1}"#,
        );
        first.merge(report(
            r#"{"job":"new","connection":"default","started_at":"b","took_ms":7,"complete":true,"more":false,"seen":1,
               "created":1,"requests":{"kaspi":2,"amocrm":1},"watermark":null,"lag_ms":0,
               "problems":[{"code":"1","class":"parked","message":"m"},{"code":"2","class":"parked","message":"m"}],
               "backlog":2,"extra":1}"#,
        ));
        assert_eq!(
            (first.took_ms, first.seen, first.created, first.more, first.complete),
            (12, 4, 3, false, true)
        );
        assert_eq!(first.requests, Requests { kaspi: 3, amocrm: 5 });
        assert_eq!((first.started_at.as_str(), first.watermark.as_str()), (Some("a"), Some("w1")));
        assert_eq!(first.problems.len(), 2);
        assert_eq!(first.backlog, 2);
        assert_eq!(
            first.other.keys().collect::<Vec<_>>(),
            ["extra"],
            "the last part has read all of its range"
        );
        assert!(first.to_line().contains(r#""extra":1"#) && !first.to_line().contains('\n'));
    }

    #[test]
    fn problems_decide_about_the_exit_code() {
        for (classes, exit) in [
            (&[][..], Exit::Done),
            (&["parked", "doubt"], Exit::Done),
            (&["parked", "upstream_kaspi"], Exit::Upstream),
            (&["upstream", "config"], Exit::Config),
        ] {
            let mut report = report(r#"{"job":"new"}"#);
            for class in classes {
                let (class, other) = ((*class).to_owned(), Map::new());
                report.problems.push(Problem { code: Value::Null, class, message: String::new(), other });
            }
            assert_eq!(report.exit(), exit, "{classes:?}");
        }
    }
}
