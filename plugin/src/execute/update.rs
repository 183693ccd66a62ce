//! Looks at leads whose orders Kaspi changed, and changes them.

use kaspi_amocrm_contract::{Message, MessageId};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    failure::Failure,
    session::{Session, set_record},
};
use crate::{
    amocrm::{Amo, Lead, LeadChange, PAGE_SIZE, Write},
    domain::{LeadId, OrderCode},
    plan::{Known, SeenLead, Work, diff},
    records::{Meta, Pairs},
};

/// Pages of leads that people changed since the last look.
const EDIT_PAGES_MAX: usize = 20;
/// How far the clocks may differ, in seconds.
const SKEW_S: i64 = 600;

/// Notes what people changed of leads that follow their orders, so that a statement can tell edits from damage.
pub(crate) async fn notice_edits(session: &mut Session<'_>, meta: &mut Meta) -> Result<(), Failure> {
    let now_s = session.now_ms() / 1_000;
    let since_s = meta.edits_read_s - SKEW_S;
    for page in 1..=EDIT_PAGES_MAX {
        let leads = session.amo.leads_updated_since(since_s, page).await?;
        let mut by_code: BTreeMap<OrderCode, &Lead> = BTreeMap::new();
        for lead in &leads {
            by_code.extend(lead.codes().map(|code| (code, lead)));
        }
        let codes: Vec<OrderCode> = by_code.keys().cloned().collect();
        let mut pairs = Pairs::new();
        for loaded in session.shop.load(&codes)?.0 {
            let (Some(lead), Some(mut record)) = (by_code.get(&loaded.code), loaded.record) else { continue };
            let is_followed =
                record.lead_id() == Some(lead.id) && record.is_settled() && record.tombstone.is_none();
            let kept = session.with_policy(|policy| diff::edits(&record, lead, policy));
            if is_followed && kept != record.kept {
                record.kept = kept;
                pairs.extend(session.shop.record_pairs(&loaded.code, &record));
            }
        }
        if !pairs.is_empty() {
            session.account.write(&pairs)?;
        }
        if leads.len() < PAGE_SIZE {
            break;
        }
    }
    meta.edits_read_s = now_s;
    Ok(())
}

/// Reads leads as they are at this moment.
pub(crate) async fn look(session: &mut Session<'_>, leads: &[(OrderCode, LeadId)]) -> Result<(), Failure> {
    let ids: Vec<LeadId> = leads.iter().map(|(_, id)| *id).collect();
    let found: BTreeMap<LeadId, Lead> =
        session.amo.leads_by_id(&ids).await?.into_iter().map(|lead| (lead.id, lead)).collect();
    for (code, id) in leads {
        let seen = match found.get(id) {
            Some(lead) if lead.is_deleted => SeenLead::Deleted,
            Some(lead) => SeenLead::There(lead.clone()),
            // Lists hide the bin.
            None => missing(session, code, *id).await?,
        };
        session.crm.seen.insert(code.clone(), seen);
    }
    Ok(())
}

/// What became of a lead that no list shows.
async fn missing(session: &Session<'_>, code: &OrderCode, id: LeadId) -> Result<SeenLead, Failure> {
    if let Some(lead) = session.amo.lead(id).await? {
        return Ok(if lead.is_deleted { SeenLead::Deleted } else { SeenLead::There(lead) });
    }
    // People merge leads: the one that is left has the field or the tag of ours (docs/apis/amocrm.md 5.15). One that
    // only mentions the order is somebody else's.
    let others = session.amo.search_leads(code.as_str()).await?;
    let winner = others
        .into_iter()
        .filter(|lead| !lead.is_deleted && lead.id != id && lead.is_made_for(code, ""))
        .min_by_key(|l| l.id);
    Ok(winner.map_or(SeenLead::Gone, |winner| SeenLead::MergedInto(winner.id)))
}

/// Follows the lead that another one was merged into.
pub(crate) fn merged(
    session: &mut Session<'_>,
    leads: &[(OrderCode, LeadId)],
    works: &mut [Work],
) -> Result<(), Failure> {
    let mut pairs = Pairs::new();
    for (code, winner) in leads {
        session.crm.seen.remove(code);
        set_record(works, code, |record| {
            record.lead = Some(winner.0);
            // Its stage and price are those of another lead, so they are somebody's.
            record.adopted = true;
            pairs.extend(session.shop.record_pairs(code, record));
        });
        pairs.push(session.account.own_lead_pair(code, *winner, &session.settings.connection));
    }
    Ok(session.account.write(&pairs)?)
}

