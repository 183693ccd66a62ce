//! Opening, migrating, and getting a lost server back.

use super::*;
use crate::store::mysql::RECORDS;

on_every_database! {
    made_by_several_at_once resumed_after_any_step newer_is_refused newer_generation_is_refused
    unreleased_is_refused unreleased_without_its_record_is_refused unreleased_that_came_meanwhile_is_refused
    other_programs_are_left_alone recovers
}

async fn made_by_several_at_once(rig: &Rig) {
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (url, options) = (rig.database.url.clone(), rig.options());
        makers.spawn(async move { open_with(&url, options).await?.migrate().await });
    }
    let applied: usize = makers.join_all().await.into_iter().map(|names| names.unwrap().len()).sum();
    assert_eq!(applied, MIGRATIONS.len(), "each migration is applied once");
    let store = rig.open().await;
    assert!(store.pending_migrations().await.unwrap().is_empty());
    assert!(store.migrate().await.unwrap().is_empty(), "a second time there is nothing to do");
}

async fn resumed_after_any_step(rig: &Rig) {
    let names: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
    let store = rig.open().await;
    assert_eq!(store.pending_migrations().await.unwrap(), names);
    for (known, name) in (1..).zip(&names) {
        assert_eq!(rig.older(known).await.migrate().await.unwrap(), [*name]);
        assert_eq!(store.pending_migrations().await.unwrap(), names[known..]);
    }
    taken(&*store, "default", 1_000).await;
}

async fn newer_is_refused(rig: &Rig) {
    rig.store().await;
    let last = MIGRATIONS.last().unwrap().name;
    let older = rig.older(MIGRATIONS.len() - 1).await;
    assert!(matches!(older.migrate().await, Err(StoreError::Newer(name)) if name == last));
    assert!(matches!(older.pending_migrations().await, Err(StoreError::Newer(name)) if name == last));
}

async fn newer_generation_is_refused(rig: &Rig) {
    let store = rig.store().await;
    rig.database.execute(&["UPDATE schema_format SET generation = 2".to_owned()]).await;
    let before = rig.database.picture().await;
    let is_refused = |error| matches!(error, Some(StoreError::NewerGeneration(2)));
    assert!(is_refused(open_with(&rig.database.url, rig.options()).await.err()));
    assert!(is_refused(store.pending_migrations().await.err()));
    assert!(is_refused(store.migrate().await.err()));
    assert_eq!(rig.database.picture().await, before);
}

/// Whichever of the unreleased versions it was, and however far it came.
async fn unreleased_is_refused(rig: &Rig) {
    for migrations in [0, 1, 3, 6, 8, 12] {
        let rig = Rig::make(rig.database.kind).await.unwrap();
        rig.database.make_unreleased(migrations).await;
        assert_foreign(&rig).await;
    }
}

async fn unreleased_without_its_record_is_refused(rig: &Rig) {
    for (migrations, table) in [(1, "kv"), (12, "acts")] {
        let rig = Rig::make(rig.database.kind).await.unwrap();
        rig.database.make_unreleased(migrations).await;
        rig.database.execute(&["DROP TABLE schema_migrations".to_owned()]).await;
        let text = assert_foreign(&rig).await;
        assert!(migrations > 1 || text.contains(&format!("the table {table} ")), "{text}");
    }
}

