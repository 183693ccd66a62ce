//! Looks at what the CRM really holds: before anything is created, and whenever an answer was lost.
//!
//! Leads are looked for in the list ordered by id, which shows them at once; the search may not (docs/apis/amocrm.md
//! 4.2). That something is absent is concluded only from two complete scans, begun after the settling time and half
//! of it apart, on a list that is in order and shows leads that surely exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amocrm::{Lead, Note, PAGE_SIZE, Stop},
    apply::{Failure, Session},
    changes::SeenLead,
    domain::{LeadId, Order, OrderCode, phone, small_collections::Gather as _},
    elements, note,
    plan::{KnownLead, Sign, Work, lead_name},
    records::{Attempt, Effect, LeadEntry},
};

/// Pages of one walk at most.
const PAGES_MAX: usize = 400;
/// Pages of notes of one lead at most.
const NOTE_PAGES_MAX: usize = 4;
/// Leads whose notes are read in one walk: not so many that it gets long.
const NOTED_LEADS_MAX: usize = 50;
/// A day, and how far the clocks may differ, in seconds.
const DAY_S: i64 = 86_400;
const SKEW_S: i64 = 600;

/// Reads the list of leads, newest first, back to what is known already; at first, and for older orders, back to a
/// day before the oldest of them. Every code that is seen is stored, known order or not.
pub async fn read_tail(session: &mut Session<'_>, oldest_created_s: i64) -> Result<(), Failure> {
    let depth_s = oldest_created_s - DAY_S;
    let is_deep = session.tail.reached_s.is_none_or(|reached_s| reached_s > depth_s);
    let known_top = session.tail.top_id;
    let now_s = session.now_ms() / 1_000;
    let mut seen: BTreeMap<i64, Lead> = BTreeMap::new();
    let mut order = Falling::default();
    for page in 1..=PAGES_MAX {
        let leads = session.amo.newest_leads(page).await?;
        let is_last = leads.len() < PAGE_SIZE;
        order.page(leads.iter().map(|lead| lead.id.0));
        let reached = if is_deep {
            leads.iter().all(|lead| lead.created_s < depth_s)
        } else {
            leads.last().is_some_and(|lead| lead.id.0 <= known_top)
        };
        seen.extend(leads.into_iter().map(|lead| (lead.id.0, lead)));
        // A list that ignores its order proves nothing before its end.
        if is_last || (reached && order.is_falling) {
            break;
        }
        if page == PAGES_MAX {
            return Err(Stop::Unreachable("the list of leads has no end; nothing is created".into()).into());
        }
    }
    if !is_deep {
        // An older lead may have got the code since: one more request.
        let since_s = session.tail.read_s - SKEW_S;
        for lead in session.amo.leads_updated_since(since_s, 1).await? {
            seen.insert(lead.id.0, lead);
        }
    }
    store_sightings(session, seen.values())?;
    session.tail.learn(seen.keys().rev().take(5).copied());
    session.tail.read_s = now_s;
    if is_deep {
        session.tail.reached_s = Some(depth_s);
    }
    let pairs = vec![session.account.tail_pair(&session.tail)];
    session.account.write(&pairs)?;
    Ok(())
}

fn store_sightings<'l>(session: &Session<'_>, leads: impl Iterator<Item = &'l Lead>) -> Result<(), Failure> {
    let mut by_code: BTreeMap<OrderCode, Vec<i64>> = BTreeMap::new();
    for lead in leads {
        for code in lead.codes() {
            by_code.entry(code).or_default().push(lead.id.0);
        }
    }
    let codes: Vec<OrderCode> = by_code.keys().cloned().collect();
    let known = session.account.leads(&codes)?;
    let mut pairs = Vec::new();
    for (code, ids) in by_code {
        let mut entry = known.get(&code).cloned().unwrap_or_default();
        let mut is_news = false;
        for id in ids {
            is_news |= entry.add(id);
        }
        if is_news {
            pairs.push(session.account.lead_pair(code.as_str(), &entry));
        }
    }
    if !pairs.is_empty() {
        session.account.write(&pairs)?;
    }
    Ok(())
}

/// What a lead that mentions an order's code means for the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is the order's lead.
    Adopt(Sign),
    /// It only mentions the order.
    Twin,
    /// It has nothing to do with it.
    Stranger,
}

