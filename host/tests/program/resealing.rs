//! `SECRET_KEY` changes while the shop is open.

use std::{fs, process::Command};

use kaspi_amocrm_simulator::{
    fault::{Fault, Rule},
    oracle::{self, Scope},
    serve::wall_clock_ms,
};

use crate::{
    rig::{Ended, Rig, assert_clean, ended},
    safe_keeping::{requests, rig_with_ended_pair},
};

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Orders that are recorded and could not be brought into amoCRM yet, and a pair that was renewed.
async fn rig(key: Option<&str>) -> Rig {
    let mut rig = rig_with_ended_pair().await;
    if let Some(key) = key {
        rig.settings.insert("SECRET_KEY", key.to_owned());
    }
    for _ in 0..20 {
        rig.world().amo.faults.rule(Rule::new(Fault::gateway(503)).method("GET").path("/api/v4/leads"));
    }
    let first = rig.run(&["run", "new"]).await;
    assert_eq!((first.code, &first.report()["created"]), (Some(69), &0.into()), "{}", first.stderr);
    rig.world().amo.faults.clear();
    rig
}

/// A command of a host whose settings have these keys. Whatever it says, it tells none of them.
async fn with_keys(rig: &Rig, key: &str, also: &str, arguments: &[&str]) -> Ended {
    let mut command: Command = rig.command(arguments);
    command.env("SECRET_KEY", key).env("SECRET_KEY_ALSO", also);
    let ended = ended(command).await;
    let keys = [OLD, NEW].map(|key| key.trim_end_matches('=').to_owned());
    assert_clean(&format!("{arguments:?}"), ended.text().as_bytes(), &keys);
    ended
}

async fn query(rig: &Rig, sql: &str) -> Vec<String> {
    let database =
        sqlx::SqlitePool::connect(&format!("sqlite://{}", rig.database().display())).await.unwrap();
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_all(&database).await.unwrap();
    database.close().await;
    rows
}

/// The name of the key that the store is sealed with, as the envelope of the proof has it.
async fn key_of_store(rig: &Rig) -> String {
    query(rig, "SELECT substr(hex(value), 3, 8) FROM kv WHERE key = 'seal'").await.remove(0)
}

/// The rows that are sealed with a key.
async fn sealed_with(rig: &Rig, id: &str) -> Vec<String> {
    query(rig, &format!("SELECT key FROM kv WHERE hex(value) LIKE '01{id}%' ORDER BY key")).await
}

