//! Hosts without ours: the component keeps its own lease, is woken by a timer or over HTTP, and tells how it stands.

use std::cell::Cell;

use futures_util::future::{join, join_all};
use kaspi_amocrm_plugin::{
    contract::{
        json,
        types::{Caller, Lease, RetryWhich, RunOptions},
    },
    domain::Job,
    exports::http::{Answer, Request, answer},
    exports::retry::retry,
    exports::timer::fire,
    ports::{Http, HttpError, HttpRequest, HttpResponse, KeyPage, LocalFuture, Ports, Store, StoreError},
    run::{RunError, run},
};
use kaspi_amocrm_simulator::fault::{Fault, Rate, Rule};
use serde_json::Value;

use crate::support::{MINUTE_MS, MemoryStore, Rig, orders, world};

type Report = Result<Value, RunError>;

async fn own(ports: Ports<'_>, job: Job) -> Report {
    Ok(json::report(&run(ports, job, &options(None)).await?))
}

fn options(max_ms: Option<u64>) -> RunOptions {
    RunOptions { caller: caller(), max_ms, continues: false, dry_run: false }
}

fn caller() -> Caller {
    Caller { connection: None, lease: Lease::Component }
}

/// What hosts without a lease call.
trait Elsewhere {
    fn own(&self, job: Job) -> Report;
    fn ask_http(&self, request: Request<'_>) -> Answer;
    fn fire(&self, job: &str) -> (Vec<Value>, Result<(), RunError>);
    async fn fire_async(&self, job: &str) -> (Vec<Value>, Result<(), RunError>);
}

impl Elsewhere for Rig {
    /// A run as a host without a lease has it.
    fn own(&self, job: Job) -> Report {
        self.clock.block_on(self.with_ports(async |ports| own(ports, job).await))
    }

    fn ask_http(&self, request: Request<'_>) -> Answer {
        self.clock.block_on(self.with_ports(async |ports| answer(ports, request).await))
    }

    /// Fires the timer; answers with the lines that were told.
    fn fire(&self, job: &str) -> (Vec<Value>, Result<(), RunError>) {
        self.clock.block_on(self.fire_async(job))
    }

    async fn fire_async(&self, job: &str) -> (Vec<Value>, Result<(), RunError>) {
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |line: &str| told.borrow_mut().push(serde_json::from_str(line).expect("JSON"));
        // Two timers are two components with settings of their own.
        let mut config = self.config.clone();
        config.0.insert("job".to_owned(), job.to_owned());
        let result =
            self.with_ports(async |ports| fire(Ports { config: &config, ..ports }, &tell).await).await;
        (told.into_inner(), result)
    }
}

fn assert_right(rig: &Rig, what: &str) {
    assert_eq!(rig.violations(), Vec::<String>::new(), "{what}");
}

#[test]
fn of_runs_that_begin_together_one_works_and_the_others_are_busy() {
    let rig = Rig::new(world(orders(30)));
    let runs = [Job::New, Job::Reconcile, Job::New, Job::New]
        .map(|job| rig.with_ports(async move |ports| own(ports, job).await));
    let results = rig.clock.block_on(join_all(runs));
    let worked = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!((worked, results.iter().filter(|result| **result == Err(RunError::Busy)).count()), (1, 3));
    assert_right(&rig, "after the first");
    // Nobody waits for a lease that was given back, but for the second in which amoCRM still counts.
    let report = rig.own(Job::Reconcile).expect("the connection is free");
    assert_eq!(report["created"], 0);
    assert_right(&rig, "after the second");
}

#[test]
fn a_run_that_fails_leaves_amocrm_a_second_to_forget_its_requests() {
    let rig = Rig::new(world(orders(30)));
    // It dies of the first record of a lead, and with it what it knew of the time.
    rig.store.dies_of.replace(Some("\"lead\":8".into()));
    while rig.own(Job::New).is_ok() {}
    rig.store.dies_of.replace(None);
    let sent = rig.amo_requests();
    assert!(sent > 0);
    rig.own(Job::New).expect("a report");
    let world = rig.world.borrow();
    let at_ms = |index: usize| world.amo.requests()[index].at_ms;
    assert!(at_ms(sent) - at_ms(sent - 1) >= 1_000, "{} ms apart", at_ms(sent) - at_ms(sent - 1));
}

#[test]
fn timers_that_fire_together_take_turns_at_seven_requests_a_second() {
    let mut rig = Rig::new(world(orders(60)));
    rig.set("slice_seconds", 1);
    for minute in 0..20 {
        let results =
            rig.clock.block_on(join_all(["new", "reconcile", "new"].map(|job| rig.fire_async(job))));
        for (_, result) in results {
            assert!(matches!(result, Ok(()) | Err(RunError::Busy)), "minute {minute}: {result:?}");
        }
        rig.wait_minutes(1);
    }
    assert_eq!(rig.world.borrow().amo.leads().len(), 60);
    assert_right(&rig, "after twenty minutes");
}

#[test]
fn a_run_that_died_keeps_its_connection_for_a_minute_and_is_continued() {
    for writes in [5, 9, 14, 20] {
        let rig = Rig::new(world(orders(30)));
        rig.store.dies_at.set(Some(writes));
        assert!(matches!(rig.own(Job::New), Err(RunError::Internal(_))), "after {writes} writes");
        rig.store.dies_at.set(None);
        assert_eq!(rig.own(Job::New), Err(RunError::Busy), "after {writes} writes");
        rig.wait_minutes(1);
        // What was lost with it settles.
        for _ in 0..30 {
            rig.own(Job::New).expect("the lease has ended");
            rig.wait_minutes(1);
        }
        assert_eq!(rig.world.borrow().amo.leads().len(), 30);
        assert_right(&rig, &format!("after {writes} writes"));
    }
}

/// Stands still after the answer to one request, as a machine that is suspended does.
struct Suspended<'a> {
    ports: Ports<'a>,
    sent: &'a Cell<u32>,
    at: u32,
    for_ms: u64,
}

