//! What every store must do, whatever the database. A further database calls [`check`] with its own store.

use std::sync::Arc;

use super::*;

const SCOPE: &str = "default";

async fn sqlite() -> (tempfile::TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&format!("sqlite://{}", folder.path().join("sub/test.sqlite").display())).await.unwrap();
    (folder, store)
}

async fn taken(store: &dyn Store, connection: &str, now_ms: i64, until_ms: i64) -> Fence {
    let request =
        LeaseRequest { connection, job: Job::New, note_due: true, holder: "test", now_ms, until_ms };
    match store.take_lease(request).await.unwrap() {
        LeaseAnswer::Taken(fence) => fence,
        LeaseAnswer::Held => panic!("{connection} is held"),
    }
}

fn set(key: &str, value: &str) -> Change {
    Change::Set(key.to_owned(), value.as_bytes().to_vec())
}

async fn get(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    store.get_many(SCOPE, &[key.to_owned()]).await.unwrap().pop().map(|(_, value)| value)
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let (_folder, store) = sqlite().await;
    assert_eq!(store.migrate().await.unwrap().len(), SQLITE_MIGRATIONS.len());
    assert!(store.migrate().await.unwrap().is_empty(), "a second time there is nothing to do");
    assert!(store.pending_migrations().await.unwrap().is_empty());
    check(store.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_may_be_made_by_several_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.sqlite").display());
        let mut makers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let url = url.clone();
            makers.spawn(async move {
                let store = open(&url).await?;
                store.migrate().await
            });
        }
        let applied: usize = makers.join_all().await.into_iter().map(|names| names.unwrap().len()).sum();
        assert_eq!(applied, SQLITE_MIGRATIONS.len(), "each migration is applied once");
    }
}

async fn check(store: &dyn Store) {
    values(store).await;
    counters(store).await;
    compare_and_swap(store).await;
    leases(store).await;
    due_jobs(store).await;
    tickets(store).await;
}

async fn values(store: &dyn Store) {
    let fence = taken(store, "values", 1000, 2000).await;
    let many: Vec<Change> = (0..1500).map(|n| set(&format!("key/{n:04}"), &n.to_string())).collect();
    store.write(&fence, SCOPE, &many).await.unwrap();

    let mut keys: Vec<String> = (0..1600).map(|n| format!("key/{n:04}")).collect();
    keys.push("Key/0001".to_owned());
    keys.push("key/0001 ".to_owned());
    keys.push("ключ \"'%_\\".to_owned());
    let found = store.get_many(SCOPE, &keys).await.unwrap();
    assert_eq!(found.len(), 1500, "keys are exact: case, spaces, quotes");
    assert!(found.contains(&("key/1499".to_owned(), b"1499".to_vec())));
    assert!(store.get_many("other", &keys).await.unwrap().is_empty());
    assert!(store.get_many(SCOPE, &[]).await.unwrap().is_empty());

    let odd = vec![0_u8, 255, 10, 0];
    let changes = [
        Change::Set("ключ \"'%_\\".to_owned(), odd.clone()),
        set("key/0001", "new"),
        Change::Delete("key/0000".into()),
    ];
    store.write(&fence, SCOPE, &changes).await.unwrap();
    assert_eq!(get(store, "ключ \"'%_\\").await, Some(odd));
    assert_eq!(get(store, "key/0001").await, Some(b"new".to_vec()));
    assert_eq!(get(store, "key/0000").await, None);
    assert_eq!(store.list_keys(SCOPE, "key/0003", 2).await.unwrap(), ["key/0004", "key/0005"]);

    // All or nothing, also when the run lost its connection meanwhile.
    let next = taken(store, "values", 3000, 4000).await;
    assert!(next.epoch > fence.epoch);
    let stale = store.write(&fence, SCOPE, &[set("key/0002", "late"), set("fresh", "late")]).await;
    assert!(matches!(stale, Err(StoreError::Fenced)));
    assert_eq!(get(store, "key/0002").await, Some(b"2".to_vec()));
    assert_eq!(get(store, "fresh").await, None);
    assert!(matches!(store.increment(&fence, SCOPE, "c", 1).await, Err(StoreError::Fenced)));
    assert!(matches!(store.swap(&fence, SCOPE, "s", None, b"x").await, Err(StoreError::Fenced)));
}

