//! Records what is to be mended; the next runs do it, by the same way as everything else.

use super::compare::Difference;
use crate::{
    contract::types::DifferenceKind as Kind,
    domain::OrderCode,
    ports::StoreError,
    records::{AccountLedger, LeadEntry, Note, Parts, Record, ShopLedger},
};

/// Marks what is safe to mend: orders without a lead that never had one, and leads that say something else. With
/// `missing` also orders whose lead is gone. Doubles, people's edits and deleted leads are for people.
pub(super) fn mend(
    shop: &ShopLedger<'_>,
    account: Option<&AccountLedger<'_>>,
    differences: &mut [Difference],
    missing: bool,
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut records: Vec<(OrderCode, Record)> = Vec::new();
    let mut forgotten = Vec::new();
    for difference in differences {
        let code = difference.order.code.clone();
        let record = match (difference.kind, &difference.record) {
            (Kind::Missing | Kind::Different, None) => Record::new(&difference.order, now_ms, None),
            (Kind::Missing, Some(record)) => match record.lead {
                None => retried(record),
                Some(_) if missing => {
                    forgotten.extend(
                        account.map(|account| account.lead_pair(code.as_str(), &LeadEntry::default())),
                    );
                    without_lead(record)
                }
                Some(_) => continue,
            },
            (Kind::Different, Some(record)) => Record {
                lead: difference.lead_ids.first().copied(),
                mend: difference.to_mend(),
                since: record.since.clone().or_else(|| Some(record.facts())),
                ..retried(record)
            },
            _ => continue,
        };
        difference.will_mend = true;
        records.push((code, record));
    }
    if let Some(account) = account.filter(|_| !forgotten.is_empty()) {
        account.write(&forgotten)?;
    }
    shop.put_back(&records)
}

/// Tried again by the next run.
fn retried(record: &Record) -> Record {
    let mut record = record.clone();
    record.trouble.iter_mut().for_each(|trouble| trouble.next_try_ms = 0);
    record.deaths = 0;
    record
}

/// As if it had never had a lead.
fn without_lead(record: &Record) -> Record {
    Record {
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
        kept: Parts::default(),
        trouble: None,
        ..retried(record)
    }
}
