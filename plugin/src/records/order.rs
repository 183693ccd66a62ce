//! What is kept of one order.

use crate::contract::types::{OrderStep, ProblemClass};
use kaspi_amocrm_contract::Message;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::domain::{Buyer, Facts, LeadId, Line, Money, Order, OrderCode, Phone, SeenLine};

/// Version of the record and of the payload.
const VERSION: u32 = 1;

/// One order, without personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Version of this layout.
    pub v: u32,
    /// Kaspi's opaque id.
    pub kaspi_id: String,
    /// When the order was placed.
    pub created_ms: i64,
    /// When it was first read.
    pub first_seen_ms: i64,
    /// State, status and stage as last read.
    pub seen: (String, String, Option<String>),
    /// Total as last read, in tenge.
    pub total_kzt: i64,
    /// Why it was cancelled, as last read.
    pub reason: Option<String>,
    /// Lines as last read.
    pub lines: Option<Vec<SeenLine>>,
    /// The lead.
    pub lead: Option<i64>,
    /// The lead was there before us.
    pub adopted: bool,
    /// Stage and price that we gave the lead, or found when we took it over.
    pub wrote: Option<Written>,
    /// The lead of a person has no contact yet: the buyer's is to be linked.
    pub lacks_contact: bool,
    /// Products are linked.
    pub linked: bool,
    /// Catalog elements with their pieces, as we linked them.
    pub links: Vec<(i64, i64)>,
    /// The summary note.
    pub note: Note,
    /// Revision of the last note; the summary is the first.
    pub revision: u32,
    /// What the lead tells of the order while Kaspi says something else; `None`: all is followed.
    pub since: Option<Facts>,
    /// What the note tells that is about to be written.
    pub telling: Option<Facts>,
    /// What the lead was told when the answer was lost.
    pub sent: Option<Written>,
    /// Until then a write to the lead may still take effect whose answer was lost; 0: none.
    pub unsure_until_ms: i64,
    /// What a person asked to be brought back to what Kaspi says.
    pub mend: Parts,
    /// What people changed and the sync leaves as it is.
    pub kept: Parts,
    /// When it was first seen as completed.
    pub completed_ms: Option<i64>,
    /// When its steps were done.
    pub times: Times,
    /// Why this order gets no lead, for ever; `None` for the others.
    pub tombstone: Option<String>,
    /// What keeps it from going on.
    pub trouble: Option<Trouble>,
    /// Runs that died while working on it.
    pub deaths: u32,
}

/// Stage (`None`: not told) and price of a lead.
pub(crate) type Written = (Option<i64>, i64);

/// Parts of a lead that follow the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Parts {
    /// Its stage.
    pub stage: bool,
    /// Its price.
    pub price: bool,
    /// Its products.
    pub lines: bool,
}

/// Milliseconds since 1970 of what has been done for an order; 0: not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Times {
    /// The lead was made or taken over.
    pub lead_ms: i64,
    /// Its products were linked.
    pub links_ms: i64,
    /// The last note was written.
    pub note_ms: i64,
    /// A change of the order was last seen.
    pub seen_ms: i64,
    /// The lead last followed a change.
    pub followed_ms: i64,
}

/// Why an order gets no lead.
pub(crate) mod tombstones {
    use kaspi_amocrm_contract::{Message, MessageId};

    /// It is older than the first look-back; a backfill lifts this.
    pub(crate) const TOO_OLD: &str = "older than the first look-back";
    /// It was finished when the sync began; a backfill lifts this.
    pub(crate) const ARCHIVED: &str = "archived before the first run";
    /// A person deleted the lead.
    pub(crate) const DELETED: &str = "its lead was deleted in amoCRM";

    /// For people.
    pub(crate) fn message(why: &str) -> Message {
        match why {
            TOO_OLD => MessageId::OrderTooOld.into(),
            ARCHIVED => MessageId::OrderArchived.into(),
            DELETED => MessageId::LeadDeleted.into(),
            why => Message::new(MessageId::OrderGetsNoLead, [("reason", &why)]),
        }
    }

    /// Whether a backfill makes the order deserve a lead after all.
    pub(crate) fn is_lifted_by_backfill(why: &str) -> bool {
        why == TOO_OLD || why == ARCHIVED
    }
}

/// The summary note of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    /// Not written.
    #[default]
    Missing,
    /// Written, or found on the lead.
    Done,
}

