//! Settings, read and checked once at the start of a run.
//!
//! [`Settings::load`] reports everything that is wrong at once. What only the account can tell (does this status
//! exist?) is not checked here; [`Settings::fingerprint`] tells when that check is due again.
//! All names, shapes and defaults come from the crate `kaspi-amocrm-contract`, which hosts share.

mod reader;
#[cfg(test)]
mod tests;

pub(crate) use kaspi_amocrm_contract::{Finding, Language, SettingsError, StatusMap};
pub(crate) use reader::Secret;

use kaspi_amocrm_contract::{key_list, rules, table};

use crate::{
    domain::Job,
    ports::{
        Config,
        encrypted::{Keyring, SecretKey},
    },
};
use reader::Reader;

const SECOND_MS: i64 = 1_000;
const DAY_S: i64 = 86_400;

/// Everything that a run is told from outside.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The name of this shop and account, part of the keys of the ledger.
    pub connection: String,
    /// The shop.
    pub kaspi: KaspiSettings,
    /// The account.
    pub amo: AmoSettings,
    /// ISO code that decides about phone numbers without a country prefix.
    pub default_country: String,
    /// The language of notes and tags.
    pub language: Language,
    /// Name of a lead with `{code}` and perhaps `{buyer}`.
    pub lead_name: String,
    /// Stages by state of the order; what it does not name gets `amo.status_id`.
    pub status_map: StatusMap,
    /// Whether a final Kaspi status moves a lead that a person has moved elsewhere in its pipeline.
    pub final_status_wins: bool,
    /// How far behind its watermark a run begins to read.
    pub overlap_ms: i64,
    /// How far the first run looks back.
    pub first_lookback_ms: i64,
    /// How long after its deadline a write whose answer was lost may still take effect.
    pub settle_ms: i64,
    /// Seals secrets and personal data in the store; without it they are stored as they are.
    pub secret_key: Option<Keyring>,
}

/// The shop at Kaspi.
#[derive(Debug, Clone)]
pub(crate) struct KaspiSettings {
    /// Without a slash at the end.
    pub api_base: String,
    /// Sent as `X-Auth-Token`.
    pub token: Secret,
    /// Sent as `X-Merchant-Uid`.
    pub merchant_uid: Option<String>,
}

/// The amoCRM account.
#[derive(Debug, Clone)]
pub(crate) struct AmoSettings {
    /// `https://acme.amocrm.ru`, without a slash at the end.
    pub base_url: String,
    /// How requests prove who asks.
    pub credentials: Credentials,
    /// Where leads go; the account's main pipeline when not set.
    pub pipeline_id: Option<i64>,
    /// The stage of a new lead that the map does not name; the first one when not set.
    pub status_id: Option<i64>,
    /// Why leads of cancelled orders are lost.
    pub loss_reason_id: Option<i64>,
    /// Who gets the leads.
    pub responsible_user_id: Option<i64>,
    /// The list of products; without it leads get no products.
    pub catalog_id: Option<i64>,
    /// Field of the lead for the order code.
    pub lead_order_code_field_id: Option<i64>,
    /// Field of the contact for the delivery address.
    pub contact_address_field_id: Option<i64>,
    /// Field of the lead for the delivery address.
    pub lead_delivery_address_field_id: Option<i64>,
    /// Field of the lead for the time of the order.
    pub lead_order_date_field_id: Option<i64>,
    /// Requests in any second.
    pub requests_per_second: u32,
}

/// What the settings say about amoCRM's tokens (docs/apis/amocrm.md 1).
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Lives for years and is never renewed; wins over the pair.
    pub long_lived: Option<Secret>,
    /// The short-lived half of a pair.
    pub access: Option<Secret>,
    /// The half that renews it, once.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_ms: Option<i64>,
    /// Without it a pair cannot be renewed.
    pub client: Option<OAuthClient>,
}

/// The integration, as amoCRM knows it.
#[derive(Debug, Clone)]
pub(crate) struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// Its redirect address, byte for byte as registered: a refresh is refused without it (1.4).
    pub redirect_uri: String,
}

impl Settings {
    /// Reads all settings. Names are asked for in lower case.
    ///
    /// # Errors
    /// Everything that is missing or malformed, each with its name and what to do.
    pub(crate) fn load(config: &dyn Config) -> Result<Self, SettingsError> {
        let (settings, findings) = Self::so_far(config);
        SettingsError::none_of(findings)?;
        Ok(settings)
    }

    /// Reads all settings, whatever is wrong with them: what is missing or malformed is empty or as by default, and
    /// stands among the findings. For calls that look at one side only.
    pub(crate) fn so_far(config: &dyn Config) -> (Self, Vec<Finding>) {
        let mut reader = Reader::new(config);
        let settings = Self {
            connection: reader.text_or_default(&table::CONNECTION),
            kaspi: kaspi(&mut reader),
            amo: amo(&mut reader),
            default_country: reader.text_or_default(&table::DEFAULT_COUNTRY).to_ascii_uppercase(),
            language: language(&mut reader),
            lead_name: reader.text_or_default(&table::LEAD_NAME_TEMPLATE),
            status_map: reader
                .value(&table::STATUS_MAP)
                .and_then(|text| StatusMap::parse(&text).ok())
                .unwrap_or_default(),
            final_status_wins: reader.flag(&table::FINAL_STATUS_WINS),
            overlap_ms: reader.number(&table::OVERLAP_SECONDS) * SECOND_MS,
            first_lookback_ms: reader.number(&table::FIRST_LOOKBACK_DAYS) * DAY_S * SECOND_MS,
            settle_ms: reader.number(&table::SETTLE_SECONDS) * SECOND_MS,
            secret_key: keyring(&mut reader),
        };
        (settings, reader.into_findings())
    }