/// The rule of adoption. Our own leads are known by the field, or by tag and exact name; a person's by a name with
/// the code as a whole token, made after the order, in the pipeline of the settings, and open.
fn judge(lead: &Lead, order: &Order, our_name: &str, pipeline_id: i64) -> Verdict {
    match &lead.code {
        Some(code) if code == order.code.as_str() => return Verdict::Adopt(Sign::Field),
        Some(code) if !code.is_empty() => return Verdict::Stranger,
        _ => {}
    }
    if !order.code.is_token_of(&lead.name) {
        return Verdict::Stranger;
    }
    let is_ours = lead.is_tagged && lead.name == our_name;
    let is_after = lead.created_s >= order.created_ms / 1_000;
    if is_ours || (is_after && lead.pipeline_id == pipeline_id && !lead.is_closed()) {
        Verdict::Adopt(Sign::Name)
    } else {
        Verdict::Twin
    }
}

/// Says for orders that have no lead yet whether the CRM has one, from all sightings, looked at again.
pub async fn leads_of(session: &mut Session<'_>, works: &[&Work]) -> Result<(), Failure> {
    let codes: Vec<OrderCode> = works.iter().map(|work| work.order.code.clone()).collect();
    let entries: BTreeMap<OrderCode, LeadEntry> = session.account.leads(&codes)?;
    let ids: BTreeSet<LeadId> =
        entries.values().flat_map(|entry| entry.ids.iter().copied().map(LeadId)).gather();
    let ids: Vec<LeadId> = ids.into_iter().collect();
    let leads = if ids.is_empty() { Vec::new() } else { session.amo.leads_by_id(&ids).await? };
    for work in works {
        let order = &work.order;
        let entry = entries.get(&order.code);
        let known = match entry.and_then(|entry| entry.shop.as_ref()) {
            Some(shop) if *shop != session.settings.connection => KnownLead::OfAnotherShop(shop.clone()),
            // Recorded with the answer, only our own record was lost.
            Some(_) => {
                KnownLead::There(LeadId(entry.and_then(|e| e.ids.first()).copied().unwrap_or_default()))
            }
            None => {
                let our_name = lead_name(order, &session.settings.lead_name);
                let ids = entry.map(|entry| entry.ids.as_slice()).unwrap_or_default();
                let verdicts: Vec<(LeadId, Verdict)> = leads
                    .iter()
                    .filter(|lead| ids.contains(&lead.id.0) && !lead.is_deleted)
                    .map(|lead| (lead.id, judge(lead, order, &our_name, session.check.pipeline_id)))
                    .collect();
                let of_order = verdicts.iter().filter_map(|(id, verdict)| match verdict {
                    Verdict::Adopt(sign) => Some((*id, *sign)),
                    Verdict::Twin | Verdict::Stranger => None,
                });
                let adopted = of_order.clone().min_by_key(|(id, _)| *id);
                for (id, _) in of_order.filter(|lead| Some(*lead) != adopted) {
                    session.report.order_problem(
                        order.code.as_str(),
                        "doubled",
                        format!("lead {id} is of this order too; the oldest one is followed"),
                    );
                }
                for (id, _) in verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Twin) {
                    session.report.order_problem(
                        order.code.as_str(),
                        "possible_twin",
                        format!("lead {id} mentions this order but is older, closed or in another pipeline"),
                    );
                }
                if let Some(lead) = adopted.and_then(|(id, _)| leads.iter().find(|lead| lead.id == id)) {
                    session.crm.seen.insert(order.code.clone(), SeenLead::There(lead.clone()));
                }
                adopted.map_or(KnownLead::Absent, |(lead, sign)| KnownLead::Adopt(lead, sign))
            }
        };
        session.crm.leads.insert(order.code.clone(), known);
    }
    Ok(())
}

/// What a look at the CRM showed of some attempts.
#[derive(Default)]
pub struct Look {
    /// What exists, by the key of its effect.
    pub found: BTreeMap<String, i64>,
    /// Effects whose absence this look proves as far as one look can.
    pub absent: BTreeSet<String>,
}