impl Http for Suspended<'_> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            self.sent.set(self.sent.get() + 1);
            let is_last = self.sent.get() == self.at;
            let result = self.ports.http.send(request).await;
            if is_last {
                self.ports.clock.sleep(self.for_ms).await;
            }
            result
        })
    }
}

#[test]
fn a_run_that_stood_still_past_its_lease_sends_and_writes_nothing_more() {
    for at in 1.. {
        let rig = Rig::new(world(orders(12)));
        let sent = Cell::new(0);
        let stands_still = rig.with_ports(async |ports| {
            let http = Suspended { ports, sent: &sent, at, for_ms: 10 * MINUTE_MS.unsigned_abs() };
            own(Ports { http: &http, ..ports }, Job::New).await
        });
        // By then the others of its requests are over, and with them its lease.
        let goes_on = async {
            rig.with_ports(async |ports| ports.clock.sleep(3 * MINUTE_MS.unsigned_abs()).await).await;
            let sent_before = sent.get();
            let result = rig.with_ports(async |ports| own(ports, Job::New).await).await;
            (result, sent_before, snapshot(&rig))
        };
        let (slow, (quick, sent_before, after)) = rig.clock.block_on(join(stands_still, goes_on));
        if sent.get() < at {
            assert!(at > 8, "a run has more requests than that");
            return;
        }
        quick.expect("the lease of the first has ended");
        assert_eq!((slow, sent.get()), (Err(RunError::Busy), sent_before), "request {at}");
        assert_eq!(snapshot(&rig), after, "request {at}: it wrote after it had lost its connection");
        // A request that was out when the machine stood still may be in doubt for a while.
        for _ in 0..30 {
            rig.wait_minutes(1);
            rig.own(Job::New).expect("a report");
        }
        assert_right(&rig, &format!("request {at}"));
    }
}

/// Looks at the lease whenever a request leaves.
struct Watched<'a> {
    ports: Ports<'a>,
    store: &'a MemoryStore,
    renewals: Cell<u32>,
    until_ms: Cell<i64>,
}

impl Http for Watched<'_> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        let bytes = self.store.values.borrow()["lease/default"].clone();
        let until_ms = i64::from_le_bytes(bytes.try_into().expect("eight bytes")) >> 16;
        let over_ms = self.ports.clock.now_ms() + request.deadline_ms.cast_signed() + 5_000;
        assert!(until_ms >= over_ms, "{request:?}: the lease ends {} ms too early", over_ms - until_ms);
        if until_ms != self.until_ms.replace(until_ms) {
            self.renewals.set(self.renewals.get() + 1);
        }
        self.ports.http.send(request)
    }
}

