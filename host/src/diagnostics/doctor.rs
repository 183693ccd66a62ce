//! Finds out what is wrong: settings, files, database, key, disk, and what both servers say to the tokens. Changes
//! nothing. Every finding has a class of its own with cause and remedy (`class/`, `docs/doctor.md`).

use std::sync::Arc;

use kaspi_amocrm_contract::{Language, Setting, table::SECRET_KEY};
use serde_json::{Value, json};

use super::{
    class::Severity,
    finding::{Check, Diagnosis, Finding},
    machine,
};
use crate::{
    base::{failure::Text, shutdown::Stop},
    config::{self, Settings},
    contract::types::{Problem, Symptom, SymptomClass},
    service::{Host, OpenError, RunError},
    wasm::Plugin,
};

/// Looks at everything: of one connection, or of all. Makes no database.
pub async fn everything(settings: Settings, plugin: Plugin, only: Option<&str>, stop: &Stop) -> Diagnosis {
    let mut diagnosis = machine::look(&settings, only).await;
    let has_database = !diagnosis
        .findings
        .iter()
        .any(|finding| finding.check == Check::Database && finding.severity() == Severity::Error);
    if !has_database {
        return diagnosis;
    }
    match Host::open_unchanged(settings, plugin).await {
        Ok(host) => connections(&mut diagnosis, &host, only, stop).await,
        Err(OpenError::Key(error)) => {
            diagnosis.checked(None, Check::Key);
            diagnosis.findings.push(machine::key(error));
        }
        Err(OpenError::Store(error)) => diagnosis.findings.push(machine::database(error)),
        Err(error @ OpenError::Scratch(_)) => diagnosis.findings.push(failed(&error.to_string())),
    }
    diagnosis
}

/// The same for a host that is there already.
pub async fn of_host(host: &Arc<Host>, only: Option<&str>, stop: &Stop) -> Diagnosis {
    let mut diagnosis = machine::look(host.settings(), only).await;
    connections(&mut diagnosis, host, only, stop).await;
    diagnosis
}

async fn connections(diagnosis: &mut Diagnosis, host: &Arc<Host>, only: Option<&str>, stop: &Stop) {
    diagnosis.checked(None, Check::Key);
    let names: Vec<String> = host.settings().connection_names().map(str::to_owned).collect();
    for name in names.iter().filter(|name| only.is_none_or(|only| only == *name)) {
        match Box::pin(host.examine(name, None, stop)).await {
            Ok(examination) => {
                let seen = [
                    (Check::Kaspi, examination.kaspi.is_some()),
                    (Check::Amocrm, examination.amocrm.is_some()),
                ];
                for (check, _) in seen.into_iter().filter(|(_, is_seen)| *is_seen) {
                    diagnosis.checked(Some(name), check);
                }
                let found = examination.symptoms.iter().map(|symptom| Finding::symptom(symptom).of(name));
                diagnosis.findings.extend(found);
            }
            Err(error) => {
                diagnosis.findings.extend(unexamined(error).into_iter().map(|finding| finding.of(name)))
            }
        }
    }
    // One key for all: it is told once.
    let mut has_key = false;
    diagnosis
        .findings
        .retain(|finding| finding.class() != "key_wrong" || !std::mem::replace(&mut has_key, true));
    for finding in diagnosis.findings.iter_mut().filter(|finding| finding.class() == "key_wrong") {
        finding.connection = None;
    }
}

/// A setting that is wrong.
pub(crate) fn wrong_setting(finding: &config::Finding) -> Finding {
    Finding::setting("setting_wrong", finding)
}

/// Why a value that somebody typed for a setting is of no use.
pub(crate) fn unusable_setting(setting: &'static Setting, typed: &str) -> Finding {
    let needed = || {
        let text =
            Text::new(format!("{} is needed", setting.name), format!("нужно значение {}", setting.name));
        Finding::told(Check::Settings, "setting_wrong", &text).named(setting.name)
    };
    setting.check(typed).first().filter(|_| !typed.is_empty()).map_or_else(needed, wrong_setting)
}

/// Settings that the environment of the program sets otherwise.
pub(crate) fn overridden(names: &[&str]) -> Finding {
    Finding::new(Check::Settings, "setting_overridden", json!({"names": names}))
}

/// A finding that needs no words of its own.
pub(crate) fn plain(class: SymptomClass) -> Finding {
    Finding::symptom(&Symptom { class, setting: None, details: Vec::new(), finding: None })
}

/// Nobody knows what it is.
pub(crate) fn unknown() -> Finding {
    Finding::new(Check::Amocrm, "unknown", Value::Null)
}

/// What kept the component from looking.
pub(crate) fn unexamined(error: RunError) -> Vec<Finding> {
    match error {
        // Told already, as settings.
        RunError::Settings(_) | RunError::Interrupted => Vec::new(),
        RunError::Config(problems) if !problems.is_empty() => problems.iter().map(refused).collect(),
        RunError::InvalidCall(message) => {
            vec![Finding::told(Check::Settings, "setting_wrong", &told(|language| message.text(language)))]
        }
        RunError::Store(error) => vec![machine::database(error)],
        error => vec![failed(&error.to_string())],
    }
}

/// What the component has against the settings.
fn refused(problem: &Problem) -> Finding {
    let text = told(|language| problem.told(language));
    let wrong = || Finding::told(Check::Settings, "setting_wrong", &text);
    match &problem.setting {
        Some(name) if name == SECRET_KEY.name => {
            Finding::new(Check::Key, "key_wrong", Value::Null).named(name)
        }
        Some(name) if is_setting(name) => wrong().named(name),
        _ => wrong(),
    }
}

fn told(text: impl Fn(Language) -> String) -> Text {
    Text::new(text(Language::En), text(Language::Ru))
}

fn is_setting(name: &str) -> bool {
    kaspi_amocrm_contract::table::find(name).is_some()
}

fn failed(text: &str) -> Finding {
    Finding::told(Check::Settings, "check_failed", &Text::new(text, text))
}

#[cfg(test)]
mod tests;
