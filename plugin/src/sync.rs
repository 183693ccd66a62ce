//! One run: read Kaspi into the ledger, check the account, settle doubts, then bring orders into amoCRM.
//!
//! Both halves meet only in the ledger, so trouble on one side never stops the other. A run works in slices: it ends
//! between two units of work when its time is spent, never before the first, and says that there is more.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    amocrm::{AccountCheck, Amo, Catalog, Extent, Layout, Stop, another_account, check_account, pair_key},
    apply::{Failure, Session},
    config::Settings,
    create::batch_size,
    ingest,
    kaspi::{Kaspi, KaspiError},
    ledger::{AccountLedger, AccountPin, Loaded, Meta, Record, ShopLedger, Trouble},
    model::OrderCode,
    plan::{Crm, Plan, Work},
    ports::{Ports, StoreError},
    rehearsal::{self, Overlay},
    report::{Report, rfc3339},
    seal::SealedStore,
};

/// Time for a slice where the host names none.
const MAX_MS: u64 = 25_000;
/// Orders that are worked on together, to their end: a slice may be over its time by one such unit.
const UNIT: usize = 100;
/// Between the last request of a run and the first of the next, so that runs share the limit without sharing tickets.
const REST_MS: i64 = 1_000;
/// Sealed values that are opened together, so that a long backlog needs little memory.
const SEALED_AT_ONCE: usize = 200;
/// How long a check of the settings against the account holds.
const CHECK_MS: i64 = 6 * 3_600_000;
/// After so many runs that died on an order it is worked on alone, and after so many it is parked.
const DEATHS_ALONE: u32 = 2;
const DEATHS_PARKED: u32 = 3;

/// The jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// New orders.
    New,
    /// Changes of known orders.
    Reconcile,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A setting is missing or wrong.
    #[error("{0}")]
    Config(String),
    /// Another run holds the connection.
    #[error("another run holds this connection")]
    Busy,
    /// A remote service cannot be reached or refuses.
    #[error("{0}")]
    Upstream(String),
    /// A bug, or a store that fails.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unusable(why) => Self::Config(why),
            StoreError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    max_ms: u64,
    connection: Option<String>,
    lease: Option<String>,
    dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_ms: MAX_MS, connection: None, lease: None, dry_run: false }
    }
}

/// The time of a slice.
pub struct Budget<'a> {
    ports: Ports<'a>,
    began_ms: u64,
    max_ms: u64,
}

