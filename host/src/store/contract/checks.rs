//! Operation by operation.

use super::*;
use crate::store::Blocker;

on_every_database! { values counters compare_and_swap leases due_jobs tickets schedule last_runs runs own_clock }

async fn values(rig: &Rig) {
    let store = &*rig.store().await;
    let fence = taken(store, "values", 1_000).await;
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
    store.write(&fence, SCOPE, &[]).await.unwrap();
    assert_eq!(get(store, "ключ \"'%_\\").await, Some(odd));
    assert_eq!(get(store, "key/0001").await, Some(b"new".to_vec()));
    assert_eq!(get(store, "key/0000").await, None);
    assert_eq!(store.list_keys(SCOPE, "key/0003", 2).await.unwrap(), ["key/0004", "key/0005"]);

    // Of several changes of a key the last one counts.
    let changes = [set("twice", "1"), Change::Delete("twice".into()), set("twice", "2"), set("gone", "1")];
    store.write(&fence, SCOPE, &changes).await.unwrap();
    store.write(&fence, SCOPE, &[set("gone", "2"), Change::Delete("gone".into())]).await.unwrap();
    assert_eq!((get(store, "twice").await, get(store, "gone").await), (Some(b"2".to_vec()), None));

    // Keys of every size, in the order of their bytes, and large values.
    let (long, large) = ("k".repeat(1_024), vec![7; 3 << 20]);
    let changes = [
        Change::Set(long.clone(), large.clone()),
        set("order/a ", ""),
        set("order/B", ""),
        set("order/a", ""),
    ];
    store.write(&fence, SCOPE, &changes).await.unwrap();
    assert_eq!(get(store, &long).await, Some(large));
    assert_eq!(get(store, "order/a").await, Some(Vec::new()), "an empty value is a value");
    assert_eq!(store.list_keys(SCOPE, "order/", 3).await.unwrap(), ["order/B", "order/a", "order/a "]);

    // All or nothing, also when the run lost its connection meanwhile.
    rig.at(3_000);
    let next = taken(store, "values", 1_000).await;
    assert!(next.epoch > fence.epoch);
    let stale = store.write(&fence, SCOPE, &[set("key/0002", "late"), set("fresh", "late")]).await;
    assert!(matches!(stale, Err(StoreError::Fenced)));
    assert_eq!(get(store, "key/0002").await, Some(b"2".to_vec()));
    assert_eq!(get(store, "fresh").await, None);
    assert!(matches!(store.increment(&fence, SCOPE, "c", 1).await, Err(StoreError::Fenced)));
    assert!(matches!(store.swap(&fence, SCOPE, "s", None, b"x").await, Err(StoreError::Fenced)));
}

async fn counters(rig: &Rig) {
    let store = &*rig.store().await;
    let fence = taken(store, "counters", 1_000).await;
    assert_eq!(store.increment(&fence, SCOPE, "counter", 0).await.unwrap(), 0);
    assert_eq!(store.increment(&fence, SCOPE, "counter", 5).await.unwrap(), 5);
    assert_eq!(store.increment(&fence, SCOPE, "counter", -7).await.unwrap(), -2);
    assert_eq!(get(store, "counter").await, Some((-2_i64).to_le_bytes().to_vec()));
    store.write(&fence, SCOPE, &[set("text", "12")]).await.unwrap();
    assert!(matches!(store.increment(&fence, SCOPE, "text", 1).await, Err(StoreError::NotACounter)));
}

