use kaspi_amocrm_contract::Language;

use super::*;
use crate::contract::{
    samples::{message, problem},
    types::ProblemClass,
};

fn symptom(class: &str) -> Finding {
    Finding::new(if class.starts_with("kaspi") { Check::Kaspi } else { Check::Amocrm }, class, Value::Null)
}

fn exit(classes: &[&str]) -> u8 {
    let findings = classes.iter().map(|class| symptom(class)).collect();
    Diagnosis { findings, checked: Vec::new() }.exit().code()
}

#[test]
fn the_exit_code_tells_findings_from_servers_that_are_away() {
    assert_eq!(exit(&[]), 0);
    assert_eq!(exit(&["kaspi_no_orders", "amo_no_catalog"]), 0, "hints stop nothing");
    assert_eq!(exit(&["kaspi_unreachable", "amo_hint", "amo_limited"]), 69);
    assert_eq!(exit(&["kaspi_unreachable", "amo_token_refused"]), 3);
    assert_eq!(exit(&["amo_token_ends_soon"]), 3);
}

#[test]
fn what_was_looked_at_and_is_well_is_told() {
    let mut diagnosis = Diagnosis::default();
    diagnosis.checked(Some("one"), Check::Kaspi);
    diagnosis.checked(Some("two"), Check::Kaspi);
    diagnosis.checked(None, Check::Database);
    diagnosis.findings.push(symptom("kaspi_token_refused").of("two"));
    let good: Vec<_> = diagnosis.good().map(|one| (one.connection.as_deref(), one.check)).collect();
    assert_eq!(good, [(Some("one"), Check::Kaspi), (None, Check::Database)]);
    let json = serde_json::to_value(&diagnosis).unwrap();
    assert_eq!(json["findings"][0]["class"], "kaspi_token_refused");
    assert_eq!(json["findings"][0]["severity"], "error");
    assert!(json["findings"][0]["cause"]["kk"].as_str().unwrap().contains("Kaspi"));
    assert_eq!(json["checked"][1], json!({"connection": "two", "check": "kaspi"}));
}

#[test]
fn what_the_component_refuses_is_told_by_its_setting() {
    let wrong = |setting: Option<&str>, id: &str| Problem {
        setting: setting.map(str::to_owned),
        ..problem(ProblemClass::Config, id)
    };
    let told = |problems| {
        let found = unexamined(RunError::Config(problems));
        let parts = |one: &Finding| (one.class(), one.name.clone(), one.cause(Language::Ru));
        found.iter().map(parts).collect::<Vec<_>>()
    };
    let name = |name: &str| Some(name.to_owned());
    let key = told(vec![wrong(Some("SECRET_KEY"), "sealed")]);
    assert_eq!((key[0].0, &key[0].1, key.len()), ("key_wrong", &name("SECRET_KEY"), 1));
    assert_eq!(
        told(vec![
            Problem { hint: Some(message("more")), ..wrong(Some("AMO_RPS"), "too-few") },
            wrong(Some("NO_SETTING"), "a"),
            wrong(None, "b"),
        ]),
        [
            ("setting_wrong", name("AMO_RPS"), "too-few; more".to_owned()),
            ("setting_wrong", None, "a".to_owned()),
            ("setting_wrong", None, "b".to_owned()),
        ]
    );
    assert_eq!(unexamined(RunError::Config(Vec::new())).len(), 1, "something keeps it from looking");
    assert!(unexamined(RunError::Interrupted).is_empty());
}

async fn classes(settings: &Settings) -> Vec<&'static str> {
    let diagnosis = machine::look(settings, None).await;
    diagnosis.findings.iter().map(Finding::class).filter(|class| !class.starts_with("disk")).collect()
}

#[tokio::test]
async fn the_machine_is_looked_at_without_changing_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.sqlite");
    let url = format!("sqlite://{}", file.display());
    let settings =
        Settings::from_pairs([("DATABASE_URL", url.as_str()), ("AMO_RPS", "0"), ("CRON_SECRET", "short")]);
    assert_eq!(classes(&settings).await, ["setting_wrong", "setting_doubtful", "database_new"]);
    assert!(!file.exists());

    std::fs::write(
        &file,
        "this is no database, and it is longer than the head of one is, which has a hundred bytes, \
                           so that it is looked at as a file of pages",
    )
    .unwrap();
    assert!(classes(&settings).await.contains(&"database_damaged"));
    std::fs::remove_file(&file).unwrap();

    let store = crate::store::open(&url).await.unwrap();
    assert!(classes(&settings).await.contains(&"schema_old"));
    store.migrate().await.unwrap();
    assert_eq!(classes(&settings).await, ["setting_wrong", "setting_doubtful"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = folder.path().join("x.sqlite.key");
        std::fs::write(&key, "k").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o604)).unwrap();
        assert!(classes(&settings).await.contains(&"file_open_to_others"));
    }
    let server = Settings::from_pairs([
        ("DATABASE_URL", "postgres://u@127.0.0.1:1/none"),
        ("SECRET_KEY", &"a".repeat(43)),
    ]);
    assert!(classes(&server).await.contains(&"database_unreachable"));
}
