//! Finds the leads of orders.

use crate::contract::types::ProblemClass;
use kaspi_amocrm_contract::{Message, MessageId};
use std::collections::{BTreeMap, BTreeSet};

use super::walk::{DAY_S, Falling, PAGES_MAX};
use crate::{
    amocrm::{Lead, PAGE_SIZE, Stop},
    domain::{LeadId, Order, OrderCode},
    execute::{failure::Failure, session::Session},
    plan::{KnownLead, SeenLead, Sign, Work, lead_name},
    records::LeadEntry,
};
const SKEW_S: i64 = 600;

/// Reads the list of leads, newest first, back to what is known already; at first, and for older orders, back to a
/// day before the oldest of them. Every code that is seen is stored, known order or not.
pub(crate) async fn read_tail(session: &mut Session<'_>, oldest_created_s: i64) -> Result<(), Failure> {
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
            return Err(Stop::unreachable(MessageId::LeadListEndlessNothingMade).into());
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
pub(crate) async fn leads_of(session: &mut Session<'_>, works: &[&Work]) -> Result<(), Failure> {
    let codes: Vec<OrderCode> = works.iter().map(|work| work.order.code.clone()).collect();
    let entries: BTreeMap<OrderCode, LeadEntry> = session.account.leads(&codes)?;
    let ids: BTreeSet<LeadId> =
        entries.values().flat_map(|entry| entry.ids.iter().copied().map(LeadId)).collect();
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
                        ProblemClass::Doubled,
                        Message::new(MessageId::LeadDoubled, [("lead", &id)]),
                    );
                }
                for (id, _) in verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Twin) {
                    session.report.order_problem(
                        order.code.as_str(),
                        ProblemClass::PossibleTwin,
                        Message::new(MessageId::LeadMentionsOrder, [("lead", &id)]),
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
}
