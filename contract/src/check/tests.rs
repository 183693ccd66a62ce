//! Table tests: one row per kind of fault.

use crate::{language::Language, table::*};

#[test]
fn every_fault_has_a_name_and_both_languages_and_repeats_no_secret() {
    for (setting, value) in [
        (&KASPI_API_TOKEN, "two words"),
        (&KASPI_API_TOKEN, "токен-магазина"),
        (&KASPI_API_BASE, "kaspi.kz/shop"),
        (&KASPI_API_BASE, "https://user:word@kaspi.kz"),
        (&KASPI_API_BASE, "https://kaspi.kz:0"),
        (&KASPI_MERCHANT_UID, "1\n2"),
        (&KASPI_PROXY_URL, "https://proxy.example:3128"),
        (&KASPI_PROXY_URL, "http://me:s3cr3t@proxy.example"),
        (&AMO_SUBDOMAIN, "acme.example.com"),
        (&AMO_BASE_URL, "acme.amocrm.ru"),
        (&AMO_AUTH_BASE, "www.amocrm.ru"),
        (&AMO_EXPIRES_AT, "tomorrow"),
        (&AMO_CLIENT_SECRET, "a b"),
        (&AMO_REDIRECT_URI, "sync.example/cb"),
        (&AMO_REDIRECT_URI, "https://sync.example/a cb"),
        (&AMO_RPS, "51"),
        (&AMO_PIPELINE_ID, "main"),
        (&AMO_PIPELINE_ID, "-1"),
        (&AMO_STATUS_ID, "99999999999999999999"),
        (&LEAD_NAME_TEMPLATE, "Kaspi"),
        (&LANGUAGE_CRM, "de"),
        (&DEFAULT_COUNTRY, "Kazakhstan"),
        (&STATUS_MAP, "NEW"),
        (&FINAL_STATUS_WINS, "maybe"),
        (&OVERLAP_SECONDS, "86401"),
        (&LEASE_SECONDS, "1"),
        (&DATABASE_URL, "oracle://u:s3cr3t@h/x"),
        (&DATABASE_URL, "postgres://me:s3cr3t@h"),
        (&DATABASE_URL, "mysql:///name"),
        (&DATABASE_URL, "sqlite://:memory:"),
        (&DATABASE_URL, "sqlite:?mode=rw"),
        (&DB_DRIVER, "oracle"),
        (&DB_PORT, "0"),
        (&SECRET_KEY, "s3cr3t"),
        (&SECRET_KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (&SECRET_KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="),
        (&SECRET_KEY_ALSO, "s3cr3t"),
        (&SECRET_KEY_ALSO, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,"),
        (
            &SECRET_KEY_ALSO,
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (&BASE_PATH, "/a b"),
        (&CONNECTION, "мой магазин"),
    ] {
        let findings = setting.check(value);
        assert_eq!(findings.len(), 1, "{}={value:?}", setting.name);
        let finding = &findings[0];
        assert_eq!(finding.name, setting.name);
        for text in [&finding.problem, &finding.hint] {
            let en = text.render(Language::En);
            assert!(!en.is_empty() && en.is_ascii(), "{finding}");
            assert!(text.render(Language::Ru).chars().any(|c| ('а'..='я').contains(&c)), "{finding}");
        }
        let text = finding.to_string();
        assert!(!setting.secret || !text.contains(value), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn a_long_value_is_never_repeated() {
    let value = "a-token-that-stands-in-the-wrong-place";
    for setting in ALL {
        for finding in setting.check(value) {
            assert!(!finding.to_string().contains(value), "{finding}");
        }
    }
}

#[test]
fn usual_values_are_taken() {
    for (setting, value) in [
        (&KASPI_API_TOKEN, "your_token_here"),
        (&KASPI_API_BASE, "http://[::1]:8081/shop/api/v2/"),
        (&KASPI_PROXY_URL, "http://proxy.example:3128"),
        (&AMO_EXPIRES_AT, "1790000000"),
        (&AMO_REDIRECT_URI, "https://магазин.example/a/public/oauth_callback.php?x=1"),
        (&LANGUAGE_CRM, "EN"),
        (&DEFAULT_COUNTRY, "uz"),
        (&FINAL_STATUS_WINS, "Нет"),
        (&DATABASE_URL, "sqlite:///var/lib/sync.sqlite"),
        (&DATABASE_URL, "postgresql://u:p%40@h:5432/n?sslmode=require"),
        (&DATABASE_URL, "mariadb://u@h/n"),
        (&SECRET_KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (&SECRET_KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (&SECRET_KEY_ALSO, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (
            &SECRET_KEY_ALSO,
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (&BASE_PATH, "/kaspi-amocrm"),
        (&CONNECTION, "shop-2"),
    ] {
        assert_eq!(setting.check(value), [], "{}={value:?}", setting.name);
    }
    assert!(AMO_PIPELINE_ID.is_unset("0") && AMO_EXPIRES_AT.is_unset("0") && AMO_RPS.is_unset(""));
    assert!(!OVERLAP_SECONDS.is_unset("0"), "a number may be zero");
}
