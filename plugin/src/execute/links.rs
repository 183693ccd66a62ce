//! Links products with leads and takes them off.
//!
//! Linking again only sets the pieces (docs/apis/amocrm.md 3.7), so what is not surely done is sent again. An answer
//! that was lost may still take effect for a while: until then nothing is written that it could undo.
use crate::amocrm::RefusedPart;
use kaspi_amocrm_contract::{Message, MessageId};

use std::collections::BTreeSet;

use super::{
    failure::Failure,
    session::{Session, set_record},
};
use crate::{
    amocrm::{LinkDraft, Write},
    domain::{ContactId, ElementId, LeadId, OrderCode},
    plan::{Known, Relink, SeenLead, Work},
    records::Pairs,
};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Products get onto leads.
    Link,
    /// Products get off leads.
    Unlink,
}

/// Sends the rows of some orders, whole orders together, so that the outcome of an order is the outcome of one request.
pub(crate) async fn send(
    session: &mut Session<'_>,
    orders: &[Relink],
    works: &mut [Work],
    direction: Direction,
) -> Result<(), Failure> {
    let mut rest = orders;
    while !rest.is_empty() {
        let mut rows = 0;
        let count = rest.iter().take_while(|order| {
            rows += order.rows.len();
            rows <= session.batch.max(order.rows.len())
        });
        let (now, later) = rest.split_at(count.count().max(1));
        rest = later;
        let drafts: Vec<LinkDraft> = now.iter().flat_map(|order| order.rows.iter().copied()).collect();
        let began_ms = session.now_ms();
        let answer = match direction {
            Direction::Link => session.amo.link(&drafts).await?,
            Direction::Unlink => session.amo.unlink(&drafts).await?,
        };
        session.adapt_batch(&answer, now.len(), began_ms);
        let pairs = outcomes(session, now, &answer, works, direction)?;
        if !pairs.is_empty() {
            session.account.write(&pairs)?;
        }
    }
    Ok(())
}

/// Links buyers with leads that people made without a contact.
pub(crate) async fn send_contacts(
    session: &mut Session<'_>,
    contacts: &[(OrderCode, LeadId, ContactId)],
    works: &mut [Work],
) -> Result<(), Failure> {
    for batch in contacts.chunks(session.batch) {
        let rows: Vec<(LeadId, ContactId)> =
            batch.iter().map(|(_, lead, contact)| (*lead, *contact)).collect();
        let answer = session.amo.link_contacts(&rows).await?;
        let mut pairs = Pairs::new();
        for (row, (code, ..)) in batch.iter().enumerate() {
            let trouble = match &answer {
                Write::Done(_) => {
                    set_record(works, code, |record| {
                        record.lacks_contact = false;
                        pairs.extend(session.shop.record_pairs(code, record));
                    });
                    continue;
                }
                Write::Rejected(rejection) => {
                    match rejection.refusal_of([row.to_string()].into_iter(), batch.len() == 1) {
                        Some(refusal) => Known::Refused(Message::new(
                            MessageId::ContactLinkRefused,
                            [("reason", &refusal.reason)],
                        )),
                        None => Known::Later(MessageId::OtherContactsRefused.into()),
                    }
                }
                Write::NotApplied(reason) | Write::Unknown(reason) => {
                    Known::Later(Message::new(MessageId::ContactNotLinked, [("reason", reason)]))
                }
            };
            session.crm.links.insert(code.clone(), trouble);
        }
        if !pairs.is_empty() {
            session.account.write(&pairs)?;
        }
    }
    Ok(())
}

fn outcomes(
    session: &mut Session<'_>,
    orders: &[Relink],
    answer: &Write,
    works: &mut [Work],
    direction: Direction,
) -> Result<Pairs, Failure> {
    let mut pairs = Pairs::new();
    let mut first_row = 0;
    let now_ms = session.now_ms();
    for order in orders {
        let code = &order.code;
        let rows = first_row..first_row + order.rows.len();
        first_row = rows.end;
        let trouble = match answer {
            Write::Done(_) => {
                let mut is_change = false;
                set_record(works, code, |record| {
                    is_change = record.linked;
                    record.links.clone_from(&order.after);
                    record.times.links_ms = now_ms;
                    if !record.linked && order.after.len() > order.rows.len() {
                        // An earlier try may have linked what is no part of the order any more.
                        record.since.get_or_insert(record.facts());
                    } else if record.linked && now_ms >= record.unsure_until_ms {
                        record.unsure_until_ms = 0;
                    }
                    record.linked = true;
                    pairs.extend(session.shop.record_pairs(code, record));
                });
                if is_change {
                    session.count_change(code);
                }
                see(session, order, direction);
                continue;
            }
            Write::Rejected(rejection) => {
                match rejection.refusal_of(rows.map(|row| row.to_string()), orders.len() == 1) {
                    Some(refusal) if refusal.part == RefusedPart::LinkTarget && forget(session, order)? => {
                        continue;
                    }
                    Some(refusal) => Known::Refused(Message::new(
                        MessageId::ProductLinkRefused,
                        [("reason", &refusal.reason)],
                    )),
                    None => Known::Later(MessageId::OtherProductsRefused.into()),
                }
            }
            Write::NotApplied(reason) => {
                Known::Later(Message::new(MessageId::ProductsNotLinked, [("reason", reason)]))
            }
            Write::Unknown(reason) => {
                set_record(works, code, |record| {
                    record.unsure_until_ms = now_ms + session.settings.settle_ms;
                    for row in order.rows.iter().filter(|_| direction == Direction::Link) {
                        match record.links.iter_mut().find(|(id, _)| *id == row.element.0) {
                            Some((_, pieces)) => *pieces = row.quantity,
                            None => record.links.push((row.element.0, row.quantity)),
                        }
                    }
                    pairs.extend(session.shop.record_pairs(code, record));
                });
                Known::Later(Message::new(MessageId::ProductsNotLinked, [("reason", reason)]))
            }
        };
        session.crm.links.insert(code.clone(), trouble);
    }
    Ok(pairs)
}

/// What is linked now, in what was seen of the lead.
fn see(session: &mut Session<'_>, order: &Relink, direction: Direction) {
    let Some(SeenLead::There(lead)) = session.crm.seen.get_mut(&order.code) else { return };
    let products = lead
        .products
        .get_or_insert_with(|| order.after.iter().map(|(id, pieces)| (ElementId(*id), *pieces)).collect());
    for row in &order.rows {
        match direction {
            Direction::Link => drop(products.insert(row.element, row.quantity)),
            Direction::Unlink => drop(products.remove(&row.element)),
        }
    }
}

/// Forgets elements that people deleted, so that they are looked for again; answers whether that is worth a try.
fn forget(session: &mut Session<'_>, order: &Relink) -> Result<bool, Failure> {
    let ids: BTreeSet<ElementId> = order.rows.iter().map(|row| row.element).collect();
    let keys: Vec<String> = session
        .crm
        .elements
        .iter()
        .filter(|(_, known)| matches!(known, Known::There(id) if ids.contains(id)))
        .map(|(key, _)| key.clone())
        .collect();
    let mut is_news = false;
    for key in keys {
        if session.forgotten.insert(format!("element/{key}")) {
            is_news = true;
            session.crm.elements.remove(&key);
            session.account.forget_element(&key)?;
        }
    }
    Ok(is_news)
}
