//! Several shops of one amoCRM account that run at the same time: each with its own Kaspi, all with one store.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use futures_util::future::join_all;
use kaspi_amocrm_plugin::{
    contract::{json, types::RunOptions},
    domain::Job,
    ports::{
        Clock as _, Http, HttpError, HttpRequest, HttpResponse, KeyPage, LocalFuture, NetworkTrouble, Ports,
        Store, StoreError,
    },
    run::{RunError, run},
};
use kaspi_amocrm_simulator::{World, kaspi::SimOrder, rng::SplitMix64};
use serde_json::Value;

use crate::{
    orders::{MINUTE_MS, world},
    rig::{Rig, host, slice_of},
    wire::{LATENCY_MS, delivered, wire},
};

/// Longer than a lock lasts whose holder does not renew it.
pub const PAUSE_MS: u64 = 61_000;

/// What befalls the process of a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It ends without a trace.
    Dies,
    /// It stands still; the others run at once and then that often, then it goes on as if nothing had been.
    Pauses { rounds: u64 },
}

/// One shop with its process.
pub struct Shop {
    pub name: String,
    pub kaspi: RefCell<World>,
    /// Uses of the store and of the network so far.
    steps: Cell<u64>,
    mishap: Cell<Option<(u64, Mishap)>>,
    is_dead: Cell<bool>,
    /// Keys that were read or written, one list for each use of the store.
    pub used: RefCell<Vec<(&'static str, Vec<String>)>>,
}

/// The shops, the account and the store.
pub struct Shops {
    /// The account, with the orders of all shops, so that the oracle sees them.
    pub rig: Rig,
    pub shops: Vec<Shop>,
    /// How long things take, and who begins.
    chance: RefCell<SplitMix64>,
    /// When the host's tickets for the account may be used again.
    resting: RefCell<Vec<u64>>,
    /// Of the tickets: the host takes away what a process holds that stands still.
    issue: Cell<u64>,
}

impl Shops {
    /// Shops with their orders; a code that several of them show is one order.
    pub fn new(orders: Vec<Vec<SimOrder>>, seed: u64) -> Self {
        let rig = Rig::new(World::default());
        let names = ["astana", "almaty", "shymkent", "aktau", "semey"];
        let shop = |name: &str| Shop {
            name: name.to_owned(),
            kaspi: RefCell::new(world(Vec::new())),
            steps: Cell::new(0),
            mishap: Cell::new(None),
            is_dead: Cell::new(false),
            used: RefCell::default(),
        };
        let shops = names.iter().take(orders.len()).map(|name| shop(name)).collect();
        let shops = Self {
            rig,
            shops,
            chance: RefCell::new(SplitMix64::new(seed)),
            resting: RefCell::new(vec![0; 7]),
            issue: Cell::new(0),
        };
        for (shop, orders) in orders.into_iter().enumerate() {
            orders.into_iter().for_each(|order| shops.add_order(shop, order));
        }
        shops
    }

    pub fn add_order(&self, shop: usize, order: SimOrder) {
        let mut central = self.rig.world.borrow_mut();
        if central.kaspi.orders().iter().all(|other| other.code != order.code) {
            central.kaspi.add_order(order.clone());
        }
        self.shops[shop].kaspi.borrow_mut().kaspi.add_order(order);
    }

    /// Something befalls a shop at that step, counted from here.
    pub fn befall(&self, shop: usize, step: u64, mishap: Mishap) {
        let shop = &self.shops[shop];
        shop.mishap.set(Some((shop.steps.get() + step, mishap)));
    }

    /// Whether the mishap is still to come.
    pub fn awaits_mishap(&self, shop: usize) -> bool {
        self.shops[shop].mishap.get().is_some()
    }

    /// Nothing befalls it any more.
    pub fn forget_mishap(&self, shop: usize) {
        self.shops[shop].mishap.set(None);
    }

    /// A new process for a shop whose last one died.
    pub fn revive(&self, shop: usize) {
        self.shops[shop].is_dead.set(false);
    }

    /// Runs some shops at the same time, each in slices until there is no more; answers with their last reports, and
    /// none for those that died.
    pub fn run(&self, shops: &[usize]) -> BTreeMap<usize, Value> {
        self.run_job(shops, Job::New)
    }

    /// The same for either job.
    pub fn run_job(&self, shops: &[usize], job: Job) -> BTreeMap<usize, Value> {
        let clock = &self.rig.clock;
        let runs = shops.iter().map(|&shop| async move {
            let offset_ms = self.chance.borrow_mut().below(700) as u64;
            clock.sleep(offset_ms).await;
            for _ in 0..200 {
                let report = self.slice(shop, job).await.ok()?;
                if report["more"] != true {
                    return Some((shop, report));
                }
            }
            panic!("shop {shop} never ends");
        });
        clock.block_on(join_all(runs)).into_iter().flatten().collect()
    }

    /// Runs some shops every so many minutes.
    pub fn run_for(&self, shops: &[usize], rounds: u64, minutes: u64) -> BTreeMap<usize, Value> {
        let mut last = BTreeMap::new();
        for _ in 0..rounds {
            self.rig.wait_minutes(minutes);
            last = self.run(shops);
        }
        last
    }

    fn give_ticket_back(&self, issue: u64, rest_ms: u64) {
        if issue == self.issue.get() {
            self.resting.borrow_mut().push(self.rig.clock.monotonic_ms() + rest_ms);
        }
    }