/// A refusal, with its rhythm of retries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// What kind of refusal it is.
    #[serde(serialize_with = "class_name", deserialize_with = "class_of_name")]
    pub class: ProblemClass,
    /// For people; no personal data.
    #[serde(serialize_with = "message_parts", deserialize_with = "message_of_parts")]
    pub message: Message,
    /// How often it was refused.
    pub tries: u32,
    /// When it is tried again.
    pub next_try_ms: i64,
}

impl Trouble {
    /// The rhythm of retries in minutes: often while a person may be mending it, then once a day.
    const RETRY_MINUTES: [i64; 6] = [1, 5, 30, 120, 480, 1_440];

    /// The next refusal after an earlier one, if there was one.
    pub(crate) fn after(earlier: Option<&Self>, class: ProblemClass, message: Message, now_ms: i64) -> Self {
        let tries = earlier.map_or(0, |trouble| trouble.tries) + 1;
        let step = (tries as usize - 1).min(Self::RETRY_MINUTES.len() - 1);
        let next_try_ms = now_ms + Self::RETRY_MINUTES[step] * 60_000;
        Self { class, message, tries, next_try_ms }
    }
}

fn class_name<S: Serializer>(class: &ProblemClass, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(class.name())
}

fn class_of_name<'de, D: Deserializer<'de>>(from: D) -> Result<ProblemClass, D::Error> {
    let name = String::deserialize(from)?;
    ProblemClass::from_name(&name).ok_or_else(|| D::Error::custom("an unknown class"))
}

/// A message as it is stored.
#[derive(Serialize, Deserialize)]
struct MessageParts {
    id: String,
    arguments: Vec<(String, String)>,
}

fn message_parts<S: Serializer>(message: &Message, to: S) -> Result<S::Ok, S::Error> {
    let arguments = message.arguments.clone();
    MessageParts { id: message.id.name().to_owned(), arguments }.serialize(to)
}

fn message_of_parts<'de, D: Deserializer<'de>>(from: D) -> Result<Message, D::Error> {
    let MessageParts { id, arguments } = MessageParts::deserialize(from)?;
    Ok(Message::from_parts(&id, arguments))
}

impl Record {
    /// A record of an order that is seen for the first time.
    pub(crate) fn new(order: &Order, now_ms: i64, tombstone: Option<String>) -> Self {
        Self {
            v: VERSION,
            kaspi_id: order.id.clone(),
            created_ms: order.created_ms,
            first_seen_ms: now_ms,
            seen: (
                order.state.clone(),
                order.status.clone(),
                order.stage.map(|stage| stage.name().to_owned()),
            ),
            total_kzt: order.total.tenge(),
            reason: order.cancellation_reason.clone(),
            lines: Facts::of(order).lines,
            lead: None,
            adopted: false,
            wrote: None,
            lacks_contact: false,
            linked: false,
            links: Vec::new(),
            note: Note::Missing,
            revision: 1,
            since: None,
            telling: None,
            sent: None,
            unsure_until_ms: 0,
            mend: Parts::default(),
            kept: Parts::default(),
            completed_ms: Some(now_ms).filter(|_| Facts::of(order).is_completed()),
            times: Times::default(),
            tombstone,
            trouble: None,
            deaths: 0,
        }
    }

