//! Finds contacts by phone: own index, then the newest contacts, then the search.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use crate::{
    amocrm::{Contact, PAGE_SIZE, Stop},
    domain::{ContactId, Phone, phone},
    execute::{failure::Failure, session::Session},
    plan::Known,
};

/// One page of the contact list is worth so many single look-ups before it is tried.
const LOOKUPS_PER_PAGE: usize = 10;
/// From so many unknown phones on, the list is read first: a small account is read whole in one request.
const WALK_FROM: usize = 3;
/// Pages of search results for one phone.
const SEARCH_PAGES_MAX: usize = 4;

/// Says for some phones, by key, whether the account has a contact.
pub(crate) async fn find(session: &mut Session<'_>, phones: &BTreeMap<String, Phone>) -> Result<(), Failure> {
    let keys: Vec<String> = phones.keys().cloned().collect();
    let mut found = session.account.contacts(&keys)?;
    let known = found.len();
    let mut missing: BTreeMap<String, Phone> = phones
        .iter()
        .filter(|(key, _)| !found.contains_key(*key))
        .map(|(k, p)| (k.clone(), p.clone()))
        .collect();

    let mut is_whole_list = false;
    if missing.len() >= WALK_FROM {
        let pages_max = 1 + missing.len() / (2 * LOOKUPS_PER_PAGE);
        for page in 1..=pages_max {
            let contacts = session.amo.newest_contacts(page).await?;
            note_top(session, &contacts);
            match_all(session, &contacts, &missing, &mut found);
            if contacts.len() < PAGE_SIZE {
                is_whole_list = true;
                break;
            }
        }
        // A list read to its end is a better witness than the search, which may lag.
        missing.retain(|key, _| !is_whole_list && !found.contains_key(key));
    }
    let lookups: Vec<(String, Result<Option<ContactId>, Stop>)> = {
        let session = &*session;
        stream::iter(
            missing.iter().map(|(key, phone)| async move { (key.clone(), search(session, phone).await) }),
        )
        .buffer_unordered(session.amo.parallel())
        .collect()
        .await
    };
    for (key, answer) in lookups {
        if let Some(id) = answer? {
            found.insert(key, id);
        }
    }
    if found.len() > known {
        let pairs = found.iter().map(|(key, id)| session.account.contact_pair(key, *id)).collect();
        session.account.write(&pairs)?;
    }
    for key in keys {
        let answer = found.get(&key).map_or(Known::Absent, |id| Known::There(*id));
        session.crm.contacts.insert(key, answer);
    }
    Ok(())
}

/// The lowest id whose phone really equals: the search shows strangers, and people type phones in many ways.
async fn search(session: &Session<'_>, phone: &Phone) -> Result<Option<ContactId>, Stop> {
    let mut lowest: Option<ContactId> = None;
    for page in 1..=SEARCH_PAGES_MAX {
        let contacts = session.amo.search_contacts(phone.last10(), page).await?;
        let count = contacts.len();
        let country = &session.settings.default_country;
        let equal =
            contacts.into_iter().filter(|c| c.phones.iter().any(|raw| phone::same(raw, phone, country)));
        lowest = lowest.into_iter().chain(equal.map(|contact| contact.id)).min();
        if count < PAGE_SIZE {
            break;
        }
    }
    Ok(lowest)
}

fn match_all(
    session: &Session<'_>,
    contacts: &[Contact],
    wanted: &BTreeMap<String, Phone>,
    found: &mut BTreeMap<String, ContactId>,
) {
    for contact in contacts {
        for raw in &contact.phones {
            for phone in phone::all_in(raw, &session.settings.default_country) {
                let key = session.account.phone_key(&phone);
                if wanted.contains_key(&key) {
                    let lowest = found.entry(key).or_insert(contact.id);
                    *lowest = (*lowest).min(contact.id);
                }
            }
        }
    }
}

fn note_top(session: &mut Session<'_>, contacts: &[Contact]) {
    let top = contacts.iter().map(|contact| contact.id.0).max().unwrap_or(0);
    session.tail.contact_top_id = session.tail.contact_top_id.max(top);
}
