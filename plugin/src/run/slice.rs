//! One slice of a run.

use super::{
    backlog::into_amocrm, cooldown::amocrm_client, error::RunError, history, lease::Guard,
    settings::load_settings,
};
use crate::{
    amocrm::{Stop, pair_key},
    contract::types::{Activity, Caller, ProblemClass, Report, RunOptions, TimeRange},
    domain::{Day, Job, OrderCode},
    execute::{Failure, dry_run},
    intake::{changed_orders, new_orders},
    kaspi::{Kaspi, Window},
    ports::{Budget, MAX_MS, Overlay, Ports, StoreError, encrypted::SealedStore},
    records::{AccountLedger, Meta, Record, ShopLedger},
    settings::Settings,
};
use kaspi_amocrm_contract::MessageId;

/// Sealed values that are opened together, so that a long backlog needs little memory.
const SEALED_AT_ONCE: usize = 200;

/// Runs one slice of a job.
///
/// # Errors
/// When the run could not begin, or the store fails. Everything else stands in the report's problems.
pub async fn run(ports: Ports<'_>, job: Job, options: &RunOptions) -> Result<Report, RunError> {
    let settings = load_settings(ports, options.caller.connection.clone())?;
    let max_ms = options.max_ms.unwrap_or(MAX_MS);
    let reading = match job {
        Job::New => Reading::New,
        Job::Reconcile => Reading::Again { continues: options.continues },
    };
    let overlay = Overlay::new(ports.store);
    if options.dry_run {
        let ports = Ports { store: &overlay, ..ports };
        return slice(ports, &settings, max_ms, job.into(), reading, true).await;
    }
    let guard = Guard::begin(ports, &settings.connection, options.caller.lease).await?;
    let ports = guard.ports();
    let began_ms = ports.clock.now_ms();
    let result = slice(ports, &settings, max_ms, job.into(), reading, false).await;
    if guard.is_own() {
        let added = history::add(ports, &settings.connection, job, began_ms, &result);
        // What ended the run says more than that this could not be written either.
        return result.and_then(|report| added.map(|()| report).map_err(RunError::from));
    }
    result
}

/// One slice of bringing in the orders of a range, see `backfill` in `wit/world.wit`.
///
/// # Errors
/// As for [`run`].
pub async fn backfill(
    ports: Ports<'_>,
    caller: Caller,
    range: TimeRange,
    max_ms: Option<u64>,
) -> Result<Report, RunError> {
    let range = window(range)?;
    let settings = load_settings(ports, caller.connection)?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let max_ms = max_ms.unwrap_or(MAX_MS);
    let reading = Reading::Range(range);
    slice(guard.ports(), &settings, max_ms, Activity::Backfill, reading, false).await
}

/// The range of a call.
///
/// # Errors
/// When its end comes before its beginning.
pub(crate) fn window(range: TimeRange) -> Result<Window, RunError> {
    let TimeRange { from_ms, to_ms } = range;
    if from_ms > to_ms {
        return Err(RunError::invalid(MessageId::OptionRangeReversed));
    }
    Ok(Window { from_ms, to_ms })
}

/// What a run reads at Kaspi.
enum Reading {
    /// From the watermark on.
    New,
    /// What may have changed.
    Again { continues: bool },
    /// A range that a person named.
    Range(Window),
}

async fn slice(
    ports: Ports<'_>,
    settings: &Settings,
    max_ms: u64,
    activity: Activity,
    reading: Reading,
    is_dry_run: bool,
) -> Result<Report, RunError> {
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let budget = Budget::new(ports, max_ms);
    let mut report = Report::new(activity, &settings.connection, budget.now_ms());
    report.plan = is_dry_run.then(Vec::new);
    // Large, and held by whatever embeds a run.
    Box::pin(read_and_work(ports, settings, &reading, &budget, is_dry_run, &mut report)).await?;
    dry_run::finish(&mut report);
    report.tell_each_once();
    report.took_ms = budget.took_ms();
    Ok(report)
}

async fn read_and_work(
    ports: Ports<'_>,
    settings: &Settings,
    reading: &Reading,
    budget: &Budget<'_>,
    is_dry_run: bool,
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
    let is_left_to_read = match reading {
        Reading::New => new_orders::ingest(&kaspi, &shop, settings, &mut meta, budget, report).await?,
        Reading::Again { continues } => {
            changed_orders::revisit(&kaspi, &shop, &mut meta, *continues, budget, report).await?
        }
        Reading::Range(range) => {
            let (next_from_ms, is_left) =
                new_orders::range(&kaspi, &shop, *range, &mut meta, budget, report).await?;
            report.next_from_ms = next_from_ms;
            is_left
        }
    };
    let stored = meta.clone();
    let mut amo = amocrm_client(ports, settings, &meta);
    if is_dry_run {
        amo = amo.rehearsing();
    }
    let looks_for_edits = matches!(reading, Reading::Again { continues: false });
    let work = into_amocrm(
        ports,
        settings,
        &shop,
        &kaspi,
        &amo,
        &mut meta,
        looks_for_edits,
        budget,
        is_dry_run,
        report,
    );
    let orders_left = match work.await {
        Ok(left) => left,
        Err(Failure::Store(error)) => return Err(error.into()),
        Err(Failure::Stop(stop)) => {
            tell(&stop, &mut meta, report);
            matches!(stop, Stop::Ending | Stop::Busy)
        }
    };
    if let Some(problem) = amo.oauth().token_problem() {
        report.problems.push(problem.problem());
    }
    if amo.requests() > 0 {
        meta.ended_ms = budget.now_ms();
    }
    if meta != stored {
        meta.working.clear();
        shop.set_meta(&meta)?;
    }
    report.backlog = shop.pending(Day::from_number(0))?.len() as u64;
    let (renewed_ms, ends_ms) = amo.oauth().token_life()?;
    report.token_age_ms = renewed_ms.map(|renewed_ms| budget.now_ms() - renewed_ms);
    report.token_left_ms = ends_ms.map(|ends_ms| ends_ms - budget.now_ms());
    report.requests.kaspi = kaspi.requests();
    report.requests.amocrm = amo.requests();
    report.more = is_left_to_read || orders_left;
    report.complete =
        !report.more && !report.problems.iter().any(|problem| problem.class != ProblemClass::Hint);
    report.watermark_ms = Some(meta.watermark_ms);
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
    keys.extend(shop.pending(Day::from_number(0))?.iter().map(|code| shop.payload_key(code)));
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
    match stop {
        Stop::Ending | Stop::Busy => return,
        Stop::Paused { until_ms, .. } => meta.paused_until_ms = *until_ms,
        _ => {}
    }
    report.problems.push(stop.problem());
}
