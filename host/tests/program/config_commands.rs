//! `config check` and wrong settings.

use std::path::Path;

use kaspi_amocrm_simulator::amo::account;

use crate::rig::{Rig, command, ended};

/// Writes `.env` with the least that works and some more.
fn dotenv(rig: &Rig, more: &str) {
    let least = ["KASPI_API_BASE", "KASPI_API_TOKEN", "AMO_BASE_URL", "AMO_LONG_LIVED_TOKEN"];
    let least = least.map(|name| format!("{name}={}\n", rig.settings[name])).concat();
    std::fs::write(rig.folder.path().join(".env"), format!("{least}{more}\n")).unwrap();
}

/// Exit code, and both outputs together.
async fn program(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let ended = ended(command(folder, arguments)).await;
    (ended.code.unwrap(), ended.text())
}

#[tokio::test]
async fn a_check_names_what_the_settings_mean_and_leaves_nothing_behind() {
    let rig = Rig::start().await;
    dotenv(
        &rig,
        &format!(
            "AMO_STATUS_ID={}\nAMO_RESPONSIBLE_USER_ID={}\nAMO_CATALOG_ID={}\nSTATUS_MAP=ARCHIVE/COMPLETED=142",
            account::STATUS_NEW_ID,
            account::MANAGER_ID,
            account::CATALOG_ID
        ),
    );
    let (code, text) = program(rig.folder.path(), &["config", "check"]).await;
    assert_eq!(code, 0, "{text}");
    for part in [
        "account 30100200 \"Demo\" (demo)",
        "3300 \"Kaspi\", the main one",
        "3302 \"Новый заказ\"",
        "→ 142 \"Успешно реализовано\" (STATUS_MAP ARCHIVE/COMPLETED)",
        "→ stays where it is; a new lead begins in 3302 \"Новый заказ\" (not in STATUS_MAP)",
        "502 \"Менеджер\"",
        "4500 \"Товары\"",
    ] {
        assert!(text.contains(part), "lacks {part}: {text}");
    }
    assert_eq!(rig.writes(), 0);
    let files = std::fs::read_dir(rig.folder.path()).unwrap().count();
    assert_eq!(files, 1, "only .env is there");

    let (code, text) = program(rig.folder.path(), &["run", "new"]).await;
    assert_eq!(code, 0, "{text}");
    // And beside a database that is there.
    let (code, text) = program(rig.folder.path(), &["config", "check", "--connection", "default"]).await;
    assert_eq!(code, 0, "{text}");
}

#[tokio::test]
async fn findings_have_their_code_and_the_names_of_the_account() {
    let rig = Rig::start().await;
    dotenv(&rig, &format!("AMO_STATUS_ID={}\nAMO_CATALOG_ID=999", account::OTHER_STATUS_ID));
    let (code, text) = program(rig.folder.path(), &["config", "check"]).await;
    assert_eq!(code, 3, "{text}");
    for part in [
        "AMO_STATUS_ID: stage 3402 \"Переговоры\" belongs to pipeline 3400 \"Опт\"",
        "этап 3402 \"Переговоры\" относится к воронке 3400 \"Опт\"",
        "AMO_CATALOG_ID: the account has no list 999; choose one of: 4500 \"Товары\"",
    ] {
        assert!(text.contains(part), "lacks {part}: {text}");
    }
    let (code, text) = program(rig.folder.path(), &["config", "check", "--offline"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(rig.writes(), 0);

    dotenv(&rig, "AMO_LONG_LIVED_TOKEN=refused-token");
    let (code, text) = program(rig.folder.path(), &["config", "check"]).await;
    assert_eq!(code, 3, "{text}");
    assert!(!text.contains("refused-token"), "{text}");

    dotenv(&rig, "AMO_BASE_URL=http://127.0.0.1:9");
    let (code, text) = program(rig.folder.path(), &["config", "check"]).await;
    assert_eq!(code, 69, "{text}");
}

#[tokio::test]
async fn everything_wrong_is_told_in_one_go_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "AMO_RPS=0\nDATABASE_URL=oracle://me:s3cr3t@db/x\n").unwrap();
    for arguments in [&["run", "new"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let (code, text) = program(folder.path(), arguments).await;
        assert_eq!(code, 78, "{text}");
        for name in ["DATABASE_URL", "KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN", "AMO_RPS"] {
            assert_eq!(text.matches(&format!(" {name}: ")).count(), 2, "{name}, in both languages: {text}");
        }
        assert!(!text.contains("s3cr3t"), "{text}");
    }
    assert_eq!(program(folder.path(), &["config", "check"]).await.0, 3);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}

#[tokio::test]
async fn what_is_shown_is_toml_with_sources_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let env = "KASPI_API_TOKEN=s3cr3t\nLEAD_NAME_TEMPLATE='{buyer} \"x\" \\ 🚚, {code}'\nDB_NAME=x\nDB_PASS=s3cr3t\n";
    std::fs::write(folder.path().join(".env"), env).unwrap();
    std::fs::write(folder.path().join("kaspi-amocrm.toml"), "[connections.two]\namo_rps = 9\n").unwrap();
    let (code, text) = program(folder.path(), &["config", "show"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
    let shown: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    let default = &shown["connections"]["default"];
    assert_eq!(default["lead_name_template"].as_str(), Some("{buyer} \"x\" \\ 🚚, {code}"));
    assert_eq!(default["kaspi_api_token"].as_str(), Some("********"));
    assert_eq!(shown["database_url"].as_str(), Some("********"));
    assert_eq!(shown["connections"]["two"]["amo_rps"].as_str(), Some("9"));
    for line in
        ["amo_rps = \"9\" # kaspi-amocrm.toml;", "amo_rps = \"7\" # default;", "db_name = \"x\" # .env;"]
    {
        assert!(text.contains(line), "lacks {line}: {text}");
    }
}

#[tokio::test]
async fn days_that_cannot_be_are_told_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["backfill", "--from", "2026-02-30", "--to", "2026-03-01"][..], "такого дня нет"),
        (&["backfill", "--from", "2026-03-02", "--to", "2026-03-01"], "2026-03-02 позже, чем 2026-03-01"),
        (&["statement", "--day", "2999-01-01"], "день 2999-01-01 ещё не наступил"),
    ] {
        let (code, text) = program(folder.path(), arguments).await;
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}
