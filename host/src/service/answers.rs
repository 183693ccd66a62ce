//! What the component answers to questions about orders. Fields that a newer component adds are passed over, and a
//! missing one is no error.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    call::parsed,
    error::RunError,
    reading::Told,
    report::{Problem, Requests},
};

/// An order and what has been done for it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FoundOrder {
    /// Its code.
    #[serde(deserialize_with = "word")]
    pub code: String,
    /// Whether there is a record of it.
    pub found: bool,
    /// When the buyer made it, RFC 3339.
    pub created_at: Option<String>,
    /// State at Kaspi.
    pub state: Option<String>,
    /// Status at Kaspi.
    pub status: Option<String>,
    /// Sub-stage of Kaspi delivery.
    pub stage: Option<String>,
    /// Its total in tenge.
    #[serde(deserialize_with = "word")]
    pub total_kzt: String,
    /// Its lead.
    pub lead_id: Option<i64>,
    /// Whether the lead was made by somebody else.
    #[serde(deserialize_with = "or_default")]
    pub is_adopted: bool,
    /// What comes next.
    #[serde(deserialize_with = "or_default")]
    pub step: String,
    /// Why it has not come yet.
    pub cause: Option<Cause>,
    /// What has been done, oldest first.
    #[serde(deserialize_with = "or_default")]
    pub steps: Vec<Step>,
    /// The whole answer.
    #[serde(skip)]
    pub whole: Value,
}

/// Why an order waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// What kind of cause.
    #[serde(deserialize_with = "or_default")]
    pub class: String,
    /// For people, English.
    #[serde(deserialize_with = "or_default")]
    pub en: String,
    /// The same in Russian.
    #[serde(deserialize_with = "or_default")]
    pub ru: String,
    /// How often it was tried.
    #[serde(deserialize_with = "or_default")]
    pub tries: u64,
    /// When it is tried again, RFC 3339.
    pub next_try_at: Option<String>,
}

/// Something that was done for an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Which step.
    #[serde(deserialize_with = "or_default")]
    pub step: String,
    /// When, RFC 3339.
    pub at: Option<String>,
    /// What, English.
    #[serde(deserialize_with = "or_default")]
    pub en: String,
    /// The same in Russian.
    #[serde(deserialize_with = "or_default")]
    pub ru: String,
}

/// One page of orders.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) orders: Vec<FoundOrder>,
    /// What to ask for next.
    pub(super) next: Value,
}

impl Page {
    pub(super) fn parse(text: &str) -> Result<Self, RunError> {
        #[derive(Deserialize)]
        struct Orders<T> {
            orders: Vec<T>,
            #[serde(default)]
            next: Value,
        }
        let whole: Orders<Value> = parsed(text, "list of orders")?;
        let typed: Orders<FoundOrder> = parsed(text, "list of orders")?;
        let pairs = typed.orders.into_iter().zip(whole.orders);
        let orders = pairs.map(|(order, whole)| FoundOrder { whole, ..order }).collect();
        Ok(Self { orders, next: whole.next })
    }
}

/// What a wish to try again has come to, by order code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RetryAnswer {
    /// Tried again by the next run.
    #[serde(deserialize_with = "words")]
    pub retried: Vec<String>,
    /// Waiting for the outcome of a lost answer.
    #[serde(deserialize_with = "words")]
    pub in_doubt: Vec<String>,
    /// Nothing left to do.
    #[serde(deserialize_with = "words")]
    pub done: Vec<String>,
    /// No record of it.
    #[serde(deserialize_with = "words")]
    pub unknown: Vec<String>,
}

/// The orders of a range at Kaspi against the leads in amoCRM.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// Whether both sides could be read.
    pub complete: bool,
    /// Orders at Kaspi.
    pub orders: u64,
    /// Leads in amoCRM.
    pub leads: u64,
    /// Counts by state of the order.
    #[serde(deserialize_with = "or_default")]
    pub states: Vec<StateCounts>,
    /// What does not agree.
    #[serde(deserialize_with = "or_default")]
    pub differences: Vec<Difference>,
    /// What went wrong.
    #[serde(deserialize_with = "or_default")]
    pub problems: Vec<Problem>,
    /// Requests sent.
    #[serde(deserialize_with = "or_default")]
    pub requests: Requests,
    /// The whole answer.
    #[serde(skip)]
    pub whole: String,
}