/// Looks for what some attempts may have made.
pub async fn look_for(session: &Session<'_>, attempts: &BTreeMap<String, Attempt>) -> Result<Look, Failure> {
    let mut look = Look::default();
    let of_kind = |fits: fn(&Effect) -> bool| -> Vec<(Effect, &Attempt)> {
        let parsed = attempts.iter().filter_map(|(key, attempt)| Some((Effect::parse(key)?, attempt)));
        parsed.filter(|(effect, _)| fits(effect)).collect()
    };
    look_for_leads(session, &of_kind(|e| matches!(e, Effect::Lead(_))), &mut look).await?;
    look_for_contacts(session, &of_kind(|e| matches!(e, Effect::Contact(_))), &mut look).await?;
    look_for_elements(session, &of_kind(|e| matches!(e, Effect::Element(_))), &mut look).await?;
    look_for_notes(session, &of_kind(|e| matches!(e, Effect::Note(..))), &mut look).await?;
    Ok(look)
}

async fn look_for_leads(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(floor) = wanted.iter().map(|(_, attempt)| attempt.floor).min() else { return Ok(()) };
    let mut order = Falling::default();
    let mut is_fresh = session.tail.known.is_empty();
    let mut is_whole = false;
    for page in 1..=PAGES_MAX {
        let leads = session.amo.newest_leads(page).await?;
        order.page(leads.iter().map(|lead| lead.id.0));
        is_fresh |= leads.iter().any(|lead| session.tail.known.contains(&lead.id.0));
        for lead in &leads {
            for (effect, attempt) in wanted {
                let Effect::Lead(code) = effect else { continue };
                if lead.id.0 > attempt.floor
                    && is_lead_of_attempt(lead, code, attempt, session.check.pipeline_id)
                {
                    remember_lowest(look, effect, lead.id.0);
                }
            }
        }
        let is_last = leads.len() < PAGE_SIZE;
        let reached = leads.last().is_some_and(|lead| lead.id.0 <= floor);
        if is_last || (reached && order.is_falling) {
            is_whole = true;
            break;
        }
    }
    if is_whole && is_fresh && order.is_falling {
        note_absent(look, wanted);
    }
    Ok(())
}

/// A lead made after an attempt began, with the order's code: the attempt's own, or a person's in the meantime.
fn is_lead_of_attempt(lead: &Lead, code: &OrderCode, attempt: &Attempt, pipeline_id: i64) -> bool {
    match &lead.code {
        Some(field) if field == code.as_str() => true,
        Some(field) if !field.is_empty() => false,
        _ => {
            let is_persons =
                lead.created_s >= attempt.about && lead.pipeline_id == pipeline_id && !lead.is_closed();
            code.is_token_of(&lead.name) && (lead.is_tagged || is_persons)
        }
    }
}

async fn look_for_contacts(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(floor) = wanted.iter().map(|(_, attempt)| attempt.floor).min() else { return Ok(()) };
    let oldest_s = wanted.iter().map(|(_, attempt)| attempt.deadline_ms).min().unwrap_or(0) / 1_000 - DAY_S;
    let mut order = Falling::default();
    let mut is_whole = false;
    for page in 1..=PAGES_MAX {
        let contacts = session.amo.newest_contacts(page).await?;
        order.page(contacts.iter().map(|contact| contact.id.0));
        for contact in &contacts {
            for raw in &contact.phones {
                for phone in phone::all_in(raw, &session.settings.default_country) {
                    let effect = Effect::Contact(session.account.phone_key(&phone));
                    if wanted.iter().any(|(wanted, _)| *wanted == effect) {
                        remember_lowest(look, &effect, contact.id.0);
                    }
                }
            }
        }
        let is_last = contacts.len() < PAGE_SIZE;
        let reached = contacts.last().is_some_and(|contact| contact.id.0 <= floor)
            || contacts.iter().all(|contact| contact.created_s < oldest_s);
        if is_last || (reached && order.is_falling) {
            is_whole = true;
            break;
        }
    }
    if is_whole && order.is_falling {
        note_absent(look, wanted);
    }
    Ok(())
}

async fn look_for_elements(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let Some(catalog) = session.check.catalog.as_ref().filter(|_| !wanted.is_empty()) else { return Ok(()) };
    for page in 1..=PAGES_MAX {
        let (elements, count) = session.amo.elements(catalog.id, page).await?;
        for element in &elements {
            for key in elements::keys_of(element) {
                let effect = Effect::Element(key);
                if wanted.iter().any(|(wanted, _)| *wanted == effect) {
                    remember_lowest(look, &effect, element.id.0);
                }
            }
        }
        if count < PAGE_SIZE {
            note_absent(look, wanted);
            break;
        }
    }
    Ok(())
}

