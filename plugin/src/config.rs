//! Settings, read and checked once at the start of a run.
//!
//! [`Settings::load`] reports everything that is wrong at once. What only the account can tell (does this status
//! exist?) is not checked here; [`Settings::fingerprint`] tells when that check is due again.
//! All names, defaults and examples: docs/configuration.md.

mod finding;
mod reader;
mod status_map;

pub use finding::{Finding, Language, SettingsError, Text};
pub use reader::Secret;
pub use status_map::StatusMap;

use crate::{model::phone, ports::Config, seal::SecretKey};
use finding::shown;
use reader::Reader;

/// Kaspi's own address (docs/apis/kaspi.md 1.1).
const KASPI_API_BASE: &str = "https://kaspi.kz/shop/api/v2";

/// Domains of amoCRM accounts (docs/apis/amocrm.md, conventions).
const AMO_DOMAINS: [&str; 3] = ["amocrm.ru", "amocrm.com", "kommo.com"];

/// What the name of a lead is made from when nothing else is wanted.
const LEAD_NAME_TEMPLATE: &str = "Kaspi {code}";

/// Room for the buyer's name: amoCRM takes names of 255 characters (docs/apis/amocrm.md 5).
const LEAD_NAME_TEMPLATE_CHARS_MAX: usize = 150;

const SECOND_MS: i64 = 1_000;
const DAY_S: i64 = 86_400;

/// Everything that a run is told from outside.
#[derive(Debug, Clone)]
pub struct Settings {
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
    pub secret_key: Option<SecretKey>,
}

/// The shop at Kaspi.
#[derive(Debug, Clone)]
pub struct KaspiSettings {
    /// Without a slash at the end.
    pub api_base: String,
    /// Sent as `X-Auth-Token`.
    pub token: Secret,
    /// Sent as `X-Merchant-Uid`.
    pub merchant_uid: Option<String>,
}

