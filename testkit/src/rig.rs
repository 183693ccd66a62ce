//! One shop, one account and one store, in virtual time.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use kaspi_amocrm_plugin::{
    contract::{
        json,
        types::{Caller, Lease, OrdersQuery, Repair, RetryWhich, RunOptions, TimeRange},
    },
    domain::Job,
    exports::{
        account::{describe::describe_account, examine::examine},
        orders::orders,
        retry::retry,
        statement::statement,
    },
    ports::{Clock as _, Http, HttpError, HttpRequest, HttpResponse, LocalFuture, Ports},
    run::{RunError, backfill, run},
};
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    oracle::{Scope, Stages, check},
};
use serde_json::Value;

use crate::{
    clock::VirtualClock,
    orders::NOON_MS,
    store::{MapConfig, MemoryStore, SeededChance},
    wire::{LATENCY_MS, WireLog, delivered, wire},
};

struct WireHttp<'a> {
    clock: &'a VirtualClock,
    world: &'a RefCell<World>,
    log: &'a WireLog,
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
            let sent = wire(&request);
            self.log.note(self.clock.now_ms(), "", &sent);
            let reply = self.world.borrow_mut().handle(&sent, self.clock.now_ms());
            delivered(self.clock, reply, request.deadline_ms, LATENCY_MS).await
        })
    }
}

/// A call of a host that sees to the lease.
pub fn host(connection: Option<&str>) -> Caller {
    Caller { connection: connection.map(str::to_owned), lease: Lease::Host }
}

/// A slice of so much time.
pub fn slice_of(max_ms: u64) -> RunOptions {
    RunOptions { caller: host(None), max_ms: Some(max_ms), continues: false, dry_run: false }
}

