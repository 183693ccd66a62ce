use kaspi_amocrm_contract::{Language, table};

use super::*;

/// The shortest settings that work.
const LEAST: [(&str, &str); 3] =
    [("KASPI_API_TOKEN", "kaspi"), ("AMO_SUBDOMAIN", "acme"), ("AMO_LONG_LIVED_TOKEN", "amo")];

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn with_least(more: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    LEAST.iter().chain(more).map(|(name, value)| pair(name, value)).collect::<Vec<_>>().into_iter()
}

/// Names of findings; each must speak both languages.
fn names(findings: &[Finding]) -> Vec<&str> {
    for finding in findings {
        for message in [&finding.problem, &finding.hint] {
            let [en, ru] = [Language::En, Language::Ru].map(|language| message.render(language));
            assert!(!en.is_empty() && ru.chars().any(|c| ('а'..='я').contains(&c)), "{finding}");
        }
    }
    findings.iter().map(|finding| finding.name.as_str()).collect()
}

#[test]
fn environment_counts_more_than_dotenv_and_dotenv_more_than_toml() {
    let toml = "amo_pipeline_id = 1\nAMO_STATUS_ID = 1\nAmo_Catalog_Id = 1";
    let dotenv = "AMO_STATUS_ID=2\nAMO_CATALOG_ID=2";
    let settings = Settings::from_sources(with_least(&[("AMO_CATALOG_ID", "3")]), Some(dotenv), Some(toml));
    let connection = settings.connection("default").unwrap();
    for (setting, value, source) in [
        (&table::AMO_PIPELINE_ID, "1", Source::Toml),
        (&table::AMO_STATUS_ID, "2", Source::DotEnv),
        (&table::AMO_CATALOG_ID, "3", Source::Environment),
        (&table::AMO_RPS, "7", Source::Default),
    ] {
        assert_eq!(connection.get(setting.name), Some(value));
        assert_eq!(settings.value("default", setting), Some((value.to_owned(), source)));
    }
    assert_eq!(settings.value("default", &table::AMO_BASE_URL), None);
}

#[test]
fn stages_may_be_a_table_of_the_toml() {
    let toml = "[status_map]\nNEW = 102\n\"KASPI_DELIVERY/packed\" = \"105\"\n[connections.two]\n\
                status_map = { \"ARCHIVE/COMPLETED\" = 142, PICKUP = true }";
    let settings = Settings::from_sources(with_least(&[]), None, Some(toml));
    let connection = settings.connection("default").unwrap();
    assert_eq!(connection.get("STATUS_MAP"), Some("KASPI_DELIVERY/packed=105,NEW=102"));
    let findings: Vec<String> = settings.findings().iter().map(ToString::to_string).collect();
    assert!(findings.iter().any(|f| f.contains("\"true\" for PICKUP is no status id")), "{findings:?}");
}

#[test]
fn an_unknown_key_warns_in_dotenv_and_is_an_error_in_toml() {
    let dotenv = "AMO_PIPELINE=5\nAPP_ENV=local\nAPP_KEY=x\nMAIL_HOST=x\nCONNECTION=x";
    let settings = Settings::from_sources(with_least(&[]), Some(dotenv), None);
    let warnings = settings.warnings();
    assert_eq!(
        names(&warnings),
        [".env, line 1: AMO_PIPELINE", ".env, line 4: MAIL_HOST", ".env, line 5: CONNECTION"]
    );
    assert_eq!(warnings[0].hint.render(Language::En), "perhaps AMO_PIPELINE_ID is meant");
    assert!(settings.check().is_ok());

    let toml = "amo_pipeline = 5\nconnection.two = 1\n[connections.two]\namo_pipeline = 5\ncron_secret = \"x\"\n\
                amo_rps = [1]\n[connections.\"a b\"]";
    let settings = Settings::from_sources(with_least(&[]), None, Some(toml));
    let findings = settings.findings();
    let found = names(&findings);
    for name in [
        "kaspi-amocrm.toml: amo_pipeline",
        "kaspi-amocrm.toml: connection",
        "kaspi-amocrm.toml: connections.two.amo_pipeline",
        "kaspi-amocrm.toml: connections.two.cron_secret",
        "kaspi-amocrm.toml: connections.two.amo_rps",
        "kaspi-amocrm.toml: connections.a b",
        "KASPI_API_TOKEN [two]",
    ] {
        assert!(found.contains(&name), "lacks {name}: {found:?}");
    }
}

