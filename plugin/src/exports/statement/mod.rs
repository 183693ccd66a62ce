//! Orders at Kaspi against leads in amoCRM, both read anew: what a merchant can show to trust the sync.
//!
//! No watermark and no index is believed; the ledger only explains what was found, and says what people keep.
use crate::contract::types::{
    Activity, Caller, DifferenceKind, ProblemClass, RangeStatement, Repair, Report, Requests, StateCounts,
    TimeRange,
};
use crate::run::window;

mod compare;
mod mend;
mod sides;

use std::collections::{BTreeMap, BTreeSet};

use kaspi_amocrm_contract::{Message, MessageId};

use crate::{
    amocrm::{Amo, Catalog, Lead, PAGE_SIZE, Stop},
    domain::{ElementId, LeadId, Order, OrderCode, element_key},
    execute::{Failure, lookup::elements},
    intake::problems::{tell, tell_incomplete, tell_unreadable},
    kaspi::{
        Kaspi, Window,
        pages::{Rows, WindowRead, read_window, split},
    },
    plan::lead_name,
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::{AccountLedger, Meta, Record, ShopLedger},
    run::{
        RunError, account_check::checked_account, cooldown::amocrm_client, lease::Guard,
        settings::load_settings,
    },
    settings::Settings,
};
use compare::Difference;
use sides::Sides;

/// Pages of the list of leads, and of the catalog.
const PAGES_MAX: usize = 400;
/// A lead may be older than its order by clock and by people: so much is read before the range.
const BEFORE_S: i64 = 86_400;
/// How long other shops of the account are waited for before something is mended.
const WAIT_MS: u64 = 20_000;

