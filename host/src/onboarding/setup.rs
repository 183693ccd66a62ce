//! From nothing to a working connection: what is asked, in which order, and what is proposed. Pure; the terminal
//! (`cli/commands/setup`) and the browser (`web/console/pages/setup`) ask the same questions.

use kaspi_amocrm_contract::{Setting, rules, table};

use crate::{
    base::shutdown::Stop,
    config::{Changes, Settings},
    contract::types::{AccountPart, Examination, PreparedPart, Side, SymptomClass},
    diagnostics::{doctor, finding::Finding},
    i18n::words::Words,
    service::{Host, RunError},
};

/// One question after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The token of the shop.
    Kaspi,
    /// Which account.
    Account,
    /// The way into it.
    Access,
    /// Where leads go.
    Pipeline,
    /// Who gets them, products, the field of the order's number.
    Choices,
    /// Which stage belongs to which state.
    Stages,
    /// What would happen with the orders of the last day.
    Rehearsal,
}

impl Step {
    /// All of them in their order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Kaspi,
        Self::Account,
        Self::Access,
        Self::Pipeline,
        Self::Choices,
        Self::Stages,
        Self::Rehearsal,
    ];

    /// Its name in addresses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kaspi => "kaspi",
            Self::Account => "account",
            Self::Access => "access",
            Self::Pipeline => "pipeline",
            Self::Choices => "choices",
            Self::Stages => "stages",
            Self::Rehearsal => "rehearsal",
        }
    }

    /// The step of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// For people.
    pub(crate) fn title(self) -> Words {
        match self {
            Self::Kaspi => Words::new("Your shop at Kaspi", "Ваш магазин на Kaspi", "Kaspi-дегі дүкеніңіз"),
            Self::Account => Words::new("Your amoCRM account", "Ваш аккаунт amoCRM", "amoCRM аккаунтыңыз"),
            Self::Access => Words::new("Access to amoCRM", "Доступ к amoCRM", "amoCRM-ге қолжетімділік"),
            Self::Pipeline => {
                Words::new("Pipeline for orders", "Воронка для заказов", "Тапсырыстар воронкасы")
            }
            Self::Choices => Words::new(
                "Who gets the leads, and what goes into them",
                "Кому и что попадает в сделки",
                "Мәмілелер кімге түседі және ішінде не болады",
            ),
            Self::Stages => Words::new("Stages of orders", "Этапы заказов", "Тапсырыс кезеңдері"),
            Self::Rehearsal => Words::new("Trial run", "Пробный запуск", "Сынақ іске қосу"),
        }
    }

    /// The one before it.
    pub(crate) fn before(self) -> Option<Self> {
        Self::ALL.into_iter().rfind(|step| *step < self)
    }

    /// The one after it.
    pub(crate) fn after(self) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step > self)
    }

    /// The first step that lacks what only a person can give. Later ones cannot be taken before it.
    pub(crate) fn first_open(settings: &Settings, connection: &str) -> Option<Self> {
        let is_set = |setting: &'static Setting| settings.value(connection, setting).is_some();
        let integration = [&table::AMO_CLIENT_ID, &table::AMO_CLIENT_SECRET, &table::AMO_REDIRECT_URI];
        let has_token = is_set(&table::AMO_LONG_LIVED_TOKEN) || is_set(&table::AMO_ACCESS_TOKEN);
        if !is_set(&table::KASPI_API_TOKEN) {
            Some(Self::Kaspi)
        } else if !is_set(&table::AMO_SUBDOMAIN) && !is_set(&table::AMO_BASE_URL) {
            Some(Self::Account)
        } else if !has_token && !integration.into_iter().all(is_set) {
            Some(Self::Access)
        } else {
            None
        }
    }
}

/// The account that people mean with what they typed or pasted, as it is written into the settings. `None` where it is
/// none.
pub(crate) fn account(typed: &str) -> Option<String> {
    let address = rules::account_address(None, Some(typed.trim()))?;
    let host = address.strip_prefix("https://")?;
    Some(host.strip_suffix(".amocrm.ru").unwrap_or(host).to_owned())
}

/// A value as people paste it, where it is usable: without white space around it and quotes.
pub(crate) fn pasted(setting: &'static Setting, typed: &str) -> Option<String> {
    let value = typed.trim().trim_matches(['"', '\'']).trim();
    let bare = value.strip_prefix("Bearer ").unwrap_or(value).trim();
    (!setting.is_unset(bare) && setting.check(bare).is_empty()).then(|| bare.to_owned())
}

/// How a side took what was set for it.
#[derive(Debug)]
pub(crate) struct Tried {
    /// What was seen, as far as there was an answer.
    pub(crate) seen: Examination,
    /// What has to be put right before the next step.
    pub(crate) stopping: Vec<Finding>,
}

