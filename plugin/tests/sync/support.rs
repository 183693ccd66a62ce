//! The sync over the simulators, in virtual time: nothing waits, nothing depends on chance.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use kaspi_amocrm_plugin::{
    domain::Job,
    exports::{account::describe::describe_account, statement::statement},
    ports::{
        Clock, Config, Http, HttpError, HttpRequest, HttpResponse, KeyPage, LocalFuture, Method, Ports,
        Store, StoreError,
    },
    run::{RunError, run},
};
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    http::{Delivery, Reply, Request},
    kaspi::{SimLine, SimOrder},
    oracle::{Scope, Stages, check},
};
use serde_json::Value;

/// Time on the wire, one way.
pub(crate) const LATENCY_MS: u64 = 10;

/// A clock that stands still until everybody waits.
pub(crate) struct VirtualClock {
    start_ms: i64,
    elapsed_ms: Cell<u64>,
    sleepers: RefCell<BTreeMap<(u64, u64), Waker>>,
    count: Cell<u64>,
}

impl VirtualClock {
    fn new(start_ms: i64) -> Self {
        Self { start_ms, elapsed_ms: Cell::new(0), sleepers: RefCell::default(), count: Cell::new(0) }
    }

    pub(crate) fn advance(&self, by_ms: u64) {
        self.elapsed_ms.set(self.elapsed_ms.get() + by_ms);
    }

    /// Runs a future; whenever it waits, time jumps to the next sleeper.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            woken.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            if woken.0.load(Ordering::Relaxed) {
                continue;
            }
            let next = self.sleepers.borrow_mut().pop_first();
            let ((at, _), waker) = next.expect("a future that waits for nothing");
            self.elapsed_ms.set(self.elapsed_ms.get().max(at));
            waker.wake();
        }
    }
}

/// Whether a future wants to be asked again at once.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Sleep<'a> {
    clock: &'a VirtualClock,
    until: u64,
    key: Option<(u64, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.elapsed_ms.get() >= self.until {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            self.clock.count.set(self.clock.count.get() + 1);
            (self.until, self.clock.count.get())
        });
        self.key = Some(key);
        self.clock.sleepers.borrow_mut().insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.sleepers.borrow_mut().remove(&key);
        }
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.start_ms + i64::try_from(self.elapsed_ms.get()).expect("tests do not run for ages")
    }
    fn monotonic_ms(&self) -> u64 {
        self.elapsed_ms.get()
    }
    fn sleep(&self, duration_ms: u64) -> LocalFuture<'_, ()> {
        let until = self.elapsed_ms.get() + duration_ms;
        Box::pin(Sleep { clock: self, until, key: None })
    }
}

/// Keys of one page; few, so that every list has several.
const PAGE_KEYS: usize = 4;

/// A store in memory that can die.
#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) values: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) writes: Cell<u64>,
    /// The write at which the process dies, counted from here.
    pub(crate) dies_at: Cell<Option<u64>>,
    /// The process dies when it writes a value with this text.
    pub(crate) dies_of: RefCell<Option<String>>,
}

impl MemoryStore {
    fn write(&self) -> Result<(), StoreError> {
        self.writes.set(self.writes.get() + 1);
        match self.dies_at.get() {
            Some(0) => Err(StoreError::Failed("the process died here".into())),
            Some(left) => {
                self.dies_at.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn write_values<'v>(&self, values: impl IntoIterator<Item = &'v [u8]>) -> Result<(), StoreError> {
        self.write()?;
        let Some(text) = &*self.dies_of.borrow() else { return Ok(()) };
        if values.into_iter().any(|value| String::from_utf8_lossy(value).contains(text)) {
            return Err(StoreError::Failed("the process died of this order".into()));
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        Ok(keys.iter().map(|key| self.values.borrow().get(key).cloned()).collect())
    }
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write_values(pairs.iter().map(|(_, value)| value.as_slice()))?;
        self.values.borrow_mut().extend(pairs.iter().cloned());
        Ok(())
    }
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.write()?;
        keys.iter().for_each(|key| drop(self.values.borrow_mut().remove(key)));
        Ok(())
    }
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.write()?;
        let mut values = self.values.borrow_mut();
        let old = match values.get(key).map(|value| <[u8; 8]>::try_from(value.as_slice())) {
            None => 0,
            Some(Ok(bytes)) => i64::from_le_bytes(bytes),
            Some(Err(_)) => return Err(StoreError::Failed(format!("{key} is no counter"))),
        };
        values.insert(key.to_owned(), (old + delta).to_le_bytes().to_vec());
        Ok(old + delta)
    }
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.write_values([value])?;
        let mut values = self.values.borrow_mut();
        let is_same = values.get(key).is_some_and(|held| held == seen);
        if is_same {
            values.insert(key.to_owned(), value.to_vec());
        }
        Ok(is_same)
    }
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        let values = self.values.borrow();
        let is_after = |key: &&String| cursor.is_none_or(|cursor| key.as_str() > cursor);
        let keys: Vec<String> = values.keys().filter(is_after).take(PAGE_KEYS).cloned().collect();
        let cursor = keys.last().filter(|_| keys.len() == PAGE_KEYS).cloned();
        Ok(KeyPage { keys, cursor })
    }
}