async fn counters(store: &dyn Store) {
    let fence = taken(store, "counters", 1000, 2000).await;
    assert_eq!(store.increment(&fence, SCOPE, "counter", 0).await.unwrap(), 0);
    assert_eq!(store.increment(&fence, SCOPE, "counter", 5).await.unwrap(), 5);
    assert_eq!(store.increment(&fence, SCOPE, "counter", -7).await.unwrap(), -2);
    assert_eq!(get(store, "counter").await, Some((-2_i64).to_le_bytes().to_vec()));
    store.write(&fence, SCOPE, &[set("text", "12")]).await.unwrap();
    assert!(matches!(store.increment(&fence, SCOPE, "text", 1).await, Err(StoreError::NotACounter)));
}

async fn compare_and_swap(store: &dyn Store) {
    let fence = taken(store, "swap", 1000, 2000).await;
    assert!(store.swap(&fence, SCOPE, "cas", None, b"a").await.unwrap(), "creates where nothing was");
    assert!(!store.swap(&fence, SCOPE, "cas", None, b"b").await.unwrap(), "something is there");
    let seen = store.get_versioned(SCOPE, "cas").await.unwrap();
    // Written in between with the same bytes: still a write that was not seen.
    store.write(&fence, SCOPE, &[set("cas", "a")]).await.unwrap();
    assert!(!store.swap(&fence, SCOPE, "cas", seen.as_ref(), b"c").await.unwrap());
    let seen = store.get_versioned(SCOPE, "cas").await.unwrap();
    assert!(store.swap(&fence, SCOPE, "cas", seen.as_ref(), b"c").await.unwrap());
    assert_eq!(get(store, "cas").await, Some(b"c".to_vec()));
}

async fn leases(store: &dyn Store) {
    let first = taken(store, "lease", 1000, 61_000).await;
    let request = LeaseRequest {
        connection: "lease",
        job: Job::New,
        note_due: true,
        holder: "b",
        now_ms: 60_999,
        until_ms: 90_000,
    };
    assert_eq!(store.take_lease(request).await.unwrap(), LeaseAnswer::Held);
    assert!(store.renew_lease(&first, 70_000).await.unwrap());
    assert!(store.holds(&first).await.unwrap());
    taken(store, "another", 1000, 61_000).await;

    let second = taken(store, "lease", 70_000, 130_000).await;
    assert!(!store.renew_lease(&first, 200_000).await.unwrap());
    assert!(!store.holds(&first).await.unwrap());
    store.release_lease(&first).await.unwrap();
    assert!(store.holds(&second).await.unwrap(), "a stale run cannot give away what is not its own");
    store.release_lease(&second).await.unwrap();
    let third = taken(store, "lease", 70_001, 130_000).await;

    // The clock was set back by a day: nobody waits a day.
    let day = 86_400_000;
    assert!(store.renew_lease(&third, 10 * day).await.unwrap());
    taken(store, "lease", 9 * day, 9 * day + 60_000).await;
}

async fn due_jobs(store: &dyn Store) {
    let fence = taken(store, "due", 1000, 61_000).await;
    let waiting = |job| LeaseRequest {
        connection: "due",
        job,
        note_due: true,
        holder: "b",
        now_ms: 2000,
        until_ms: 62_000,
    };
    for job in [Job::Reconcile, Job::New, Job::Reconcile] {
        assert_eq!(store.take_lease(waiting(job)).await.unwrap(), LeaseAnswer::Held);
    }
    assert_eq!(store.take_due_or_release(&fence).await.unwrap(), [Job::New, Job::Reconcile]);
    assert!(store.holds(&fence).await.unwrap(), "kept for the jobs that were due");
    assert_eq!(store.take_lease(waiting(Job::New)).await.unwrap(), LeaseAnswer::Held);
    assert_eq!(store.take_due_or_release(&fence).await.unwrap(), [Job::New]);
    let unnoted = LeaseRequest { note_due: false, ..waiting(Job::Reconcile) };
    assert_eq!(store.take_lease(unnoted).await.unwrap(), LeaseAnswer::Held);
    assert!(store.take_due_or_release(&fence).await.unwrap().is_empty());
    let next = taken(store, "due", 2000, 62_000).await;
    assert!(matches!(store.take_due_or_release(&fence).await, Err(StoreError::Fenced)));
    assert!(
        store.take_due_or_release(&next).await.unwrap().is_empty(),
        "taking a connection takes its due job"
    );
}

