//! The built component in this host, against the simulators over HTTP on loopback.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use kaspi_amocrm::{
    base::job::Job,
    base::{
        calendar::Range,
        failure::Exit,
        shutdown::{Stop, stop},
    },
    config::{DEFAULT_CONNECTION, Settings},
    contract::types::{Activity, RetryWhich},
    service::{
        Host, Outcome, RunError, RunLimits, Slices as _,
        schedule::{self, Periods},
    },
    wasm::{Plugin, default_cache_folder, is_embedded},
    web,
};
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::demo_world,
    http::LoggedRequest,
    kaspi::SimOrder,
    oracle::{self, Scope},
    serve::{Server, serve, wall_clock_ms},
};

/// Everything of one test; gone when dropped.
struct Rig {
    host: Arc<Host>,
    world: Arc<Mutex<World>>,
    _server: Server,
    folder: tempfile::TempDir,
}

impl Rig {
    async fn start(world: World) -> Self {
        Self::with_settings(world, &[]).await
    }

    async fn with_settings(world: World, more: &[(&str, &str)]) -> Self {
        let world = Arc::new(Mutex::new(world));
        let server = serve(world.clone(), 0).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&world.lock().unwrap(), &server, folder.path(), more);
        let host = Host::open(settings, plugin()).await.unwrap();
        Self { host, world, _server: server, folder }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn run(&self) -> Outcome {
        self.run_job(Job::New).await.unwrap()
    }

    async fn run_job(&self, job: Job) -> Result<Outcome, RunError> {
        let (limits, wait) = (RunLimits::default(), Duration::ZERO);
        Box::pin(self.host.run(DEFAULT_CONNECTION, job, limits, wait, &Stop::never())).await
    }

    /// How many runs of each job are recorded.
    async fn recorded(&self) -> (i64, i64) {
        let file = self.folder.path().join("test.sqlite");
        let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let select = "SELECT COALESCE(SUM(job = 'new'), 0), COALESCE(SUM(job = 'reconcile'), 0) FROM runs";
        let counts = sqlx::query_as(select).fetch_one(&database).await.unwrap();
        database.close().await;
        counts
    }

    fn writes(&self) -> usize {
        self.world().amo.requests().iter().filter(|request| request.method != "GET").count()
    }
}

fn plugin() -> Plugin {
    assert!(
        is_embedded(),
        "no component is embedded: build it with `cargo xtask build --component` and test again"
    );
    Plugin::load(None, default_cache_folder().as_deref()).unwrap()
}

fn settings(world: &World, server: &Server, folder: &Path, more: &[(&str, &str)]) -> Settings {
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Settings::from_pairs(pairs(world, server, folder).into_iter().chain(more))
}

fn pairs(world: &World, server: &Server, folder: &Path) -> [(&'static str, String); 10] {
    [
        ("KASPI_API_BASE", server.kaspi_base_url()),
        ("KASPI_API_TOKEN", world.kaspi.options.token.clone()),
        ("AMO_BASE_URL", server.base_url()),
        ("AMO_ACCESS_TOKEN", world.amo.options.token.clone()),
        ("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string()),
        ("AMO_STATUS_ID", account::STATUS_NEW_ID.to_string()),
        ("AMO_CATALOG_ID", account::CATALOG_ID.to_string()),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", account::LEAD_ORDER_CODE_FIELD_ID.to_string()),
        ("CRON_SECRET", "cron".to_owned()),
        ("DATABASE_URL", format!("sqlite://{}", folder.join("test.sqlite").display())),
    ]
}

#[tokio::test]
async fn forty_orders_become_forty_leads_and_a_second_run_writes_nothing() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let outcome = rig.run().await;
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let report = outcome.report.unwrap();
    assert_eq!(report.exit(), Exit::Done, "{}", report.to_line());
    assert_eq!(
        (report.seen, report.created + report.adopted, report.more),
        (40, 40, false),
        "{}",
        report.to_line()
    );

    {
        let world = rig.world();
        assert_eq!(oracle::check(&world, &Scope::at(wall_clock_ms())), [""; 0]);
        let requests = world.amo.requests().len();
        assert_eq!(u64::try_from(requests).unwrap(), report.requests.amocrm);
        assert!(requests * 10 <= 13 * 40, "{requests} requests for 40 orders");
    }

    let writes = rig.writes();
    let again = rig.run().await;
    assert_eq!(again.report.unwrap().created, 0);
    assert_eq!(rig.writes(), writes, "the second run must write nothing");
}

#[tokio::test]
async fn a_second_run_of_the_connection_is_busy_and_done_by_the_first() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let first = rig.host.begin(DEFAULT_CONNECTION, Job::New, Duration::ZERO).await.unwrap();
    assert!(matches!(rig.run_job(Job::New).await, Err(RunError::Busy)));
    // The first one does what the second one came for.
    first.finish(&Stop::never()).await;
    assert_eq!(rig.run().await.report.unwrap().created, 0);
    assert_eq!(oracle::check(&rig.world(), &Scope::at(wall_clock_ms())), [""; 0]);
}

