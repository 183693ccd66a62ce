//! Table tests of the settings.

use std::collections::BTreeMap;

use super::*;
use crate::domain::phone;

/// The shortest settings that work.
const LEAST: [(&str, &str); 3] =
    [("kaspi_api_token", "kaspi-secret"), ("amo_subdomain", "acme"), ("amo_long_lived_token", "amo-secret")];

struct Map(BTreeMap<String, String>);

impl Config for Map {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name).map(String::as_str) {
            Some("<broken>") => Err("access refused".to_owned()),
            other => Ok(other.map(str::to_owned)),
        }
    }
}

/// The least settings with some changed or added.
fn load(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let pairs = LEAST.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(&Map(pairs.collect()))
}

fn long_lived(settings: &Settings) -> &str {
    settings.amo.credentials.long_lived.as_ref().map_or("", Secret::expose)
}

#[test]
fn defaults() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.connection, "default");
    assert_eq!(settings.kaspi.api_base, "https://kaspi.kz/shop/api/v2");
    assert_eq!(settings.kaspi.token.expose(), "kaspi-secret");
    assert_eq!(settings.kaspi.merchant_uid, None);
    assert_eq!(settings.amo.base_url, "https://acme.amocrm.ru");
    assert_eq!(long_lived(&settings), "amo-secret");
    assert_eq!(settings.amo.pipeline_id, None);
    assert_eq!(settings.amo.requests_per_second, 7);
    assert_eq!(settings.default_country, "KZ");
    assert_eq!(settings.language, Language::Ru);
    assert_eq!(settings.lead_name, "Kaspi {code}");
    assert!(settings.status_map.is_empty());
    assert!(settings.final_status_wins);
    assert_eq!(settings.overlap_ms, 1_800_000);
    assert_eq!(settings.first_lookback_ms, 14 * 86_400_000);
    assert_eq!(settings.settle_ms, 300_000);
}

#[test]
fn everything_set() {
    let settings = load(&[
        ("connection", "shop-2"),
        ("kaspi_api_base", " http://127.0.0.1:8081/shop/api/v2/ "),
        ("kaspi_merchant_uid", "99000001"),
        ("amo_base_url", "http://[::1]:8082/"),
        ("amo_pipeline_id", "3300"),
        ("amo_status_id", "3301"),
        ("amo_responsible_user_id", "501"),
        ("amo_catalog_id", "4500"),
        ("amo_lead_order_code_field_id", "601"),
        ("amo_contact_address_field_id", "602"),
        ("amo_lead_delivery_address_field_id", "603"),
        ("amo_lead_order_date_field_id", "604"),
        ("amo_rps", "50"),
        ("default_country", "uz"),
        ("language_crm", "EN"),
        ("lead_name_template", "Заказ №{code} ({buyer})"),
        ("status_map", "NEW=102,KASPI_DELIVERY=104,ARCHIVE/COMPLETED=142"),
        ("final_status_wins", "Нет"),
        ("overlap_seconds", "0"),
        ("first_lookback_days", "90"),
        ("settle_seconds", "1"),
    ])
    .unwrap();
    assert_eq!(settings.connection, "shop-2");
    assert_eq!(settings.kaspi.api_base, "http://127.0.0.1:8081/shop/api/v2");
    assert_eq!(settings.kaspi.merchant_uid.as_deref(), Some("99000001"));
    let amo = &settings.amo;
    assert_eq!(amo.base_url, "http://[::1]:8082", "the base URL wins over the subdomain");
    assert_eq!(
        [
            amo.pipeline_id,
            amo.status_id,
            amo.responsible_user_id,
            amo.catalog_id,
            amo.lead_order_code_field_id,
            amo.contact_address_field_id,
            amo.lead_delivery_address_field_id,
            amo.lead_order_date_field_id
        ],
        [3300, 3301, 501, 4500, 601, 602, 603, 604].map(Some)
    );
    assert_eq!(amo.requests_per_second, 50);
    assert_eq!(settings.default_country, "UZ");
    assert_eq!(settings.language, Language::En);
    assert_eq!(settings.lead_name, "Заказ №{code} ({buyer})");
    assert_eq!(settings.status_map.ids().count(), 3);
    assert!(!settings.final_status_wins);
    assert_eq!((settings.overlap_ms, settings.settle_ms), (0, 1_000));
    assert_eq!(settings.first_lookback_ms, 90 * 86_400_000);
}