/// The statement of a range, see `statement` in `wit/world.wit`.
///
/// # Errors
/// When settings are missing or wrong, or the store fails. What cannot be read is told in the answer.
pub async fn statement(
    ports: Ports<'_>,
    caller: Caller,
    range: TimeRange,
    repair: Repair,
) -> Result<RangeStatement, RunError> {
    let range = window(range)?;
    let (mends, is_missing_too) = (repair != Repair::None, repair == Repair::MissingToo);
    let settings = load_settings(ports, caller.connection)?;
    let guard = match mends {
        true => Some(Guard::begin(ports, &settings.connection, caller.lease).await?),
        false => None,
    };
    let ports = guard.as_ref().map_or(ports, Guard::ports);
    let overlay = Overlay::new(ports.store);
    let store = if mends { ports.store } else { &overlay };
    let store = SealedStore::new(store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let shop = ShopLedger::new(ports.store, &settings.connection);
    let now_ms = ports.clock.now_ms();
    // What both sides are read with tells its problems to a report.
    let mut report = Report::new(Activity::Backfill, &settings.connection, now_ms);
    let meta = shop.meta()?.unwrap_or_else(|| Meta::first(now_ms, settings.first_lookback_ms));
    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let mut amo = amocrm_client(ports, &settings, &meta);
    if !mends {
        amo = amo.rehearsing();
    }
    let range = Window { to_ms: range.to_ms.min(now_ms), ..range };
    let orders = kaspi_side(&kaspi, range, &mut report).await;
    let mut differences = Vec::new();
    let mut answer = Answer::default();
    if let Some(orders) = orders {
        match differences_of(ports, &settings, &shop, &amo, &meta, orders, range, &mut report).await {
            Ok((sides_answer, found)) => (answer, differences) = (sides_answer, found),
            Err(Failure::Store(error)) => return Err(error.into()),
            Err(Failure::Stop(stop)) => report.problem(ProblemClass::UpstreamAmocrm, stop.message()),
        }
        if mends && report.problems.is_empty() {
            let account = answer.account_id.map(|id| AccountLedger::open(ports.store, id)).transpose()?;
            // Only leads that are forgotten concern other shops.
            let is_free = match answer.account_id.filter(|_| is_missing_too) {
                Some(id) => amo.lock().take(id, WAIT_MS).await?.is_some(),
                None => true,
            };
            if is_free {
                mend::mend(&shop, account.as_ref(), &mut differences, is_missing_too, now_ms)?;
                amo.lock().release()?;
            } else {
                report.problem(ProblemClass::UpstreamAmocrm, MessageId::NothingMended);
            }
        }
    }
    let complete = report.problems.is_empty();
    Ok(RangeStatement {
        complete,
        orders: answer.orders as u64,
        leads: answer.leads as u64,
        states: answer.states,
        differences: differences.into_iter().map(Difference::told).collect(),
        problems: report.problems,
        requests: Requests { kaspi: kaspi.requests(), amocrm: amo.requests() },
    })
}

#[derive(Default)]
struct Answer {
    account_id: Option<i64>,
    orders: usize,
    leads: usize,
    states: Vec<StateCounts>,
}

#[expect(clippy::too_many_arguments, reason = "the parts of one statement, each used once")]
async fn differences_of(
    ports: Ports<'_>,
    settings: &Settings,
    shop: &ShopLedger<'_>,
    amo: &Amo<'_>,
    meta: &Meta,
    orders: BTreeMap<OrderCode, Order>,
    range: Window,
    report: &mut Report,
) -> Result<(Answer, Vec<Difference>), Failure> {
    let now_ms = ports.clock.now_ms();
    let Some(check) = checked_account(settings, shop, amo, now_ms, false, true, report).await? else {
        return Ok((Answer::default(), Vec::new()));
    };
    // Hints are for runs.
    report.problems.retain(|problem| problem.class != ProblemClass::Hint);
    let account = AccountLedger::open(ports.store, check.account_id)?;
    let codes: Vec<OrderCode> = orders.keys().cloned().collect();
    let (loaded, unreadable) = shop.load(&codes)?;
    for bad in unreadable {
        tell_unreadable(&bad.code, report);
    }
    let records: BTreeMap<OrderCode, Record> =
        loaded.into_iter().filter_map(|loaded| Some((loaded.code, loaded.record?))).collect();
    let (leads, binned) = crm_side(amo, settings, &orders, &records, range).await?;
    let elements = match &check.catalog {
        Some(catalog) => catalog_side(amo, catalog, &account, &orders).await?,
        None => BTreeMap::new(),
    };
    let sides = Sides {
        settings,
        check: &check,
        meta,
        account: &account,
        orders,
        records,
        leads,
        binned,
        elements,
        now_ms,
    };
    let mut differences = Vec::new();
    let mut states: BTreeMap<(String, String), StateCounts> = BTreeMap::new();
    for (code, order) in &sides.orders {
        let difference = compare::compare(&sides, code, order);
        let counts = states
            .entry((order.state.clone(), order.status.clone()))
            .or_insert_with(|| no_orders(&order.state, &order.status));
        counts.orders += 1;
        *match difference.as_ref().map(|difference| difference.kind) {
            None => &mut counts.agree,
            Some(DifferenceKind::Missing) => &mut counts.missing,
            Some(DifferenceKind::Doubled) => &mut counts.doubled,
            Some(DifferenceKind::Different) => &mut counts.different,
            Some(DifferenceKind::Kept) => &mut counts.kept,
            Some(DifferenceKind::NoLead) => &mut counts.no_lead,
        } += 1;
        differences.extend(difference);
    }
    let answer = Answer {
        account_id: Some(check.account_id),
        orders: sides.orders.len(),
        leads: sides.leads.values().map(Vec::len).sum(),
        states: states.into_values().collect(),
    };
    Ok((answer, differences))
}

fn no_orders(state: &str, status: &str) -> StateCounts {
    StateCounts {
        state: state.to_owned(),
        status: status.to_owned(),
        orders: 0,
        agree: 0,
        missing: 0,
        doubled: 0,
        different: 0,
        kept: 0,
        no_lead: 0,
    }
}

/// All orders of a range; `None` where Kaspi did not tell them all.
async fn kaspi_side(
    kaspi: &Kaspi<'_>,
    range: Window,
    report: &mut Report,
) -> Option<BTreeMap<OrderCode, Order>> {
    let mut orders = BTreeMap::new();
    let mut windows: Vec<Window> = split(range.from_ms, range.to_ms);
    windows.reverse();
    while let Some(window) = windows.pop() {
        match read_window(kaspi, window).await {
            Ok(WindowRead::TooLarge) => windows.extend(window.halves().into_iter().rev()),
            Ok(WindowRead::Rows(Rows { orders: rows, bad_rows, is_complete, .. })) => {
                for bad in bad_rows {
                    let code = bad.code.unwrap_or_default();
                    let message = Message::new(MessageId::KaspiRowUnreadable, [("reason", &bad.reason)]);
                    report.order_problem(&code, ProblemClass::Malformed, message);
                }
                if !is_complete {
                    tell_incomplete(report);
                }
                orders.extend(rows.into_values().map(|order| (order.code.clone(), order)));
            }
            Err(error) => {
                tell(error, report);
                return None;
            }
        }
    }
    for order in orders.values_mut() {
        if order.lines.is_none() {
            match kaspi.entries(&order.id).await {
                Ok(lines) => order.lines = Some(lines),
                Err(error) => {
                    tell(error, report);
                    return None;
                }
            }
        }
    }
    Some(orders)
}

/// The leads of some orders, from the list itself, with their products; and which leads of records are in the bin.
async fn crm_side(
    amo: &Amo<'_>,
    settings: &Settings,
    orders: &BTreeMap<OrderCode, Order>,
    records: &BTreeMap<OrderCode, Record>,
    range: Window,
) -> Result<(BTreeMap<OrderCode, Vec<Lead>>, BTreeSet<LeadId>), Failure> {
    let depth_s = range.from_ms / 1_000 - BEFORE_S;
    let mut of_order: BTreeMap<OrderCode, BTreeSet<LeadId>> = BTreeMap::new();
    for page in 1..=PAGES_MAX {
        let leads = amo.newest_leads(page).await?;
        for lead in &leads {
            for code in lead.codes().filter(|code| orders.contains_key(code)) {
                of_order.entry(code).or_default().insert(lead.id);
            }
        }
        let is_over = leads.len() < PAGE_SIZE || leads.iter().all(|lead| lead.created_s < depth_s);
        if is_over {
            break;
        }
        if page == PAGES_MAX {
            return Err(Stop::unreachable(MessageId::LeadListEndless).into());
        }
    }
    for (code, record) in records {
        of_order.entry(code.clone()).or_default().extend(record.lead_id());
    }
    let ids: BTreeSet<LeadId> = of_order.values().flatten().copied().collect();
    let ids: Vec<LeadId> = ids.into_iter().collect();
    let found: BTreeMap<LeadId, Lead> = if ids.is_empty() {
        BTreeMap::new()
    } else {
        amo.leads_by_id(&ids).await?.into_iter().map(|lead| (lead.id, lead)).collect()
    };
    let mut binned = BTreeSet::new();
    let mut leads: BTreeMap<OrderCode, Vec<Lead>> = BTreeMap::new();
    for (code, ids) in of_order {
        let Some(order) = orders.get(&code) else { continue };
        let own = records.get(&code).and_then(Record::lead_id);
        let name = lead_name(order, &settings.lead_name);
        let mentioned: Vec<&Lead> =
            ids.iter().filter_map(|id| found.get(id)).filter(|lead| !lead.is_deleted).collect();
        let mut ours: Vec<Lead> = mentioned
            .iter()
            .filter(|lead| Some(lead.id) == own || lead.is_made_for(&code, &name))
            .map(|lead| (*lead).clone())
            .collect();
        if ours.is_empty() && own.is_none() {
            // One that a person typed in: the next run takes it over.
            ours.extend(mentioned.iter().find(|lead| lead.is_of(&code)).map(|lead| (*lead).clone()));
        }
        if let Some(own) = own.filter(|own| !found.contains_key(own))
            && ours.is_empty()
            && amo.lead(own).await?.is_some_and(|lead| lead.is_deleted)
        {
            binned.insert(own);
        }
        leads.insert(code, ours);
    }
    Ok((leads, binned))
}

/// The elements of the products of some orders: as remembered, else from the catalog.
async fn catalog_side(
    amo: &Amo<'_>,
    catalog: &Catalog,
    account: &AccountLedger<'_>,
    orders: &BTreeMap<OrderCode, Order>,
) -> Result<BTreeMap<String, ElementId>, Failure> {
    let lines = orders.values().flat_map(|order| order.lines.iter().flatten());
    let keys: BTreeSet<String> =
        lines.map(|line| element_key(line.sku.as_deref().filter(|_| catalog.has_sku), &line.name)).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    let mut found = account.elements(&keys)?;
    for page in 1..=PAGES_MAX {
        if keys.iter().all(|key| found.contains_key(key)) {
            break;
        }
        let (elements, count) = amo.elements(catalog.id, page).await?;
        for element in elements {
            for key in elements::keys_of(&element) {
                let lowest = found.entry(key).or_insert(element.id);
                *lowest = (*lowest).min(element.id);
            }
        }
        if count < PAGE_SIZE {
            break;
        }
    }
    Ok(found)
}