impl<'a> Budget<'a> {
    /// A slice that begins at this moment.
    pub fn new(ports: Ports<'a>, max_ms: u64) -> Self {
        Self { ports, began_ms: ports.clock.monotonic_ms(), max_ms }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    fn took_ms(&self) -> u64 {
        self.ports.clock.monotonic_ms() - self.began_ms
    }

    /// Reading leaves the other half to amoCRM.
    pub fn is_half_spent(&self) -> bool {
        self.took_ms() * 2 >= self.max_ms
    }

    /// Whether no new unit should begin.
    pub fn is_spent(&self) -> bool {
        self.took_ms() >= self.max_ms
    }
}

/// Runs one slice of a job and answers with the report as JSON.
///
/// # Errors
/// When the run could not begin, or the store fails. Everything else stands in the report's problems.
pub async fn run(ports: Ports<'_>, job: Job, options: &str) -> Result<String, RunError> {
    let options: Options = serde_json::from_str(if options.trim().is_empty() { "{}" } else { options })
        .map_err(|error| RunError::Config(format!("options: {error}")))?;
    let mut settings = Settings::load(ports.config).map_err(|error| RunError::Config(error.to_string()))?;
    if job == Job::Reconcile {
        return Err(RunError::Internal(
            "the job reconcile is not built yet; new orders are brought in without it".into(),
        ));
    }
    if let Some(connection) = options.connection {
        settings.connection = connection;
    }
    // Without a guard of its own the component relies on its host for one run at a time. A dry run needs none.
    if !options.dry_run && options.lease.as_deref() != Some("host") {
        return Err(RunError::Config(
            "options: this host must let only one run of a connection through and say so with \"lease\": \"host\"".into(),
        ));
    }
    let overlay = Overlay::new(ports.store);
    let store = if options.dry_run { &overlay } else { ports.store };
    let store = SealedStore::new(store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let budget = Budget::new(ports, options.max_ms);
    let mut report = Report {
        job: "new".to_owned(),
        connection: settings.connection.clone(),
        started_at: rfc3339(budget.now_ms()),
        plan: options.dry_run.then(Vec::new),
        ..Report::default()
    };
    new_orders(ports, &settings, &budget, &mut report).await?;
    rehearsal::finish(&mut report);
    report.took_ms = budget.took_ms();
    Ok(report.to_json())
}

async fn new_orders(
    ports: Ports<'_>,
    settings: &Settings,
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<(), RunError> {
    let shop = ShopLedger::new(ports.store, &settings.connection);
    let mut meta = match shop.meta()? {
        Some(meta) => meta,
        None => {
            let meta = Meta::first(budget.now_ms(), settings.first_lookback_ms);
            shop.set_meta(&meta)?;
            meta
        }
    };
    check_sealed(ports, settings, &shop)?;
    count_deaths(&shop, &mut meta)?;

    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let windows_left = ingest::ingest(&kaspi, &shop, settings, &mut meta, budget, report).await?;
    let stored = meta.clone();
    // The server may have got the last run's last request just now.
    let rest_ms = (meta.ended_ms + REST_MS - budget.now_ms()).clamp(0, REST_MS);
    let mut amo = Amo::new(ports, settings, rest_ms.unsigned_abs());
    if report.plan.is_some() {
        amo = amo.rehearsing();
    }
    let orders_left = match into_amocrm(ports, settings, &shop, &kaspi, &amo, &mut meta, budget, report).await
    {
        Ok(left) => left,
        Err(Failure::Store(error)) => return Err(error.into()),
        Err(Failure::Stop(stop)) => {
            tell(&stop, &mut meta, report);
            stop == Stop::Ending
        }
    };
    if let Some(problem) = amo.token_problem() {
        report.problem("config", problem);
    }
    if amo.requests() > 0 {
        meta.ended_ms = budget.now_ms();
    }
    if meta != stored {
        meta.working.clear();
        shop.set_meta(&meta)?;
    }
    report.requests.kaspi = kaspi.requests();
    report.requests.amocrm = amo.requests();
    report.more = windows_left || orders_left;
    report.complete = !report.more && !report.problems.iter().any(|problem| problem.class != "hint");
    report.watermark = Some(rfc3339(meta.watermark_ms));
    report.lag_ms = Some((budget.now_ms() - meta.watermark_ms).max(0));
    Ok(())
}

/// Opens everything sealed that this run may need, before anything is sent: what was damaged or moved is found now.
fn check_sealed(ports: Ports<'_>, settings: &Settings, shop: &ShopLedger<'_>) -> Result<(), StoreError> {
    if settings.secret_key.is_none() {
        return Ok(());
    }
    let mut keys = vec![pair_key(&settings.amo.base_url)];
    keys.extend(shop.pin()?.map(|pin| AccountLedger::salt_key(pin.account_id)));
    keys.extend(shop.pending()?.iter().map(|code| shop.payload_key(code)));
    keys.chunks(SEALED_AT_ONCE).try_for_each(|keys| ports.store.get_many(keys).map(drop))
}

/// A run that died has left the codes it worked on. Counted in one write, so that dying here counts nothing twice.
fn count_deaths(shop: &ShopLedger<'_>, meta: &mut Meta) -> Result<(), StoreError> {
    if meta.working.is_empty() {
        return Ok(());
    }
    let codes: Vec<OrderCode> = meta.working.drain(..).filter_map(|code| OrderCode::parse(&code)).collect();
    let (loaded, _) = shop.load(&codes)?;
    let died: Vec<(OrderCode, Record)> = loaded
        .into_iter()
        .filter_map(|loaded| Some((loaded.code, loaded.record?)))
        .map(|(code, record)| (code, Record { deaths: record.deaths + 1, ..record }))
        .collect();
    shop.set_records(&died, meta)
}

fn tell(stop: &Stop, meta: &mut Meta, report: &mut Report) {
    let class = match stop {
        Stop::Ending => return,
        Stop::Config(_) => "config",
        Stop::Paused { until_ms, .. } => {
            meta.paused_until_ms = *until_ms;
            "upstream_amocrm"
        }
        Stop::Unreachable(_) | Stop::Refused { .. } | Stop::Store(_) => "upstream_amocrm",
    };
    report.problem(class, stop.to_string());
}

/// Answers whether orders are left that could go on at once.
#[expect(clippy::too_many_arguments, reason = "the parts of one run, each used once")]
async fn into_amocrm(
    ports: Ports<'_>,
    settings: &Settings,
    shop: &ShopLedger<'_>,
    kaspi: &Kaspi<'_>,
    amo: &Amo<'_>,
    meta: &mut Meta,
    budget: &Budget<'_>,
    report: &mut Report,
) -> Result<bool, Failure> {
    let now_ms = budget.now_ms();
    if now_ms < meta.paused_until_ms {
        return Err(Stop::Paused {
            until_ms: meta.paused_until_ms,
            reason: "asked for by an earlier answer".into(),
        }
        .into());
    }
    let mut pending = shop.pending()?;
    let Some(check) = checked_account(settings, shop, amo, now_ms, pending.is_empty(), report).await? else {
        return Ok(false);
    };
    let account = AccountLedger::open(ports.store, check.account_id)?;
    let attempts = account.attempts()?;
    if pending.is_empty() && attempts.is_empty() {
        return Ok(false);
    }
    let tail = account.tail()?;
    let mut session = Session {
        ports,
        settings,
        amo,
        shop,
        account,
        check: &check,
        attempts,
        tail,
        crm: Crm::default(),
        report,
        batch: batch_size(meta.batch),
    };
    session.settle_doubts().await?;
    session.load_doubts();
    let mut is_first = true;
    while !pending.is_empty() {
        if !is_first && budget.is_spent() {
            return Ok(true);
        }
        is_first = false;
        let unit: Vec<OrderCode> = pending.drain(..pending.len().min(UNIT)).collect();
        work_on(&mut session, kaspi, meta, &unit, budget.now_ms()).await?;
        meta.batch = session.batch;
    }
    Ok(false)
}

/// The account that the settings belong to, checked before the first write; `None` where nothing is to be done.
async fn checked_account(
    settings: &Settings,
    shop: &ShopLedger<'_>,
    amo: &Amo<'_>,
    now_ms: i64,
    is_idle: bool,
    report: &mut Report,
) -> Result<Option<AccountCheck>, Failure> {
    let pin = shop.pin()?;
    let fingerprint = settings.fingerprint();
    if let Some(pin) = &pin
        && pin.fingerprint == fingerprint
        && report.plan.is_none()
        && (is_idle || now_ms - pin.checked_ms < CHECK_MS)
    {
        return Ok(Some(AccountCheck {
            account_id: pin.account_id,
            catalog: pin.catalog.map(|(id, has_sku, has_price)| Catalog { id, has_sku, has_price }),
            pipeline_id: pin.pipeline_id,
            findings: Vec::new(),
            hints: Vec::new(),
        }));
    }
    let layout = Layout::read(amo, settings, Extent::Needed).await?;
    let mut check = check_account(&layout, settings);
    if let Some(pin) = pin.as_ref().filter(|pin| pin.account_id != check.account_id) {
        check.findings.push(another_account(&settings.connection, check.account_id, pin.account_id));
    }
    for hint in &check.hints {
        report.problem("hint", hint.to_string());
    }
    if !check.findings.is_empty() {
        for finding in &check.findings {
            report.problem("config", finding.to_string());
        }
        return Ok(None);
    }
    shop.set_pin(&AccountPin {
        fingerprint,
        checked_ms: now_ms,
        account_id: check.account_id,
        pipeline_id: check.pipeline_id,
        catalog: check.catalog.as_ref().map(|catalog| (catalog.id, catalog.has_sku, catalog.has_price)),
    })?;
    Ok(Some(check))
}

/// Brings some orders as far as they go at this moment.
async fn work_on(
    session: &mut Session<'_>,
    kaspi: &Kaspi<'_>,
    meta: &mut Meta,
    unit: &[OrderCode],
    now_ms: i64,
) -> Result<(), Failure> {
    let (loaded, unreadable) = session.shop.load(unit)?;
    for bad in unreadable {
        session.report.parked += 1;
        session.report.order_problem(
            &bad.code,
            "ledger",
            "the record of this order cannot be read; restore a backup",
        );
    }
    let mut works = Vec::new();
    for loaded in loaded {
        if let Some(work) = complete(session, kaspi, loaded, now_ms).await? {
            works.push(work);
        }
    }
    // Orders on which runs died go alone; the others first.
    let (mut alone, mut together): (Vec<Work>, Vec<Work>) =
        works.into_iter().partition(|work| work.record.deaths >= DEATHS_ALONE);
    run_unit(session, meta, &mut together, now_ms).await?;
    for work in &mut alone {
        run_unit(session, meta, std::slice::from_mut(work), now_ms).await?;
    }
    Ok(())
}

/// An order with everything that is needed; `None` where it is parked for now.
async fn complete(
    session: &mut Session<'_>,
    kaspi: &Kaspi<'_>,
    loaded: Loaded,
    now_ms: i64,
) -> Result<Option<Work>, Failure> {
    let Loaded { code, record, order } = loaded;
    if let Some(record) = &record {
        let is_parked = record.trouble.as_ref().is_some_and(|trouble| now_ms < trouble.next_try_ms);
        if let Some(trouble) = record.trouble.as_ref().filter(|_| is_parked) {
            session.report.parked += 1;
            session.report.order_problem(code.as_str(), &trouble.class.clone(), trouble.message.clone());
            return Ok(None);
        }
        if record.deaths >= DEATHS_PARKED {
            session.report.parked += 1;
            let message = format!("{} runs died while working on this order", record.deaths);
            session.report.order_problem(code.as_str(), "poison", message);
            return Ok(None);
        }
    }
    // Without a payload, or without a record (the index is written first), Kaspi is asked again.
    let mut order = match order {
        Some(order) => order,
        None => match kaspi.order(code.as_str()).await {
            Ok(Some(order)) => order,
            Ok(None) => {
                session.report.parked += 1;
                session.report.order_problem(
                    code.as_str(),
                    "gone_at_kaspi",
                    "Kaspi does not know this order any more",
                );
                return Ok(None);
            }
            Err(KaspiError::Ending) => return Err(Stop::Ending.into()),
            Err(error) => {
                session.report.problem("upstream_kaspi", format!("Kaspi: {error}"));
                return Ok(None);
            }
        },
    };
    let record = record.unwrap_or_else(|| Record::new(&order, now_ms, None));
    if order.lines.is_none() {
        match kaspi.entries(&order.id).await {
            Ok(lines) => {
                order.lines = Some(lines);
                session.shop.set_order(&order, &record)?;
            }
            Err(KaspiError::Ending) => return Err(Stop::Ending.into()),
            Err(error) => {
                session.report.order_problem(code.as_str(), "lines_missing", format!("Kaspi: {error}"));
                return Ok(None);
            }
        }
    }
    Ok(Some(Work { order, record }))
}

/// Plans and applies until nothing can be done at this moment.
async fn run_unit(
    session: &mut Session<'_>,
    meta: &mut Meta,
    works: &mut [Work],
    now_ms: i64,
) -> Result<(), Failure> {
    if works.is_empty() {
        return Ok(());
    }
    meta.working = works.iter().map(|work| work.order.code.as_str().to_owned()).collect();
    session.shop.set_meta(meta)?;
    let result = loop {
        let plan = session.plan(works);
        if plan.is_idle() {
            break Ok(plan);
        }
        if let Err(failure) = session.apply(plan, works).await {
            break Err(failure);
        }
    };
    match result {
        Ok(plan) => Ok(finish(session, &plan, works, now_ms)?),
        Err(Failure::Stop(stop)) => {
            finish(session, &session.plan(works), works, now_ms)?;
            Err(stop.into())
        }
        Err(error) => Err(error),
    }
}

/// Records what the last plan says about orders that go no further.
fn finish(session: &mut Session<'_>, plan: &Plan, works: &[Work], now_ms: i64) -> Result<(), StoreError> {
    rehearsal::note(session, plan, works);
    let by_code: BTreeMap<&OrderCode, &Work> = works.iter().map(|work| (&work.order.code, work)).collect();
    let settled: Vec<(OrderCode, i64)> = plan
        .settled
        .iter()
        .filter_map(|code| Some((code.clone(), by_code.get(code)?.record.created_ms)))
        .collect();
    if !settled.is_empty() {
        session.shop.settle(&settled)?;
    }
    let mut pairs = Vec::new();
    for (code, class, message) in &plan.refused {
        let Some(work) = by_code.get(code) else { continue };
        let mut record = work.record.clone();
        record.trouble = Some(Trouble::after(record.trouble.as_ref(), class, message.clone(), now_ms));
        pairs.push(session.shop.record_pair(code, &record));
        session.report.parked += 1;
        session.report.order_problem(code.as_str(), class, message.clone());
    }
    if !pairs.is_empty() {
        session.account.write(&pairs)?;
    }
    for (code, message) in &plan.later {
        session.report.order_problem(code.as_str(), "upstream_amocrm", message.clone());
    }
    for code in &plan.in_doubt {
        session.report.in_doubt += 1;
        session.report.order_problem(
            code.as_str(),
            "in_doubt",
            "amoCRM's answer was lost; nothing is sent again before it is known what became of it",
        );
    }
    Ok(())
}
