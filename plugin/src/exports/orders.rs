//! Where orders stand and why, for people.

use kaspi_amocrm_contract::{Message, MessageId};

use crate::{
    contract::types::{
        self, BuyerDetails, Cause, DoneStep, DoneStepKind, OrderFacts, OrderLead, OrderStep, OrdersPage,
        OrdersQuery, ProblemClass,
    },
    domain::{Day, Order, OrderCode},
    kaspi::Kaspi,
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::{AccountLedger, Attempt, DEATHS_PARKED, Effect, Loaded, Meta, Record, ShopLedger, tombstones},
    run::{RunError, settings::load_settings},
    settings::Settings,
};

/// Orders of one answer, where no number is given.
const LIMIT: usize = 200;

impl Cause {
    fn new(class: ProblemClass, message: impl Into<types::Message>) -> Self {
        Self { class, message: message.into(), tries: 0, next_try_at_ms: None }
    }

    fn until(self, next_try_ms: i64) -> Self {
        Self { next_try_at_ms: Some(next_try_ms), ..self }
    }
}

/// Where orders stand, see `orders` in `wit/world.wit`. Writes nothing.
///
/// # Errors
/// When settings are missing or wrong, or the store fails.
pub async fn orders(ports: Ports<'_>, query: OrdersQuery) -> Result<OrdersPage, RunError> {
    let settings = load_settings(ports, query.connection.clone())?;
    tell(ports, &settings, &query).await
}

/// Orders that are not settled, the first so many of them.
pub(crate) async fn waiting(
    ports: Ports<'_>,
    settings: &Settings,
    limit: u32,
) -> Result<Vec<types::Order>, RunError> {
    let query = OrdersQuery { connection: None, codes: Vec::new(), after: None, limit: Some(limit) };
    Ok(tell(ports, settings, &query).await?.orders)
}

async fn tell(ports: Ports<'_>, settings: &Settings, query: &OrdersQuery) -> Result<OrdersPage, RunError> {
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let shop = ShopLedger::new(ports.store, &settings.connection);
    let now_ms = ports.clock.now_ms();
    let meta = shop.meta()?.unwrap_or_else(|| Meta::first(now_ms, settings.first_lookback_ms));
    let attempts = match shop.pin()? {
        Some(pin) => AccountLedger::open(ports.store, pin.account_id)?.attempts()?.open,
        None => Default::default(),
    };
    let mut next = None;
    let codes: Vec<OrderCode> = if query.codes.is_empty() {
        let mut waiting = shop.pending(Day::from_number(0))?;
        waiting.sort();
        waiting.retain(|code| query.after.as_deref().is_none_or(|after| code.as_str() > after));
        let limit = query.limit.map_or(LIMIT, |limit| limit as usize).clamp(1, LIMIT);
        if waiting.len() > limit {
            waiting.truncate(limit);
            next = waiting.last().map(|code| code.as_str().to_owned());
        }
        waiting
    } else {
        let parse = |code: &String| {
            let unusable =
                || Message::new(MessageId::OptionCodesUnusable, [("code", &format!("{code:.40}"))]);
            OrderCode::parse(code).ok_or_else(|| RunError::invalid(unusable()))
        };
        query.codes.iter().map(parse).collect::<Result<_, _>>()?
    };
    let (loaded, unreadable) = shop.load(&codes)?;
    let mut rows = Vec::new();
    for Loaded { code, record, .. } in loaded {
        rows.push(match record {
            Some(record) => row(&code, &record, &meta, &attempts, settings, now_ms),
            None => unknown(&code, ports, settings, &meta).await,
        });
    }
    for bad in unreadable {
        let cause = Cause::new(ProblemClass::Ledger, MessageId::RecordUnreadable);
        rows.push(without_record(&bad.code, true, None, cause));
    }
    Ok(OrdersPage { orders: rows, next })
}

fn row(
    code: &OrderCode,
    record: &Record,
    meta: &Meta,
    attempts: &std::collections::BTreeMap<String, Attempt>,
    settings: &Settings,
    now_ms: i64,
) -> types::Order {
    let facts = record.facts();
    let step = record.step();
    types::Order {
        code: code.as_str().to_owned(),
        found: true,
        facts: Some(OrderFacts {
            created_at_ms: record.created_ms,
            state: facts.state,
            status: facts.status,
            stage: facts.stage,
            total_kzt: facts.total_kzt,
        }),
        lead: Some(OrderLead { id: record.lead, is_adopted: record.adopted }),
        step,
        cause: cause(code, record, step, meta, attempts, settings, now_ms),
        history: steps(record),
    }
}