async fn look_for_notes(
    session: &Session<'_>,
    wanted: &[(Effect, &Attempt)],
    look: &mut Look,
) -> Result<(), Failure> {
    let orders: Vec<(OrderCode, LeadId)> = wanted
        .iter()
        .filter_map(|(effect, attempt)| match effect {
            Effect::Note(code, _) => Some((code.clone(), LeadId(attempt.about))),
            _ => None,
        })
        .collect();
    let notes = notes_of(session, &orders).await?;
    for (effect, attempt) in wanted {
        let Effect::Note(code, revision) = effect else { continue };
        if notes.get(code).is_some_and(|notes| notes.contains_key(revision)) {
            look.found.insert(effect.key(), attempt.about);
        } else {
            look.absent.insert(effect.key());
        }
    }
    Ok(())
}

/// Our notes on the leads of some orders: by order, texts by revision.
pub async fn notes_of(
    session: &Session<'_>,
    orders: &[(OrderCode, LeadId)],
) -> Result<BTreeMap<OrderCode, BTreeMap<u32, String>>, Failure> {
    let mut found: BTreeMap<OrderCode, BTreeMap<u32, String>> = BTreeMap::new();
    for chunk in orders.chunks(NOTED_LEADS_MAX) {
        let ids: Vec<LeadId> = chunk.iter().map(|(_, lead)| *lead).collect();
        let mut notes = Vec::new();
        if let Some(all) = notes_of_all(session, &ids).await? {
            notes = all;
        } else {
            for id in ids {
                for page in 1..=NOTE_PAGES_MAX {
                    let more = session.amo.notes_of(id, page).await?;
                    let is_last = more.len() < PAGE_SIZE;
                    notes.extend(more);
                    if is_last {
                        break;
                    }
                }
            }
        }
        for (code, lead) in chunk {
            let ours = notes.iter().filter(|note| note.lead == *lead);
            let revisions =
                ours.filter_map(|note| Some((note::revision_in(&note.text, code)?, note.text.clone())));
            found.entry(code.clone()).or_default().extend(revisions);
        }
    }
    Ok(found)
}

/// The notes of some leads in one walk; `None` where that proves nothing: none at all, those of others, too many.
async fn notes_of_all(session: &Session<'_>, ids: &[LeadId]) -> Result<Option<Vec<Note>>, Failure> {
    if ids.len() < 2 {
        return Ok(None);
    }
    let mut notes: Vec<Note> = Vec::new();
    for page in 1..=NOTE_PAGES_MAX {
        let more = match session.amo.notes_of_all(ids, page).await {
            Ok(more) => more,
            Err(Stop::Refused { .. }) => return Ok(None),
            Err(stop) => return Err(stop.into()),
        };
        let is_last = more.len() < PAGE_SIZE;
        if more.iter().any(|note| !ids.contains(&note.lead)) {
            return Ok(None);
        }
        notes.extend(more);
        if is_last {
            // "Nothing there" is also what amoCRM says to an address that it does not know.
            return Ok((!notes.is_empty()).then_some(notes));
        }
    }
    Ok(None)
}

fn remember_lowest(look: &mut Look, effect: &Effect, id: i64) {
    let lowest = look.found.entry(effect.key()).or_insert(id);
    *lowest = (*lowest).min(id);
}

fn note_absent(look: &mut Look, wanted: &[(Effect, &Attempt)]) {
    for (effect, _) in wanted {
        if !look.found.contains_key(&effect.key()) {
            look.absent.insert(effect.key());
        }
    }
}

/// Counts a look in which an attempt was absent; answers whether it is proven absent now.
pub fn count_absence(attempt: &mut Attempt, began_ms: i64, settle_ms: i64) -> bool {
    if began_ms < attempt.deadline_ms + settle_ms {
        return false;
    }
    if attempt.scans.last().is_none_or(|last_ms| began_ms - last_ms >= settle_ms / 2) {
        attempt.scans.push(began_ms);
    }
    attempt.is_absent = attempt.scans.len() >= 2;
    attempt.is_absent
}

/// Whether ids fall strictly over the pages of a walk. New rows on top push rows onto the next page, so rows that
/// were seen already may repeat there.
struct Falling {
    is_falling: bool,
    lowest: i64,
}

impl Default for Falling {
    fn default() -> Self {
        Self { is_falling: true, lowest: i64::MAX }
    }
}