#[tokio::test]
async fn both_jobs_get_their_turn_when_they_start_at_once() {
    // Minutes in which the timer of one machine starts both: with a wait as `run` has it, and without as `/cron` has it.
    for wait in [Duration::from_secs(30), Duration::ZERO] {
        let rig = Rig::start(demo_world(wall_clock_ms())).await;
        rig.run().await;
        // As a process of its own has it.
        let other = Host::open(rig.host.settings().clone(), plugin()).await.unwrap();
        let mut seen = rig.recorded().await;
        for minute in 0..5 {
            let job = async |host: &Arc<Host>, job| {
                let limits = RunLimits::default();
                Box::pin(host.run(DEFAULT_CONNECTION, job, limits, wait, &Stop::never())).await
            };
            let (first, second) = if minute % 2 == 0 {
                tokio::join!(job(&rig.host, Job::New), job(&other, Job::Reconcile))
            } else {
                tokio::join!(job(&rig.host, Job::Reconcile), job(&other, Job::New))
            };
            for ended in [first, second] {
                assert!(matches!(ended, Ok(_) | Err(RunError::Busy)), "{ended:?}");
            }
            let recorded = rig.recorded().await;
            let mut runs = [recorded.0 - seen.0, recorded.1 - seen.1];
            runs.sort_unstable();
            // One that met the other is done by it, and perhaps once more by itself.
            assert!(matches!(runs, [1, 1 | 2]), "minute {minute}, wait {wait:?}: {runs:?}");
            seen = recorded;
        }
        rig.host.begin(DEFAULT_CONNECTION, Job::New, Duration::ZERO).await.expect("the connection is free");
    }
}

#[tokio::test]
async fn looking_at_orders_needs_no_turn_and_working_on_them_does() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let (host, stop) = (&rig.host, Stop::never());
    let (range, limits, no_wait) = (Range { from_ms: 0, to_ms: 1 }, RunLimits::default(), Duration::ZERO);
    let held = host.begin(DEFAULT_CONNECTION, Job::New, no_wait).await.unwrap();
    let busy = |error: Option<RunError>| matches!(error, Some(RunError::Busy));

    assert!(!busy(host.find_orders(DEFAULT_CONNECTION, &[], &stop).await.err()));
    assert!(!busy(host.statement(DEFAULT_CONNECTION, range, &stop).await.err()));
    assert!(busy(host.retry(DEFAULT_CONNECTION, &RetryWhich::All, no_wait, &stop).await.err()));
    assert!(busy(Box::pin(host.backfill(DEFAULT_CONNECTION, range, limits, no_wait, &stop)).await.err()));
    assert!(busy(Box::pin(host.repair(DEFAULT_CONNECTION, range, false, no_wait, &stop)).await.err()));
    assert_eq!(rig.writes(), 0);

    held.finish(&stop).await;
    // However it ends, the connection is given back.
    let _ = host.retry(DEFAULT_CONNECTION, &RetryWhich::All, no_wait, &stop).await;
    host.begin(DEFAULT_CONNECTION, Job::New, no_wait).await.expect("the connection is free");
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_said_so() {
    // Nobody listens there.
    let rig =
        Rig::with_settings(World::default(), &[("KASPI_API_BASE", "http://127.0.0.1:9/shop/api/v2")]).await;
    let outcome = rig.run().await;
    assert_eq!(outcome.report.unwrap().exit(), Exit::Upstream);
}

#[tokio::test]
async fn a_wrong_id_is_a_matter_of_configuration_and_writes_nothing() {
    let rig = Rig::with_settings(demo_world(wall_clock_ms()), &[("AMO_PIPELINE_ID", "999999")]).await;
    let report = rig.run().await.report.unwrap();
    assert_eq!((report.exit(), report.parked), (Exit::Config, 0), "{}", report.to_line());
    let message = report.problems[0].text();
    assert!(message.starts_with("AMO_PIPELINE_ID: the account has no pipeline 999999"), "{message}");
    assert!(message.contains("3300 \"Kaspi\"") && message.contains(" / в аккаунте нет воронки"), "{message}");
    assert_eq!(rig.writes(), 0);
}

#[tokio::test]
async fn the_account_is_described_beside_a_run_that_holds_the_connection() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let held = rig.host.begin(DEFAULT_CONNECTION, Job::New, Duration::ZERO).await.unwrap();
    let account = rig.host.describe_account(DEFAULT_CONNECTION, &Stop::never()).await.unwrap();
    assert_eq!((account.account.id, account.findings.len()), (30_100_200, 0));
    assert_eq!(account.pipelines[0].stages[0].name, "Новый заказ");
    assert_eq!(rig.writes(), 0);
    held.finish(&Stop::never()).await;
}

