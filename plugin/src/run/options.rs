//! What the exports of our interface are told: JSON objects with some of the same few options (`wit/world.wit`).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::RunError;
use crate::kaspi::Window;

/// The options of a call; what it was not told is empty.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub(crate) struct Options {
    pub(crate) connection: Option<String>,
    pub(crate) lease: Option<String>,
    pub(crate) max_ms: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) continues: bool,
    pub(crate) from_ms: Option<i64>,
    pub(crate) to_ms: Option<i64>,
    pub(crate) codes: Vec<String>,
    pub(crate) all: bool,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) repair: bool,
    pub(crate) missing: bool,
    pub(crate) part: Option<String>,
    pub(crate) make: Vec<String>,
    pub(crate) code: Option<String>,
    pub(crate) account_id: Option<i64>,
}

impl Options {
    /// Reads the options of a call that has these.
    ///
    /// # Errors
    /// When it is no JSON object, an option has the wrong type, or the call does not have it.
    pub(crate) fn parse(json: &str, known: &[&str]) -> Result<Self, RunError> {
        let json = if json.trim().is_empty() { "{}" } else { json };
        let wrong = |error: serde_json::Error| RunError::Config(format!("options: {error}"));
        // As bytes, like everything else that is read: a second kind of input is 10 KB of the component.
        let given: Map<String, Value> = serde_json::from_slice(json.as_bytes()).map_err(wrong)?;
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let known = known.join(", ");
            return Err(RunError::Config(format!("options: {name:.40} is not known, there are {known}")));
        }
        serde_json::from_slice(json.as_bytes()).map_err(wrong)
    }

    /// The range that it names.
    ///
    /// # Errors
    /// When an end of it is missing, or comes before its beginning.
    pub(crate) fn range(&self) -> Result<Window, RunError> {
        let from_ms = required(self.from_ms, "from_ms")?;
        let to_ms = required(self.to_ms, "to_ms")?;
        if from_ms > to_ms {
            return Err(RunError::Config("options: from_ms is later than to_ms".into()));
        }
        Ok(Window { from_ms, to_ms })
    }
}

/// An option without which a call means nothing.
///
/// # Errors
/// When it is missing.
pub(crate) fn required<T>(option: Option<T>, name: &str) -> Result<T, RunError> {
    option.ok_or_else(|| RunError::Config(format!("options: {name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        match Options::parse(json, &["connection", "codes", "from_ms", "to_ms"]) {
            Err(RunError::Config(text)) => text,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn what_a_call_does_not_have_is_refused_by_name() {
        let options = Options::parse(r#"{"connection":"b","codes":["1"]}"#, &["connection", "codes"]);
        let options = options.expect("both are known");
        assert_eq!(
            (options.connection.as_deref(), options.codes.as_slice()),
            (Some("b"), &["1".to_owned()][..])
        );
        for empty in ["", " ", "{}"] {
            assert!(Options::parse(empty, &[]).is_ok(), "{empty:?}");
        }
        // Known to other calls, or to none.
        for name in ["repair", "max", "Connection"] {
            let text = refused(&format!(r#"{{"{name}":true}}"#));
            assert_eq!(
                text,
                format!("options: {name} is not known, there are connection, codes, from_ms, to_ms")
            );
        }
        for json in ["[]", "{", r#"{"codes":"1"}"#, r#"{"connection":1}"#, r#"{"codes":[],"codes":[]}"#] {
            assert!(refused(json).starts_with("options: "), "{json}");
        }
    }

    #[test]
    fn a_range_has_two_ends_in_order() {
        let range = |json| Options::parse(json, &["from_ms", "to_ms"]).expect("known").range();
        let window = range(r#"{"from_ms":1,"to_ms":1}"#).expect("both ends are included");
        assert_eq!((window.from_ms, window.to_ms), (1, 1));
        for json in [r#"{"from_ms":2,"to_ms":1}"#, r#"{"from_ms":1}"#, r#"{"to_ms":1}"#, "{}"] {
            assert!(range(json).is_err(), "{json}");
        }
    }
}
