//! Brings the orders that wait as far as they go: what they need is completed, planned, applied, and recorded.

use crate::contract::types::{ProblemClass, Report};
use kaspi_amocrm_contract::{Message, MessageId};
use std::collections::{BTreeMap, BTreeSet};

use super::account_check::checked_account;
use crate::{
    amocrm::{Amo, Stop},
    domain::{Day, OrderCode},
    execute::{Failure, Session, batch_size, dry_run, recovery::doubts, update},
    intake::problems::tell_unreadable,
    kaspi::{Kaspi, KaspiError},
    plan::{Crm, Plan, Policy, SeenLead, Work, diff},
    ports::{Budget, Ports, StoreError},
    records::{
        AccountLedger, DEATHS_PARKED, Loaded, Meta, Parts, Record, Settled, ShopLedger, Trouble, tombstones,
    },
    settings::Settings,
};

/// Orders that are worked on together, to their end: a slice may be over its time by one such unit.
const UNIT: usize = 100;
/// After so many runs that died on an order it is worked on alone, and after so many it is parked.
const DEATHS_ALONE: u32 = 2;
/// Orders placed in so many days before today go before older ones.
const LIVE_DAYS: i64 = 2;

/// Answers whether orders are left that could go on at once.
#[expect(clippy::too_many_arguments, reason = "the parts of one run, each used once")]
pub(crate) async fn into_amocrm(
    ports: Ports<'_>,
    settings: &Settings,
    shop: &ShopLedger<'_>,
    kaspi: &Kaspi<'_>,
    amo: &Amo<'_>,
    meta: &mut Meta,
    looks_for_edits: bool,
    budget: &Budget<'_>,
    is_dry_run: bool,
    report: &mut Report,
) -> Result<bool, Failure> {
    let now_ms = budget.now_ms();
    if now_ms < meta.paused_until_ms {
        return Err(Stop::Paused {
            until_ms: meta.paused_until_ms,
            reason: MessageId::PauseAskedEarlier.into(),
        }
        .into());
    }
    let mut pending = shop.pending(Day::of(now_ms).plus(-LIVE_DAYS))?;
    // A dry run looks at the account anew.
    let checked = checked_account(settings, shop, amo, now_ms, pending.is_empty(), !is_dry_run, report);
    let Some(check) = checked.await? else { return Ok(false) };
    let account = AccountLedger::open(ports.store, check.account_id)?;
    let attempts = account.attempts()?;
    let doubts = doubts(&attempts, &settings.connection, None);
    if pending.is_empty() && doubts.is_empty() && !looks_for_edits {
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
        awaiting: pending.clone(),
        report,
        is_dry_run,
        batch: batch_size(meta.batch),
        forgotten: BTreeSet::new(),
        changed: BTreeSet::new(),
    };
    session.load_doubts();
    if !doubts.is_empty() {
        session.take_account(budget).await?;
        let settled = session.settle_doubts(None).await;
        session.release_account()?;
        settled?;
    }
    if looks_for_edits {
        update::notice_edits(&mut session, meta).await?;
    }
    let mut is_first = true;
    while !pending.is_empty() {
        if !is_first && budget.is_spent() {
            return Ok(true);
        }
        is_first = false;
        let unit: Vec<OrderCode> = pending.drain(..pending.len().min(UNIT)).collect();
        work_on(&mut session, kaspi, meta, &unit, budget).await?;
        meta.batch = session.batch;
    }
    Ok(false)
}

/// Brings some orders as far as they go at this moment.
async fn work_on(
    session: &mut Session<'_>,
    kaspi: &Kaspi<'_>,
    meta: &mut Meta,
    unit: &[OrderCode],
    budget: &Budget<'_>,
) -> Result<(), Failure> {
    let now_ms = budget.now_ms();
    let (loaded, unreadable) = session.shop.load(unit)?;
    for bad in unreadable {
        session.report.parked += 1;
        tell_unreadable(&bad.code, session.report);
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
    run_unit(session, meta, &mut together, budget).await?;
    for work in &mut alone {
        run_unit(session, meta, std::slice::from_mut(work), budget).await?;
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
            session.report.order_problem(code.as_str(), trouble.class, trouble.message.clone());
            return Ok(None);
        }
        // One that a run died on after its last step only has to be taken off the list.
        if record.deaths >= DEATHS_PARKED && !record.is_settled() {
            session.report.parked += 1;
            let message = Message::new(MessageId::RunsDied, [("count", &record.deaths)]);
            session.report.order_problem(code.as_str(), ProblemClass::Poison, message);
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
                    ProblemClass::GoneAtKaspi,
                    MessageId::KaspiOrderGone,
                );
                return Ok(None);
            }
            Err(KaspiError::Ending) => return Err(Stop::Ending.into()),
            Err(error) => {
                session.report.problem(ProblemClass::UpstreamKaspi, error.told());
                return Ok(None);
            }
        },
    };
    let mut record = record.unwrap_or_else(|| Record::new(&order, now_ms, None));
    if order.lines.is_none() {
        match kaspi.entries(&order.id).await {
            Ok(lines) => {
                order.lines = Some(lines);
                record.see(&order, now_ms);
                session.shop.set_order(&order, &record)?;
            }
            Err(KaspiError::Ending) => return Err(Stop::Ending.into()),
            Err(error) => {
                session.report.order_problem(code.as_str(), ProblemClass::LinesMissing, error.told());
                return Ok(None);
            }
        }
    }
    Ok(Some(Work { order, record }))
}