/// Settings in memory.
#[derive(Default, Clone)]
pub(crate) struct MapConfig(pub(crate) BTreeMap<String, String>);

impl Config for MapConfig {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(name).cloned())
    }
}

struct WireHttp<'a> {
    clock: &'a VirtualClock,
    world: &'a RefCell<World>,
    /// Requests that are sent before the host begins to end; `None`: it does not.
    left: Cell<Option<u64>>,
}

impl Http for WireHttp<'_> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            match self.left.get() {
                Some(0) => return Err(HttpError::Ending),
                left => self.left.set(left.map(|left| left - 1)),
            }
            self.clock.sleep(LATENCY_MS).await;
            let reply = self.world.borrow_mut().handle(&wire(&request), self.clock.now_ms());
            delivered(self.clock, reply, request.deadline_ms, LATENCY_MS).await
        })
    }
}

/// A request as the simulators read it.
pub(crate) fn wire(request: &HttpRequest) -> Request {
    let rest = request.url.split_once("://").expect("an absolute url").1;
    let target = rest.split_once('/').map_or("", |(_, target)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
        .to_owned(),
        path: format!("/{path}"),
        query: query.to_owned(),
        headers: request.headers.clone(),
        body: request.body.clone().unwrap_or_default(),
    }
}

/// Waits for an answer as long as the request may last.
pub(crate) async fn delivered(
    clock: &VirtualClock,
    reply: Reply,
    deadline_ms: u64,
    latency_ms: u64,
) -> Result<HttpResponse, HttpError> {
    let left_ms = deadline_ms.saturating_sub(latency_ms);
    let hangs = matches!(reply.delivery, Delivery::Hang);
    if hangs || reply.delay_ms + latency_ms > left_ms {
        clock.sleep(left_ms).await;
        return Err(HttpError::Unknown("deadline".into()));
    }
    clock.sleep(reply.delay_ms + latency_ms).await;
    match reply.delivery {
        Delivery::Whole => Ok(HttpResponse {
            status: reply.response.status,
            headers: reply.response.headers,
            body: reply.response.body,
        }),
        Delivery::Cut(_) | Delivery::Lost | Delivery::Hang => Err(HttpError::Unknown("cut".into())),
    }
}

/// A shop, an account and a ledger.
pub(crate) struct Rig {
    pub(crate) clock: VirtualClock,
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) store: MemoryStore,
    pub(crate) config: MapConfig,
    /// Codes that deserve no lead.
    pub(crate) excluded: RefCell<BTreeSet<String>>,
    /// Codes whose leads people edited.
    pub(crate) touched: RefCell<BTreeSet<String>>,
    /// Where leads must be; `None`: it does not matter.
    pub(crate) stages: RefCell<Option<Stages>>,
}

/// 24 November 2026, 12:00 in Almaty.
pub(crate) const NOON_MS: i64 = 1_795_503_600_000;
pub(crate) const MINUTE_MS: i64 = 60_000;