#[tokio::test]
async fn a_run_that_is_asked_to_end_gives_its_connection_back() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let (stopper, stop) = stop();
    let run = rig.host.run(DEFAULT_CONNECTION, Job::New, RunLimits::default(), Duration::ZERO, &stop);
    let (outcome, ()) = tokio::join!(run, async {
        stopper.stop();
    });
    assert!(outcome.is_ok());
    assert_eq!(rig.writes(), 0, "nothing new is sent once the end is near");
    rig.host.begin(DEFAULT_CONNECTION, Job::New, Duration::ZERO).await.expect("the connection is free");
}

#[tokio::test]
async fn a_run_that_dies_while_it_creates_leads_is_continued_without_doubling() {
    let rig = Rig::with_settings(demo_world(wall_clock_ms()), &[("LEASE_SECONDS", "5")]).await;
    let dying = tokio::spawn({
        let host = rig.host.clone();
        async move {
            host.run(DEFAULT_CONNECTION, Job::New, RunLimits::default(), Duration::ZERO, &Stop::never()).await
        }
    });
    // The leads are there, their answer is still under way.
    let is_create = |request: &LoggedRequest| request.method == "POST" && request.path.ends_with("/leads");
    while !rig.world().amo.requests().iter().any(is_create) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert!(
        matches!(rig.run_job(Job::New).await, Err(RunError::Busy)),
        "the dead run's lease is not over yet"
    );

    let wait = Duration::from_secs(30);
    let outcome =
        rig.host.run(DEFAULT_CONNECTION, Job::New, RunLimits::default(), wait, &Stop::never()).await;
    let report = outcome.unwrap().report.unwrap();
    assert_eq!((report.in_doubt, report.more), (0, false), "{}", report.to_line());
    assert_eq!(oracle::check(&rig.world(), &Scope::at(wall_clock_ms())), [""; 0]);
}

#[tokio::test]
async fn orders_of_this_minute_do_not_wait_for_a_backfill() {
    let day_ms = 86_400_000;
    let now_ms = wall_clock_ms();
    let mut world = World::default();
    for day in 20..26 {
        let code = format!("20000000{day}");
        world.kaspi.add_order(SimOrder::new(&code, now_ms - day * day_ms));
    }
    let rig = Rig::start(world).await;
    assert_eq!(rig.run().await.report.unwrap().created, 0, "they are too old");
    rig.world().kaspi.add_order(SimOrder::new("1000000001", wall_clock_ms()));
    let range = Range { from_ms: now_ms - 27 * day_ms, to_ms: now_ms - 19 * day_ms };
    // Each slice reads one day and does what that leaves to do.
    let limits = RunLimits { slice: Duration::from_millis(1), ..RunLimits::default() };
    let stop = Stop::never();
    let backfill = rig.host.backfill(DEFAULT_CONNECTION, range, limits, Duration::ZERO, &stop);
    let backfilled = Box::pin(backfill).await.unwrap();
    let report = backfilled.outcome.report.unwrap();
    assert_eq!((report.activity, report.created, report.more), (Activity::Backfill, 7, false));
    assert!(backfilled.next_from_ms.is_none() && report.next_from_ms.is_none());
    let world = rig.world();
    let mut leads: Vec<_> = world.amo.leads().iter().collect();
    leads.sort_unstable_by_key(|lead| lead.id);
    let place = leads.iter().position(|lead| lead.name.contains("1000000001"));
    assert!(place.is_some_and(|place| place < 4), "it comes after {place:?} of 6 others");
}

#[tokio::test]
async fn a_host_goes_on_while_a_newer_version_is_rolled_out() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    // The newer version brings the tables up to date before its hosts start.
    let url = format!("sqlite://{}", rig.folder.path().join("test.sqlite").display());
    let database = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO schema_migrations VALUES ('9999_future', 1)").execute(&database).await.unwrap();
    database.close().await;
    assert_eq!(rig.run().await.report.unwrap().exit(), Exit::Done);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server =
        tokio::spawn(web::serve(web::Site::new(rig.host.clone(), PathBuf::new()), listener, Stop::never()));
    assert_eq!(fetch(address, "/readyz").await, (200, "ready\n".to_owned()));
    server.abort();
    // One of the old version that starts now is told to be replaced.
    let settings = settings(&rig.world(), &rig._server, rig.folder.path(), &[]);
    let error = Host::open(settings, plugin()).await.unwrap_err();
    assert!(error.to_string().contains("9999_future"), "{error}");
}