/// Changes leads in batches.
pub(crate) async fn change(
    session: &mut Session<'_>,
    changes: &[(OrderCode, LeadChange)],
    works: &mut [Work],
) -> Result<(), Failure> {
    let (alone, together): (Vec<_>, Vec<_>) = changes.iter().cloned().partition(|(code, _)| {
        works.iter().any(|work| work.order.code == *code && work.record.trouble.is_some())
    });
    let mut batches: Vec<Vec<(OrderCode, LeadChange)>> =
        together.chunks(session.batch).map(<[_]>::to_vec).collect();
    batches.extend(alone.into_iter().map(|change| vec![change]));
    for batch in batches {
        let others = send(session, &batch, works).await?;
        // A refused request changed nothing; the others of it are sent once more, without those that it named.
        if !others.is_empty() {
            send(session, &others, works).await?;
        }
    }
    Ok(())
}

/// Sends one batch; answers with the changes that a refusal did not name.
async fn send(
    session: &mut Session<'_>,
    batch: &[(OrderCode, LeadChange)],
    works: &mut [Work],
) -> Result<Vec<(OrderCode, LeadChange)>, Failure> {
    let drafts: Vec<LeadChange> = batch.iter().map(|(_, change)| *change).collect();
    let began_ms = session.now_ms();
    let answer = session.amo.change_leads(&drafts).await?;
    session.adapt_batch(&answer, batch.len(), began_ms);
    let mut done: BTreeSet<LeadId> = BTreeSet::new();
    let mut unknown = Vec::new();
    let mut others = Vec::new();
    match &answer {
        Write::Done(document) => done = Amo::changed_ids(document),
        Write::Rejected(rejection) => {
            for (i, (code, change)) in batch.iter().enumerate() {
                let trouble = match rejection.refusal_of([i.to_string()].into_iter(), batch.len() == 1) {
                    Some(refusal) => {
                        Known::Refused(Message::new(MessageId::ChangeRefused, [("reason", &refusal.reason)]))
                    }
                    None => {
                        others.push((code.clone(), *change));
                        continue;
                    }
                };
                session.crm.changes.insert(code.clone(), trouble);
            }
            return Ok(others);
        }
        Write::NotApplied(reason) => {
            for (code, _) in batch {
                let trouble = Known::Later(Message::new(MessageId::AmoNotReached, [("reason", reason)]));
                session.crm.changes.insert(code.clone(), trouble);
            }
            return Ok(others);
        }
        Write::Unknown(_) => {}
    }
    let now_ms = session.now_ms();
    let mut pairs = Pairs::new();
    for (code, change) in batch {
        let is_done = done.contains(&change.lead);
        if is_done {
            session.count_change(code);
            see(session, code, change);
        } else {
            unknown.push((code.clone(), change.lead));
        }
        set_record(works, code, |record| {
            let before = record.wrote.unwrap_or_default();
            let after =
                (change.place.map(|(_, stage)| stage).or(before.0), change.price_kzt.unwrap_or(before.1));
            if is_done {
                record.wrote = Some(after);
                record.sent = None;
                record.trouble = None;
                record.unsure_until_ms = 0;
            } else {
                record.sent = Some(after);
                record.unsure_until_ms = now_ms + session.settings.settle_ms;
            }
            pairs.extend(session.shop.record_pairs(code, record));
        });
    }
    session.account.write(&pairs)?;
    if !unknown.is_empty() {
        // Most of what was carried out shows at once; the rest waits until it cannot take effect any more.
        look(session, &unknown).await?;
    }
    Ok(others)
}

/// What a lead is now, in what was seen of it.
fn see(session: &mut Session<'_>, code: &OrderCode, change: &LeadChange) {
    let Some(SeenLead::There(lead)) = session.crm.seen.get_mut(code) else { return };
    if let Some((pipeline_id, status_id)) = change.place {
        (lead.pipeline_id, lead.status_id) = (pipeline_id, status_id);
    }
    lead.price_kzt = change.price_kzt.unwrap_or(lead.price_kzt);
}