    /// The lead's id.
    pub(crate) fn lead_id(&self) -> Option<LeadId> {
        self.lead.map(LeadId)
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_settled(&self) -> bool {
        self.tombstone.is_some() || (self.is_complete() && self.since.is_none())
    }

    /// Whether the lead has all that a new one gets.
    pub(crate) fn is_complete(&self) -> bool {
        self.lead.is_some() && !self.lacks_contact && self.linked && self.note == Note::Done
    }

    /// What comes next for the order.
    pub(crate) fn step(&self) -> OrderStep {
        match self {
            Self { tombstone: Some(_), .. } => OrderStep::NoLead,
            Self { lead: None, .. } | Self { lacks_contact: true, .. } => OrderStep::Lead,
            Self { linked: false, .. } => OrderStep::Products,
            Self { note: Note::Missing, .. } => OrderStep::Note,
            Self { since: Some(_), .. } => OrderStep::Changes,
            _ => OrderStep::Done,
        }
    }

    /// The order as last read.
    pub(crate) fn facts(&self) -> Facts {
        let (state, status, stage) = self.seen.clone();
        Facts {
            state,
            status,
            stage,
            reason: self.reason.clone(),
            total_kzt: self.total_kzt,
            lines: self.lines.clone(),
        }
    }

    /// Takes over what Kaspi says now; answers whether that is news. Lines that Kaspi did not tell are as before
    /// while the total is.
    pub(crate) fn see(&mut self, order: &Order, now_ms: i64) -> bool {
        let before = self.facts();
        let mut now = Facts::of(order);
        if now.lines.is_none() && now.total_kzt == before.total_kzt {
            now.lines.clone_from(&before.lines);
        }
        if now == before {
            return false;
        }
        self.completed_ms = match (now.is_completed(), self.completed_ms) {
            (true, since) => since.or(Some(now_ms)),
            (false, _) => None,
        };
        self.times.seen_ms = now_ms;
        self.kaspi_id.clone_from(&order.id);
        self.seen = (now.state, now.status, now.stage);
        self.reason = now.reason;
        self.total_kzt = now.total_kzt;
        self.lines = now.lines;
        if self.lead.is_some() && self.since.is_none() {
            self.since = Some(before);
        }
        true
    }

    /// The note that was about to be written is there.
    pub(crate) fn told(&mut self, revision: u32, now_ms: i64) {
        self.revision = self.revision.max(revision);
        self.times.note_ms = now_ms;
        if let Some(told) = self.telling.take() {
            self.since = Some(told);
        }
    }
}

/// What is needed of an order until it is settled: the buyer's name, phone and address are in here.
#[derive(Serialize, Deserialize)]
pub(super) struct Payload {
    v: u32,
    id: String,
    code: String,
    created_ms: i64,
    state: String,
    status: String,
    stage: Option<String>,
    cancellation_reason: Option<String>,
    total_kzt: i64,
    delivery_cost_kzt: Option<i64>,
    delivery_mode: Option<String>,
    is_kaspi_delivery: bool,
    address: Option<String>,
    planned_delivery_ms: Option<i64>,
    name: Option<String>,
    phone: Option<String>,
    lines: Option<Vec<PayloadLine>>,
}

#[derive(Serialize, Deserialize)]
struct PayloadLine {
    sku: Option<String>,
    name: String,
    quantity: i64,
    unit_price_kzt: Option<i64>,
    total_kzt: i64,
}

impl Payload {
    pub(super) fn of(order: &Order) -> Self {
        let line = |line: &Line| PayloadLine {
            sku: line.sku.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            unit_price_kzt: line.unit_price.map(Money::tenge),
            total_kzt: line.total.tenge(),
        };
        Self {
            v: VERSION,
            id: order.id.clone(),
            code: order.code.as_str().to_owned(),
            created_ms: order.created_ms,
            state: order.state.clone(),
            status: order.status.clone(),
            stage: order.stage.map(|stage| stage.name().to_owned()),
            cancellation_reason: order.cancellation_reason.clone(),
            total_kzt: order.total.tenge(),
            delivery_cost_kzt: order.delivery_cost.map(Money::tenge),
            delivery_mode: order.delivery_mode.clone(),
            is_kaspi_delivery: order.is_kaspi_delivery,
            address: order.address.clone(),
            planned_delivery_ms: order.planned_delivery_ms,
            name: order.buyer.name.clone(),
            phone: order.buyer.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            lines: order.lines.as_ref().map(|lines| lines.iter().map(line).collect()),
        }
    }

    /// The order again; `None` where the payload is of another layout or makes no sense.
    pub(super) fn into_order(self) -> Option<Order> {
        use crate::domain::Stage;
        let stages = [Stage::PreOrder, Stage::Packing, Stage::Packed, Stage::HandedOver];
        let line = |line: PayloadLine| Line {
            sku: line.sku,
            name: line.name,
            quantity: line.quantity,
            unit_price: line.unit_price_kzt.map(Money::from_whole),
            total: Money::from_whole(line.total_kzt),
        };
        (self.v == VERSION).then_some(())?;
        Some(Order {
            id: self.id,
            code: OrderCode::parse(&self.code)?,
            created_ms: self.created_ms,
            state: self.state,
            status: self.status,
            stage: stages.into_iter().find(|stage| Some(stage.name()) == self.stage.as_deref()),
            cancellation_reason: self.cancellation_reason,
            total: Money::from_whole(self.total_kzt),
            delivery_cost: self.delivery_cost_kzt.map(Money::from_whole),
            delivery_mode: self.delivery_mode,
            is_kaspi_delivery: self.is_kaspi_delivery,
            address: self.address,
            planned_delivery_ms: self.planned_delivery_ms,
            buyer: Buyer { name: self.name, phone: self.phone.as_deref().and_then(Phone::from_e164) },
            lines: self.lines.map(|lines| lines.into_iter().map(line).collect()),
        })
    }
}
pub(crate) const DEATHS_PARKED: u32 = 3;