async fn assert_foreign(rig: &Rig) -> String {
    let before = rig.database.picture().await;
    let error = open(&rig.database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
    assert!(error.is_config());
    assert_eq!(rig.database.picture().await, before, "nothing is changed");
    error.to_string()
}

/// A host of before makes its tables in a database that was empty when this one opened it.
async fn unreleased_that_came_meanwhile_is_refused(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(store.pending_migrations().await.unwrap().len(), MIGRATIONS.len());
    rig.database.make_unreleased(12).await;
    let before = rig.database.picture().await;
    assert!(matches!(store.pending_migrations().await, Err(StoreError::Foreign(_))));
    assert!(matches!(store.migrate().await, Err(StoreError::Foreign(_))));
    assert_eq!(rig.database.picture().await, before, "nothing is changed");
}

/// Their tables may stand beside ours, but not in their place.
async fn other_programs_are_left_alone(rig: &Rig) {
    rig.database.execute(&["CREATE TABLE invoices (id INTEGER)".to_owned()]).await;
    let store = rig.open().await;
    rig.database.execute(&["CREATE TABLE sessions (id INTEGER)".to_owned()]).await;
    assert!(matches!(store.migrate().await, Err(StoreError::Foreign(table)) if table == "sessions"));
    assert!(assert_foreign(rig).await.contains("the table sessions "));
    rig.database.execute(&["DROP TABLE sessions".to_owned()]).await;
    rig.store().await;
}

/// The server ends all connections: the store goes on with new ones.
async fn recovers(rig: &Rig) {
    let store = rig.store().await;
    let fence = taken(&*store, "default", 60_000).await;
    store.write(&fence, SCOPE, &[set("key", "1")]).await.unwrap();
    for _ in 0..3 {
        rig.database.disconnect_all().await;
        assert_eq!(get(&*store, "key").await, Some(b"1".to_vec()));
        assert!(store.holds(&fence).await.unwrap());
        assert!(store.renew_lease(&fence, 60_000).await.unwrap());
    }
}

/// Where a table is made at once and for good, the program may have died before it could say so.
#[tokio::test]
async fn a_migration_that_is_not_recorded_is_repeated() {
    let Some(rig) = Rig::make(Kind::Mariadb).await else { return };
    let store = rig.store().await;
    let pool = sqlx::MySqlPool::connect(&rig.database.url).await.unwrap();
    for migration in MIGRATIONS {
        sqlx::query("DELETE FROM schema_migrations WHERE name = ?")
            .bind(migration.name)
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(store.migrate().await.unwrap(), [migration.name]);
    }
}

/// The same of the tables that tell what the database is.
#[tokio::test]
async fn records_that_were_made_in_part_are_completed() {
    for made in 0..=RECORDS.len() {
        let Some(rig) = Rig::make(Kind::Mariadb).await else { return };
        let statements: Vec<String> = RECORDS.iter().take(made).map(|&record| record.to_owned()).collect();
        rig.database.execute(&statements).await;
        assert_eq!(rig.open().await.pending_migrations().await.unwrap().len(), MIGRATIONS.len());
        let store = rig.store().await;
        taken(&*store, "default", 1_000).await;
        rig.database.execute(&["UPDATE schema_format SET generation = generation + 1".to_owned()]).await;
        assert!(
            matches!(store.migrate().await, Err(StoreError::NewerGeneration(2))),
            "it says so from now on"
        );
    }
}

/// What cannot be reached, or does not let us in, tells the server and nothing that is secret.
#[tokio::test]
async fn errors_tell_the_server_and_no_secret() {
    // A port that was just free, and is again.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["postgres", "mysql", "mariadb"] {
        let url = format!("{scheme}://planted-user:planted-pass@{free}/planted-name");
        let error = open(&url).await.err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(!error.is_config(), "it may come back");
        assert!(error.to_string().contains(&free.to_string()), "{error}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
    }
    for kind in [Kind::Postgres, Kind::Mariadb] {
        let Some(rig) = Rig::make(kind).await else { continue };
        let (scheme, rest) = rig.database.url.split_once("://").unwrap();
        let (_, host_and_name) = rest.rsplit_once('@').unwrap();
        let (host, _) = host_and_name.split_once('/').unwrap();
        let stranger = format!("{scheme}://planted-user:planted-pass@{host_and_name}");
        let (user, _) = rest.rsplit_once('@').unwrap();
        let no_database = format!("{scheme}://{user}@{host}/planted_name");
        for url in [stranger, no_database] {
            let error = open(&url).await.err().unwrap();
            assert!(matches!(error, StoreError::Refused { .. }), "{error}");
            assert!(error.is_config());
            assert!(error.to_string().contains(host), "{error}");
            assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_library_is_new_enough() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("v.sqlite").to_str().unwrap()).await.unwrap();
    let version = store.version().await.unwrap();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts.as_slice() >= SQLITE_VERSION_MIN.as_slice(), "{version}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _store =
        open(&format!("sqlite://{}", folder.path().join("sub/test.sqlite").display())).await.unwrap();
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("sub"), mode("sub/test.sqlite")), (0o700, 0o600));
    // SQLite gives its side files the mode of the database.
    assert_eq!(mode("sub/test.sqlite-wal"), 0o600);
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    for url in ["redis://h", "sqlite::memory:", "sqlite://", "", "postgres://h:port/x", "mysql://h:port/x"] {
        let error = open(url).await.err().unwrap();
        assert!(matches!(error, StoreError::Address), "{url}: {error}");
        assert!(error.is_config());
    }
}
