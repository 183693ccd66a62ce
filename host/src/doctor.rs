//! Finds out what is wrong: settings, files, database, key, disk, and what both servers say to the tokens. Changes
//! nothing. Every finding has a class of its own with cause and remedy (`doctor/class.rs`, `docs/doctor.md`).

pub(crate) mod class;
mod machine;
#[cfg(test)]
mod page;

use std::sync::Arc;

use kaspi_amocrm_settings::{Language, Setting};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::{
    base::{
        failure::{Exit, Text},
        shutdown::Stop,
    },
    config::{self, Settings},
    i18n::words::Words,
    service::{Host, OpenError, RunError, Symptom},
    wasm::Plugin,
};
use class::{Class, Severity};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Whether the settings are complete and well-formed.
    Settings,
    /// Who can read what is private.
    Files,
    /// Whether the database opens, is whole and up to date.
    Database,
    /// Whether the key opens what the database holds.
    Key,
    /// Room for the database.
    Disk,
    /// The shop's token at Kaspi.
    Kaspi,
    /// Token, rights and fields of the account.
    Amocrm,
}

impl Check {
    /// What is said where nothing was found.
    pub(crate) fn good(self) -> Words {
        match self {
            Self::Settings => Words::new("settings: in order", "настройки: в порядке", "баптаулар: дұрыс"),
            Self::Files => {
                Words::new("files: private", "файлы: закрыты от чужих", "файлдар: бөтендерге жабық")
            }
            Self::Database => Words::new(
                "database: opens, whole, up to date",
                "база данных: открывается, цела, актуальна",
                "дерекқор: ашылады, бүтін, жаңартылған",
            ),
            Self::Key => {
                Words::new("key: fits the database", "ключ: подходит к базе", "кілт: дерекқорға сай")
            }
            Self::Disk => Words::new("disk: enough room", "диск: места хватает", "диск: орын жеткілікті"),
            Self::Kaspi => Words::new("Kaspi: answers", "Kaspi: отвечает", "Kaspi: жауап береді"),
            Self::Amocrm => Words::new("amoCRM: answers", "amoCRM: отвечает", "amoCRM: жауап береді"),
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The connection; `None` where it concerns all.
    pub connection: Option<String>,
    /// What found it.
    pub check: Check,
    /// The setting or file that it is about.
    pub name: Option<String>,
    class: &'static Class,
    detail: Map<String, Value>,
}

impl Finding {
    fn new(check: Check, class: &str, detail: Value) -> Self {
        let detail = detail.as_object().cloned().unwrap_or_default();
        Self { connection: None, check, name: None, class: class::of(class), detail }
    }

    fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    fn of(self, connection: &str) -> Self {
        Self { connection: Some(connection.to_owned()), ..self }
    }

    /// With a text of its own, in two languages.
    fn told(check: Check, class: &str, text: &Text) -> Self {
        Self::new(check, class, json!({"text_en": text.en, "text_ru": text.ru}))
    }

    fn setting(class: &str, finding: &config::Finding) -> Self {
        let text = Text::new(finding.text(Language::En), finding.text(Language::Ru));
        Self::told(Check::Settings, class, &text).named(&finding.name)
    }

    /// What the component has found.
    pub(crate) fn symptom(symptom: &Symptom) -> Self {
        let is_kaspi = symptom.class.starts_with("kaspi")
            || symptom.detail.get("side").and_then(Value::as_str) == Some("kaspi");
        Self {
            connection: None,
            check: if is_kaspi { Check::Kaspi } else { Check::Amocrm },
            name: symptom.name.clone(),
            class: class::of(&symptom.class),
            detail: symptom.detail.clone(),
        }
    }

    /// The word of its class.
    pub fn class(&self) -> &'static str {
        self.class.name
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.class.severity
    }

    /// Whether a server does not answer: it may pass by itself.
    pub fn is_upstream(&self) -> bool {
        self.class.is_upstream
    }

    /// Why it is so.
    pub fn cause(&self, language: Language) -> String {
        class::filled(&self.class.cause, &self.detail, language)
    }

    /// What to do.
    pub fn remedy(&self, language: Language) -> String {
        class::filled(&self.class.remedy, &self.detail, language)
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = |text: &dyn Fn(Language) -> String| {
            let pairs = Language::ALL.map(|language| (language.code().to_owned(), text(language).into()));
            Value::Object(pairs.into_iter().collect())
        };
        json!({
            "connection": self.connection,
            "class": self.class(),
            "severity": self.severity(),
            "name": self.name,
            "cause": all(&|language| self.cause(language)),
            "remedy": all(&|language| self.remedy(language)),
        })
        .serialize(serializer)
    }
}

/// A check that was carried out, with or without findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The connection; `None` where it concerns all.
    pub connection: Option<String>,
    /// What was looked at.
    pub check: Check,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Diagnosis {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub checked: Vec<Checked>,
}

impl Diagnosis {
    fn checked(&mut self, connection: Option<&str>, check: Check) {
        self.checked.push(Checked { connection: connection.map(str::to_owned), check });
    }

    /// What was looked at and is well.
    pub fn good(&self) -> impl Iterator<Item = &Checked> {
        self.checked.iter().filter(|checked| {
            let is_about = |finding: &&Finding| {
                finding.check == checked.check
                    && (finding.connection == checked.connection || finding.connection.is_none())
            };
            !self.findings.iter().any(|finding| is_about(&finding))
        })
    }

    /// Findings outweigh servers that do not answer, and hints count for nothing.
    pub fn exit(&self) -> Exit {
        let mut serious =
            self.findings.iter().filter(|finding| finding.severity() != Severity::Hint).peekable();
        if serious.peek().is_none() {
            Exit::Done
        } else if serious.all(Finding::is_upstream) {
            Exit::Upstream
        } else {
            Exit::Findings
        }
    }
}

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
                let found = examination.findings.iter().map(|symptom| Finding::symptom(symptom).of(name));
                diagnosis.findings.extend(found);
            }
            Err(error) => diagnosis.findings.extend(unexamined(error).map(|finding| finding.of(name))),
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
pub(crate) fn plain(class: &str) -> Finding {
    Finding::symptom(&Symptom { class: class.to_owned(), ..Symptom::default() })
}

/// What kept the component from looking.
pub(crate) fn unexamined(error: RunError) -> Option<Finding> {
    match error {
        // Told already, as settings.
        RunError::Settings(_) | RunError::Interrupted => None,
        RunError::Config(text) if text.starts_with("SECRET_KEY") => {
            Some(Finding::new(Check::Key, "key_wrong", Value::Null).named("SECRET_KEY"))
        }
        RunError::Config(text) => {
            let (name, text) = match text.split_once(": ") {
                Some((name, rest)) if table_name(name) => (Some(name.to_owned()), rest.to_owned()),
                _ => (None, text),
            };
            let (en, ru) = text.split_once(" / ").unwrap_or((&text, &text));
            let finding = Finding::told(Check::Settings, "setting_wrong", &Text::new(en, ru));
            Some(Finding { name, ..finding })
        }
        RunError::Store(error) => Some(machine::database(error)),
        error => Some(failed(&error.to_string())),
    }
}

fn table_name(name: &str) -> bool {
    kaspi_amocrm_settings::table::find(name).is_some()
}

fn failed(text: &str) -> Finding {
    Finding::told(Check::Settings, "check_failed", &Text::new(text, text))
}

#[cfg(test)]
mod tests;