impl Statement {
    pub(super) fn parse(text: String) -> Result<Self, RunError> {
        let statement: Self = parsed(&text, "statement")?;
        Ok(Self { whole: text, ..statement })
    }

    /// Differences that somebody has to look at.
    pub fn open(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.is_open())
    }
}

/// How the orders of one state agree with their leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StateCounts {
    /// State at Kaspi.
    #[serde(deserialize_with = "or_default")]
    pub state: String,
    /// Status at Kaspi.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// All orders.
    pub orders: u64,
    /// One lead, as it should be.
    pub agree: u64,
    /// No lead.
    pub missing: u64,
    /// Several leads.
    pub doubled: u64,
    /// A lead that is not as it should be.
    pub different: u64,
    /// Otherwise, because a person wanted it so.
    pub kept: u64,
    /// Orders that get no lead.
    pub no_lead: u64,
}

/// An order that does not agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Difference {
    /// The order.
    #[serde(deserialize_with = "word")]
    pub code: String,
    /// `missing`, `doubled`, `different`, `kept` or `no_lead`.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// The leads there are.
    #[serde(deserialize_with = "words")]
    pub lead_ids: Vec<String>,
    /// What is different.
    #[serde(deserialize_with = "or_default")]
    pub fields: Vec<Field>,
    /// Whether the job `reconcile` mends it.
    #[serde(deserialize_with = "or_default")]
    pub will_mend: bool,
    /// Why, in both languages.
    #[serde(flatten)]
    pub told: Told,
}

impl Difference {
    /// Neither what a person wanted nor an order that gets no lead.
    pub fn is_open(&self) -> bool {
        matches!(self.kind.as_str(), "missing" | "doubled" | "different")
    }
}

/// A value on both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Field {
    /// Which.
    #[serde(deserialize_with = "word")]
    pub field: String,
    /// At Kaspi.
    #[serde(deserialize_with = "word")]
    pub kaspi: String,
    /// In amoCRM.
    #[serde(deserialize_with = "word")]
    pub amocrm: String,
}

/// `null` as what stands for nothing.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text or a number, as text; `null` as an empty one.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text(Value::deserialize(deserializer)?))
}

/// A list of them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values: Option<Vec<Value>> = Option::deserialize(deserializer)?;
    Ok(values.unwrap_or_default().into_iter().map(text).collect())
}

fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_whatever_is_missing_or_new() {
        let page = Page::parse(
            r#"{"orders":[{"code":"0100","found":false,"step":"unknown","state":null,"steps":null,"newer":[1]},
                          {"code":200,"found":true,"total_kzt":15000,"lead_id":7,"step":"note",
                           "cause":{"class":"lead_refused","tries":2,"next_try_at":null}}],"next":"200"}"#,
        )
        .unwrap();
        assert_eq!(page.next, "200");
        let [first, second] = &page.orders[..] else { panic!("{page:?}") };
        assert_eq!(
            (first.code.as_str(), first.found, first.whole["newer"][0].as_i64()),
            ("0100", false, Some(1))
        );
        assert_eq!((second.code.as_str(), second.total_kzt.as_str()), ("200", "15000"));
        assert_eq!(second.cause.as_ref().unwrap().tries, 2);
    }

    #[test]
    fn a_statement_is_read_and_kept_whole() {
        let text = r#"{"complete":true,"orders":2,"leads":1,"states":[{"state":"ARCHIVE","status":"COMPLETED","orders":2}],
            "differences":[{"code":"1","kind":"kept"},{"code":"2","kind":"missing","lead_ids":[],"en":"gone","ru":"нет",
            "fields":[{"field":"price","kaspi":15000,"amocrm":null}],"will_mend":true}],"problems":[]}"#;
        let statement = Statement::parse(text.to_owned()).unwrap();
        assert_eq!(statement.whole, text);
        let open: Vec<&Difference> = statement.open().collect();
        assert_eq!((open.len(), open[0].code.as_str(), open[0].told.ru.as_str()), (1, "2", "нет"));
        assert_eq!((open[0].fields[0].kaspi.as_str(), open[0].fields[0].amocrm.as_str()), ("15000", ""));
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let error = Statement::parse(r#"{"orders":"+7 701 123 45 67"}"#.to_owned()).unwrap_err().to_string();
        assert!(error.contains("statement is not valid, line 1") && !error.contains("701"), "{error}");
    }
}