/// The amoCRM account.
#[derive(Debug, Clone)]
pub struct AmoSettings {
    /// `https://acme.amocrm.ru`, without a slash at the end.
    pub base_url: String,
    /// How requests prove who asks.
    pub credentials: Credentials,
    /// Where leads go; the account's main pipeline when not set.
    pub pipeline_id: Option<i64>,
    /// The stage of a new lead that the map does not name; the first one when not set.
    pub status_id: Option<i64>,
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
pub struct Credentials {
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
pub struct OAuthClient {
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
    pub fn load(config: &dyn Config) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(config);
        let settings = Self {
            connection: connection(&mut reader),
            kaspi: kaspi(&mut reader),
            amo: amo(&mut reader),
            default_country: country(&mut reader),
            language: language(&mut reader),
            lead_name: lead_name(&mut reader),
            status_map: status_map(&mut reader),
            final_status_wins: reader.flag("FINAL_STATUS_WINS", true),
            overlap_ms: reader.number("OVERLAP_SECONDS", 1_800, 0..=DAY_S) * SECOND_MS,
            first_lookback_ms: reader.number("FIRST_LOOKBACK_DAYS", 14, 0..=90) * DAY_S * SECOND_MS,
            settle_ms: reader.number("SETTLE_SECONDS", 300, 1..=DAY_S) * SECOND_MS,
            secret_key: secret_key(&mut reader),
        };
        if reader.findings.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError { findings: reader.findings })
        }
    }

    /// A short text that changes with any address or id (never with a secret), and means that the settings have to
    /// be compared with the account again. Stable between versions while the settings named here are the same.
    pub fn fingerprint(&self) -> String {
        let amo = &self.amo;
        let ids = [
            amo.pipeline_id,
            amo.status_id,
            amo.responsible_user_id,
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

/// FNV-1a with 64 bits: it only has to tell "changed" from "the same".
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn connection(reader: &mut Reader<'_>) -> String {
    let name = reader.text("CONNECTION").unwrap_or_else(|| "default".to_owned());
    let shaped = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if name.len() > 64 || !shaped {
        let problem = Text::new("is no usable name", "не годится как имя");
        let hint = Text::new(
            "use up to 64 Latin letters, digits, - and _",
            "используйте до 64 латинских букв, цифр, - и _",
        );
        reader.find("CONNECTION", problem, hint);
    }
    name
}

fn kaspi(reader: &mut Reader<'_>) -> KaspiSettings {
    let api_base = reader.url("KASPI_API_BASE").unwrap_or_else(|| KASPI_API_BASE.to_owned());
    let findings_before = reader.findings.len();
    let token = reader.header_text("KASPI_API_TOKEN").unwrap_or_default();
    if token.is_empty() && reader.findings.len() == findings_before {
        let hint = Text::new(
            "create it in the Kaspi merchant cabinet: Settings, API token",
            "создайте его в кабинете продавца Kaspi: Настройки, Токен API",
        );
        reader.missing("KASPI_API_TOKEN", hint);
    }
    let token = Secret::new(token);
    KaspiSettings { api_base, token, merchant_uid: reader.header_text("KASPI_MERCHANT_UID") }
}

fn amo(reader: &mut Reader<'_>) -> AmoSettings {
    let base_url = amo_base_url(reader);
    let credentials = credentials(reader);
    let requests_per_second = reader.number("AMO_RPS", 7, 1..=50);
    AmoSettings {
        base_url,
        credentials,
        pipeline_id: reader.id("AMO_PIPELINE_ID"),
        status_id: reader.id("AMO_STATUS_ID"),
        responsible_user_id: reader.id("AMO_RESPONSIBLE_USER_ID"),
        catalog_id: reader.id("AMO_CATALOG_ID"),
        lead_order_code_field_id: reader.id("AMO_LEAD_ORDER_CODE_FIELD_ID"),
        contact_address_field_id: reader.id("AMO_CONTACT_ADDRESS_FIELD_ID"),
        lead_delivery_address_field_id: reader.id("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID"),
        lead_order_date_field_id: reader.id("AMO_LEAD_ORDER_DATE_FIELD_ID"),
        requests_per_second: u32::try_from(requests_per_second).expect("bounded above"),
    }
}

fn credentials(reader: &mut Reader<'_>) -> Credentials {
    let findings_before = reader.findings.len();
    let mut secret = |name| reader.header_text(name).map(Secret::new);
    let (long_lived, access) = (secret("AMO_LONG_LIVED_TOKEN"), secret("AMO_ACCESS_TOKEN"));
    let (refresh, client_secret) = (secret("AMO_REFRESH_TOKEN"), secret("AMO_CLIENT_SECRET"));
    let expires_ms = reader.id("AMO_EXPIRES_AT").map(|seconds| seconds.saturating_mul(SECOND_MS));
    let (id, redirect_uri) = (reader.header_text("AMO_CLIENT_ID"), reader.header_text("AMO_REDIRECT_URI"));
    let parts = [
        ("AMO_CLIENT_ID", id.is_some()),
        ("AMO_CLIENT_SECRET", client_secret.is_some()),
        ("AMO_REDIRECT_URI", redirect_uri.is_some()),
    ];
    let client = id.zip(client_secret).zip(redirect_uri).map(|((id, secret), redirect_uri)| OAuthClient {
        id,
        secret,
        redirect_uri,
    });
    let is_enough = long_lived.is_some() || access.is_some() || client.is_some();
    if !is_enough && reader.findings.len() == findings_before {
        if refresh.is_some() || parts.iter().any(|(_, is_set)| *is_set) {
            for (name, _) in parts.iter().filter(|(_, is_set)| !is_set) {
                let hint = Text::new(
                    "take it from the keys of your integration in amoCRM, or set AMO_LONG_LIVED_TOKEN instead",
                    "возьмите из ключей своей интеграции в amoCRM или задайте вместо этого AMO_LONG_LIVED_TOKEN",
                );
                reader.missing(name, hint);
            }
        } else {
            let hint = Text::new(
                "create a long-lived token in the keys of your integration in amoCRM",
                "создайте долгосрочный токен в ключах своей интеграции в amoCRM",
            );
            reader.missing("AMO_LONG_LIVED_TOKEN", hint);
        }
    }
    Credentials { long_lived, access, refresh, expires_ms, client }
}

fn amo_base_url(reader: &mut Reader<'_>) -> String {
    let findings_before = reader.findings.len();
    if let Some(url) = reader.url("AMO_BASE_URL") {
        return url;
    }
    match reader.text("AMO_SUBDOMAIN") {
        Some(value) => match amo_host(&value) {
            Some(host) => return format!("https://{host}"),
            None => {
                let problem = Text::new(
                    format!("{} is no account of amoCRM", shown(&value)),
                    format!("{} не похоже на аккаунт amoCRM", shown(&value)),
                );
                let hint = Text::new(
                    "write acme, acme.amocrm.ru or acme.kommo.com",
                    "укажите acme, acme.amocrm.ru или acme.kommo.com",
                );
                reader.find("AMO_SUBDOMAIN", problem, hint);
            }
        },
        None if reader.findings.len() == findings_before => {
            let hint = Text::new(
                "write the first part of your account's address: acme for https://acme.amocrm.ru",
                "укажите начало адреса вашего аккаунта: acme для https://acme.amocrm.ru",
            );
            reader.missing("AMO_SUBDOMAIN", hint);
        }
        None => {}
    }
    String::new()
}

/// The host of an account from what people write: `acme`, `acme.kommo.com`, or an address copied from a browser.
fn amo_host(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    let host = match value.split_once("://") {
        Some(("https", rest)) => rest.split('/').next().unwrap_or_default(),
        Some(_) => return None,
        None => value.trim_end_matches('/'),
    };
    let (subdomain, domain) = host.split_once('.').unwrap_or((host, AMO_DOMAINS[0]));
    let shaped = !subdomain.is_empty()
        && subdomain.len() <= 63
        && !subdomain.starts_with('-')
        && !subdomain.ends_with('-')
        && subdomain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // `www` is the platform, not an account.
    (shaped && subdomain != "www" && AMO_DOMAINS.contains(&domain)).then(|| format!("{subdomain}.{domain}"))
}

fn country(reader: &mut Reader<'_>) -> String {
    let Some(value) = reader.text("DEFAULT_COUNTRY") else { return "KZ".to_owned() };
    let code = value.to_ascii_uppercase();
    if !phone::is_country(&code) {
        let problem =
            Text::new(format!("{} is no country", shown(&value)), format!("{} не код страны", shown(&value)));
        let hint = Text::new("write two letters, for example KZ", "укажите две буквы, например KZ");
        reader.find("DEFAULT_COUNTRY", problem, hint);
    }
    code
}

fn language(reader: &mut Reader<'_>) -> Language {
    let Some(value) = reader.text("LANGUAGE_CRM") else { return Language::default() };
    match value.to_lowercase().as_str() {
        "ru" => Language::Ru,
        "en" => Language::En,
        _ => {
            let problem = Text::new(
                format!("{} is not offered", shown(&value)),
                format!("{} не поддерживается", shown(&value)),
            );
            reader.find("LANGUAGE_CRM", problem, Text::new("write ru or en", "укажите ru или en"));
            Language::default()
        }
    }
}

fn lead_name(reader: &mut Reader<'_>) -> String {
    let Some(template) = reader.text("LEAD_NAME_TEMPLATE") else { return LEAD_NAME_TEMPLATE.to_owned() };
    if let Some(problem) = lead_name_problem(&template) {
        let hint = Text::new(
            "write for example \"Kaspi {code}\" or \"{buyer}, {code}\"",
            "укажите, например, «Kaspi {code}» или «{buyer}, {code}»",
        );
        reader.find("LEAD_NAME_TEMPLATE", problem, hint);
    }
    template
}

/// The code must stand alone in the name, because a lead is recognised by it when its field is not set up.
fn lead_name_problem(template: &str) -> Option<Text> {
    let Some((before, after)) = template.split_once("{code}") else {
        return Some(Text::new("does not hold {code}", "не содержит {code}"));
    };
    let glued = |c: char| c.is_alphanumeric() || matches!(c, '{' | '}' | '_' | '-');
    if before.ends_with(glued) || after.starts_with(glued) {
        return Some(Text::new("has {code} glued to other text", "содержит {code}, слитый с другим текстом"));
    }
    let rest = template.replace("{code}", "").replace("{buyer}", "");
    if rest.contains(['{', '}']) {
        return Some(Text::new(
            "holds braces other than {code} and {buyer}",
            "содержит скобки кроме {code} и {buyer}",
        ));
    }
    if template.chars().count() > LEAD_NAME_TEMPLATE_CHARS_MAX || template.chars().any(char::is_control) {
        let max = LEAD_NAME_TEMPLATE_CHARS_MAX;
        return Some(Text::new(
            format!("is longer than {max} characters or not one line"),
            format!("длиннее {max} символов или занимает не одну строку"),
        ));
    }
    None
}

fn secret_key(reader: &mut Reader<'_>) -> Option<SecretKey> {
    let value = reader.text("SECRET_KEY")?;
    let key = SecretKey::parse(&value);
    if key.is_none() {
        let problem = Text::new("is no key", "не является ключом");
        let hint = Text::new(
            "write 32 random bytes in base64: openssl rand -base64 32",
            "укажите 32 случайных байта в base64: openssl rand -base64 32",
        );
        reader.find("SECRET_KEY", problem, hint);
    }
    key
}

fn status_map(reader: &mut Reader<'_>) -> StatusMap {
    let text = reader.text("STATUS_MAP").unwrap_or_default();
    match StatusMap::parse(&text) {
        Ok(map) => map,
        Err(findings) => {
            for (problem, hint) in findings {
                reader.find("STATUS_MAP", problem, hint);
            }
            StatusMap::default()
        }
    }
}

#[cfg(test)]
mod tests;