impl Falling {
    fn page(&mut self, ids: impl Iterator<Item = i64>) {
        let mut previous = i64::MAX;
        for id in ids {
            self.is_falling &= id < previous;
            previous = id;
        }
        // The last row of a page below everything before it: the walk goes down.
        self.is_falling &= previous == i64::MAX || previous <= self.lowest;
        self.lowest = self.lowest.min(previous);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Buyer, Money};

    fn order() -> Order {
        Order {
            id: "x".into(),
            code: OrderCode::parse("1000000001").expect("a code"),
            created_ms: 1_000_000,
            state: "NEW".into(),
            status: "APPROVED_BY_BANK".into(),
            stage: None,
            cancellation_reason: None,
            total: Money::from_whole(1),
            delivery_cost: None,
            delivery_mode: None,
            is_kaspi_delivery: false,
            address: None,
            planned_delivery_ms: None,
            buyer: Buyer::default(),
            lines: Some(vec![]),
        }
    }

    fn lead() -> Lead {
        Lead {
            id: LeadId(5),
            name: "Звонил, заказ 1000000001".into(),
            pipeline_id: 7,
            status_id: 101,
            created_s: 1_000,
            price_kzt: 0,
            is_price_computed: false,
            is_deleted: false,
            is_tagged: false,
            code: None,
            products: None,
            contacts: Vec::new(),
        }
    }

    #[test]
    fn adoption_follows_the_rule() {
        let verdict = |change: fn(&mut Lead)| {
            let mut lead = lead();
            change(&mut lead);
            judge(&lead, &order(), "Kaspi 1000000001", 7)
        };
        for (name, wanted, change) in [
            ("a person's open lead", Verdict::Adopt(Sign::Name), (|_| {}) as fn(&mut Lead)),
            ("made before the order", Verdict::Twin, |lead| lead.created_s = 999),
            ("another pipeline", Verdict::Twin, |lead| lead.pipeline_id = 8),
            ("won", Verdict::Twin, |lead| lead.status_id = 142),
            ("lost", Verdict::Twin, |lead| lead.status_id = 143),
            ("part of a longer number", Verdict::Stranger, |lead| lead.name = "11000000001".into()),
            ("tag but a person's name, closed", Verdict::Twin, |lead| {
                lead.is_tagged = true;
                lead.status_id = 143;
            }),
            ("ours by tag and name, closed and moved", Verdict::Adopt(Sign::Name), |lead| {
                lead.is_tagged = true;
                lead.name = "Kaspi 1000000001".into();
                lead.status_id = 143;
                lead.pipeline_id = 8;
            }),
            ("field, whatever the name", Verdict::Adopt(Sign::Field), |lead| {
                lead.code = Some("1000000001".into());
                lead.name = "x".into();
                lead.created_s = 0;
            }),
            ("field of another order", Verdict::Stranger, |lead| lead.code = Some("1000000002".into())),
        ] {
            assert_eq!(verdict(change), wanted, "{name}");
        }
    }

    #[test]
    fn absence_needs_two_late_scans_apart() {
        let fresh = Attempt {
            deadline_ms: 1_000,
            floor: 0,
            about: 0,
            scans: vec![],
            is_absent: false,
            shop: String::new(),
        };
        for (looks, wanted) in [
            (vec![1_299], false),
            (vec![1_300], false),
            (vec![1_300, 1_449], false),
            (vec![1_300, 1_450], true),
            (vec![1_299, 1_449], false),
            (vec![1_300, 1_301, 1_302], false),
        ] {
            let mut attempt = fresh.clone();
            for began in &looks {
                count_absence(&mut attempt, *began, 300);
            }
            assert_eq!(attempt.is_absent, wanted, "{looks:?}");
        }
    }

    #[test]
    fn order_is_judged_over_pages() {
        let falls = |pages: &[&[i64]]| {
            let mut order = Falling::default();
            pages.iter().for_each(|page| order.page(page.iter().copied()));
            order.is_falling
        };
        assert!(falls(&[&[9, 8, 7], &[6, 5]]));
        assert!(falls(&[&[9, 8, 7], &[8, 7, 6]]), "pushed down by new rows");
        assert!(falls(&[&[]]));
        assert!(!falls(&[&[1, 2, 3]]));
        assert!(!falls(&[&[9, 8, 8]]));
        assert!(!falls(&[&[3, 2, 1], &[6, 5, 4]]));
    }
}