impl Rig {
    pub(crate) fn new(world: World) -> Self {
        let settings = [
            ("kaspi_api_base", "https://kaspi.test/shop/api/v2".to_owned()),
            ("kaspi_api_token", world.kaspi.options.token.clone()),
            ("amo_base_url", "https://amo.test".to_owned()),
            ("amo_long_lived_token", world.amo.options.token.clone()),
            ("amo_pipeline_id", account::PIPELINE_ID.to_string()),
            ("amo_status_id", account::STATUS_NEW_ID.to_string()),
            ("amo_responsible_user_id", account::MANAGER_ID.to_string()),
            ("amo_catalog_id", account::CATALOG_ID.to_string()),
            ("amo_lead_order_code_field_id", account::LEAD_ORDER_CODE_FIELD_ID.to_string()),
        ];
        let config = MapConfig(settings.into_iter().map(|(k, v)| (k.to_owned(), v)).collect());
        Self {
            clock: VirtualClock::new(NOON_MS),
            world: Rc::new(RefCell::new(world)),
            store: MemoryStore::default(),
            config,
            excluded: RefCell::default(),
            touched: RefCell::default(),
            stages: RefCell::default(),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.config.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Runs slices of the job for new orders until there is no more.
    pub(crate) fn run(&self) -> Result<Value, RunError> {
        self.run_job(Job::New)
    }

    /// Runs slices of the job for changes until there is no more.
    pub(crate) fn reconcile(&self) -> Result<Value, RunError> {
        self.run_job(Job::Reconcile)
    }

    /// Answers with the last slice's report, with the counts of all slices.
    fn run_job(&self, job: Job) -> Result<Value, RunError> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for slice in 0..100 {
            let options = format!(r#"{{"max_ms":60000,"lease":"host","continues":{}}}"#, slice > 0);
            let mut report = self.clock.block_on(self.call(job, &options, None))?;
            for name in ["created", "adopted", "updated"] {
                *counts.entry(name).or_default() += report[name].as_u64().expect("a count");
            }
            if report["more"] != true {
                counts.iter().for_each(|(name, count)| report[*name] = (*count).into());
                return Ok(report);
            }
        }
        panic!("a run that never ends");
    }

    pub(crate) fn slice(&self, max_ms: u64) -> Result<Value, RunError> {
        let options = format!(r#"{{"max_ms":{max_ms},"lease":"host"}}"#);
        self.clock.block_on(self.run_with(&options))
    }

    /// A slice whose host begins to end after so many requests.
    pub(crate) fn ending_slice(&self, requests: u64) -> Result<Value, RunError> {
        self.clock.block_on(self.run_until(r#"{"lease":"host"}"#, Some(requests)))
    }

    /// One slice that stores and changes nothing.
    pub(crate) fn dry_run(&self) -> Result<Value, RunError> {
        self.clock.block_on(self.run_with(r#"{"max_ms":600000,"dry_run":true}"#))
    }

    /// The same for changes.
    pub(crate) fn dry_reconcile(&self) -> Result<Value, RunError> {
        self.clock.block_on(self.call(Job::Reconcile, r#"{"max_ms":600000,"dry_run":true}"#, None))
    }

    /// Two connections of one account, at the same time.
    pub(crate) fn run_both(&self, connections: [&str; 2]) -> [Result<Value, RunError>; 2] {
        let options = connections.map(|name| format!(r#"{{"lease":"host","connection":"{name}"}}"#));
        let [one, two] = &options;
        self.clock.block_on(futures_util::future::join(self.run_with(one), self.run_with(two))).into()
    }

    async fn run_with(&self, options: &str) -> Result<Value, RunError> {
        self.run_until(options, None).await
    }

    async fn run_until(&self, options: &str, requests: Option<u64>) -> Result<Value, RunError> {
        self.call(Job::New, options, requests).await
    }

    async fn call(&self, job: Job, options: &str, requests: Option<u64>) -> Result<Value, RunError> {
        let left = Cell::new(requests);
        let http = WireHttp { clock: &self.clock, world: &self.world, left };
        let ports = Ports { http: &http, store: &self.store, clock: &self.clock, config: &self.config };
        let report = run(ports, job, options).await?;
        Ok(serde_json::from_str(&report).expect("a report is JSON"))
    }

    /// Does something with the ports of a host that only offers those.
    pub(crate) async fn with_ports<T>(&self, call: impl AsyncFnOnce(Ports<'_>) -> T) -> T {
        let http = WireHttp { clock: &self.clock, world: &self.world, left: Cell::new(None) };
        call(Ports { http: &http, store: &self.store, clock: &self.clock, config: &self.config }).await
    }

    /// Asks something besides a job.
    pub(crate) fn ask(
        &self,
        call: impl AsyncFnOnce(Ports<'_>) -> Result<String, RunError>,
    ) -> Result<Value, RunError> {
        let answer = self.clock.block_on(self.with_ports(call))?;
        Ok(serde_json::from_str(&answer).expect("an answer is JSON"))
    }

    /// The statement of the last so many days.
    pub(crate) fn statement(&self, days: i64, more: &str) -> Value {
        let (from_ms, to_ms) = (self.now_ms() - days * 86_400_000, self.now_ms());
        let options = format!(r#"{{"from_ms":{from_ms},"to_ms":{to_ms}{more}}}"#);
        self.ask(async |ports| statement(ports, &options).await).expect("a statement")
    }

    /// Asks for the account as it is set up.
    pub(crate) fn describe(&self) -> Result<Value, RunError> {
        self.ask(async |ports| describe_account(ports, "{}").await)
    }

    pub(crate) fn wait_minutes(&self, minutes: u64) {
        self.clock.advance(minutes * 60_000);
        self.world.borrow_mut().settle(self.clock.now_ms());
    }

    /// Runs every minute for a while, as the schedule does.
    pub(crate) fn run_for(&self, minutes: u64) -> Value {
        let mut last = Value::Null;
        for _ in 0..minutes {
            self.wait_minutes(1);
            last = self.run().expect("a run with a report");
        }
        last
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let scope = Scope {
            excluded: self.excluded.borrow().clone(),
            touched: self.touched.borrow().clone(),
            stages: self.stages.borrow().clone(),
            ..Scope::at(self.clock.now_ms())
        };
        check(&self.world.borrow(), &scope)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Gives the account a pair in place of the long-lived token; it ends that many seconds from now.
    pub(crate) fn with_pair(&mut self, ends_in_s: i64) -> &mut Self {
        let (pair, options) = {
            let mut world = self.world.borrow_mut();
            let pair = world.amo.issue_pair(self.clock.now_ms());
            let last = world.amo.oauth_mut().pairs_mut().last_mut().expect("just issued");
            last.access_ends_ms = self.clock.now_ms() + ends_in_s * 1_000;
            (pair, world.amo.options.clone())
        };
        let ends_s = self.now_ms() / 1_000 + ends_in_s;
        self.config.0.remove("amo_long_lived_token");
        self.set("amo_access_token", pair.access)
            .set("amo_refresh_token", pair.refresh)
            .set("amo_expires_at", ends_s)
            .set("amo_client_id", options.client_id)
            .set("amo_client_secret", options.client_secret)
            .set("amo_redirect_uri", options.redirect_uri)
    }

    /// How many refresh tokens amoCRM was shown.
    pub(crate) fn renewals(&self) -> usize {
        self.world.borrow().amo.oauth().presented().len()
    }

    pub(crate) fn amo_requests(&self) -> usize {
        self.world.borrow().amo.requests().len()
    }

    pub(crate) fn amo_writes(&self) -> usize {
        self.world.borrow().amo.requests().iter().filter(|request| request.method != "GET").count()
    }
}

/// Some orders of as many buyers, two products each, over the last day.
pub(crate) fn orders(count: usize) -> Vec<SimOrder> {
    (0..count)
        .map(|i| {
            let age_ms = (count - i) as i64 * MINUTE_MS;
            SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - age_ms)
                .buyer("Айгерим", &format!("Б{i}"), &format!("701{:07}", 1_000_000 + i))
                .lines(vec![
                    SimLine::new(
                        &format!("SKU-{}", i % 7),
                        &format!("Товар {}", i % 7),
                        1 + (i % 3) as u32,
                        1_500,
                    ),
                    SimLine::new(&format!("SKU-{}", 7 + i % 5), &format!("Товар {}", 7 + i % 5), 1, 2_990),
                ])
        })
        .collect()
}

pub(crate) fn world(orders: Vec<SimOrder>) -> World {
    let mut world = World::default();
    orders.into_iter().for_each(|order| world.kaspi.add_order(order));
    world
}