/// Plans and applies until nothing can be done at this moment, while no other shop works with the account.
async fn run_unit(
    session: &mut Session<'_>,
    meta: &mut Meta,
    works: &mut [Work],
    budget: &Budget<'_>,
) -> Result<(), Failure> {
    if works.is_empty() {
        return Ok(());
    }
    session.take_account(budget).await?;
    let result = plan_and_apply(session, meta, works, budget.now_ms()).await;
    session.release_account()?;
    result
}

async fn plan_and_apply(
    session: &mut Session<'_>,
    meta: &mut Meta,
    works: &mut [Work],
    now_ms: i64,
) -> Result<(), Failure> {
    let awaiting = std::mem::take(&mut session.awaiting);
    if !awaiting.is_empty() {
        session.settle_doubts(Some(&awaiting)).await?;
    }
    meta.working = works.iter().map(|work| work.order.code.as_str().to_owned()).collect();
    session.shop.set_meta(meta)?;
    dry_run::begin(session, works);
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
    dry_run::note(session, plan, works);
    let by_code: BTreeMap<&OrderCode, &Work> = works.iter().map(|work| (&work.order.code, work)).collect();
    let settled = plan.settled.iter().filter_map(|code| Some((code, by_code.get(code)?)));
    let mut computed = Vec::new();
    let mut over: Vec<Settled<'_>> = settled
        .map(|(code, work)| {
            let seen = session.crm.seen.get(code);
            computed.extend(is_price_computed(&work.record, seen).then_some(code));
            let record = session
                .with_policy(|policy| followed(&work.record, session.crm.seen.get(code), policy, now_ms));
            Settled {
                code,
                is_changed: record.is_some(),
                record: record.unwrap_or_else(|| work.record.clone()),
            }
        })
        .collect();
    for (code, work) in plan.bury.iter().filter_map(|code| Some((code, by_code.get(code)?))) {
        let tombstone = Some(tombstones::DELETED.to_owned());
        let record = Record { tombstone, since: None, trouble: None, ..work.record.clone() };
        over.push(Settled { code, record, is_changed: true });
    }
    if !over.is_empty() {
        session.shop.settle(&over)?;
    }
    for code in computed {
        session.report.order_problem(code.as_str(), ProblemClass::Hint, MessageId::PriceComputed);
    }
    let mut pairs = Vec::new();
    for (code, class, message) in &plan.refused {
        let Some(work) = by_code.get(code) else { continue };
        let mut record = work.record.clone();
        record.trouble = Some(Trouble::after(record.trouble.as_ref(), *class, message.clone(), now_ms));
        pairs.extend(session.shop.record_pairs(code, &record));
        session.report.parked += 1;
        session.report.order_problem(code.as_str(), *class, message.clone());
    }
    if !pairs.is_empty() {
        session.account.write(&pairs)?;
    }
    for (code, message) in &plan.later {
        session.report.order_problem(code.as_str(), ProblemClass::UpstreamAmocrm, message.clone());
    }
    for code in &plan.in_doubt {
        session.report.in_doubt += 1;
        session.report.order_problem(code.as_str(), ProblemClass::InDoubt, MessageId::AnswerInDoubt);
    }
    Ok(())
}

/// Whether the total changed and amoCRM has its own idea of the price.
fn is_price_computed(record: &Record, seen: Option<&SeenLead>) -> bool {
    let Some(SeenLead::There(lead)) = seen else { return false };
    record.since.is_some() && lead.is_price_computed && lead.price_kzt != record.total_kzt
}

/// The record of an order whose lead has followed a change, or on which no run dies any more; `None` where the stored
/// one stands.
fn followed(record: &Record, seen: Option<&SeenLead>, policy: &Policy<'_>, now_ms: i64) -> Option<Record> {
    let had_deaths = record.deaths > 0;
    let mut record = Record { deaths: 0, ..record.clone() };
    if record.since.is_none() {
        return had_deaths.then_some(record);
    }
    if let Some(SeenLead::There(lead)) = seen {
        let comparison = diff::compare(&record, lead, policy);
        record.wrote = Some(comparison.baseline);
        record.kept = comparison.kept;
    }
    if now_ms >= record.unsure_until_ms {
        record.unsure_until_ms = 0;
        record.sent = None;
    }
    record.since = None;
    record.mend = Parts::default();
    record.trouble = None;
    record.times.followed_ms = now_ms;
    Some(record)
}