#[test]
fn empty_and_zero_mean_not_set() {
    let settings = load(&[
        ("kaspi_api_base", ""),
        ("kaspi_merchant_uid", "  "),
        ("amo_base_url", ""),
        ("amo_pipeline_id", "0"),
        ("amo_status_id", ""),
        ("amo_rps", ""),
        ("language_crm", ""),
        ("status_map", " "),
        ("final_status_wins", ""),
        ("lead_name_template", ""),
    ])
    .unwrap();
    assert_eq!(settings.kaspi.api_base, "https://kaspi.kz/shop/api/v2");
    assert_eq!(settings.kaspi.merchant_uid, None);
    assert_eq!((settings.amo.pipeline_id, settings.amo.status_id), (None, None));
    assert_eq!(settings.lead_name, "Kaspi {code}");
}

#[test]
fn accounts_as_people_write_them() {
    for (value, wanted) in [
        ("acme", "https://acme.amocrm.ru"),
        ("Acme-2", "https://acme-2.amocrm.ru"),
        ("acme.amocrm.ru", "https://acme.amocrm.ru"),
        ("acme.amocrm.ru/", "https://acme.amocrm.ru"),
        ("acme.amocrm.com", "https://acme.amocrm.com"),
        ("acme.kommo.com", "https://acme.kommo.com"),
        ("https://acme.kommo.com", "https://acme.kommo.com"),
        ("https://acme.amocrm.ru/leads/pipeline/1/", "https://acme.amocrm.ru"),
    ] {
        let settings = load(&[("amo_subdomain", value)]).unwrap();
        assert_eq!(settings.amo.base_url, wanted, "of {value:?}");
    }
}

#[test]
fn a_long_lived_token_may_stand_beside_a_pair() {
    let both = load(&[("amo_access_token", "other")]).unwrap();
    assert_eq!(long_lived(&both), "amo-secret");
    let one = load(&[("amo_access_token", "other"), ("amo_long_lived_token", "")]).unwrap();
    assert!(one.amo.credentials.long_lived.is_none());
    assert_eq!(one.amo.credentials.access.map(|secret| secret.expose().to_owned()), Some("other".to_owned()));
}

#[test]
fn a_pair_needs_the_integration_only_where_it_is_all_there_is() {
    let without = ("amo_long_lived_token", "");
    let names = |changes: &[(&str, &str)]| match load(changes) {
        Ok(_) => Vec::new(),
        Err(error) => error.findings.into_iter().map(|finding| finding.name).collect(),
    };
    let client =
        [("amo_client_id", "id"), ("amo_client_secret", "s"), ("amo_redirect_uri", "https://a.kz/cb")];
    assert_eq!(names(&[without]), ["AMO_LONG_LIVED_TOKEN"]);
    assert_eq!(names(&[without, ("amo_access_token", "a"), ("amo_refresh_token", "r")]), [""; 0]);
    assert_eq!(
        names(&[without, ("amo_refresh_token", "r"), client[0]]),
        ["AMO_CLIENT_SECRET", "AMO_REDIRECT_URI"]
    );
    assert_eq!(names(&[without, client[0], client[1], client[2]]), [""; 0], "the pair is in the store");

    let pair = load(&[
        ("amo_refresh_token", "r"),
        ("amo_expires_at", "1790000000"),
        client[0],
        client[1],
        client[2],
    ]);
    let credentials = pair.unwrap().amo.credentials;
    assert_eq!(credentials.expires_ms, Some(1_790_000_000_000));
    assert_eq!(credentials.client.map(|client| client.redirect_uri), Some("https://a.kz/cb".to_owned()));
}