#[test]
fn no_request_leaves_that_could_outlast_the_lease() {
    let rig = Rig::new(world(orders(120)));
    // Long enough for several leases.
    rig.world.borrow_mut().amo.options.latency_ms = 8_000;
    let renewals = rig.clock.block_on(rig.with_ports(async |ports| {
        let (renewals, until_ms) = (Cell::new(0), Cell::new(0));
        let http = Watched { ports, store: &rig.store, renewals, until_ms };
        run(Ports { http: &http, ..ports }, Job::New, &options(Some(600_000))).await.expect("a report");
        http.renewals.get()
    }));
    assert!(renewals > 2, "{renewals} leases");
    assert_right(&rig, "after a long run");
}

fn snapshot(rig: &Rig) -> Vec<(String, Vec<u8>)> {
    rig.store.values.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Counts as Redis does under Spin: in decimal text, and every swap seems to fail.
struct TextStore(MemoryStore);

impl Store for TextStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.0.get_many(keys)
    }
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.0.set_many(pairs)
    }
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.0.delete_many(keys)
    }
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let old =
            self.0.get(key)?.map_or(0, |text| String::from_utf8_lossy(&text).parse().expect("a number"));
        self.0.set_many(&[(key.to_owned(), (old + delta).to_string().into_bytes())])?;
        Ok(old + delta)
    }
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.0.swap(key, seen, value)?;
        Ok(false)
    }
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.0.list_keys(cursor)
    }
}

#[test]
fn a_store_on_which_no_lease_can_be_kept_is_refused_before_anything_is_sent() {
    let rig = Rig::new(world(orders(3)));
    let store = TextStore(MemoryStore::default());
    for _ in 0..2 {
        let refused = rig
            .clock
            .block_on(rig.with_ports(async |ports| own(Ports { store: &store, ..ports }, Job::New).await));
        let Err(error @ RunError::Config(_)) = refused else { panic!("{refused:?}") };
        let text = error.text();
        assert!(
            text.contains("Redis") && text.contains("type = \"spin\"") && text.contains("хранилище"),
            "{text}"
        );
    }
    let world = rig.world.borrow();
    assert!(world.kaspi.requests().is_empty() && world.amo.requests().is_empty());
}

#[test]
fn a_timer_runs_its_job_and_goes_on_with_changes_but_not_with_new_orders() {
    let mut rig = Rig::new(world(orders(250)));
    rig.set("slice_seconds", 1);
    let (told, result) = rig.fire("new");
    assert_eq!((result, told.len()), (Ok(()), 1));
    assert_eq!((&told[0]["job"], &told[0]["more"]), (&"new".into(), &true.into()), "{}", told[0]);
    let (told, result) = rig.fire("reconcile");
    assert_eq!(result, Ok(()));
    assert!(told.len() > 1 && told.iter().all(|report| report["job"] == "reconcile"), "{told:?}");
    assert_eq!(told.last().expect("reports")["more"], false);
    assert_eq!(rig.world.borrow().amo.leads().len(), 250);
    assert_right(&rig, "after both jobs");

    let (_, result) = rig.fire("tomorrow");
    assert!(matches!(result, Err(error @ RunError::Config(_)) if error.text().contains("JOB")));
    rig.set("slice_seconds", "0");
    let (_, result) = rig.fire("new");
    assert!(matches!(result, Err(error @ RunError::Config(_)) if error.text().contains("SLICE_SECONDS")));
}

const SECRET: &str = "a-secret-of-32-letters-and-digits";

fn get(path_with_query: &str) -> Request<'_> {
    Request { method: "GET", path_with_query, ..Request::default() }
}