/// Tries one side.
///
/// # Errors
/// When the component does not answer.
pub(crate) async fn try_side(
    host: &Host,
    connection: &str,
    side: Side,
    stop: &Stop,
) -> Result<Tried, RunError> {
    match Box::pin(host.examine(connection, Some(side), stop)).await {
        Ok(seen) => {
            let mut stopping = stops(&seen);
            let is_seen = match side {
                Side::Kaspi => seen.kaspi.is_some(),
                Side::Amocrm => seen.amocrm.is_some(),
            };
            // What kept the side from being seen stops, however bad it is.
            if stopping.is_empty() && !is_seen {
                stopping = seen.symptoms.iter().map(Finding::symptom).collect();
                stopping.extend(seen.symptoms.is_empty().then(doctor::unknown));
            }
            Ok(Tried { stopping, seen })
        }
        Err(
            error @ (RunError::Config(_) | RunError::InvalidCall(_) | RunError::Upstream(_) | RunError::Busy),
        ) => {
            let seen = Examination { symptoms: Vec::new(), kaspi: None, amocrm: None };
            Ok(Tried { stopping: doctor::unexamined(error), seen })
        }
        Err(error) => Err(error),
    }
}

/// What stops a step: hints do not, and what the other side of the setup still lacks does not either.
pub(crate) fn stops(examination: &Examination) -> Vec<Finding> {
    examination.symptoms.iter().map(Finding::symptom).filter(stops_setup).collect()
}

fn stops_setup(finding: &Finding) -> bool {
    // Settings of the account are what is chosen next.
    let later = [SymptomClass::AmoSetting, SymptomClass::AmoRequiredFields, SymptomClass::AmoRenamed];
    let is_chosen_later = later.iter().any(|class| class.name() == finding.class());
    finding.severity() == crate::diagnostics::class::Severity::Error && !is_chosen_later
}

/// Settings that name what was made or found.
pub(crate) fn named(made: &[PreparedPart]) -> Changes {
    let setting = |part| match part {
        AccountPart::OrderCode => Some(table::AMO_LEAD_ORDER_CODE_FIELD_ID.name),
        AccountPart::Catalog => Some(table::AMO_CATALOG_ID.name),
        AccountPart::Sku | AccountPart::Price => None,
    };
    made.iter().filter_map(|made| Some((setting(made.part)?, made.id.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::symptom;

    #[test]
    fn steps_follow_each_other_and_the_first_open_one_is_found() {
        let walked: Vec<Step> = std::iter::successors(Some(Step::Kaspi), |step| step.after()).collect();
        assert_eq!(walked, Step::ALL);
        assert!(Step::ALL.iter().all(|step| Step::of(step.name()) == Some(*step)));
        assert_eq!(Step::Kaspi.before(), None);
        let open = |pairs: &[(&str, &str)]| {
            Step::first_open(&Settings::from_pairs(pairs.iter().copied()), "default")
        };
        let mut set = vec![("AMO_RPS", "7")];
        assert_eq!(open(&set), Some(Step::Kaspi));
        set.push(("KASPI_API_TOKEN", "k"));
        assert_eq!(open(&set), Some(Step::Account));
        set.push(("AMO_SUBDOMAIN", "acme"));
        assert_eq!(open(&set), Some(Step::Access));
        set.push(("AMO_CLIENT_ID", "i"));
        assert_eq!(open(&set), Some(Step::Access));
        set.extend([("AMO_CLIENT_SECRET", "s"), ("AMO_REDIRECT_URI", "https://x.example/cb")]);
        assert_eq!(open(&set), None);
    }

    #[test]
    fn accounts_and_tokens_are_taken_as_people_paste_them() {
        for (typed, expected) in [
            (" acme ", Some("acme")),
            ("https://acme.amocrm.ru/leads/pipeline/1", Some("acme")),
            ("acme.kommo.com", Some("acme.kommo.com")),
            ("https://example.com", None),
            ("", None),
        ] {
            assert_eq!(account(typed).as_deref(), expected, "{typed}");
        }
        let token = |typed| pasted(&table::AMO_LONG_LIVED_TOKEN, typed);
        assert_eq!(token(" \"Bearer abc\" \n").as_deref(), Some("abc"));
        assert_eq!((token("two words"), token("  ")), (None, None));
    }

    #[test]
    fn only_what_the_next_steps_do_not_settle_stops() {
        use SymptomClass::{AmoNoCatalog, AmoSetting, AmoTokenRefused, KaspiNoOrders};
        let symptoms = [KaspiNoOrders, AmoSetting, AmoNoCatalog, AmoTokenRefused].map(symptom).into();
        let examination = Examination { symptoms, kaspi: None, amocrm: None };
        let stopped: Vec<&str> = stops(&examination).iter().map(Finding::class).collect();
        assert_eq!(stopped, ["amo_token_refused"]);
    }

    #[test]
    fn what_was_made_becomes_settings() {
        let made = |part, id| PreparedPart { part, id, name: String::new() };
        let changes = named(&[
            made(AccountPart::OrderCode, 5),
            made(AccountPart::Sku, 6),
            made(AccountPart::Catalog, 7),
        ]);
        assert_eq!(
            changes,
            Changes::from([
                ("AMO_LEAD_ORDER_CODE_FIELD_ID", "5".to_owned()),
                ("AMO_CATALOG_ID", "7".to_owned())
            ])
        );
    }
}
