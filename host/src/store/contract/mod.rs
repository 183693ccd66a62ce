//! What every store must do, whatever the database: each check runs on all of them.

#[path = "../../../tests/databases/mod.rs"]
mod databases;

mod checks;
mod differential;
mod door;
mod lock_waits;
mod opening;
mod races;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use databases::{Kind, TestDatabase};

use super::{
    clock::StoreClock,
    error::StoreError,
    migrations::MIGRATIONS,
    open::{open, open_with},
    options::StoreOptions,
    port::{
        Store,
        audit::Act,
        auth::{Attempt, Pace, Session, SessionData},
        kv::{Change, Versioned},
        lease::{Fence, LeaseAnswer, LeaseRequest},
        permits::{Ticket, TicketAnswer},
        runs::{LastRuns, RunRecord, Span},
        schedule::Claim,
    },
    sqlite::{SQLITE_VERSION_MIN, Sqlite},
};
use crate::base::job::Job;

const SCOPE: &str = "default";
const DAY_MS: i64 = 86_400_000;

/// A database, and the clock that its stores go by.
struct Rig {
    database: TestDatabase,
    time: Arc<AtomicI64>,
}

impl Rig {
    /// `None` where there is no such server.
    async fn make(kind: Kind) -> Option<Self> {
        let database = TestDatabase::make(kind).await?;
        Some(Self { database, time: Arc::new(AtomicI64::new(1_000)) })
    }

    /// Sets the clock.
    fn at(&self, now_ms: i64) {
        self.time.store(now_ms, Ordering::Relaxed);
    }

    fn options(&self) -> StoreOptions {
        let time = self.time.clone();
        let clock = StoreClock::given(move || time.load(Ordering::Relaxed));
        StoreOptions { clock, ..StoreOptions::default() }
    }

    /// A store of its own connections, as it is.
    async fn open(&self) -> Arc<dyn Store> {
        open_with(&self.database.url, self.options()).await.unwrap()
    }

    /// The same, migrated.
    async fn store(&self) -> Arc<dyn Store> {
        let store = self.open().await;
        store.migrate().await.unwrap();
        store
    }

    /// As an older program, which knows the first migrations only.
    async fn older(&self, migrations_max: usize) -> Arc<dyn Store> {
        let options = StoreOptions { migrations_max, ..self.options() };
        open_with(&self.database.url, options).await.unwrap()
    }
}

/// Runs a check on every database.
macro_rules! on_every_database {
    ($($check:ident)*) => {$(
        mod $check {
            use crate::store::contract::{Rig, databases::Kind};

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$check(&Rig::make(Kind::Sqlite).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(rig) = Rig::make(Kind::Postgres).await {
                    super::$check(&rig).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mariadb() {
                if let Some(rig) = Rig::make(Kind::Mariadb).await {
                    super::$check(&rig).await;
                }
            }
        }
    )*};
}
use on_every_database;

fn request(connection: &str, job: Job, ttl_ms: i64) -> LeaseRequest<'_> {
    LeaseRequest { connection, job, note_due: true, holder: "test", ttl_ms }
}

async fn taken(store: &dyn Store, connection: &str, ttl_ms: i64) -> Fence {
    match store.take_lease(request(connection, Job::New, ttl_ms)).await.unwrap() {
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