#[test]
fn every_finding() {
    for (name, value, wanted) in [
        ("KASPI_API_TOKEN", "", "is not set"),
        ("KASPI_API_TOKEN", "two words", "holds spaces or characters that no header may hold"),
        ("KASPI_API_TOKEN", "токен", "holds spaces or characters that no header may hold"),
        ("KASPI_API_TOKEN", "<broken>", "cannot be read (access refused)"),
        ("KASPI_API_BASE", "kaspi.kz/shop", "is no usable address"),
        ("KASPI_API_BASE", "ftp://kaspi.kz", "is no usable address"),
        ("KASPI_API_BASE", "https://", "is no usable address"),
        ("KASPI_API_BASE", "https://kaspi.kz/shop?x=1", "is no usable address"),
        ("KASPI_API_BASE", "https://user:word@kaspi.kz", "is no usable address"),
        ("KASPI_API_BASE", "https://kaspi.kz:0", "is no usable address"),
        ("KASPI_API_BASE", "https://kaspi.kz:http", "is no usable address"),
        ("KASPI_API_BASE", "https://[::1", "is no usable address"),
        ("KASPI_API_BASE", "https://kaspi .kz", "is no usable address"),
        ("KASPI_MERCHANT_UID", "1\n2", "holds spaces or characters that no header may hold"),
        ("AMO_BASE_URL", "acme.amocrm.ru", "is no usable address"),
        ("AMO_SUBDOMAIN", "", "is not set"),
        ("AMO_SUBDOMAIN", "acme.example.com", "\"acme.example.com\" is no account of amoCRM"),
        ("AMO_SUBDOMAIN", "a.b.amocrm.ru", "\"a.b.amocrm.ru\" is no account of amoCRM"),
        ("AMO_SUBDOMAIN", "www.amocrm.ru", "\"www.amocrm.ru\" is no account of amoCRM"),
        ("AMO_SUBDOMAIN", "http://acme", "\"http://acme\" is no account of amoCRM"),
        ("AMO_SUBDOMAIN", "моя", "\"моя\" is no account of amoCRM"),
        ("AMO_SUBDOMAIN", "acme:8080", "\"acme:8080\" is no account of amoCRM"),
        ("AMO_LONG_LIVED_TOKEN", "", "is not set"),
        ("AMO_LONG_LIVED_TOKEN", "a b", "holds spaces or characters that no header may hold"),
        ("AMO_ACCESS_TOKEN", "<broken>", "cannot be read (access refused)"),
        ("AMO_PIPELINE_ID", "main", "\"main\" is no id"),
        ("AMO_STATUS_ID", "-1", "\"-1\" is no id"),
        ("AMO_RESPONSIBLE_USER_ID", "5.0", "\"5.0\" is no id"),
        ("AMO_CATALOG_ID", "4 500", "\"4 500\" is no id"),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", "x", "\"x\" is no id"),
        ("AMO_CONTACT_ADDRESS_FIELD_ID", "x", "\"x\" is no id"),
        ("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", "x", "\"x\" is no id"),
        ("AMO_LEAD_ORDER_DATE_FIELD_ID", "99999999999999999999", "\"99999999999999999999\" is no id"),
        ("AMO_PIPELINE_ID", "a-token-that-was-put-in-the-wrong-place", "(39) is no id"),
        ("AMO_RPS", "0", "\"0\" is not possible"),
        ("AMO_RPS", "51", "\"51\" is not possible"),
        ("AMO_RPS", "seven", "\"seven\" is not possible"),
        ("DEFAULT_COUNTRY", "Kazakhstan", "\"Kazakhstan\" is no country"),
        ("DEFAULT_COUNTRY", "ZZ", "\"ZZ\" is no country"),
        ("LANGUAGE_CRM", "de", "\"de\" is not offered"),
        ("LEAD_NAME_TEMPLATE", "Kaspi", "does not hold {code}"),
        ("LEAD_NAME_TEMPLATE", "Kaspi-{code}", "has {code} glued to other text"),
        ("LEAD_NAME_TEMPLATE", "{buyer}{code}", "has {code} glued to other text"),
        ("LEAD_NAME_TEMPLATE", "{code}А", "has {code} glued to other text"),
        ("LEAD_NAME_TEMPLATE", "{code} {phone}", "holds braces other than {code} and {buyer}"),
        ("LEAD_NAME_TEMPLATE", "{code}\n{buyer}", "is longer than 150 characters or not one line"),
        ("FINAL_STATUS_WINS", "maybe", "\"maybe\" is neither yes nor no"),
        ("STATUS_MAP", "NEW=", "\"\" for NEW is no status id"),
        ("OVERLAP_SECONDS", "-1", "\"-1\" is not possible"),
        ("OVERLAP_SECONDS", "86401", "\"86401\" is not possible"),
        ("FIRST_LOOKBACK_DAYS", "91", "\"91\" is not possible"),
        ("SETTLE_SECONDS", "0", "\"0\" is not possible"),
        ("CONNECTION", "мой магазин", "is no usable name"),
    ] {
        let error = load(&[(name.to_lowercase().as_str(), value)]).unwrap_err_or_say(name, value, wanted);
        assert_eq!(error.findings.len(), 1, "{name}={value:?}: {error}");
        let finding = &error.findings[0];
        assert_eq!(
            (finding.name.as_str(), finding.problem.render(Language::En).as_str()),
            (name, wanted),
            "{name}={value:?}"
        );
        for text in [&finding.problem, &finding.hint] {
            let (en, ru) = (text.render(Language::En), text.render(Language::Ru));
            assert!(!en.is_empty() && !ru.is_empty(), "{name}={value:?} lacks a text");
            assert_ne!(en, ru);
        }
    }
}