async fn tickets(store: &dyn Store) {
    async fn take(store: &dyn Store, now_ms: i64) -> TicketAnswer {
        loop {
            match store.take_ticket("acme:443", 7, now_ms, now_ms + 65_000).await.unwrap() {
                // The first time the tickets are made.
                TicketAnswer::FreeAt(at) if at <= now_ms => {}
                answer => return answer,
            }
        }
    }
    let mut held = Vec::new();
    for _ in 0..7 {
        match take(store, 10_000).await {
            TicketAnswer::Taken(ticket) => held.push(ticket),
            TicketAnswer::FreeAt(_) => panic!("seven are free"),
        }
    }
    assert_eq!(take(store, 10_000).await, TicketAnswer::FreeAt(75_000));
    let ticket = held.pop().unwrap();
    store.return_ticket(&ticket, 11_200).await.unwrap();
    assert_eq!(take(store, 11_199).await, TicketAnswer::FreeAt(11_200));
    let TicketAnswer::Taken(again) = take(store, 11_200).await else { panic!("one is free") };
    assert_eq!(again.slot, ticket.slot);
    // The first holder comes late: the ticket is somebody else's by now.
    store.return_ticket(&ticket, 0).await.unwrap();
    assert_eq!(take(store, 11_300).await, TicketAnswer::FreeAt(75_000));
    // A dead run's tickets come back by themselves.
    assert!(matches!(take(store, 75_000).await, TicketAnswer::Taken(_)));
    // The clock was set back by a day.
    store.return_ticket(&again, 200_000_000).await.unwrap();
    assert_eq!(take(store, 1).await, TicketAnswer::FreeAt(75_000));
    assert_eq!(
        store.take_ticket("other:443", 1, 5, 6).await.unwrap(),
        TicketAnswer::FreeAt(5),
        "another account has its own tickets"
    );
}

#[tokio::test]
async fn the_library_is_new_enough() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("v.sqlite").to_str().unwrap()).await.unwrap();
    let version = store.version().await.unwrap();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts.as_slice() >= SQLITE_VERSION_MIN.as_slice(), "{version}");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let (_folder, store) = sqlite().await;
    store.migrate().await.unwrap();
    let path = _folder.path().join("sub/test.sqlite");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("INSERT INTO schema_migrations VALUES ('9999_future', 1)").execute(&pool).await.unwrap();
    assert!(matches!(store.migrate().await, Err(StoreError::Newer(name)) if name == "9999_future"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _store) = sqlite().await;
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("sub"), mode("sub/test.sqlite")), (0o700, 0o600));
    // SQLite gives its side files the mode of the database.
    assert_eq!(mode("sub/test.sqlite-wal"), 0o600);
}

#[tokio::test]
async fn other_databases_say_that_they_are_not_built() {
    for (url, text) in [
        ("postgres://u:p@h/db", "PostgreSQL databases are not built yet"),
        ("mysql://u:p@h/db", "MySQL and MariaDB databases are not built yet"),
        ("mariadb://h/db", "MySQL and MariaDB databases are not built yet"),
        ("redis://h", "DATABASE_URL must begin with sqlite://"),
        ("sqlite::memory:", "DATABASE_URL must begin with sqlite://"),
    ] {
        let error = open(url).await.err().unwrap();
        assert_eq!(error.to_string(), text, "{url}");
        assert!(error.is_config());
    }
}