#[test]
fn what_is_no_toml_is_told_by_its_line_alone() {
    let settings =
        Settings::from_sources(with_least(&[]), None, Some("amo_rps = 7\nkaspi_api_token = s3cr3t\n"));
    let findings = settings.findings();
    assert_eq!(names(&findings), ["kaspi-amocrm.toml, line 2"]);
    assert!(!findings[0].to_string().contains("s3cr3t"), "{}", findings[0]);
}

#[test]
fn foreign_environment_is_not_read() {
    let settings = Settings::from_sources(with_least(&[("PATH", "/bin"), ("AMO_NOTHING", "1")]), None, None);
    assert!(settings.warnings().is_empty());
    assert_eq!(settings.connection("default").unwrap().guest_settings().get("path"), None);
}

#[test]
fn an_empty_or_zero_id_is_not_set_and_an_empty_line_takes_back() {
    let settings = Settings::from_sources(
        with_least(&[("AMO_CATALOG_ID", "0"), ("KASPI_MERCHANT_UID", "")]),
        Some("AMO_STATUS_ID=0 # none\nAMO_CATALOG_ID=7"),
        Some("kaspi_merchant_uid = \"abc\"\noverlap_seconds = 0"),
    );
    let connection = settings.connection("default").unwrap();
    for name in ["AMO_STATUS_ID", "AMO_CATALOG_ID", "KASPI_MERCHANT_UID"] {
        assert_eq!(connection.get(name), None, "{name}");
    }
    assert_eq!(connection.get("OVERLAP_SECONDS"), Some("0"), "a number may be zero");
}

