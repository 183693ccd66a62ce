//! Opening, migrating, and getting a lost server back.

use super::*;

on_every_database! { made_by_several_at_once resumed_after_any_step newer_is_refused recovers }

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