fn cause(
    code: &OrderCode,
    record: &Record,
    step: OrderStep,
    meta: &Meta,
    attempts: &std::collections::BTreeMap<String, Attempt>,
    settings: &Settings,
    now_ms: i64,
) -> Option<Cause> {
    if let Some(why) = &record.tombstone {
        return Some(Cause::new(ProblemClass::NoLead, tombstones::message(why)));
    }
    if step == OrderStep::Done {
        return None;
    }
    if let Some(trouble) = &record.trouble {
        let cause = Cause::new(trouble.class, trouble.message.clone()).until(trouble.next_try_ms);
        return Some(Cause { tries: trouble.tries, ..cause });
    }
    let of_order = |key: &String| match Effect::parse(key) {
        Some(Effect::Lead(of) | Effect::Note(of, _)) => of == *code,
        _ => false,
    };
    let attempt = attempts.iter().find(|(key, _)| of_order(key)).map(|(_, attempt)| attempt);
    let settles_ms = attempt.map(|attempt| attempt.deadline_ms + settings.settle_ms);
    if let Some(until_ms) = settles_ms.or(Some(record.unsure_until_ms).filter(|until_ms| *until_ms > now_ms))
    {
        let cause = Cause::new(ProblemClass::InDoubt, MessageId::AnswerInDoubt);
        return Some(cause.until(until_ms.max(now_ms)));
    }
    if record.deaths >= DEATHS_PARKED {
        let message = Message::new(MessageId::RunsDied, [("count", &record.deaths)]);
        return Some(Cause::new(ProblemClass::Poison, message));
    }
    if now_ms < meta.paused_until_ms {
        let cause = Cause::new(ProblemClass::Paused, MessageId::AmoPauses);
        return Some(cause.until(meta.paused_until_ms));
    }
    Some(Cause::new(ProblemClass::Waiting, MessageId::OrderWaits))
}

/// What has been done, in order of time.
fn steps(record: &Record) -> Vec<DoneStep> {
    let times = &record.times;
    let lead = if record.adopted { MessageId::LeadTakenOver } else { MessageId::LeadMade };
    let lead = Message::new(lead, [("lead", &record.lead.unwrap_or_default())]);
    let note = Message::new(MessageId::NoteWritten, [("revision", &record.revision)]);
    let mut steps = vec![
        (DoneStepKind::Placed, record.created_ms, MessageId::OrderPlaced.into()),
        (DoneStepKind::Recorded, record.first_seen_ms, MessageId::OrderRead.into()),
        (DoneStepKind::Lead, times.lead_ms, lead),
        (DoneStepKind::Products, times.links_ms, MessageId::ProductsLinked.into()),
        (DoneStepKind::Note, times.note_ms, note),
        (DoneStepKind::Change, times.seen_ms, MessageId::ChangeSeen.into()),
        (DoneStepKind::Followed, times.followed_ms, MessageId::LeadFollowed.into()),
    ];
    steps.retain(|(_, at_ms, _)| *at_ms > 0);
    steps.sort_by_key(|(_, at_ms, _)| *at_ms);
    let step = |(step, at_ms, message): (_, _, Message)| DoneStep { step, at_ms, message: message.into() };
    steps.into_iter().map(step).collect()
}

/// An order without a record: what Kaspi says of it.
async fn unknown(code: &OrderCode, ports: Ports<'_>, settings: &Settings, meta: &Meta) -> types::Order {
    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let mut facts = None;
    let cause = match kaspi.order(code.as_str()).await {
        Ok(Some(order)) => {
            facts = Some(facts_of(&order));
            if order.created_ms < meta.horizon_ms {
                let day = iso_day(order.created_ms);
                Cause::new(ProblemClass::TooOld, Message::new(MessageId::BackfillOrder, [("day", &day)]))
            } else {
                Cause::new(ProblemClass::NotRead, MessageId::OrderShownNotRead)
            }
        }
        Ok(None) => Cause::new(ProblemClass::NotAtKaspi, MessageId::OrderNotAtKaspi),
        Err(error) => Cause::new(
            ProblemClass::UpstreamKaspi,
            Message::plain(MessageId::KaspiCannotBeAsked).nest("detail", error.message()),
        ),
    };
    without_record(code.as_str(), false, facts, cause)
}

fn without_record(code: &str, found: bool, facts: Option<OrderFacts>, cause: Cause) -> types::Order {
    types::Order {
        code: code.to_owned(),
        found,
        facts,
        lead: None,
        step: OrderStep::Unknown,
        cause: Some(cause),
        history: Vec::new(),
    }
}

fn facts_of(order: &Order) -> OrderFacts {
    OrderFacts {
        created_at_ms: order.created_ms,
        state: order.state.clone(),
        status: order.status.clone(),
        stage: order.stage.map(|stage| stage.name().to_owned()),
        total_kzt: order.total.tenge(),
    }
}

/// `2026-11-24`, as commands want it.
pub(crate) fn iso_day(moment_ms: i64) -> String {
    let (year, month, day) = Day::of(moment_ms).civil();
    format!("{year:04}-{month:02}-{day:02}")
}

/// Who ordered, while it is needed, see `buyer` in `wit/world.wit`.
///
/// # Errors
/// When settings or options are wrong, or the store fails.
pub async fn buyer(
    ports: Ports<'_>,
    connection: Option<String>,
    code: &str,
) -> Result<Option<BuyerDetails>, RunError> {
    let settings = load_settings(ports, connection)?;
    let code = OrderCode::parse(code).ok_or_else(|| RunError::invalid(MessageId::OptionCodeUnusable))?;
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let shop = ShopLedger::new(&store, &settings.connection);
    let loaded = shop.load(std::slice::from_ref(&code))?.0.pop();
    // Once an order is settled, nobody needs it any more, even where a run died before it was removed.
    let loaded = loaded.filter(|loaded| loaded.record.as_ref().is_some_and(|record| !record.is_settled()));
    Ok(loaded.and_then(|loaded| loaded.order).map(|order| BuyerDetails {
        name: order.buyer.name,
        phone: order.buyer.phone.map(|phone| phone.as_str().to_owned()),
        address: order.address,
    }))
}