#[test]
fn connections_of_the_toml_stand_beside_the_default() {
    let toml = "cron_secret = \"s\"\n[connections.second-shop]\nkaspi_api_token = \"t\"\namo_subdomain = \"beta\"\n\
                amo_access_token = \"a\"";
    let settings = Settings::from_sources(with_least(&[]), None, Some(toml));
    assert_eq!(settings.connection_names().collect::<Vec<_>>(), ["default", "second-shop"]);
    let second = settings.connection("second-shop").unwrap();
    assert_eq!(second.get("KASPI_API_TOKEN"), Some("t"));
    assert_eq!(second.amo_base_url().as_deref(), Some("https://beta.amocrm.ru"));
    assert_eq!(second.guest_settings()["connection"], "second-shop");
    let missing = settings.connection("third").unwrap_err();
    assert_eq!(names(&missing.findings), ["--connection third"]);
    assert!(missing.to_string().contains("default, second-shop"), "{missing}");
    assert_eq!(names(&settings.warnings()), ["CRON_SECRET", "AMO_ACCESS_TOKEN [second-shop]"]);

    let only = Settings::from_sources([], None, Some("[connections.shop]\namo_subdomain = \"a\""));
    assert_eq!(only.connection_names().collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn everything_wrong_and_missing_is_told_at_once() {
    let dotenv = "AMO_RPS=0\nnonsense\nKASPI_PROXY_URL=https://me:s3cr3t@proxy\nDATABASE_URL=mysql://me:s3cr3t@db/x\n\
                  SECRET_KEY=short\nAMO_SUBDOMAIN=acme.example.com\nAMO_CLIENT_ID=x";
    let settings = Settings::from_sources([], Some(dotenv), Some("amo_pipeline = 1"));
    let findings = settings.connection("default").unwrap_err().findings;
    assert_eq!(
        names(&findings),
        [
            "kaspi-amocrm.toml: amo_pipeline",
            ".env, line 2",
            "SECRET_KEY",
            "KASPI_API_TOKEN",
            "KASPI_PROXY_URL",
            "AMO_SUBDOMAIN",
            "AMO_CLIENT_SECRET",
            "AMO_REDIRECT_URI",
            "AMO_RPS",
        ]
    );
    let text = SettingsError { findings }.to_string();
    assert!(!text.contains("s3cr3t") && !text.contains("short"), "{text}");
}

#[test]
fn settings_of_the_process_are_checked_without_a_connection() {
    for (name, value, wanted) in [
        ("DATABASE_URL", "oracle://db/x", "DATABASE_URL"),
        ("DATABASE_URL", "postgres://me@db/x", "SECRET_KEY"),
        ("LEASE_SECONDS", "1", "LEASE_SECONDS"),
        ("DB_HOST", "localhost", "DB_NAME"),
        ("SECRET_KEY_ALSO", "short", "SECRET_KEY_ALSO"),
        ("DB_DRIVER", "oracle", "DB_DRIVER"),
    ] {
        let error = Settings::from_pairs([(name, value)]).check_process().unwrap_err();
        assert_eq!(names(&error.findings), [wanted], "{name}");
    }
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let twice = Settings::from_pairs([("SECRET_KEY", key), ("SECRET_KEY_ALSO", &format!("{key}="))]);
    assert_eq!(names(&twice.check_process().unwrap_err().findings), ["SECRET_KEY_ALSO"]);
    assert!(Settings::from_pairs([("AMO_RPS", "0")]).check_process().is_ok());
}

#[test]
fn a_host_that_can_renew_tokens_needs_none_in_its_settings() {
    let settings = Settings::from_pairs([
        ("KASPI_API_TOKEN", "k"),
        ("AMO_SUBDOMAIN", "acme"),
        ("AMO_CLIENT_ID", "id"),
        ("AMO_CLIENT_SECRET", "secret"),
        ("AMO_REDIRECT_URI", "https://Shop.example/CB/?a=1"),
    ]);
    let guest = settings.connection("default").unwrap().guest_settings();
    assert_eq!(guest["amo_redirect_uri"], "https://Shop.example/CB/?a=1", "kept byte for byte");
}

#[test]
fn files_that_cannot_be_read_are_told_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(DOTENV_FILE)).unwrap();
    std::fs::write(folder.path().join(TOML_FILE), b"# \xca\xe0\xf1\xef\xe8").unwrap();
    let error = Settings::load(folder.path()).check_process().unwrap_err();
    assert_eq!(names(&error.findings), [DOTENV_FILE, TOML_FILE]);
    assert_eq!(error.findings[1].problem.render(Language::En), "cannot be read: it is no UTF-8 text");
}

#[test]
fn the_example_of_the_older_tool_works_unchanged() {
    let text = include_str!("../../tests/fixtures/php-tool.env");
    for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let settings = Settings::from_sources([], Some(&text), None);
        // What only this program asks for: passwords are not kept in the clear on a database server.
        let error = settings.check().unwrap_err();
        assert_eq!(names(&error.findings), ["SECRET_KEY"], "{error}");
        assert_eq!(names(&settings.warnings()), ["CRON_SECRET"], "a placeholder");
        assert_eq!(
            settings.database_url(),
            "mysql://kaspi_user:p%40ss%23word%201@localhost:3306/kaspi_amocrm"
        );

        let settings =
            Settings::from_sources([pair("DATABASE_URL", "sqlite://data/x.sqlite")], Some(&text), None);
        let connection = settings.connection("default").unwrap();
        let guest = connection.guest_settings();
        for (name, value) in [
            ("kaspi_api_token", "your_kaspi_token_here"),
            ("amo_base_url", "https://acme.amocrm.ru"),
            ("amo_redirect_uri", "https://shop.example/kaspi-amocrm/public/oauth_callback.php"),
            ("amo_pipeline_id", "1234567"),
            ("amo_responsible_user_id", "7654321"),
            ("default_country", "KZ"),
        ] {
            assert_eq!(guest[name], value);
        }
        for name in ["amo_status_id", "amo_catalog_id", "amo_expires_at", "amo_access_token", "db_pass"] {
            assert!(!guest.contains_key(name), "{name}");
        }
        assert_eq!(connection.kaspi_origin().unwrap().to_string(), "https://kaspi.kz:443");
    }
}