fn with_token<'a>(path_with_query: &'a str, authorization: &'a str) -> Request<'a> {
    Request { authorization: Some(authorization), ..get(path_with_query) }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

#[test]
fn the_doors_open_to_the_secret_alone() {
    let mut rig = Rig::new(world(orders(3)));
    let bearer = format!("Bearer {SECRET}");
    // `user:` and the secret, as a browser sends it.
    let basic = "Basic dXNlcjphLXNlY3JldC1vZi0zMi1sZXR0ZXJzLWFuZC1kaWdpdHM=";
    for path in ["/cron?task=new", "/status"] {
        assert_eq!(rig.ask_http(with_token(path, &bearer)).status, 401, "no secret is set");
    }
    rig.set("cron_secret", SECRET);
    for request in [
        get("/cron?task=new"),
        get("/cron?task=new&token="),
        get("/cron?task=new&token=a-secret-of-32-letters-and-digit"),
        with_token("/cron?task=new", "Bearer"),
        with_token("/cron?task=new", "Bearer A-secret-of-32-letters-and-digits"),
        with_token("/cron?task=new", SECRET),
        with_token("/cron?task=new", "Basic dXNlcg=="),
        with_token("/cron?task=new", "Basic !"),
        // A header that is wrong is not made good by the address.
        Request {
            authorization: Some("Bearer x"),
            ..get("/cron?task=new&token=a-secret-of-32-letters-and-digits")
        },
        get("/status"),
    ] {
        assert_eq!(rig.ask_http(request).status, 401, "{request:?}");
    }
    assert!(rig.ask_http(get("/status")).headers.iter().any(|(name, _)| *name == "www-authenticate"));
    assert!(rig.world.borrow().kaspi.requests().is_empty(), "nobody has entered");

    for request in [
        with_token("/cron?task=new", &bearer),
        with_token("/app/cron?task=reconcile", &bearer),
        Request { method: "POST", ..get("/cron?task=new&token=a%2Dsecret-of-32-letters-and-digits") },
        with_token("/cron?task=new", basic),
    ] {
        let answer = rig.ask_http(request);
        assert_eq!(
            (answer.status, body(&answer)["complete"] == true),
            (200, true),
            "{request:?}: {}",
            answer.body
        );
    }
    for (path, status) in [("/cron", 400), ("/cron?task=old", 400), ("/", 404), ("/cron/x", 404), ("", 404)] {
        assert_eq!(rig.ask_http(with_token(path, &bearer)).status, status, "{path}");
    }
    let delete = Request { method: "", ..with_token("/cron?task=new", &bearer) };
    assert_eq!(rig.ask_http(delete).status, 405);
    assert_eq!(rig.ask_http(with_token("/status", basic)).status, 200);
    assert_right(&rig, "after all");
}

#[test]
fn what_goes_wrong_has_its_status() {
    let mut rig = Rig::new(world(orders(3)));
    rig.set("cron_secret", SECRET);
    let bearer = format!("Bearer {SECRET}");
    let cron = |rig: &Rig| rig.ask_http(with_token("/cron?task=new", &bearer));
    let held = rig.with_ports(async |ports| own(ports, Job::New).await);
    let asked = rig.with_ports(async |ports| answer(ports, with_token("/cron?task=new", &bearer)).await);
    let (held, busy) = rig.clock.block_on(join(held, asked));
    assert!(held.is_ok() && busy.status == 202 && body(&busy)["busy"] == true, "{}", busy.body);

    rig.set("amo_rps", "many");
    let wrong = cron(&rig);
    assert_eq!((wrong.status, &body(&wrong)["error"]["code"]), (500, &"config".into()));
    assert!(wrong.body.contains("AMO_RPS"), "{}", wrong.body);
    rig.set("amo_rps", "7");
    rig.store.dies_at.set(Some(0));
    assert_eq!(cron(&rig).status, 500);
}

#[test]
fn the_status_tells_what_is_wrong_and_nothing_about_buyers() {
    let mut rig = Rig::new(world(orders(5)));
    rig.set("cron_secret", SECRET).set("language_crm", "en");
    let bearer = format!("Bearer {SECRET}");
    let seen = |rig: &Rig, accept| {
        let answer = rig.ask_http(Request { accept, ..with_token("/status", &bearer) });
        assert!(!answer.body.contains("Айгерим") && !answer.body.contains("7011"), "{}", answer.body);
        assert!(!answer.body.contains(SECRET), "{}", answer.body);
        answer
    };
    let state = |rig: &Rig| {
        let answer = seen(rig, None);
        let told = body(&answer);
        assert_eq!(answer.status == 200, told["works"] == true);
        told["state"].as_str().expect("a word").to_owned()
    };
    let page = |rig: &Rig| seen(rig, Some("text/html,application/xhtml+xml")).body;

    assert_eq!(state(&rig), "never_ran");
    assert!(page(&rig).contains("<h1>… Nothing has run yet</h1>"));
    rig.own(Job::New).expect("a report");
    assert_eq!(state(&rig), "works");
    let told = body(&seen(&rig, None));
    assert_eq!((&told["new"][0]["leads"], &told["orders"]), (&5.into(), &Value::Array(Vec::new())), "{told}");
    assert!(told["lag_ms"].as_i64().is_some_and(|lag_ms| lag_ms < MINUTE_MS), "{told}");
    let text = page(&rig);
    assert!(text.contains("<h1>✓ It works</h1>") && text.contains("<td>5, 0<td>0"), "{text}");
    assert!(text.contains("<tr><td>24.11 12:0"), "as clocks in Almaty show it: {text}");

    rig.wait_minutes(13);
    assert_eq!(state(&rig), "late");
    rig.world.borrow_mut().amo.faults.rule(Rule::new(Fault::gateway(502)).always());
    rig.world.borrow_mut().kaspi.add_order(orders(6).pop().expect("a sixth"));
    rig.own(Job::New).expect("a report");
    assert_eq!(state(&rig), "trouble");
    let told = body(&seen(&rig, None));
    assert_eq!(
        (&told["orders"][0]["code"], &told["new"][0]["backlog"]),
        (&"1000000005".into(), &1.into()),
        "{told}"
    );
    let text = page(&rig);
    assert!(text.contains("<h1>✗ The last run failed</h1>") && text.contains("<td>1000000005<td>"), "{text}");

    rig.set("language_crm", "ru").set("amo_pipeline_id", "<b>");
    assert_eq!(state(&rig), "settings");
    let text = page(&rig);
    assert!(text.contains("Ошибка в настройках") && text.contains("AMO_PIPELINE_ID"), "{text}");
    assert!(text.contains("&lt;b&gt;") && !text.contains("<b>"), "{text}");
    rig.set("language_crm", "kk").set("amo_pipeline_id", "");
    assert!(page(&rig).contains("Соңғы іске қосу сәтсіз аяқталды"));

    for _ in 0..20 {
        rig.wait_minutes(1);
        rig.own(Job::New).expect("a report");
    }
    assert_eq!(body(&seen(&rig, None))["new"].as_array().expect("runs").len(), 10, "the last ones are kept");
    // One that ended without a report is told as well, once the store answers again.
    rig.store.dies_of.replace(Some("\"watermark_ms\"".into()));
    let failed = rig.own(Job::New);
    assert!(matches!(failed, Err(RunError::Internal(_))), "{failed:?}");
    rig.store.dies_of.replace(None);
    assert_eq!(body(&seen(&rig, None))["new"][0]["error"], "internal");
    assert_eq!(state(&rig), "trouble");
}

#[test]
fn lost_answers_and_dead_runs_at_any_moment_make_no_second_lead() {
    for seed in 0..12 {
        let mut world = world(orders(20));
        world.amo.faults = kaspi_amocrm_simulator::fault::FaultPlan::seeded(seed);
        world
            .amo
            .faults
            .rate(Rate::new(150, Fault::LostAfterCommit))
            .rate(Rate::new(60, Fault::gateway(504)));
        let rig = Rig::new(world);
        for round in 0..25 {
            rig.store.dies_at.set((round % 3 == 0).then_some(seed * 7 % 23 + round));
            let jobs = [Job::New, Job::Reconcile];
            let together = jobs.map(|job| rig.with_ports(async move |ports| own(ports, job).await));
            drop(rig.clock.block_on(join_all(together)));
            rig.wait_minutes(1);
        }
        rig.store.dies_at.set(None);
        rig.world.borrow_mut().amo.faults.clear();
        for _ in 0..30 {
            // What died too often waits for a person.
            let retried = async |ports: Ports<'_>| retry(ports, caller(), RetryWhich::All).await;
            rig.clock.block_on(rig.with_ports(retried)).expect("an answer");
            rig.own(Job::New).expect("a report");
            rig.wait_minutes(1);
        }
        assert_eq!(rig.world.borrow().amo.leads().len(), 20, "seed {seed}");
        assert_right(&rig, &format!("seed {seed}"));
    }
}
