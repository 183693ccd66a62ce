//! Several programs on one database, on every kind of database.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use kaspi_amocrm_simulator::{
    World,
    kaspi::{SimLine, SimOrder},
    rng::SplitMix64,
    serve::wall_clock_ms,
};
use serde_json::Value;

use crate::{
    databases::{Kind, TestDatabase},
    process::eventually,
    rig::{Ended, Rig, ended},
};

/// Runs a test on every kind of database.
macro_rules! on_every_database {
    ($($test:ident)*) => {$(
        mod $test {
            use crate::databases::{Kind, TestDatabase};

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$test(&TestDatabase::make(Kind::Sqlite).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if let Some(database) = TestDatabase::make(Kind::Postgres).await {
                    super::$test(&database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mariadb() {
                if let Some(database) = TestDatabase::make(Kind::Mariadb).await {
                    super::$test(&database).await;
                }
            }
        }
    )*};
}

on_every_database! {
    two_programs_that_start_together_make_each_lead_once
    a_program_that_stood_still_past_its_lease_sends_nothing
    a_run_whose_database_restarts_is_continued_by_the_next_one
    the_words_of_the_older_tool_name_the_same_database
    two_shops_of_one_account_share_its_contacts_and_swallow_no_lead
}

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// A shop and its account, with programs that use a given database.
async fn rig(database: &TestDatabase, connection: &str) -> Rig {
    let mut world = World::default();
    world.kaspi.options.latency_ms = 0;
    // Accounts are told apart by their ids.
    world.amo.account_mut().id += connection.bytes().map(u64::from).sum::<u64>();
    let mut rig = Rig::with_world(world).await;
    let settings = std::mem::take(&mut rig.settings);
    rig.connections([(connection, settings)]);
    rig.settings.extend([
        ("DATABASE_URL", database.url.clone()),
        ("SECRET_KEY", KEY.to_owned()),
        ("LEASE_SECONDS", "5".to_owned()),
    ]);
    let migrated = rig.run(&["migrate"]).await;
    assert_eq!(migrated.code, Some(0), "{}", migrated.text());
    rig
}

impl Rig {
    /// Describes connections in the file.
    fn connections<'s>(
        &self,
        connections: impl IntoIterator<Item = (&'s str, BTreeMap<&'static str, String>)>,
    ) {
        let mut toml = String::new();
        for (name, settings) in connections {
            writeln!(toml, "[connections.{name}]\nsettle_seconds = 1").unwrap();
            for (setting, value) in settings {
                writeln!(toml, "{} = {value:?}", setting.to_lowercase()).unwrap();
            }
        }
        std::fs::write(self.folder.path().join("kaspi-amocrm.toml"), toml).unwrap();
    }

    fn sends(&self) -> usize {
        let world = self.world();
        world.kaspi.requests().len() + world.amo.requests().len()
    }

    fn posts(&self, end: &str) -> usize {
        let world = self.world();
        let requests = world.amo.requests().iter();
        requests.filter(|request| request.method == "POST" && request.path.ends_with(end)).count()
    }

    /// Runs until every order is settled. Doubt ends by itself; what died too often is tried again.
    async fn settle(&self, connection: &str) {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let ended = self.run(&["run", "new", "--wait", "60", "--connection", connection]).await;
            let report = ended.report();
            if ended.code == Some(0) && report["backlog"] == 0 {
                return;
            }
            assert!(rounds < 60, "it does not settle: {}", ended.text());
            if report["parked"] != 0 {
                let retried = self.run(&["retry", "--all", "--connection", connection]).await;
                assert_eq!(retried.code, Some(0), "{}", retried.text());
            }
            // A doubt lasts for the deadline of its request, and a second.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

/// Orders of a few buyers, numbered on from `first`.
fn orders(first: u64, count: u64, buyers: u64) -> impl Iterator<Item = SimOrder> {
    (first..first + count).map(move |number| {
        let article = number % 5;
        SimOrder::new(&(1_000_000_000 + number).to_string(), wall_clock_ms() - 60_000)
            .buyer("Айгүл", "Сәбитова", &format!("70100000{:02}", number % buyers))
            .lines(vec![SimLine::new(&format!("SKU-{article}"), &format!("Чайник {article}"), 2, 1_000)])
    })
}

fn is_busy_or_done(ended: &Ended) {
    assert!(matches!(ended.code, Some(0 | 75)), "{}", ended.text());
}

async fn two_programs_that_start_together_make_each_lead_once(database: &TestDatabase) {
    let rig = rig(database, "shop").await;
    let run = || ended(rig.command(&["run", "new", "--connection", "shop"]));
    for round in 1..=3_u64 {
        for order in orders(100 * round, 60, 40) {
            rig.world().kaspi.add_order(order);
        }
        let (one, two) = tokio::join!(run(), run());
        is_busy_or_done(&one);
        is_busy_or_done(&two);
        let leads = rig.world().amo.leads().len();
        assert_eq!(u64::try_from(leads).unwrap(), 60 * round, "{}{}", one.text(), two.text());
        rig.assert_right(&format!("round {round}"));
    }
}

/// On each database four shops, so that forty waits for the lease of a dead program overlap; each is killed ten times.
#[tokio::test(flavor = "multi_thread")]
async fn whenever_it_is_killed_nothing_is_lost_and_nothing_doubled() {
    let mut shops = tokio::task::JoinSet::new();
    let mut databases = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mariadb] {
        databases.extend(TestDatabase::make(kind).await.map(Arc::new));
    }
    for database in &databases {
        for name in ["almaty", "astana", "aktau", "oral"] {
            let database = database.clone();
            shops.spawn(async move { killed_ten_times(&database, name).await });
        }
    }
    while let Some(shop) = shops.join_next().await {
        shop.unwrap();
    }
}

async fn killed_ten_times(database: &TestDatabase, name: &str) {
    let rig = rig(database, name).await;
    rig.world().amo.options.latency_ms = 40;
    let seed = name.bytes().fold(database.kind as u64, |seed, byte| seed * 31 + u64::from(byte));
    let mut rng = SplitMix64::new(seed);
    let (mut kills, mut number) = (0, 0);
    while kills < 10 {
        for order in orders(number, 3, 7) {
            rig.world().kaspi.add_order(order);
        }
        number += 3;
        let sends = rig.sends();
        let mut program =
            rig.program(&["run", "new", "--wait", "60", "--connection", name], "kaspi_amocrm=warn");
        // Somewhere between its first request and its last, or between two of them.
        let until = sends + 1 + rng.below(14);
        let pause = Duration::from_millis(rng.below(60) as u64);
        {
            let running = Mutex::new(&mut program);
            eventually(|| rig.sends() >= until || !running.lock().unwrap().is_running()).await;
        }
        tokio::time::sleep(pause).await;
        if program.is_running() {
            program.signal(libc::SIGKILL);
            kills += 1;
        }
        program.ended().await;
        assert!(number < 300, "{:?}, seed {seed}: it is too quick to be killed", database.kind);
    }
    rig.settle(name).await;
    assert_eq!(rig.world().amo.leads().len() as u64, number, "{:?}, seed {seed}", database.kind);
    rig.assert_right(&format!("{:?}, seed {seed}", database.kind));
}

async fn a_program_that_stood_still_past_its_lease_sends_nothing(database: &TestDatabase) {
    let rig = rig(database, "shop").await;
    rig.world().amo.options.latency_ms = 300;
    for (moment, number) in [("/contacts", 0), ("/leads", 100), ("/notes", 200)] {
        for order in orders(number, 4, number + 4) {
            rig.world().kaspi.add_order(order);
        }
        let posts = rig.posts(moment);
        let stopped = rig.program(&["run", "new", "--connection", "shop"], "kaspi_amocrm=warn");
        eventually(|| rig.posts(moment) > posts).await;
        stopped.signal(libc::SIGSTOP);
        // It ends only after it has got the connection and done its work.
        let other = rig.run(&["run", "new", "--wait", "60", "--connection", "shop"]).await;
        assert_eq!(other.code, Some(0), "{moment}: {}", other.text());
        let (sends, runs) = (rig.sends(), rig.run(&["status", "--json"]).await.report());
        stopped.signal(libc::SIGCONT);
        let ended = stopped.ended().await;
        assert_eq!(rig.sends(), sends, "{moment}: it went on after it woke: {}", ended.text());
        assert_eq!(ended.code, Some(75), "{moment}: another run has it: {}", ended.text());
        assert!(!ended.text().contains("AMO_BASE_URL"), "{moment}: no setting is wrong: {}", ended.text());
        let after = rig.run(&["status", "--json"]).await.report();
        for figure in ["health", "backlog", "in_doubt", "last_error"] {
            assert_eq!(after[figure], runs[figure], "{moment}: {after}");
        }
        rig.settle("shop").await;
        rig.assert_right(moment);
    }
}

async fn a_run_whose_database_restarts_is_continued_by_the_next_one(database: &TestDatabase) {
    let rig = rig(database, "shop").await;
    rig.world().amo.options.latency_ms = 200;
    for (moment, number) in [("/contacts", 0), ("/leads", 100), ("/notes", 200)] {
        for order in orders(number, 4, number + 4) {
            rig.world().kaspi.add_order(order);
        }
        let posts = rig.posts(moment);
        let run = rig.program(&["run", "new", "--connection", "shop"], "kaspi_amocrm=warn");
        eventually(|| rig.posts(moment) > posts).await;
        database.disconnect_all().await;
        // Whether it notices depends on what it was just about.
        let ended = run.ended().await;
        assert!(ended.code.is_some(), "{moment}: {}", ended.text());
        rig.settle("shop").await;
        rig.assert_right(moment);
    }
}

async fn the_words_of_the_older_tool_name_the_same_database(database: &TestDatabase) {
    let mut rig = rig(database, "shop").await;
    let url = rig.settings.remove("DATABASE_URL").unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    if database.kind == Kind::Sqlite {
        rig.settings.extend([("DB_DRIVER", "sqlite".to_owned()), ("DB_NAME", rest.to_owned())]);
    } else {
        let (user, server) = rest.split_once('@').unwrap();
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let (server, name) = server.split_once('/').unwrap();
        let (host, port) = server.split_once(':').unwrap();
        let words = [
            ("DB_DRIVER", scheme.replace("postgres", "pgsql")),
            ("DB_HOST", host.to_owned()),
            ("DB_PORT", port.to_owned()),
            ("DB_NAME", name.to_owned()),
            ("DB_USER", user.to_owned()),
            ("DB_PASS", password.to_owned()),
        ];
        rig.settings.extend(words);
    }
    let migrated = rig.run(&["migrate"]).await;
    assert_eq!((migrated.code, migrated.stdout.trim()), (Some(0), "the database is up to date"));
}

/// With the lease of the contract, a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_is_followed_by_another_within_ninety_seconds() {
    let database = TestDatabase::make(Kind::Sqlite).await.unwrap();
    let mut rig = rig(&database, "shop").await;
    rig.settings.remove("LEASE_SECONDS");
    rig.world().amo.options.latency_ms = 300;
    orders(0, 10, 10).for_each(|order| rig.world().kaspi.add_order(order));
    let serve = || rig.program(&["serve", "--listen", "127.0.0.1:0"], "kaspi_amocrm=warn");
    let first = serve();
    eventually(|| rig.posts("/contacts") > 0).await;
    first.signal(libc::SIGKILL);
    first.ended().await;
    let died = Instant::now();
    let second = serve();
    let is_there = || rig.world().amo.leads().len() == 10;
    while !is_there() {
        assert!(died.elapsed() < Duration::from_secs(90), "nobody goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    second.signal(libc::SIGTERM);
    let ended = second.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    rig.settle("shop").await;
    rig.assert_right("in the end");
}

async fn two_shops_of_one_account_share_its_contacts_and_swallow_no_lead(database: &TestDatabase) {
    let (one, two) = (rig(database, "one").await, rig(database, "two").await);
    // The account is that of the first shop.
    let of_shop = |rig: &Rig| std::fs::read_to_string(rig.folder.path().join("kaspi-amocrm.toml")).unwrap();
    let account = |line: &&str| line.starts_with("amo_base_url");
    let (first, second) = (of_shop(&one), of_shop(&two));
    let own = first.lines().find(account).unwrap();
    let both = format!("{first}\n{}", second.replace(second.lines().find(account).unwrap(), own));
    std::fs::write(one.folder.path().join("kaspi-amocrm.toml"), both).unwrap();

    for round in 0..3 {
        // The last three of one shop are shown by the other as well.
        let first = 1_000 * round;
        orders(first, 20, 9).for_each(|order| one.world().kaspi.add_order(order));
        orders(first + 17, 20, 9).for_each(|order| two.world().kaspi.add_order(order));
        let run = |name| ended(one.command(&["run", "new", "--connection", name]));
        let (a, b) = tokio::join!(run("one"), run("two"));
        let mut of_another = BTreeSet::new();
        for ended in [&a, &b] {
            assert_eq!(ended.code, Some(0), "{}", ended.text());
            let problems = ended.report()["problems"].as_array().unwrap().clone();
            let others = problems.iter().filter(|problem| problem["class"] == "other_shop");
            of_another.extend(others.filter_map(|problem| problem["code"].as_str().map(str::to_owned)));
        }
        let common = (first + 17..first + 20).map(|number| (1_000_000_000 + number).to_string());
        assert!(common.clone().all(|code| of_another.contains(&code)), "round {round}: {of_another:?}");
    }
    // Judged together: what one shop did not show belongs to the account as well.
    let known: BTreeSet<String> = one.world().kaspi.orders().iter().map(|order| order.code.clone()).collect();
    let others: Vec<SimOrder> =
        two.world().kaspi.orders().iter().filter(|order| !known.contains(&order.code)).cloned().collect();
    others.into_iter().for_each(|order| one.world().kaspi.add_order(order));
    assert_eq!(one.world().amo.leads().len(), 3 * 37);
    assert_eq!(one.world().amo.contacts().len(), 9);
    assert_eq!(two.world().amo.requests().len(), 0);
    one.assert_right("both shops");

    let status = one.run(&["status", "--json"]).await;
    let all: Vec<Value> = status.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), 2, "{}", status.text());
    let parked: i64 = all.iter().map(|one| one["parked"].as_i64().unwrap()).sum();
    assert_eq!((status.code, parked), (Some(0), 9), "{}", status.text());
}
