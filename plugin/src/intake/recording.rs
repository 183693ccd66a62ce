//! Records what Kaspi says.

use crate::contract::types::{LeadAction, PlannedOrder, ProblemClass, Report};
use crate::report::planned_order::planned;
use kaspi_amocrm_contract::{Message, MessageId};
use std::collections::BTreeMap;

use super::problems::tell_unreadable;
use crate::{
    domain::{Order, OrderCode},
    kaspi::pages::Rows,
    ports::StoreError,
    records::{Meta, Record, ShopLedger, tombstones},
};

/// Which orders deserve a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deserves {
    /// The rules of the first look-back.
    ByAge,
    /// A person asked for all of them.
    Everything,
}

/// Records what is new and what Kaspi says otherwise than before, then where the shop stands.
pub(crate) fn record(
    shop: &ShopLedger<'_>,
    rows: Rows,
    deserves: Deserves,
    next: Meta,
    meta: &mut Meta,
    now_ms: i64,
    report: &mut Report,
) -> Result<(), StoreError> {
    for bad in &rows.bad_rows {
        let code = bad.code.clone().unwrap_or_default();
        let message = Message::new(MessageId::KaspiRowUnreadable, [("reason", &bad.reason)]);
        report.order_problem(&code, ProblemClass::Malformed, message);
    }
    report.seen += rows.orders.len() as u64;
    let mut orders: BTreeMap<OrderCode, Order> = BTreeMap::new();
    for order in rows.orders.into_values() {
        // One code with two ids: the first row is the order, the second a problem for a person.
        if let Some(first) = orders.insert(order.code.clone(), order) {
            report.order_problem(first.code.as_str(), ProblemClass::Malformed, MessageId::KaspiNumberTwice);
        }
    }
    let codes: Vec<OrderCode> = orders.keys().cloned().collect();
    let (known, unreadable) = shop.load(&codes)?;
    for bad in unreadable {
        orders.retain(|code, _| code.as_str() != bad.code);
        tell_unreadable(&bad.code, report);
    }
    let mut seen = Vec::new();
    for loaded in known {
        let Some(mut order) = orders.remove(&loaded.code) else { continue };
        let lifted = |why: &str| deserves == Deserves::Everything && tombstones::is_lifted_by_backfill(why);
        let record = match loaded.record {
            Some(record) if !record.tombstone.as_deref().is_some_and(lifted) => record,
            _ => {
                let tombstone = match deserves {
                    Deserves::ByAge => tombstone(&order, meta),
                    Deserves::Everything => None,
                };
                if let Some(why) = &tombstone {
                    report.skipped += 1;
                    if let Some(plan) = &mut report.plan {
                        plan.push(without_lead(&order.code, why));
                    }
                }
                let record = Record::new(&order, now_ms, tombstone);
                seen.push((order, record));
                continue;
            }
        };
        report.skipped += 1;
        if let Some(revised) = revise(record, &mut order, loaded.order, now_ms) {
            seen.push((order, revised));
        }
    }
    if !seen.is_empty() || next != *meta {
        shop.record(&seen, &next)?;
        *meta = next;
    }
    Ok(())
}

/// The record with what Kaspi says now; `None` where that is nothing new.
fn revise(mut record: Record, order: &mut Order, stored: Option<Order>, now_ms: i64) -> Option<Record> {
    if record.tombstone.is_some() || !record.see(order, now_ms) {
        return None;
    }
    // What Kaspi hides later is not forgotten before the order is settled.
    if let Some(stored) = stored {
        order.buyer.phone = order.buyer.phone.take().or(stored.buyer.phone);
        order.buyer.name = order.buyer.name.take().or(stored.buyer.name);
        order.address = order.address.take().or(stored.address);
        if order.lines.is_none() && order.total == stored.total {
            order.lines = stored.lines;
        }
    }
    Some(record)
}

fn tombstone(order: &Order, meta: &Meta) -> Option<String> {
    let is_first_pass = meta.watermark_ms < meta.first_start_ms;
    if order.created_ms < meta.horizon_ms {
        Some(tombstones::TOO_OLD.to_owned())
    } else if is_first_pass && order.state == "ARCHIVE" && order.created_ms < meta.first_start_ms {
        Some(tombstones::ARCHIVED.to_owned())
    } else {
        None
    }
}

/// An order that gets no lead, with the reason.
fn without_lead(code: &OrderCode, why: &str) -> PlannedOrder {
    planned(code.as_str(), LeadAction::None, tombstones::message(why))
}
