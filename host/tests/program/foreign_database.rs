//! A database that no released version made: every command says so, and leaves it as it is.

use std::{collections::BTreeMap, path::Path};

use crate::{
    databases::{Kind, TestDatabase},
    rig::Rig,
};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

const COMMANDS: [&str; 14] = [
    "migrate",
    "run new",
    "run reconcile",
    "run new --dry-run",
    "orders",
    "retry --all",
    "backfill --from 2026-11-24 --to 2026-11-24",
    "statement --day 2026-11-24",
    "status",
    "reseal",
    "password",
    "config check",
    "setup --lang en",
    "serve --listen 127.0.0.1:0",
];

/// Every file beside a database, with its contents.
fn files(url: &str) -> BTreeMap<String, Vec<u8>> {
    let Some(file) = url.strip_prefix("sqlite://") else { return BTreeMap::new() };
    let entries = std::fs::read_dir(Path::new(file).parent().unwrap()).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

async fn refused(kind: Kind, migrations: usize) {
    let Some(database) = TestDatabase::make(kind).await else { return };
    database.make_unreleased(migrations).await;
    let mut rig = Rig::start().await;
    rig.settings.insert("DATABASE_URL", database.url.clone());
    if kind != Kind::Sqlite {
        rig.settings.insert("SECRET_KEY", KEY.to_owned());
    }
    let before = (database.picture().await, files(&database.url));
    for command in COMMANDS {
        let ended = rig.run(&command.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(ended.code, Some(78), "{command}: {}", ended.text());
        for sentence in [
            "error: the database is not one of version 0.2.0 or newer",
            "hint: nothing in it was changed; move it away",
            "уберите её или укажите в DATABASE_URL пустую базу",
        ] {
            assert!(ended.stderr.contains(sentence), "{command}: {}", ended.text());
        }
        assert_eq!(ended.stdout, "", "{command}");
    }
    let doctor = rig.run(&["doctor", "--json"]).await;
    assert_eq!(doctor.code, Some(3), "{}", doctor.text());
    assert!(doctor.stdout.contains("schema_foreign"), "{}", doctor.text());
    assert_eq!(rig.writes(), 0);
    let after = (database.picture().await, files(&database.url));
    assert_eq!(after.0, before.0);
    assert!(after.1 == before.1, "{:?} instead of {:?}", after.1.keys(), before.1.keys());

    // As the hint says.
    if let Some(file) = database.url.strip_prefix("sqlite://") {
        std::fs::rename(file, format!("{file}.old")).unwrap();
        let run = rig.run(&["run", "new"]).await;
        assert_eq!(run.code, Some(0), "{}", run.text());
        assert!(!rig.world().amo.leads().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    refused(Kind::Sqlite, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    refused(Kind::Postgres, 12).await;
}

/// Migrated in part.
#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    refused(Kind::Mariadb, 5).await;
}
