//! Rows that somebody else holds: what is taken counts from when it is got, and a write that has begun ends before
//! another run takes the connection.

use sqlx::{Connection as _, MySqlConnection, PgConnection};

use super::*;

const TTL_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_lasts_in_full_on_postgres() {
    let Some(rig) = Rig::make(Kind::Postgres).await else { return };
    let store = prepared(&rig).await;
    let mut blocker = PgConnection::connect(&rig.database.url).await.unwrap();
    for what in [What::Lease, What::Ticket] {
        let mut transaction = blocker.begin().await.unwrap();
        sqlx::query(what.lock()).execute(&mut *transaction).await.unwrap();
        let taking = tokio::spawn(take(store.clone(), what));
        while postgres_waiters(&mut transaction).await == 0 {}
        sqlx::query("SELECT pg_sleep(0.1)").execute(&mut *transaction).await.unwrap();
        let got_ms = store.now_ms().await.unwrap();
        transaction.commit().await.unwrap();
        taking.await.unwrap();
        let until_ms: i64 = sqlx::query_scalar(what.until()).fetch_one(&mut blocker).await.unwrap();
        assert!(
            until_ms >= got_ms + TTL_MS,
            "{what:?} counts from {} ms too early",
            got_ms + TTL_MS - until_ms
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_lasts_in_full_on_mariadb() {
    let Some(rig) = Rig::make(Kind::Mariadb).await else { return };
    let store = prepared(&rig).await;
    let mut blocker = MySqlConnection::connect(&rig.database.url).await.unwrap();
    for what in [What::Lease, What::Ticket] {
        let mut transaction = blocker.begin().await.unwrap();
        sqlx::query(what.lock()).execute(&mut *transaction).await.unwrap();
        let taking = tokio::spawn(take(store.clone(), what));
        while mariadb_waiters(&mut transaction).await == 0 {}
        sqlx::query("DO SLEEP(0.1)").execute(&mut *transaction).await.unwrap();
        let got_ms = store.now_ms().await.unwrap();
        transaction.commit().await.unwrap();
        taking.await.unwrap();
        let until_ms: i64 = sqlx::query_scalar(what.until()).fetch_one(&mut blocker).await.unwrap();
        assert!(
            until_ms >= got_ms + TTL_MS,
            "{what:?} counts from {} ms too early",
            got_ms + TTL_MS - until_ms
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_ends_before_the_next_run_begins_on_postgres() {
    let Some(rig) = Rig::make(Kind::Postgres).await else { return };
    let (store, fence) = written(&rig).await;
    let mut blocker = PgConnection::connect(&rig.database.url).await.unwrap();
    let mut transaction = blocker.begin().await.unwrap();
    sqlx::query("SELECT value FROM kv FOR UPDATE").execute(&mut *transaction).await.unwrap();
    let writing = tokio::spawn(write_late(store.clone(), fence));
    while postgres_waiters(&mut transaction).await == 0 {}
    let taking = tokio::spawn(value_at_begin(store));
    while postgres_waiters(&mut transaction).await < 2 && !taking.is_finished() {}
    transaction.commit().await.unwrap();
    writing.await.unwrap();
    assert_eq!(taking.await.unwrap(), Some(b"late".to_vec()), "the next run began in the middle of a write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_ends_before_the_next_run_begins_on_mariadb() {
    let Some(rig) = Rig::make(Kind::Mariadb).await else { return };
    let (store, fence) = written(&rig).await;
    let mut blocker = MySqlConnection::connect(&rig.database.url).await.unwrap();
    let mut transaction = blocker.begin().await.unwrap();
    sqlx::query("SELECT value FROM kv FOR UPDATE").execute(&mut *transaction).await.unwrap();
    let writing = tokio::spawn(write_late(store.clone(), fence));
    while mariadb_waiters(&mut transaction).await == 0 {}
    let taking = tokio::spawn(value_at_begin(store));
    while mariadb_waiters(&mut transaction).await < 2 && !taking.is_finished() {}
    transaction.commit().await.unwrap();
    writing.await.unwrap();
    assert_eq!(taking.await.unwrap(), Some(b"late".to_vec()), "the next run began in the middle of a write");
}

/// How many connections to this database wait for a lock.
async fn postgres_waiters(connection: &mut PgConnection) -> i64 {
    // The view is read once per transaction, unless it is told otherwise.
    sqlx::query("SELECT pg_stat_clear_snapshot()").execute(&mut *connection).await.unwrap();
    let waiters = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(waiters).fetch_one(connection).await.unwrap()
}

async fn mariadb_waiters(connection: &mut MySqlConnection) -> i64 {
    // The view is not renewed while it is read more often than ten times a second.
    sqlx::query("DO SLEEP(0.15)").execute(&mut *connection).await.unwrap();
    let waiters = "SELECT COUNT(*) FROM information_schema.innodb_trx
                   JOIN information_schema.processlist ON id = trx_mysql_thread_id
                   WHERE db = DATABASE() AND trx_state = 'LOCK WAIT'";
    sqlx::query_scalar(waiters).fetch_one(connection).await.unwrap()
}

/// A value, and a lease that is over as soon as it is taken.
async fn written(rig: &Rig) -> (Arc<dyn Store>, Fence) {
    let store = rig.store().await;
    let fence = taken(&*store, "default", 0).await;
    store.write(&fence, SCOPE, &[set("key", "early")]).await.unwrap();
    (store, fence)
}

async fn write_late(store: Arc<dyn Store>, fence: Fence) {
    store.write(&fence, SCOPE, &[set("key", "late")]).await.unwrap();
}

/// What the next run finds.
async fn value_at_begin(store: Arc<dyn Store>) -> Option<Vec<u8>> {
    taken(&*store, "default", 0).await;
    get(&*store, "key").await
}

#[derive(Debug, Clone, Copy)]
enum What {
    Lease,
    Ticket,
}

impl What {
    fn lock(self) -> &'static str {
        match self {
            Self::Lease => "SELECT fencing_token FROM leases FOR UPDATE",
            Self::Ticket => "SELECT slot FROM permits FOR UPDATE",
        }
    }

    fn until(self) -> &'static str {
        match self {
            Self::Lease => "SELECT expires_at_ms FROM leases",
            Self::Ticket => "SELECT free_at_ms FROM permits",
        }
    }
}

/// By the clock of the database, with a lease and a ticket that are free.
async fn prepared(rig: &Rig) -> Arc<dyn Store> {
    let store = open(&rig.database.url).await.unwrap();
    store.migrate().await.unwrap();
    taken(&*store, "default", 0).await;
    assert!(matches!(store.take_ticket("acme:443", 1, 0).await.unwrap(), TicketAnswer::Taken(_)));
    store
}

async fn take(store: Arc<dyn Store>, what: What) {
    match what {
        What::Lease => {
            taken(&*store, "default", TTL_MS).await;
        }
        What::Ticket => {
            let answer = store.take_ticket("acme:443", 1, TTL_MS).await.unwrap();
            assert!(matches!(answer, TicketAnswer::Taken(_)), "{answer:?}");
        }
    }
}
