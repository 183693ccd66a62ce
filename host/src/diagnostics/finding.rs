//! What was looked at and what was found, with cause and remedy in words for people.

use kaspi_amocrm_contract::Language;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::class::{self, Class, Severity};
use crate::{
    base::failure::{Exit, Text},
    config,
    contract::{
        json,
        types::{Detail, Symptom, SymptomClass},
    },
    i18n::words::Words,
};

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

/// Whether a class is about Kaspi, whatever its details say.
fn is_of_kaspi(class: SymptomClass) -> bool {
    use SymptomClass::{
        KaspiBlocked, KaspiLimited, KaspiNoOrders, KaspiPhonesMasked, KaspiTokenMissing, KaspiTokenRefused,
        KaspiUnreachable, KaspiUnreadable, KaspiUserAgent,
    };
    matches!(
        class,
        KaspiBlocked
            | KaspiLimited
            | KaspiNoOrders
            | KaspiPhonesMasked
            | KaspiTokenMissing
            | KaspiTokenRefused
            | KaspiUnreachable
            | KaspiUnreadable
            | KaspiUserAgent
    )
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
    pub(super) class: &'static Class,
    pub(super) detail: Map<String, Value>,
}

impl Finding {
    pub(super) fn new(check: Check, class: &str, detail: Value) -> Self {
        let detail = detail.as_object().cloned().unwrap_or_default();
        Self { connection: None, check, name: None, class: class::of(class), detail }
    }

    pub(super) fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    pub(super) fn of(self, connection: &str) -> Self {
        Self { connection: Some(connection.to_owned()), ..self }
    }

    /// With a text of its own, in two languages.
    pub(super) fn told(check: Check, class: &str, text: &Text) -> Self {
        Self::new(check, class, json!({"text_en": text.en, "text_ru": text.ru}))
    }

    pub(super) fn setting(class: &str, finding: &config::Finding) -> Self {
        let text = Text::new(finding.text(Language::En), finding.text(Language::Ru));
        Self::told(Check::Settings, class, &text).named(&finding.name)
    }

    /// What the component has found.
    pub(crate) fn symptom(symptom: &Symptom) -> Self {
        let is_side =
            |(name, detail): &(String, Detail)| name == "side" && *detail == Detail::Text("kaspi".to_owned());
        let is_kaspi = is_of_kaspi(symptom.class) || symptom.details.iter().any(is_side);
        Self {
            connection: None,
            check: if is_kaspi { Check::Kaspi } else { Check::Amocrm },
            name: symptom.setting.clone(),
            class: class::of(symptom.class.name()),
            detail: json::details(symptom),
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
    pub(super) fn checked(&mut self, connection: Option<&str>, check: Check) {
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