/// Names the row when a wrong value is accepted.
trait ErrOrSay {
    fn unwrap_err_or_say(self, name: &str, value: &str, wanted: &str) -> SettingsError;
}

impl ErrOrSay for Result<Settings, SettingsError> {
    #[track_caller]
    fn unwrap_err_or_say(self, name: &str, value: &str, wanted: &str) -> SettingsError {
        match self {
            Err(error) => error,
            // A broken access token is only noticed when the long-lived one is absent.
            Ok(_) if name == "AMO_ACCESS_TOKEN" => {
                load(&[("amo_long_lived_token", ""), ("amo_access_token", value)]).unwrap_err()
            }
            Ok(_) => panic!("{name}={value:?} was accepted, wanted: {wanted}"),
        }
    }
}

#[test]
fn all_findings_come_at_once() {
    let error = Settings::load(&Map(BTreeMap::from([("amo_rps".to_owned(), "x".to_owned())]))).unwrap_err();
    let names: Vec<&str> = error.findings.iter().map(|finding| finding.name.as_str()).collect();
    assert_eq!(names, ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN", "AMO_RPS"]);
    let text = error.to_string();
    assert_eq!(text.lines().count(), 4);
    assert_eq!(
        text.lines().last(),
        Some(
            "AMO_RPS: \"x\" is not possible; write a whole number from 1 to 50, or leave it out for 7 / \
             \"x\" недопустимо; укажите целое число от 1 до 50 или уберите: будет 7"
        )
    );
}

#[test]
fn secrets_are_not_printed() {
    let text = format!("{:?}", load(&[]).unwrap());
    assert!(!text.contains("-secret"), "{text}");
    let error = load(&[("kaspi_api_token", "kaspi-secret with a space")]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("-secret"));
}

#[test]
fn fingerprint_follows_ids_and_addresses_only() {
    let base = load(&[]).unwrap().fingerprint();
    assert_eq!(base.len(), 16);
    assert_eq!(base, load(&[]).unwrap().fingerprint());
    for same in [
        ("kaspi_api_token", "new"),
        ("amo_long_lived_token", "new"),
        ("amo_rps", "5"),
        ("settle_seconds", "9"),
    ] {
        assert_eq!(load(&[same]).unwrap().fingerprint(), base, "{same:?}");
    }
    let mut seen = vec![base];
    for other in [
        ("kaspi_api_base", "http://127.0.0.1:1"),
        ("kaspi_merchant_uid", "5"),
        ("amo_subdomain", "other"),
        ("amo_pipeline_id", "5"),
        ("amo_status_id", "5"),
        ("amo_responsible_user_id", "5"),
        ("amo_catalog_id", "5"),
        ("amo_lead_order_code_field_id", "5"),
        ("amo_contact_address_field_id", "5"),
        ("amo_lead_delivery_address_field_id", "5"),
        ("amo_lead_order_date_field_id", "5"),
        ("status_map", "NEW=5"),
        ("status_map", "PICKUP=5"),
    ] {
        let fingerprint = load(&[other]).unwrap().fingerprint();
        assert!(!seen.contains(&fingerprint), "{other:?} must change it");
        seen.push(fingerprint);
    }
}

#[test]
fn the_shared_checks_agree_with_what_uses_the_values() {
    for a in b'A'..=b'Z' {
        for b in b'A'..=b'Z' {
            let code = String::from_utf8(vec![a, b]).unwrap();
            assert_eq!(kaspi_amocrm_contract::is_country(&code), phone::is_country(&code), "{code}");
        }
    }
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    for text in [key, &format!("{key}="), &format!("{key}=="), &key[1..], &key.replace('8', "9"), "", "!"] {
        let is_right = table::SECRET_KEY.check(text).is_empty();
        assert_eq!(is_right, SecretKey::parse(text).is_some(), "{text:?}");
    }
}
