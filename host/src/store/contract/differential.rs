//! The same operations on every database must get the same answers, one by one.

use super::*;
use crate::store::Blocker;

/// A failure tells its seed; it is added here.
const SEEDS: [u64; 4] = [1, 2, 20_260_801, 0xDEAD_BEEF];
const OPERATIONS: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn every_database_gives_the_same_answers() {
    let mut runs = tokio::task::JoinSet::new();
    for seed in SEEDS {
        runs.spawn(compare(seed));
    }
    runs.join_all().await;
}

async fn compare(seed: u64) {
    let mut rigs = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mariadb] {
        rigs.extend(Rig::make(kind).await);
    }
    let mut all = Vec::new();
    for rig in &rigs {
        all.push((rig.database.kind, rig.store().await, Random(seed), Known::default()));
    }
    let mut time = Random(seed ^ 0x5EED);
    let mut now_ms = 100 * DAY_MS;
    for step in 0..OPERATIONS {
        // Mostly a little later, at times a long time, and seldom the clock is set back.
        now_ms += match time.below(100) {
            0 => -DAY_MS,
            1 => 4_000_000,
            2..=9 => 60_000,
            _ => i64::try_from(time.below(900)).unwrap(),
        };
        let mut answers: Vec<(Kind, String)> = Vec::new();
        for (rig, (kind, store, random, known)) in rigs.iter().zip(&mut all) {
            rig.at(now_ms);
            answers.push((*kind, operation(&**store, random, known).await));
        }
        let (_, first) = &answers[0];
        for (kind, answer) in &answers {
            assert_eq!(answer, first, "seed {seed}, step {step}: {kind:?} and SQLite differ");
        }
    }
}

/// What earlier answers gave.
#[derive(Default)]
struct Known {
    fences: Vec<Fence>,
    tickets: Vec<Ticket>,
    seen: Option<(String, Option<Versioned>)>,
}

/// A small generator whose numbers are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((x ^ (x >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn key(&mut self) -> String {
        self.of(&["a", "A", "a ", "b/1", "b/2", "b/10", "ключ", "%_", "c", "d", "e", "f"]).to_owned()
    }

    fn value(&mut self) -> Vec<u8> {
        let bytes = self.below(12);
        (0..bytes).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}

/// The next operation and its answer, in words.
async fn operation(store: &dyn Store, random: &mut Random, known: &mut Known) -> String {
    let scope = random.of(&["default", "default", "other"]);
    let connection = random.of(&["shop", "shop", "market"]);
    let job = Job::ALL[random.below(2)];
    let account = random.of(&["acme:443", "other:443"]);
    let fence = match known.fences.len() {
        0 => Fence { connection: "shop".to_owned(), epoch: 1 },
        // Mostly the latest one.
        fences => known.fences[fences - 1 - random.below(fences.min(4)) / 2].clone(),
    };
    match random.below(20) {
        0..=2 => {
            let changes: Vec<Change> = (0..random.below(6))
                .map(|_| match random.below(4) {
                    0 => Change::Delete(random.key()),
                    _ => Change::Set(random.key(), random.value()),
                })
                .collect();
            told("write", &store.write(&fence, scope, &changes).await)
        }
        3 => {
            let keys: Vec<String> = (0..random.below(8)).map(|_| random.key()).collect();
            let mut found = store.get_many(scope, &keys).await.unwrap();
            found.sort();
            format!("get {found:?}")
        }
        4 | 5 => {
            let key = random.key();
            let seen = store.get_versioned(scope, &key).await.unwrap();
            let text = format!("see {key} {seen:?}");
            known.seen = Some((key, seen));
            text
        }
        6 | 7 => {
            let (key, seen) = known.seen.take().unwrap_or_else(|| (random.key(), None));
            told("swap", &store.swap(&fence, scope, &key, seen.as_ref(), &random.value()).await)
        }
        8 => {
            let key = random.of(&["n/1", "n/2", "a"]);
            let delta = i64::try_from(random.below(100)).unwrap() - 50;
            told("increment", &store.increment(&fence, scope, key, delta).await)
        }
        9 => {
            let (after, limit) = (random.key(), u32::try_from(random.below(5)).unwrap());
            told("list", &store.list_keys(scope, &after, limit).await)
        }
        10..=12 => {
            let ttl_ms = [0, 500, 60_000, 2 * DAY_MS][random.below(4)];
            let note_due = random.below(2) == 0;
            let answer =
                store.take_lease(LeaseRequest { note_due, ..request(connection, job, ttl_ms) }).await;
            if let Ok(LeaseAnswer::Taken(fence)) = &answer {
                known.fences.push(fence.clone());
            }
            told("lease", &answer)
        }
        13 => match random.below(4) {
            0 => told("renew", &store.renew_lease(&fence, [0, 60_000][random.below(2)]).await),
            1 => told("holds", &store.holds(&fence).await),
            2 => told("release", &store.release_lease(&fence).await),
            _ => told("due or release", &store.take_due_or_release(&fence).await),
        },
        14 | 15 => {
            let count = [1, 3, 7][random.below(3)];
            let hold_ms = [0, 900, 65_000, DAY_MS][random.below(4)];
            let answer = store.take_ticket(account, count, hold_ms).await;
            if let Ok(TicketAnswer::Taken(ticket)) = &answer {
                known.tickets.push(ticket.clone());
            }
            told("ticket", &answer)
        }
        16 => match known.tickets.len() {
            0 => told("free in", &store.tickets_free_in(account).await),
            tickets => {
                let ticket = known.tickets.swap_remove(random.below(tickets));
                let rest_ms = [0, 1_001, 5_000][random.below(3)];
                told("return", &store.return_ticket(&ticket, rest_ms).await)
            }
        },
        17 => told("free in", &store.tickets_free_in(account).await),
        18 => match random.below(3) {
            0 => told("retry", &store.retry_tick(connection, job, 20_000).await),
            _ => told("claim", &store.claim_tick(connection, job, [60_000, 600_000][random.below(2)]).await),
        },
        _ => {
            if random.below(2) == 0 {
                return told("last", &store.last_runs(connection).await);
            }
            let run = RunRecord {
                connection: connection.to_owned(),
                job,
                started_ms: store.now_ms().await.unwrap(),
                took_ms: 5,
                report: Some("{}".to_owned()),
                error: (random.below(2) == 0).then(|| "ошибка".to_owned()),
                blocker: (random.below(2) == 0).then_some(Blocker::Token),
            };
            told("record", &store.record_run(&run).await)
        }
    }
}

/// Errors of the database itself are none of the answers that may be.
fn told<T: std::fmt::Debug>(name: &str, answer: &Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{name} {answer:?}"),
        Err(error @ (StoreError::Fenced | StoreError::NotACounter)) => format!("{name} {error}"),
        Err(error) => panic!("{name}: {error}"),
    }
}