async fn compare_and_swap(rig: &Rig) {
    let store = &*rig.store().await;
    let fence = taken(store, "swap", 1_000).await;
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

async fn leases(rig: &Rig) {
    let store = &*rig.store().await;
    let first = taken(store, "lease", 60_000).await;
    rig.at(60_999);
    let later = request("lease", Job::New, 30_000);
    assert_eq!(store.take_lease(later).await.unwrap(), LeaseAnswer::Held);
    let unnoted = LeaseRequest { note_due: false, ..later };
    assert_eq!(store.take_lease(unnoted).await.unwrap(), LeaseAnswer::Held);
    assert!(store.renew_lease(&first, 9_001).await.unwrap());
    assert!(store.holds(&first).await.unwrap());
    taken(store, "another", 60_000).await;

    rig.at(69_999);
    assert_eq!(store.take_lease(unnoted).await.unwrap(), LeaseAnswer::Held);
    rig.at(70_000);
    let second = taken(store, "lease", 60_000).await;
    assert_eq!(second.epoch, first.epoch + 1);
    assert!(!store.renew_lease(&first, 200_000).await.unwrap());
    assert!(!store.holds(&first).await.unwrap());
    store.release_lease(&first).await.unwrap();
    assert!(store.holds(&second).await.unwrap(), "a stale run cannot give away what is not its own");
    assert_eq!(store.take_lease(unnoted).await.unwrap(), LeaseAnswer::Held);
    store.release_lease(&second).await.unwrap();
    let third = taken(store, "lease", 60_000).await;

    // The clock was set back by a day: nobody waits a day.
    assert!(store.renew_lease(&third, 10 * DAY_MS).await.unwrap());
    rig.at(9 * DAY_MS);
    taken(store, "lease", 60_000).await;
}

async fn due_jobs(rig: &Rig) {
    let store = &*rig.store().await;
    let fence = taken(store, "due", 60_000).await;
    let waiting = |job| request("due", job, 60_000);
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
    let next = taken(store, "due", 60_000).await;
    assert!(matches!(store.take_due_or_release(&fence).await, Err(StoreError::Fenced)));
    assert!(
        store.take_due_or_release(&next).await.unwrap().is_empty(),
        "taking a connection takes its due job"
    );
}

async fn tickets(rig: &Rig) {
    let store = &*rig.store().await;
    let at = |ms| rig.at(10 * DAY_MS + ms);
    let take = async || store.take_ticket("acme:443", 7, 65_000).await.unwrap();
    let free_in = async || store.tickets_free_in("acme:443").await.unwrap();
    at(10_000);
    assert_eq!(free_in().await, 0, "it never had any");
    let mut held = Vec::new();
    for _ in 0..7 {
        match take().await {
            TicketAnswer::Taken(ticket) => held.push(ticket),
            TicketAnswer::FreeIn(_) => panic!("seven are free"),
        }
    }
    assert_eq!(take().await, TicketAnswer::FreeIn(65_000));
    assert_eq!(free_in().await, 65_000);
    at(11_200);
    let ticket = held.pop().unwrap();
    store.return_ticket(&ticket, 1_001).await.unwrap();
    at(12_200);
    assert_eq!(take().await, TicketAnswer::FreeIn(1));
    at(12_201);
    let TicketAnswer::Taken(again) = take().await else { panic!("one is free") };
    assert_eq!((again.slot, again.uses), (ticket.slot, ticket.uses + 1));
    // The first holder comes late: the ticket is somebody else's by now.
    store.return_ticket(&ticket, 0).await.unwrap();
    assert_eq!(take().await, TicketAnswer::FreeIn(62_799));
    // A dead run's tickets come back by themselves.
    at(75_000);
    assert!(matches!(take().await, TicketAnswer::Taken(_)));
    // A ticket that was written under another clock keeps nobody waiting.
    store.return_ticket(&again, DAY_MS).await.unwrap();
    at(140_000);
    for _ in 0..6 {
        assert!(matches!(take().await, TicketAnswer::Taken(_)));
    }
    assert_eq!(take().await, TicketAnswer::FreeIn(1_000));
    // The clock was set back by a day.
    at(140_000 - DAY_MS);
    assert_eq!(free_in().await, 0);
    assert_eq!(take().await, TicketAnswer::FreeIn(1_000));
    at(141_000 - DAY_MS);
    assert!(matches!(take().await, TicketAnswer::Taken(_)));
    let other = store.take_ticket("other:443", 1, 1).await.unwrap();
    assert!(matches!(other, TicketAnswer::Taken(_)), "another account has its own tickets");
}

async fn schedule(rig: &Rig) {
    let store = &*rig.store().await;
    let claim = async |job| store.claim_tick("shop", job, 60_000).await.unwrap();
    assert_eq!(store.due_in("shop", Job::New).await.unwrap(), None, "nobody has claimed it");
    assert_eq!(claim(Job::New).await, Claim::Yours);
    assert_eq!(claim(Job::New).await, Claim::DueIn(60_000));
    assert_eq!(store.due_in("shop", Job::New).await.unwrap(), Some(60_000));
    assert_eq!(claim(Job::Reconcile).await, Claim::Yours, "each job for itself");
    assert_eq!(store.claim_tick("other", Job::New, 60_000).await.unwrap(), Claim::Yours);
    rig.at(60_999);
    assert_eq!(claim(Job::New).await, Claim::DueIn(1));
    rig.at(61_500);
    assert_eq!(store.due_in("shop", Job::New).await.unwrap(), Some(-500), "nobody has run it");
    rig.at(61_000);
    assert_eq!(claim(Job::New).await, Claim::Yours);

    store.retry_tick("shop", Job::New, 5_000).await.unwrap();
    assert_eq!(claim(Job::New).await, Claim::DueIn(5_000));
    store.retry_tick("shop", Job::New, 9_000).await.unwrap();
    assert_eq!(claim(Job::New).await, Claim::DueIn(5_000), "never later than it was");
    store.retry_tick("nobody", Job::New, 0).await.unwrap();
    rig.at(66_000);
    assert_eq!(claim(Job::New).await, Claim::Yours);

    // The clock was set back: at most two periods are waited.
    rig.at(6_000);
    assert_eq!(claim(Job::New).await, Claim::DueIn(120_000));
    rig.at(5_999);
    assert_eq!(claim(Job::New).await, Claim::Yours);
    assert_eq!(claim(Job::New).await, Claim::DueIn(60_000));
}

async fn last_runs(rig: &Rig) {
    let store = &*rig.store().await;
    let run = |job, started_ms, error: Option<&str>| RunRecord {
        connection: "shop".to_owned(),
        job,
        started_ms,
        took_ms: 7,
        report: Some("{\"seen\":\"заказ\"}".to_owned()),
        error: error.map(str::to_owned),
        blocker: error.map(|_| Blocker::Kaspi),
    };
    assert!(store.last_runs("shop").await.unwrap().is_empty());
    let day = 40 * DAY_MS;
    for (job, started_ms, error) in [
        (Job::Reconcile, day, Some("no answer")),
        (Job::New, day, None),
        (Job::New, day + 1, None),
        (Job::New, day + 2, Some("нет ответа")),
        (Job::New, day + 3, Some("no answer")),
    ] {
        store.record_run(&run(job, started_ms, error)).await.unwrap();
    }
    store
        .record_run(&RunRecord { connection: "other".to_owned(), ..run(Job::New, day + 9, None) })
        .await
        .unwrap();
    let new = LastRuns {
        latest: run(Job::New, day + 3, Some("no answer")),
        latest_good: Some(run(Job::New, day + 1, None)),
    };
    let reconcile = LastRuns { latest: run(Job::Reconcile, day, Some("no answer")), latest_good: None };
    assert_eq!(store.last_runs("shop").await.unwrap(), [new, reconcile]);
    // Two that began in the same millisecond: the one recorded last.
    store.record_run(&run(Job::New, day + 3, None)).await.unwrap();
    let latest = store.last_runs("shop").await.unwrap().remove(0);
    assert_eq!(
        (latest.latest.clone(), Some(latest.latest)),
        (run(Job::New, day + 3, None), latest.latest_good)
    );
    // A month later they are gone.
    store.record_run(&run(Job::New, 71 * DAY_MS, None)).await.unwrap();
    assert_eq!(store.last_runs("shop").await.unwrap().len(), 1);
}

async fn runs(rig: &Rig) {
    let store = &*rig.store().await;
    for (connection, job, started_ms) in [
        ("shop", Job::New, 100),
        ("shop", Job::Reconcile, 200),
        ("other", Job::New, 250),
        ("shop", Job::New, 300),
        ("shop", Job::Reconcile, 300),
    ] {
        let connection = connection.to_owned();
        let run =
            RunRecord { connection, job, started_ms, took_ms: 7, report: None, error: None, blocker: None };
        store.record_run(&run).await.unwrap();
    }
    for (from_ms, before_ms, limit, expected) in [
        (0, 1_000, 9, &[(Job::Reconcile, 300), (Job::New, 300), (Job::Reconcile, 200), (Job::New, 100)][..]),
        (0, 1_000, 1, &[(Job::Reconcile, 300)]),
        (100, 300, 9, &[(Job::Reconcile, 200), (Job::New, 100)]),
        (101, 200, 9, &[]),
    ] {
        let found = store.runs("shop", Span { from_ms, before_ms }, limit).await.unwrap();
        let found: Vec<_> = found.iter().map(|run| (run.job, run.started_ms)).collect();
        assert_eq!(found, expected, "{from_ms} to {before_ms}, {limit} at most");
    }
}

/// By the clock of the database, whatever that of this machine.
async fn own_clock(rig: &Rig) {
    let store = open(&rig.database.url).await.unwrap();
    store.migrate().await.unwrap();
    let before_ms = store.now_ms().await.unwrap();
    assert!(before_ms > 1_600_000_000_000, "milliseconds since 1970: {before_ms}");
    let fence = taken(&*store, "default", 3_000_000).await;
    assert!(store.renew_lease(&fence, 3_000_000).await.unwrap());
    let held = store.take_lease(request("default", Job::New, 1)).await.unwrap();
    assert_eq!(held, LeaseAnswer::Held);
    let TicketAnswer::Taken(ticket) = store.take_ticket("acme:443", 1, 100_000).await.unwrap() else {
        panic!("it is free")
    };
    let TicketAnswer::FreeIn(free_in_ms) = store.take_ticket("acme:443", 1, 1).await.unwrap() else {
        panic!("it is taken")
    };
    let took_ms = store.now_ms().await.unwrap() - before_ms;
    assert!((100_000 - took_ms..=100_000).contains(&free_in_ms), "{free_in_ms} after {took_ms}");
    store.return_ticket(&ticket, 150_000).await.unwrap();
    let free_in_ms = store.tickets_free_in("acme:443").await.unwrap();
    let took_ms = store.now_ms().await.unwrap() - before_ms;
    assert!((150_000 - took_ms..=150_000).contains(&free_in_ms), "{free_in_ms} after {took_ms}");
    assert_eq!(store.claim_tick("default", Job::New, 100_000).await.unwrap(), Claim::Yours);
    store.retry_tick("default", Job::New, 50_000).await.unwrap();
    let claim = store.claim_tick("default", Job::New, 100_000).await.unwrap();
    assert!(matches!(claim, Claim::DueIn(1..=50_000)), "{claim:?}");
    // Ends at once, by any clock.
    assert!(store.renew_lease(&fence, 0).await.unwrap());
    taken(&*store, "default", 1_000).await;
}