#[test]
fn our_own_example_is_a_start() {
    let text = include_str!("../../../.env.example");
    let settings = Settings::from_sources([], Some(text), None);
    assert_eq!(names(&settings.findings()), ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN"]);
    assert_eq!(settings.warnings(), []);
    // With everything in it taken into use, too.
    let all = text.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') && rest.contains('=') => rest,
        _ => line,
    });
    let all = all.collect::<Vec<_>>().join("\n");
    let settings = Settings::from_sources(with_least(&[]), Some(&all), None);
    assert_eq!((settings.findings(), settings.warnings()), (Vec::new(), Vec::new()));
    assert_eq!(settings.value("default", &table::AMO_RPS), Some(("7".to_owned(), Source::DotEnv)));
}

#[test]
fn the_account_address_comes_from_either_setting() {
    for (name, value, expected) in [
        ("AMO_SUBDOMAIN", "acme", "https://acme.amocrm.ru"),
        ("AMO_SUBDOMAIN", "acme.kommo.com", "https://acme.kommo.com"),
        ("AMO_SUBDOMAIN", "https://acme.amocrm.ru/leads/", "https://acme.amocrm.ru"),
        ("AMO_BASE_URL", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ] {
        let connection =
            Settings::from_sources(with_least(&[(name, value)]), None, None).connection("default");
        assert_eq!(connection.unwrap().guest_settings()["amo_base_url"], expected);
    }
}

#[test]
fn every_address_that_passes_can_be_reached() {
    for url in
        ["http://[::1]:8081/a", "https://a_b.example", "http://127.0.0.1:1", "https://kaspi.kz:443/x/y/"]
    {
        assert_eq!(table::KASPI_API_BASE.check(url), [], "{url}");
        crate::egress::Origin::parse(url).unwrap();
    }
}

#[test]
fn the_component_gets_no_setting_of_the_process() {
    let settings = with_least(&[("CRON_SECRET", "c"), ("DATABASE_URL", "sqlite://x"), ("DB_NAME", "x")]);
    let guest = Settings::from_sources(settings, None, None).connection("default").unwrap().guest_settings();
    for name in ["cron_secret", "database_url", "db_name", "lease_seconds"] {
        assert!(!guest.contains_key(name), "{name}");
    }
}

#[test]
fn old_database_settings_are_understood_where_there_is_no_url() {
    let old = |driver| {
        [
            ("DB_DRIVER", driver),
            ("DB_HOST", "db"),
            ("DB_PORT", "5433"),
            ("DB_NAME", "kaspi"),
            ("DB_USER", "me"),
            ("DB_PASS", "p@ss"),
        ]
    };
    for (driver, scheme) in [("pgsql", "postgres"), ("MySQL", "mysql"), ("mariadb", "mariadb"), ("", "mysql")]
    {
        let settings = Settings::from_pairs(old(driver));
        assert_eq!(settings.database_url(), format!("{scheme}://me:p%40ss@db:5433/kaspi"));
        let (_, source) = settings.value("", &table::DATABASE_URL).unwrap();
        assert_eq!(source, Source::Environment);
    }
    let with_url = old("pgsql").into_iter().chain([("DATABASE_URL", "sqlite:///x.sqlite")]);
    assert_eq!(Settings::from_pairs(with_url).database_url(), "sqlite:///x.sqlite");
}

#[test]
fn a_shop_is_begun_by_what_only_its_owner_knows() {
    for (pairs, is_untouched) in [
        (&[][..], true),
        (&[("CRON_SECRET", "a-long-word-for-cron"), ("AMO_RPS", "5")], true),
        (&[("AMO_BASE_URL", "http://127.0.0.1:1"), ("KASPI_API_BASE", "http://127.0.0.1:1/api")], true),
        (&[("AMO_RPS", "0")], false),
        (&[("KASPI_API_TOKEN", "a-token")], false),
        (&[("AMO_SUBDOMAIN", "acme")], false),
    ] {
        assert_eq!(Settings::from_pairs(pairs.iter().copied()).is_untouched(), is_untouched, "{pairs:?}");
    }
}