    /// Answers with the issue that the ticket is of.
    async fn take_ticket(&self) -> u64 {
        let clock = &self.rig.clock;
        loop {
            let free = |free_ms: &u64| *free_ms <= clock.monotonic_ms();
            let at = self.resting.borrow().iter().position(free);
            match at {
                Some(at) => {
                    self.resting.borrow_mut().swap_remove(at);
                    return self.issue.get();
                }
                None => clock.sleep(20).await,
            }
        }
    }

    async fn slice(&self, shop: usize, job: Job) -> Result<Value, RunError> {
        let process = Process { shops: self, shop };
        let rig = &self.rig;
        let ports = Ports { store: &process, ..rig.ports(&process) };
        let name = &self.shops[shop].name;
        let options = RunOptions { caller: host(Some(name)), ..slice_of(60_000) };
        Ok(json::report(&run(ports, job, &options).await?))
    }
}

/// What a shop's process has to do with the world.
struct Process<'a> {
    shops: &'a Shops,
    shop: usize,
}

impl Process<'_> {
    fn shop(&self) -> &Shop {
        &self.shops.shops[self.shop]
    }

    /// The next step; answers whether the process lives.
    fn step(&self) -> bool {
        let shop = self.shop();
        shop.steps.set(shop.steps.get() + 1);
        if let Some((step, mishap)) = shop.mishap.get()
            && step == shop.steps.get()
        {
            shop.mishap.set(None);
            match mishap {
                Mishap::Dies => shop.is_dead.set(true),
                Mishap::Pauses { rounds } => {
                    let others: Vec<usize> =
                        (0..self.shops.shops.len()).filter(|other| *other != self.shop).collect();
                    self.shops.rig.clock.advance(PAUSE_MS);
                    self.shops.issue.set(self.shops.issue.get() + 1);
                    self.shops.resting.replace(vec![0; 7]);
                    self.shops.run(&others);
                    self.shops.run_for(&others, rounds, 4);
                    // What was under way arrives now; what is new waits until that has been a second ago.
                    self.shops.rig.clock.advance(1_000);
                    let free_ms = self.shops.rig.clock.monotonic_ms() + 1_200;
                    self.shops.issue.set(self.shops.issue.get() + 1);
                    self.shops.resting.replace(vec![free_ms; 7]);
                }
            }
        }
        !shop.is_dead.get()
    }

    fn use_store(&self, way: &'static str, keys: Vec<String>) -> Result<&dyn Store, StoreError> {
        let store = &self.shops.rig.store;
        if !self.step() {
            return Err(StoreError::Failed("the process died here".into()));
        }
        self.shop().used.borrow_mut().push((way, keys));
        Ok(store)
    }
}

impl Store for Process<'_> {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.use_store("get", keys.to_vec())?.get_many(keys)
    }
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let keys = pairs.iter().map(|(key, _)| key.clone()).collect();
        self.use_store("set", keys)?.set_many(pairs)
    }
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.use_store("delete", keys.to_vec())?.delete_many(keys)
    }
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.use_store("increment", vec![key.to_owned()])?.increment(key, delta)
    }
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        self.use_store("swap", vec![key.to_owned()])?.swap(key, seen, value)
    }
    /// No step: a store is looked over once in its life, by its first run.
    fn list_keys(&self, after: Option<&str>) -> Result<KeyPage, StoreError> {
        self.shops.rig.store.list_keys(after)
    }
}

impl Http for Process<'_> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let clock = &self.shops.rig.clock;
            let began_ms = clock.monotonic_ms();
            let latency_ms = LATENCY_MS + self.shops.chance.borrow_mut().below(90) as u64;
            let is_kaspi = request.url.contains("kaspi.test");
            let issue = if is_kaspi { None } else { Some(self.shops.take_ticket().await) };
            let refusal = if !self.step() {
                Some(HttpError::Ending)
            } else if clock.monotonic_ms() - began_ms > request.deadline_ms {
                Some(HttpError::NotSent(NetworkTrouble::Other, "too late".into()))
            } else {
                None
            };
            if let Some(refusal) = refusal {
                issue.into_iter().for_each(|issue| self.shops.give_ticket_back(issue, 0));
                return Err(refusal);
            }
            clock.sleep(latency_ms).await;
            let world = if is_kaspi { &self.shop().kaspi } else { &*self.shops.rig.world };
            let sent = wire(&request);
            self.shops.rig.log.note(clock.now_ms(), &self.shop().name, &sent);
            let reply = world.borrow_mut().handle(&sent, clock.now_ms());
            let answer = delivered(clock, reply, request.deadline_ms, latency_ms).await;
            issue.into_iter().for_each(|issue| self.shops.give_ticket_back(issue, 1_000));
            if self.step() { answer } else { Err(HttpError::Ending) }
        })
    }
}

/// The codes of a shop's orders that have a problem of a class.
pub fn codes_with(report: &Value, class: &str) -> Vec<String> {
    let problems = report["problems"].as_array().expect("problems");
    let of_class = problems.iter().filter(|problem| problem["class"] == class);
    of_class.map(|problem| problem["code"].as_str().expect("a code").to_owned()).collect()
}

/// An order of the last hour of some buyer, with two products.
pub fn order(code: u64, buyer: u64, sku: u64, now_ms: i64) -> SimOrder {
    use kaspi_amocrm_simulator::kaspi::SimLine;
    SimOrder::new(&code.to_string(), now_ms - MINUTE_MS)
        .buyer("Айгерим", &format!("Б{buyer}"), &format!("701{:07}", 1_000_000 + buyer))
        .lines(vec![
            SimLine::new(&format!("SKU-{sku}"), &format!("Товар {sku}"), 1, 1_500),
            SimLine::new(&format!("SKU-{}", sku + 1), &format!("Товар {}", sku + 1), 2, 2_990),
        ])
}
