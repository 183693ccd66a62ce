use super::*;

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn environment_counts_more_than_dotenv_and_dotenv_more_than_toml() {
    let toml = "amo_pipeline_id = 1\nAMO_STATUS_ID = 1\nAmo_Catalog_Id = 1";
    let dotenv = "AMO_STATUS_ID=2\nAMO_CATALOG_ID=2";
    let settings = Settings::from_sources([pair("AMO_CATALOG_ID", "3")], Some(dotenv), Some(toml)).unwrap();
    let connection = settings.connection("default").unwrap();
    let value = |name| connection.get(name).unwrap();
    assert_eq!([value("AMO_PIPELINE_ID"), value("AMO_STATUS_ID"), value("AMO_CATALOG_ID")], ["1", "2", "3"]);
}

#[test]
fn an_unknown_key_warns_in_dotenv_and_is_an_error_in_toml() {
    let settings = Settings::from_sources([], Some("AMO_PIPELINE=5"), None).unwrap();
    assert_eq!(settings.warnings(), [".env, line 1: unknown setting AMO_PIPELINE"]);

    let text = |toml| Settings::from_sources([], None, Some(toml)).unwrap_err().to_string();
    assert_eq!(text("amo_pipeline = 5"), "kaspi-amocrm.toml: unknown key amo_pipeline");
    assert_eq!(
        text("[connections.two]\namo_pipeline = 5"),
        "kaspi-amocrm.toml: unknown key connections.two.amo_pipeline"
    );
    assert_eq!(text("[connection.two]"), "kaspi-amocrm.toml: unknown key connection");
    assert!(text("[connections.two]\ncron_secret = \"x\"").contains("belongs to the top"));
}

#[test]
fn foreign_environment_is_not_read() {
    let settings =
        Settings::from_sources([pair("PATH", "/bin"), pair("AMO_NOTHING", "1")], None, None).unwrap();
    assert!(settings.warnings().is_empty());
    assert_eq!(settings.connection("default").unwrap().guest_settings().get("path"), None);
}

#[test]
fn an_empty_or_zero_id_is_not_set_and_an_empty_line_takes_back() {
    let settings = Settings::from_sources(
        [pair("AMO_CATALOG_ID", "0"), pair("KASPI_MERCHANT_UID", "")],
        Some("AMO_STATUS_ID=0 # none\nAMO_CATALOG_ID=7"),
        Some("kaspi_merchant_uid = \"abc\"\noverlap_seconds = 0"),
    )
    .unwrap();
    let connection = settings.connection("default").unwrap();
    for name in ["AMO_STATUS_ID", "AMO_CATALOG_ID", "KASPI_MERCHANT_UID"] {
        assert_eq!(connection.get(name), None, "{name}");
    }
    assert_eq!(connection.get("OVERLAP_SECONDS"), Some("0"), "a number may be zero");
}

#[test]
fn connections_of_the_toml_stand_beside_the_default() {
    let toml =
        "cron_secret = \"s\"\n[connections.second-shop]\nkaspi_api_token = \"t\"\namo_subdomain = \"beta\"";
    let settings = Settings::from_sources([pair("KASPI_API_TOKEN", "d")], None, Some(toml)).unwrap();
    assert_eq!(settings.connection_names().collect::<Vec<_>>(), ["default", "second-shop"]);
    let second = settings.connection("second-shop").unwrap();
    assert_eq!(second.get("KASPI_API_TOKEN"), Some("t"));
    assert_eq!(second.amo_base_url().as_deref(), Some("https://beta.amocrm.ru"));
    assert_eq!(second.guest_settings()["connection"], "second-shop");
    assert!(matches!(settings.connection("third"), Err(SettingsError::NoConnection(_))));

    let only = Settings::from_sources([], None, Some("[connections.shop]\namo_subdomain = \"a\"")).unwrap();
    assert_eq!(only.connection_names().collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn a_bad_value_is_named_and_never_shown() {
    for (name, value) in [
        ("AMO_PIPELINE_ID", "s3cr3t"),
        ("AMO_RPS", "0"),
        ("AMO_BASE_URL", "acme"),
        ("FINAL_STATUS_WINS", "so"),
    ] {
        let settings = Settings::from_pairs([(name, value)]);
        let text = settings.connection("default").unwrap_err().to_string();
        assert!(text.starts_with(name), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn the_account_address_comes_from_either_setting() {
    for (name, value, expected) in [
        ("AMO_SUBDOMAIN", "acme", "https://acme.amocrm.ru"),
        ("AMO_SUBDOMAIN", "acme.kommo.com", "https://acme.kommo.com"),
        ("AMO_SUBDOMAIN", "https://acme.amocrm.ru/", "https://acme.amocrm.ru"),
        ("AMO_BASE_URL", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ] {
        let connection = Settings::from_pairs([(name, value)]).connection("default").unwrap();
        assert_eq!(connection.guest_settings()["amo_base_url"], expected);
    }
}

#[test]
fn what_a_run_needs_is_listed() {
    let names: Vec<_> =
        Settings::from_pairs([("", ""); 0]).findings().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "KASPI_API_TOKEN is not set",
            "AMO_SUBDOMAIN or AMO_BASE_URL is not set",
            "AMO_ACCESS_TOKEN or AMO_LONG_LIVED_TOKEN is not set",
        ]
    );
}

#[test]
fn the_component_gets_no_setting_of_the_process() {
    let settings =
        Settings::from_pairs([("CRON_SECRET", "c"), ("DATABASE_URL", "sqlite://x"), ("AMO_SUBDOMAIN", "a")]);
    let guest = settings.connection("default").unwrap().guest_settings();
    assert!(!guest.contains_key("cron_secret") && !guest.contains_key("database_url"));
}

#[test]
fn old_database_settings_are_understood_where_there_is_no_url() {
    let old = [
        pair("DB_DRIVER", "pgsql"),
        pair("DB_HOST", "db"),
        pair("DB_PORT", "5433"),
        pair("DB_NAME", "kaspi"),
        pair("DB_USER", "me"),
        pair("DB_PASS", "p@ss"),
    ];
    let settings = Settings::from_sources(old.clone(), None, None).unwrap();
    assert_eq!(settings.database_url(), "postgres://me:p%40ss@db:5433/kaspi");

    let with_url = old.into_iter().chain([pair("DATABASE_URL", "sqlite:///x.sqlite")]);
    assert_eq!(Settings::from_sources(with_url, None, None).unwrap().database_url(), "sqlite:///x.sqlite");
}