fn rehearsal() -> RunOptions {
    RunOptions { dry_run: true, ..slice_of(600_000) }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A shop, an account and a ledger.
pub struct Rig {
    pub clock: VirtualClock,
    pub world: Rc<RefCell<World>>,
    pub store: MemoryStore,
    pub chance: SeededChance,
    pub config: MapConfig,
    /// Codes that deserve no lead.
    pub excluded: RefCell<BTreeSet<String>>,
    /// Codes whose leads people edited.
    pub touched: RefCell<BTreeSet<String>>,
    /// Where leads must be; `None`: it does not matter.
    pub stages: RefCell<Option<Stages>>,
    pub log: WireLog,
}

impl Rig {
    pub fn new(world: World) -> Self {
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
            chance: SeededChance::new(1),
            config,
            excluded: RefCell::default(),
            touched: RefCell::default(),
            stages: RefCell::default(),
            log: WireLog::default(),
        }
    }

    pub fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.config.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Runs slices of the job for new orders until there is no more.
    pub fn run(&self) -> Result<Value, RunError> {
        self.run_job(Job::New)
    }

    /// Runs slices of the job for changes until there is no more.
    pub fn reconcile(&self) -> Result<Value, RunError> {
        self.run_job(Job::Reconcile)
    }

    /// One slice of bringing in a range.
    pub fn backfill(&self, from_ms: i64, to_ms: i64) -> Result<Value, RunError> {
        self.backfill_slice(from_ms, to_ms, 60_000)
    }

    /// The same with so much time.
    pub fn backfill_slice(&self, from_ms: i64, to_ms: i64, max_ms: u64) -> Result<Value, RunError> {
        let range = TimeRange { from_ms, to_ms };
        self.ask(async |ports| Ok(json::report(&backfill(ports, host(None), range, Some(max_ms)).await?)))
    }

    /// Asks for a second try of some orders.
    pub fn retry(&self, codes: &[&str]) -> Result<Value, RunError> {
        self.retry_these(RetryWhich::Codes(texts(codes)))
    }

    /// Asks for a second try of all parked orders.
    pub fn retry_all(&self) -> Result<Value, RunError> {
        self.retry_these(RetryWhich::All)
    }

    fn retry_these(&self, which: RetryWhich) -> Result<Value, RunError> {
        self.ask(async |ports| Ok(json::retried(&retry(ports, host(None), which).await?)))
    }

    /// Where some orders stand; of none: all that wait.
    pub fn orders(&self, codes: &[&str]) -> Result<Value, RunError> {
        let query = OrdersQuery { connection: None, codes: texts(codes), after: None, limit: None };
        self.ask(async |ports| Ok(json::orders(&orders(ports, query).await?)))
    }

    /// Tries what the settings name.
    pub fn examine(&self) -> Result<Value, RunError> {
        self.ask(async |ports| Ok(json::examination(&examine(ports, None, None).await?)))
    }

    /// Answers with the last slice's report, with the counts of all slices.
    pub fn run_job(&self, job: Job) -> Result<Value, RunError> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for slice in 0..100 {
            let options = RunOptions { continues: slice > 0, ..slice_of(60_000) };
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

    pub fn slice(&self, max_ms: u64) -> Result<Value, RunError> {
        self.clock.block_on(self.run_with(&slice_of(max_ms)))
    }

    /// A slice whose host begins to end after so many requests.
    pub fn ending_slice(&self, requests: u64) -> Result<Value, RunError> {
        self.clock.block_on(self.run_until(&RunOptions { max_ms: None, ..slice_of(0) }, Some(requests)))
    }

    /// One slice that stores and changes nothing.
    pub fn dry_run(&self) -> Result<Value, RunError> {
        self.clock.block_on(self.run_with(&rehearsal()))
    }

    /// The same for changes.
    pub fn dry_reconcile(&self) -> Result<Value, RunError> {
        self.clock.block_on(self.call(Job::Reconcile, &rehearsal(), None))
    }

    /// Two connections of one account, at the same time.
    pub fn run_both(&self, connections: [&str; 2]) -> [Result<Value, RunError>; 2] {
        let options = connections.map(|name| RunOptions {
            caller: host(Some(name)),
            max_ms: None,
            continues: false,
            dry_run: false,
        });
        let [one, two] = &options;
        self.clock.block_on(futures_util::future::join(self.run_with(one), self.run_with(two))).into()
    }

    async fn run_with(&self, options: &RunOptions) -> Result<Value, RunError> {
        self.run_until(options, None).await
    }

    async fn run_until(&self, options: &RunOptions, requests: Option<u64>) -> Result<Value, RunError> {
        self.call(Job::New, options, requests).await
    }

    async fn call(&self, job: Job, options: &RunOptions, requests: Option<u64>) -> Result<Value, RunError> {
        let left = Cell::new(requests);
        let http = WireHttp { clock: &self.clock, world: &self.world, log: &self.log, left };
        Ok(json::report(&run(self.ports(&http), job, options).await?))
    }

    /// The ports of this rig's world, over some network.
    pub fn ports<'a>(&'a self, http: &'a dyn Http) -> Ports<'a> {
        Ports { http, store: &self.store, clock: &self.clock, chance: &self.chance, config: &self.config }
    }

    /// Does something with the ports of a host that only offers those.
    pub async fn with_ports<T>(&self, call: impl AsyncFnOnce(Ports<'_>) -> T) -> T {
        let http = WireHttp { clock: &self.clock, world: &self.world, log: &self.log, left: Cell::new(None) };
        call(self.ports(&http)).await
    }

    /// Asks something besides a job.
    pub fn ask(
        &self,
        call: impl AsyncFnOnce(Ports<'_>) -> Result<Value, RunError>,
    ) -> Result<Value, RunError> {
        self.clock.block_on(self.with_ports(call))
    }

    /// The statement of the last so many days.
    pub fn statement(&self, days: i64, more: &str) -> Value {
        self.try_statement(days, more).expect("a statement")
    }

    /// The same where it may fail.
    pub fn try_statement(&self, days: i64, more: &str) -> Result<Value, RunError> {
        let range = TimeRange { from_ms: self.now_ms() - days * 86_400_000, to_ms: self.now_ms() };
        let wants = |word: &str| more.contains(&format!(r#""{word}":true"#));
        let repair = match (wants("repair"), wants("missing")) {
            (false, _) => Repair::None,
            (true, false) => Repair::Safe,
            (true, true) => Repair::MissingToo,
        };
        self.ask(async |ports| Ok(json::statement(&statement(ports, host(None), range, repair).await?)))
    }

    /// Asks for the account as it is set up.
    pub fn describe(&self) -> Result<Value, RunError> {
        self.ask(async |ports| Ok(json::account_description(&describe_account(ports, None).await?)))
    }

    pub fn wait_minutes(&self, minutes: u64) {
        self.clock.advance(minutes * 60_000);
        self.world.borrow_mut().settle(self.clock.now_ms());
    }

    /// Runs every minute for a while, as the schedule does.
    pub fn run_for(&self, minutes: u64) -> Value {
        let mut last = Value::Null;
        for _ in 0..minutes {
            self.wait_minutes(1);
            last = self.run().expect("a run with a report");
        }
        last
    }

    pub fn violations(&self) -> Vec<String> {
        let scope = Scope {
            excluded: self.excluded.borrow().clone(),
            touched: self.touched.borrow().clone(),
            stages: self.stages.borrow().clone(),
            ..Scope::at(self.clock.now_ms())
        };
        check(&self.world.borrow(), &scope)
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Gives the account a pair in place of the long-lived token; it ends that many seconds from now.
    pub fn with_pair(&mut self, ends_in_s: i64) -> &mut Self {
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
    pub fn renewals(&self) -> usize {
        self.world.borrow().amo.oauth().presented().len()
    }

    pub fn amo_requests(&self) -> usize {
        self.world.borrow().amo.requests().len()
    }

    pub fn amo_writes(&self) -> usize {
        self.world.borrow().amo.requests().iter().filter(|request| request.method != "GET").count()
    }
}
