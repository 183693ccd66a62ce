//! Several at once: nobody gets what somebody else has.

use std::{
    collections::HashMap,
    sync::{Mutex, atomic::AtomicUsize},
    time::Instant,
};

use tokio::task::JoinSet;

use super::*;

on_every_database! {
    a_writer_that_was_overtaken_writes_nothing counters_lose_nothing new_keys_are_made_once ticks_are_claimed_once
    contention
}

const TASKS: usize = 8;

/// Two stores of their own connections, as two hosts have.
async fn two_stores(rig: &Rig) -> [Arc<dyn Store>; 2] {
    [rig.store().await, rig.open().await]
}

/// Runs write one value after the other, with the epoch of their fence, while the next run takes the connection. No
/// epoch is ever followed by an older one.
async fn a_writer_that_was_overtaken_writes_nothing(rig: &Rig) {
    let stores = two_stores(rig).await;
    let mut fence = taken(&*stores[0], "default", 0).await;
    for round in 0..40 {
        let (writer, taker) = (stores[round % 2].clone(), stores[(round + 1) % 2].clone());
        let old = fence.clone();
        let writing = tokio::spawn(async move {
            let mut writes = 0_u32;
            loop {
                let change = set("epoch", &old.epoch.to_string());
                match writer.write(&old, SCOPE, &[change]).await {
                    Ok(()) => writes += 1,
                    Err(StoreError::Fenced) => return writes,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        // The lease was taken for no time at all, so it is free for whoever comes.
        fence = taken(&*taker, "default", 0).await;
        let seen = get(&*taker, "epoch").await;
        let writes = writing.await.unwrap();
        assert_eq!(
            get(&*taker, "epoch").await,
            seen,
            "written after {writes} writes and the end of the lease"
        );
        taker.write(&fence, SCOPE, &[set("epoch", &fence.epoch.to_string())]).await.unwrap();
    }
}

/// Connections of one account share keys.
async fn counters_lose_nothing(rig: &Rig) {
    const EACH: usize = 25;
    let stores = two_stores(rig).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = stores[task % 2].clone();
        tasks.spawn(async move {
            let fence = taken(&*store, &format!("connection {task}"), 60_000).await;
            let mut swaps = 0;
            for _ in 0..EACH {
                store.increment(&fence, SCOPE, "sum", 1).await.unwrap();
                let seen = store.get_versioned(SCOPE, "swaps").await.unwrap();
                let next = seen.as_ref().map_or(0, |seen| seen.value[0]).wrapping_add(1);
                swaps +=
                    usize::from(store.swap(&fence, SCOPE, "swaps", seen.as_ref(), &[next]).await.unwrap());
            }
            swaps
        });
    }
    let swaps: usize = tasks.join_all().await.into_iter().sum();
    let sum = i64::try_from(TASKS * EACH).unwrap();
    assert_eq!(get(&*stores[0], "sum").await, Some(sum.to_le_bytes().to_vec()));
    let expected = u8::try_from(swaps).unwrap();
    assert_eq!(get(&*stores[0], "swaps").await, Some(vec![expected]));
}

/// Batches that overlap, in different orders, of keys that are there and keys that are not.
async fn new_keys_are_made_once(rig: &Rig) {
    let stores = two_stores(rig).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = stores[task % 2].clone();
        tasks.spawn(async move {
            let fence = taken(&*store, &format!("connection {task}"), 60_000).await;
            for round in 0..10_usize {
                let mut keys: Vec<usize> = (0..60).map(|n| (n * 7 + task * 13 + round * 5) % 100).collect();
                keys.rotate_left(task * 7);
                let key = |n: &usize| format!("shared/{n:03}");
                let changes: Vec<Change> = keys
                    .iter()
                    .map(|n| if n % 9 == round { Change::Delete(key(n)) } else { set(&key(n), "value") })
                    .collect();
                store.write(&fence, SCOPE, &changes).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let keys = stores[0].list_keys(SCOPE, "", 1_000).await.unwrap();
    assert!(keys.is_sorted() && !keys.is_empty());
    assert_eq!(stores[1].get_many(SCOPE, &keys).await.unwrap().len(), keys.len());
}

async fn ticks_are_claimed_once(rig: &Rig) {
    let stores = two_stores(rig).await;
    for tick in 0..20 {
        rig.at(1_000 + tick * 60_000);
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let store = stores[task % 2].clone();
            tasks.spawn(async move { store.claim_tick("default", Job::New, 60_000).await.unwrap() });
        }
        let claims = tasks.join_all().await;
        let yours = claims.iter().filter(|claim| **claim == Claim::Yours).count();
        assert_eq!(yours, 1, "tick {tick}: {claims:?}");
        assert!(
            claims.iter().all(|claim| matches!(claim, Claim::Yours | Claim::DueIn(60_000))),
            "{claims:?}"
        );
    }
}

/// What is taken by whom, as the takers know it.
#[derive(Default)]
struct Witness {
    epochs: Mutex<HashMap<String, Vec<i64>>>,
    holders: Mutex<HashMap<i64, i32>>,
    tickets_taken: AtomicUsize,
}

impl Witness {
    /// A ticket is taken by one more, or by one less.
    fn note(&self, ticket: &Ticket, change: i32) {
        let mut holders = self.holders.lock().unwrap();
        let holders = holders.entry(ticket.slot).or_default();
        *holders += change;
        assert!((0..=1).contains(holders), "{ticket:?} is held by {holders}");
        if change > 0 {
            self.tickets_taken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Eight tasks over two stores: 100,000 operations on few leases and fewer tickets.
async fn contention(rig: &Rig) {
    const OPERATIONS: usize = 100_000;
    const CONNECTIONS: usize = 4;
    let stores = two_stores(rig).await;
    let witness = Arc::new(Witness::default());
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, witness) = (stores[task % 2].clone(), witness.clone());
        tasks.spawn(async move { contend(&*store, &witness, task, OPERATIONS / TASKS, CONNECTIONS).await });
    }
    let mut operations = 0;
    while let Some(done) = tasks.join_next().await {
        operations += done.unwrap();
    }
    let took = started.elapsed();

    let mut wins = 0;
    for (connection, epochs) in &mut *witness.epochs.lock().unwrap() {
        epochs.sort_unstable();
        wins += epochs.len();
        let all: Vec<i64> = (1..).take(epochs.len()).collect();
        assert_eq!(*epochs, all, "{connection}: each epoch has one winner, and none is left out");
    }
    assert!(witness.holders.lock().unwrap().values().all(|holders| *holders == 0));
    for _ in 0..7 {
        let answer = stores[0].take_ticket("acme:443", 7, 1_000).await.unwrap();
        assert!(matches!(answer, TicketAnswer::Taken(_)), "no ticket is lost");
    }
    let tickets = witness.tickets_taken.load(Ordering::Relaxed);
    assert!(wins > 200 && tickets > 200, "{wins} leases and {tickets} tickets were taken");
    let kind = rig.database.kind;
    let took_ms = took.as_millis();
    tracing::info!(?kind, operations, wins, tickets, took_ms, "contended");
}

async fn contend(
    store: &dyn Store,
    witness: &Witness,
    task: usize,
    operations_min: usize,
    connections: usize,
) -> usize {
    let (mut operations, mut round) = (0, task);
    while operations < operations_min {
        round += 1;
        let mut tickets = Vec::new();
        for _ in 0..4 {
            operations += 1;
            if let TicketAnswer::Taken(ticket) = store.take_ticket("acme:443", 7, 100_000).await.unwrap() {
                witness.note(&ticket, 1);
                tickets.push(ticket);
            }
        }
        for look in 0..8 {
            let connection = format!("connection {}", (round + look) % connections);
            let request = LeaseRequest { note_due: false, ..request(&connection, Job::New, 1_000_000) };
            operations += 1;
            let LeaseAnswer::Taken(fence) = store.take_lease(request).await.unwrap() else { continue };
            witness.epochs.lock().unwrap().entry(connection.clone()).or_default().push(fence.epoch);
            for _ in 0..20 {
                assert_eq!(store.take_lease(request).await.unwrap(), LeaseAnswer::Held);
            }
            assert!(store.holds(&fence).await.unwrap());
            store.release_lease(&fence).await.unwrap();
            operations += 22;
        }
        for ticket in tickets {
            operations += 1;
            witness.note(&ticket, -1);
            store.return_ticket(&ticket, 0).await.unwrap();
        }
    }
    operations
}
