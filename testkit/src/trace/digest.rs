//! The lines of a trace, without wordings, and their digests.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::wire::Sent;

/// Fields that hold sentences for people.
const WORDINGS: [&str; 7] = ["text", "message", "en", "ru", "kk", "why", "detail"];

/// What one seed has led to.
pub struct Trace {
    pub requests: Vec<String>,
    pub reports: Vec<String>,
    pub crm: Vec<String>,
}

impl Trace {
    /// One line of the committed file.
    pub fn line(&self, seed: u64) -> String {
        let part = |lines: &[String]| format!("{:>4} {}", lines.len(), digest(lines));
        format!("{seed:>3} {} {} {}", part(&self.requests), part(&self.reports), part(&self.crm))
    }
}

/// The first 64 bits of SHA-256 over the lines.
fn digest(lines: &[String]) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line);
        hash.update([b'\n']);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// JSON without wordings, its fields in the order of their names.
pub(super) fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => {
            let mut kept: Vec<_> =
                fields.iter().filter(|(name, _)| !WORDINGS.contains(&name.as_str())).collect();
            kept.sort_by_key(|(name, _)| name.as_str());
            kept.into_iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        other => other.clone(),
    }
}

pub(super) fn request_line(sent: &Sent) -> String {
    let Sent { at_ms, by, request } = sent;
    // A new version of the program is no change of what it does.
    let headers = request.headers.iter().map(|(name, value)| match name.as_str() {
        "user-agent" => format!("{name}: {}", value.split('/').next().unwrap_or_default()),
        _ => format!("{name}: {value}"),
    });
    let headers: Vec<String> = headers.collect();
    let body = match serde_json::from_slice::<Value>(&request.body) {
        Ok(body) => plain(&body).to_string(),
        Err(_) => String::from_utf8_lossy(&request.body).into_owned(),
    };
    format!(
        "{at_ms} {by} {} {}?{} [{}] {body}",
        request.method,
        request.path,
        request.query,
        headers.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_json_with_wordings_keeps_all_other_fields_sorted() {
        let value = json!({"b": [{"text": "x", "n": 1}], "a": {"message": "y", "class": "hint"}});
        assert_eq!(plain(&value).to_string(), r#"{"a":{"class":"hint"},"b":[{"n":1}]}"#);
    }

    #[test]
    fn digest_of_lines_depends_on_their_order() {
        let lines = |texts: [&str; 2]| texts.map(str::to_owned);
        assert_ne!(digest(&lines(["a", "b"])), digest(&lines(["b", "a"])));
        assert_ne!(digest(&lines(["ab", ""])), digest(&lines(["a", "b"])));
    }
}