#[tokio::test]
async fn a_key_gives_way_to_another_while_orders_are_worked_on() {
    let rig = rig(Some(OLD)).await;
    let old = key_of_store(&rig).await;
    let before = sealed_with(&rig, &old).await;
    assert!(before.len() > 40, "payloads, the pair and the proof: {before:?}");
    // Any connection of the database will do, and this one is free.
    let two =
        "[connections.two]\nkaspi_api_token = 'k'\namo_subdomain = 'acme'\namo_long_lived_token = 't'\n";
    fs::write(rig.folder.path().join("kaspi-amocrm.toml"), two).unwrap();
    let reseal = ["reseal", "--connection", "two"];

    let early = with_keys(&rig, OLD, NEW, &reseal).await;
    assert_eq!(early.code, Some(0), "nothing is under another key than that of this host: {}", early.text());
    assert_eq!(sealed_with(&rig, &old).await, before);

    // One host works with the old key while the other, which has the new one, seals anew.
    rig.world().amo.faults.rule(Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes"));
    let (work, early) =
        tokio::join!(with_keys(&rig, OLD, NEW, &["run", "new"]), with_keys(&rig, NEW, OLD, &reseal));
    let report = work.report();
    assert_eq!((work.code, &report["created"]), (Some(0), &39.into()), "{}", work.text());
    assert_ne!(report["parked"], 0, "payloads of parked orders stay: {report}");
    assert!(matches!(early.code, Some(0 | 3)), "{}", early.text());

    let last = with_keys(&rig, NEW, OLD, &reseal).await;
    assert_eq!(last.code, Some(0), "{}", last.text());
    assert!(last.stdout.contains("под другими ключами ничего не осталось"), "{}", last.stdout);
    assert_eq!(sealed_with(&rig, &old).await, [""; 0]);
    let new = key_of_store(&rig).await;
    assert_ne!(new, old);
    let after = sealed_with(&rig, &new).await;
    assert!(after.iter().any(|row| row.contains("/payload/")), "{after:?}");
    assert!(after.iter().any(|row| row.starts_with("oauth/")), "{after:?}");

    let sent = requests(&rig);
    let refused = with_keys(&rig, OLD, "", &["run", "new"]).await;
    assert_eq!((refused.code, requests(&rig)), (Some(78), sent), "{}", refused.text());
    let retried = with_keys(&rig, NEW, "", &["retry", "--all"]).await;
    assert_eq!((retried.code, &retried.report()["parked"]), (Some(0), &0.into()), "{}", retried.text());
    let violations = oracle::check(&rig.world(), &Scope::at(wall_clock_ms()));
    let violations: Vec<_> =
        violations.into_iter().filter(|line| !line.contains("refused with 401")).collect();
    assert_eq!(violations, Vec::<String>::new());
}

#[tokio::test]
async fn a_key_file_gives_way_to_a_key_of_the_settings_once_no_host_uses_it() {
    let rig = rig(None).await;
    let file = rig.folder.path().join("data/kaspi-amocrm.sqlite.key");
    let from_file = fs::read_to_string(&file).unwrap();
    let old = key_of_store(&rig).await;

    let wrong = with_keys(&rig, NEW, "", &["reseal"]).await;
    assert_eq!(wrong.code, Some(78), "without the old key nothing can be opened: {}", wrong.text());
    assert!(wrong.stderr.to_lowercase().contains(&old.to_lowercase()), "{}", wrong.stderr);
    let same = with_keys(&rig, from_file.trim(), &from_file, &["reseal"]).await;
    assert_eq!(same.code, Some(78), "{}", same.text());
    assert!(same.stderr.contains("SECRET_KEY_ALSO"), "{}", same.stderr);
    assert_clean("the message", same.text().as_bytes(), &[from_file.trim().to_owned()]);

    // Stands for a host that still has the old key and writes one of the rows again and again.
    let row = "SELECT min(key) FROM kv WHERE key LIKE '%/payload/%'";
    let value = query(&rig, &format!("SELECT hex(value) FROM kv WHERE key = ({row})")).await.remove(0);
    let key = query(&rig, row).await.remove(0);
    let trigger = format!(
        "CREATE TRIGGER other_host AFTER UPDATE ON kv WHEN NEW.key = '{key}' AND NEW.value IS NOT X'{value}'
         BEGIN UPDATE kv SET value = X'{value}', version = version + 1 WHERE key = '{key}'; END"
    );
    query(&rig, &trigger).await;
    let during = with_keys(&rig, NEW, &from_file, &["reseal"]).await;
    assert_eq!(during.code, Some(3), "{}", during.text());
    let left = format!("left under other keys / осталось под другими ключами: {} (1)", old.to_lowercase());
    assert!(during.stdout.contains(&left), "the proof waits: {}", during.stdout);
    assert_eq!(sealed_with(&rig, &old).await, ["seal", &key]);
    let shown = with_keys(&rig, NEW, &from_file, &["config", "show"]).await;
    assert!(shown.stdout.contains("secret_key_also = \"********\""), "{}", shown.stdout);
    let too_early = with_keys(&rig, NEW, "", &["run", "new"]).await;
    assert_eq!(too_early.code, Some(78), "{}", too_early.text());

    query(&rig, "DROP TRIGGER other_host").await;
    let last = with_keys(&rig, NEW, &from_file, &["reseal"]).await;
    assert_eq!(last.code, Some(0), "{}", last.text());
    assert_eq!(sealed_with(&rig, &old).await, [""; 0]);
    fs::remove_file(&file).unwrap();
    let work = with_keys(&rig, NEW, "", &["run", "new"]).await;
    assert_eq!((work.code, &work.report()["created"]), (Some(0), &39.into()), "{}", work.text());
    assert!(!file.exists(), "no other file is made");
}
