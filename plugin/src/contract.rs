//! The types of `wit/world.wit`, for the core on any target, and their JSON.

#[expect(missing_docs, reason = "generated code; wit/world.wit says what everything is")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "kaspi-amocrm:plugin/contract",
        additional_derives: [PartialEq],
    });
}

pub use bindings::kaspi_amocrm::plugin::types;

#[path = "../../wit/json.rs"]
pub mod json;

use kaspi_amocrm_contract::{Finding, Message, MessageId, SettingsError};

impl From<Message> for types::Message {
    fn from(message: Message) -> Self {
        Self { id: message.id.name().to_owned(), arguments: message.arguments }
    }
}

impl From<MessageId> for types::Message {
    fn from(id: MessageId) -> Self {
        Message::plain(id).into()
    }
}

impl From<&Finding> for types::Finding {
    fn from(finding: &Finding) -> Self {
        Self {
            setting: finding.name.clone(),
            problem: finding.problem.clone().into(),
            hint: finding.hint.clone().into(),
        }
    }
}

impl types::Error {
    /// One setting is wrong.
    pub fn config(message: impl Into<Message>) -> Self {
        Self::Config(vec![types::Problem::new(types::ProblemClass::Config, message)])
    }

    /// The call makes no sense.
    pub fn invalid(message: impl Into<Message>) -> Self {
        Self::InvalidCall(message.into().into())
    }

    /// A word for programs.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Busy => "busy",
            Self::Upstream(_) => "upstream",
            Self::InvalidCall(_) => "invalid_call",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<SettingsError> for types::Error {
    fn from(error: SettingsError) -> Self {
        let class = types::ProblemClass::Config;
        Self::Config(
            error.findings.iter().map(|finding| types::Problem::of_setting(class, finding)).collect(),
        )
    }
}

#[cfg(test)]
#[path = "../../wit/json_samples.rs"]
pub mod json_samples;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::Value;

    use super::json_samples;

    #[test]
    fn json_of_every_answer_is_that_of_the_golden_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/json");
        for (name, value) in json_samples::all() {
            let text = fs::read_to_string(folder.join(name).with_extension("json")).expect("a golden file");
            let golden: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(value, golden, "{name}: the host's test of the same name writes it anew");
        }
    }
}
