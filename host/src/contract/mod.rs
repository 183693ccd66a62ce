//! What the component takes and answers, see `wit/world.wit`: the generated types themselves, and their JSON.

mod bindings;
#[path = "../../../wit/json.rs"]
pub mod json;
#[cfg(test)]
#[path = "../../../wit/json_samples.rs"]
pub mod json_samples;
#[cfg(test)]
pub(crate) mod samples;

pub use bindings::kaspi_amocrm::plugin::types;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::Value;

    use super::json_samples;

    #[test]
    fn json_of_every_answer_is_that_of_the_golden_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/json");
        for (name, value) in json_samples::all() {
            let file = folder.join(name).with_extension("json");
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(&file, format!("{value:#}\n")).unwrap();
            }
            let golden: Value =
                serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default();
            assert_eq!(value, golden, "UPDATE_GOLDEN=1 cargo test --lib contract writes {}", file.display());
        }
    }
}