#[tokio::test]
async fn the_schedule_begins_when_a_shop_is_described_and_ends_when_it_is_gone() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let folder = tempfile::tempdir().unwrap();
    let idle = rig.host.with_settings(Settings::default());
    let site = web::Site::new(idle, folder.path().to_owned());
    let (stopper, stop) = stop();
    let running = tokio::spawn(schedule::run(site.watch(), Periods::default(), stop));
    let lines = pairs(&rig.world(), &rig._server, rig.folder.path());
    let lines: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    std::fs::write(folder.path().join(".env"), lines).unwrap();
    site.reload();
    let both_ran = async { while rig.recorded().await != (1, 1) {} };
    tokio::time::timeout(Duration::from_secs(60), both_ran).await.expect("it began");
    std::fs::remove_file(folder.path().join(".env")).unwrap();
    site.reload();
    stopper.stop();
    running.await.unwrap();
    assert_eq!(rig.recorded().await, (1, 1));
}

#[tokio::test]
async fn cron_asks_for_its_token_and_answers_with_the_report() {
    let rig = Rig::start(demo_world(wall_clock_ms())).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server =
        tokio::spawn(web::serve(web::Site::new(rig.host.clone(), PathBuf::new()), listener, Stop::never()));
    let get = async |path: &str| fetch(address, path).await;

    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    assert_eq!(get("/cron?task=new").await.0, 401);
    assert_eq!(get("/public/cron.php?task=new&token=no").await.0, 401);
    assert_eq!(get("/cron?task=old&token=cron").await.0, 400);

    let held = rig.host.begin(DEFAULT_CONNECTION, Job::New, Duration::ZERO).await.unwrap();
    let requests = rig.world().amo.requests().len();
    for _ in 0..100 {
        assert_eq!(get("/cron?task=reconcile&token=cron").await.0, 202);
    }
    assert_eq!(rig.world().amo.requests().len(), requests, "a hundred calls ask nobody anything");
    held.finish(&Stop::never()).await;
    assert_eq!(rig.recorded().await.1, 1, "and are one run");

    let (status, body) = get("/public/cron.php?task=new&token=cron").await;
    assert_eq!(status, 200);
    assert!(body.contains(r#""job":"new""#) && body.contains(r#""created":"#), "{body}");
    server.abort();
}

#[tokio::test]
async fn doors_open_to_the_secret_alone_and_say_nothing_to_others() {
    let world = demo_world(wall_clock_ms());
    let rig = Rig::with_settings(world, &[("BASE_PATH", "/kaspi")]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = stop();
    let server = tokio::spawn(web::serve(web::Site::new(rig.host.clone(), PathBuf::new()), listener, stop));
    rig.run().await;

    for path in ["/migrate", "/migrate.php", "/public/migrate.php", "/kaspi/public/migrate.php"] {
        assert_eq!(fetch(address, path).await.0, 401, "{path}");
        assert_eq!(fetch(address, &format!("{path}?token=no")).await.0, 401, "{path}");
        let opened = fetch(address, &format!("{path}?token=cron")).await;
        assert_eq!(opened, (200, r#"{"applied":[]}"#.to_owned()), "{path}");
    }
    for path in ["/metrics", "/kaspi/metrics"] {
        assert_eq!(fetch(address, &format!("{path}?token=cron")).await.0, 401, "not in an address");
        let (status, text) = fetch_with(address, path, "authorization: Bearer cron\r\n").await;
        let (_, text) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(status, 200);
        assert!(text.contains("kaspi_amocrm_working{connection=\"default\"} 1\n"), "{text}");
        assert!(text.contains("kaspi_amocrm_backlog_orders{connection=\"default\"} 0\n"), "{text}");
    }
    for path in ["/.env", "/public/", "/kaspi/x", "/cron/x"] {
        let (status, text) = fetch_with(address, path, "").await;
        assert_eq!(status, 404, "{path}");
        for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"] {
            assert!(text.contains(header), "{path}: {text}");
        }
    }
    // More than a browser or a crontab ever sends.
    let many: String = (0..100).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(fetch_with(address, "/healthz", &many).await.0, 431);
    assert_eq!(fetch_with(address, &format!("/healthz?{}", "y".repeat(20_000)), "").await.0, 431);

    // A browser keeps its connection; that does not hold the end up.
    let _quiet = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(fetch(address, "/healthz").await.0, 200);
    stopper.stop();
    server.await.unwrap();
}

/// A bare GET; the answer's status and everything after its head.
async fn fetch(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let (status, answer) = fetch_with(address, path, "").await;
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// A GET with further headers; the answer's status and all of it.
async fn fetch_with(address: std::net::SocketAddr, path: &str, headers: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // What is too large is answered before it is read, and the rest of it meets a closed connection.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let status = answer[9..12].parse().unwrap();
    (status, answer)
}