    /// A short text that changes with any address or id (never with a secret), and means that the settings have to
    /// be compared with the account again. Stable between versions while the settings named here are the same.
    pub(crate) fn fingerprint(&self) -> String {
        let amo = &self.amo;
        let ids = [
            amo.pipeline_id,
            amo.status_id,
            amo.responsible_user_id,
            amo.loss_reason_id,
            amo.catalog_id,
            amo.lead_order_code_field_id,
            amo.contact_address_field_id,
            amo.lead_delivery_address_field_id,
            amo.lead_order_date_field_id,
        ];
        let mut text = format!(
            "{}\n{}\n{}",
            self.kaspi.api_base,
            self.kaspi.merchant_uid.as_deref().unwrap_or_default(),
            amo.base_url,
        );
        for id in ids {
            text.push_str(&format!("\n{}", id.unwrap_or(0)));
        }
        for (key, id) in self.status_map.iter() {
            text.push_str(&format!("\n{key}={id}"));
        }
        format!("{:016x}", fnv1a(text.as_bytes()))
    }
}

/// What a timer wakes where the host names no job itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// The job.
    pub job: Job,
    /// Time for each slice of it.
    pub slice_ms: u64,
}

impl Trigger {
    /// Reads the settings `JOB` and `SLICE_SECONDS`.
    ///
    /// # Errors
    /// What is malformed.
    pub(crate) fn load(config: &dyn Config) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(config);
        let job = Job::of(&reader.text_or_default(&table::JOB).to_ascii_lowercase()).unwrap_or(Job::New);
        let slice_ms = (reader.number(&table::SLICE_SECONDS) * SECOND_MS).unsigned_abs();
        SettingsError::none_of(reader.wrong())?;
        Ok(Self { job, slice_ms })
    }
}

/// The token that opens the HTTP face; `None`: nothing does.
pub(crate) fn door_token(config: &dyn Config) -> Option<Secret> {
    Reader::new(config).secret(&table::CRON_SECRET)
}

/// FNV-1a with 64 bits: it only has to tell "changed" from "the same".
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn kaspi(reader: &mut Reader<'_>) -> KaspiSettings {
    KaspiSettings {
        api_base: reader.text_or_default(&table::KASPI_API_BASE).trim_end_matches('/').to_owned(),
        token: reader.secret(&table::KASPI_API_TOKEN).unwrap_or_else(|| Secret::new("")),
        merchant_uid: reader.value(&table::KASPI_MERCHANT_UID),
    }
}

fn amo(reader: &mut Reader<'_>) -> AmoSettings {
    let (base_url, subdomain) = (reader.value(&table::AMO_BASE_URL), reader.value(&table::AMO_SUBDOMAIN));
    AmoSettings {
        base_url: rules::account_address(base_url.as_deref(), subdomain.as_deref()).unwrap_or_default(),
        credentials: credentials(reader),
        pipeline_id: reader.id(&table::AMO_PIPELINE_ID),
        status_id: reader.id(&table::AMO_STATUS_ID),
        loss_reason_id: reader.id(&table::AMO_LOSS_REASON_ID),
        responsible_user_id: reader.id(&table::AMO_RESPONSIBLE_USER_ID),
        catalog_id: reader.id(&table::AMO_CATALOG_ID),
        lead_order_code_field_id: reader.id(&table::AMO_LEAD_ORDER_CODE_FIELD_ID),
        contact_address_field_id: reader.id(&table::AMO_CONTACT_ADDRESS_FIELD_ID),
        lead_delivery_address_field_id: reader.id(&table::AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID),
        lead_order_date_field_id: reader.id(&table::AMO_LEAD_ORDER_DATE_FIELD_ID),
        requests_per_second: u32::try_from(reader.number(&table::AMO_RPS)).expect("its bounds are checked"),
    }
}

fn credentials(reader: &mut Reader<'_>) -> Credentials {
    let id = reader.value(&table::AMO_CLIENT_ID);
    let secret = reader.secret(&table::AMO_CLIENT_SECRET);
    let redirect_uri = reader.value(&table::AMO_REDIRECT_URI);
    Credentials {
        long_lived: reader.secret(&table::AMO_LONG_LIVED_TOKEN),
        access: reader.secret(&table::AMO_ACCESS_TOKEN),
        refresh: reader.secret(&table::AMO_REFRESH_TOKEN),
        expires_ms: reader.id(&table::AMO_EXPIRES_AT).map(|seconds| seconds.saturating_mul(SECOND_MS)),
        client: id.zip(secret).zip(redirect_uri).map(|((id, secret), redirect_uri)| OAuthClient {
            id,
            secret,
            redirect_uri,
        }),
    }
}

/// The key that seals, and those that only open.
fn keyring(reader: &mut Reader<'_>) -> Option<Keyring> {
    let key = reader.value(&table::SECRET_KEY);
    let also = reader.value(&table::SECRET_KEY_ALSO);
    reader.tell(rules::repeated_key(key.as_deref(), also.as_deref()));
    let sealing = SecretKey::parse(&key?)?;
    let mut further = Vec::new();
    if let Some(also) = &also {
        for key in key_list(also) {
            further.push(SecretKey::parse(key)?);
        }
    }
    Some(Keyring::new(sealing, further))
}

fn language(reader: &mut Reader<'_>) -> Language {
    Language::of(&reader.text_or_default(&table::LANGUAGE_CRM).to_ascii_lowercase()).unwrap_or_default()
}
