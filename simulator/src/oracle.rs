//! What must hold after a run, whatever went wrong on the way.
//!
//! Judges both states from outside and shares no code with the sync: it has its own idea of equal phones, of a code in
//! a name and of what an order deserves. Violations are sentences with codes and ids, never phones or names.

mod notes;
mod scope;
mod stages;

pub use scope::Scope;
pub use stages::Stages;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    amo::{Element, Lead},
    codec::digits,
    http::LoggedRequest,
    kaspi::{SimLine, SimOrder},
    world::World,
};

/// Everything that does not hold; empty if all is well.
pub fn check(world: &World, scope: &Scope) -> Vec<String> {
    let mut violations = Vec::new();
    orders(world, scope, &mut violations);
    strangers(world, scope, &mut violations);
    violations.extend(notes::twins(world));
    contacts(world, &mut violations);
    elements(world, scope, &mut violations);
    violations.extend(rate(world.amo.requests(), scope.rps_max));
    violations.extend(refusals(world));
    violations
}

/// Windows of one second with too many requests; the first is named.
pub fn rate(requests: &[LoggedRequest], rps_max: usize) -> Option<String> {
    let most = requests_per_second_max(requests);
    (most > rps_max).then(|| format!("{most} amoCRM requests within one second, {rps_max} are allowed"))
}

/// The largest number of requests in any second.
pub fn requests_per_second_max(requests: &[LoggedRequest]) -> usize {
    let mut times: Vec<i64> = requests.iter().map(|request| request.at_ms).collect();
    times.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while *at - times[first] >= 1000 {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// Requests that an API refused though nothing on purpose befell them, and writes to Kaspi.
pub fn refusals(world: &World) -> Vec<String> {
    let refused = world.kaspi.requests().iter().chain(world.amo.requests()).filter_map(|request| {
        let reason = request.refusal.as_ref()?;
        Some(format!("{} {} was refused with {}: {reason}", request.method, request.path, request.status))
    });
    let writes = world
        .kaspi
        .requests()
        .iter()
        .filter(|request| request.method != "GET")
        .map(|request| format!("{} {} would write to Kaspi", request.method, request.path));
    refused.chain(writes).collect()
}

/// Each order: one lead, its stage, price, contact, rows and notes.
fn orders(world: &World, scope: &Scope, violations: &mut Vec<String>) {
    for order in world.kaspi.orders().iter().filter(|order| scope.judges(order)) {
        let code = &order.code;
        let made: Vec<&Lead> = leads_of(world, scope, code).filter(|lead| lead.made_by_api).collect();
        let typed_in: Vec<&Lead> = world
            .amo
            .leads()
            .iter()
            .filter(|lead| !lead.made_by_api && is_adoptable(lead, order, scope))
            .collect();
        let lead = match (made.as_slice(), typed_in.as_slice()) {
            ([], []) => {
                if !scope.unsettled.contains(code) {
                    violations.push(format!("order {code} has no lead"));
                }
                continue;
            }
            ([made], typed_in) => {
                if typed_in.iter().any(|lead| lead.made_at_ms < made.made_at_ms) {
                    violations.push(format!("order {code} got lead {} beside a person's", made.id));
                }
                made
            }
            ([], [first, ..]) => {
                // Any of them may have been adopted: the one with the note.
                typed_in.iter().find(|lead| notes::summary(world, lead, code).is_some()).unwrap_or(first)
            }
            (many, _) => {
                let ids: Vec<u64> = many.iter().map(|lead| lead.id).collect();
                violations.push(format!("order {code} has {} leads: {ids:?}", many.len()));
                continue;
            }
        };
        if lead.is_deleted || scope.unsettled.contains(code) {
            continue;
        }
        one_order(world, scope, order, lead, violations);
    }
}

fn one_order(world: &World, scope: &Scope, order: &SimOrder, lead: &Lead, violations: &mut Vec<String>) {
    let code = &order.code;
    if !scope.touched.contains(code) {
        let faults = [stage_fault(scope, order, lead), price_fault(order, lead)].into_iter().flatten();
        for fault in faults.chain(row_faults(world, order, lead)) {
            violations.push(format!("lead {} of order {code} {fault}", lead.id));
        }
    }
    for fault in notes::faults(world, scope, order, lead) {
        violations.push(format!("lead {} of order {code} {fault}", lead.id));
    }
    if lead.made_by_api
        && let Some(fault) = contact_fault(world, scope, order, lead)
    {
        violations.push(format!("lead {} of order {code} {fault}", lead.id));
    }
}

fn stage_fault(scope: &Scope, order: &SimOrder, lead: &Lead) -> Option<String> {
    let wanted = scope.stages.as_ref()?.wanted(order, scope.now_ms)?;
    (lead.made_by_api && lead.status_id != wanted)
        .then(|| format!("is in stage {} and not {wanted}", lead.status_id))
}

fn price_fault(order: &SimOrder, lead: &Lead) -> Option<String> {
    let total = order.total().round() as i64;
    (lead.made_by_api && !lead.is_price_computed && lead.price != total)
        .then(|| format!("says {} and not {total}", lead.price))
}

/// Leads that carry a code in their field or, where there is no field, as a whole word of their name.
fn leads_of<'a>(world: &'a World, scope: &'a Scope, code: &'a str) -> impl Iterator<Item = &'a Lead> {
    world.amo.leads().iter().filter(move |lead| match code_field(lead, scope) {
        Some(value) => value == code,
        None => names_code(&lead.name, code),
    })
}

fn code_field<'a>(lead: &'a Lead, scope: &Scope) -> Option<&'a str> {
    lead.fields.get(&scope.order_code_field_id?)?.first()?.value.as_str()
}

/// Whether a name holds the code as a whole word.
fn names_code(name: &str, code: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| word == code)
}

/// A person's lead that stands for the order (the rules of adoption).
fn is_adoptable(lead: &Lead, order: &SimOrder, scope: &Scope) -> bool {
    if let Some(value) = code_field(lead, scope) {
        return value == order.code;
    }
    names_code(&lead.name, &order.code)
        && lead.created_at >= order.created_ms.div_euclid(1000)
        && lead.pipeline_id == scope.pipeline_id
        && lead.closed_at.is_none()
        && !lead.is_deleted
}

/// Leads made by the API for no order at all.
fn strangers(world: &World, scope: &Scope, violations: &mut Vec<String>) {
    for lead in world.amo.leads().iter().filter(|lead| lead.made_by_api) {
        let belongs = |order: &&SimOrder| match code_field(lead, scope) {
            Some(value) => value == order.code,
            None => names_code(&lead.name, &order.code),
        };
        match world.kaspi.orders().iter().find(belongs) {
            None => violations.push(format!("lead {} belongs to no order", lead.id)),
            Some(order) if !scope.judges(order) => {
                violations.push(format!("order {} deserves no lead but has {}", order.code, lead.id));
            }
            Some(_) => {}
        }
    }
}

/// What makes two phones equal; `None` for masks and what cannot be a phone.
fn phone_key(raw: &str) -> Option<String> {
    let all = digits(raw);
    let all = all.strip_prefix("00").unwrap_or(&all);
    if all.bytes().all(|digit| digit == b'0') || all.starts_with('0') {
        return None;
    }
    match (all.len(), all.as_bytes()[0]) {
        (10, b'7' | b'9') => Some(format!("7{all}")),
        (11, b'7' | b'8') => Some(format!("7{}", &all[1..])),
        (8..=15, _) if raw.trim_start().starts_with('+') => Some(all.to_owned()),
        _ => None,
    }
}

/// Whether it is a mobile number of Kazakhstan beyond doubt, so that a contact must exist.
fn is_mobile(key: &str) -> bool {
    key.len() == 11
        && ["770", "7747", "7771", "7775", "7776", "7777", "7778"].iter().any(|p| key.starts_with(p))
}

fn contact_fault(world: &World, scope: &Scope, order: &SimOrder, lead: &Lead) -> Option<String> {
    let shown = world.kaspi.shown_phone(order, scope.now_ms);
    let real = order.buyer.phone.as_deref().and_then(phone_key);
    let Some(real) = real else {
        return (!lead.contacts.is_empty()).then(|| "has a contact without a phone".to_owned());
    };
    let ids: Vec<u64> = lead.contacts.iter().map(|(id, _)| *id).collect();
    let fits = |id: &u64| {
        let contact = world.amo.contacts().iter().find(|contact| contact.id == *id);
        contact.is_some_and(|contact| contact.phones().iter().any(|p| phone_key(p).as_ref() == Some(&real)))
    };
    if !ids.iter().all(fits) {
        return Some("is linked with a contact of another phone".to_owned());
    }
    let must = is_mobile(&real) && shown == order.buyer.phone;
    (must && ids.len() != 1).then(|| format!("has {} contacts", ids.len()))
}

/// Contacts that the API made: each phone once, never beside a person's, never without a phone.
fn contacts(world: &World, violations: &mut Vec<String>) {
    let mut by_phone: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for contact in world.amo.contacts().iter().filter(|contact| contact.made_by_api) {
        let keys: BTreeSet<String> = contact.phones().iter().filter_map(|phone| phone_key(phone)).collect();
        if keys.is_empty() {
            violations.push(format!("contact {} has no phone or a mask", contact.id));
        }
        for key in keys {
            let known = world.amo.contacts().iter().find(|other| {
                !other.made_by_api
                    && !other.is_deleted
                    && other.made_at_ms < contact.made_at_ms
                    && other.phones().iter().any(|phone| phone_key(phone).as_ref() == Some(&key))
            });
            if let Some(known) = known {
                violations.push(format!("contact {} doubles {} of a person", contact.id, known.id));
            }
            by_phone.entry(key).or_default().push(contact.id);
        }
    }
    for ids in by_phone.values().filter(|ids| ids.len() > 1) {
        violations.push(format!("contacts {ids:?} have the same phone"));
    }
}

/// Products that the API made: each article once, never beside a person's.
fn elements(world: &World, scope: &Scope, violations: &mut Vec<String>) {
    let mut by_sku: BTreeMap<&str, Vec<&Element>> = BTreeMap::new();
    for element in world.amo.elements().iter().filter(|e| e.catalog_id == scope.catalog_id && !e.is_deleted) {
        if let Some(sku) = element.sku() {
            by_sku.entry(sku).or_default().push(element);
        }
    }
    for (sku, elements) in by_sku {
        // What people doubled themselves is theirs.
        let made = elements.iter().filter(|element| element.made_by_api).count();
        if made > 1 || (made == 1 && elements.len() > 1) {
            violations.push(format!("article {sku} has {} elements", elements.len()));
        }
    }
}

/// Rows of the lead against the lines of the order, summed by article.
fn row_faults(world: &World, order: &SimOrder, lead: &Lead) -> Vec<String> {
    let rows: Vec<(&Element, f64)> = world
        .amo
        .links()
        .iter()
        .filter(|link| link.made_by_api && link.lead_id == lead.id)
        .filter_map(|link| {
            let element = world.amo.elements().iter().find(|element| element.id == link.element_id)?;
            Some((element, link.quantity))
        })
        .collect();
    let mut faults = Vec::new();
    let mut wanted: BTreeMap<&str, f64> = BTreeMap::new();
    for line in &order.lines {
        *wanted.entry(line_key(line)).or_default() += f64::from(line.quantity);
    }
    let mut accounted = 0.0;
    for (key, quantity) in &wanted {
        let fits = |element: &Element| {
            order.lines.iter().filter(|line| line_key(line) == *key).any(|line| is_of(element, line))
        };
        let linked: f64 = rows.iter().filter(|(element, _)| fits(element)).map(|(_, n)| n).sum();
        accounted += linked;
        if (linked - quantity).abs() > f64::EPSILON {
            faults.push(format!("has {linked} and not {quantity} of {key}"));
        }
    }
    let all: f64 = rows.iter().map(|(_, quantity)| quantity).sum();
    if (all - accounted).abs() > f64::EPSILON {
        faults.push(format!("has {} products that nobody ordered", all - accounted));
    }
    faults
}

fn line_key(line: &SimLine) -> &str {
    line.sku.as_deref().unwrap_or(&line.name)
}

/// Whether a product stands for a line: by its article, else by its name, which may be cut at 255 characters.
fn is_of(element: &Element, line: &SimLine) -> bool {
    match (element.sku(), line.sku.as_deref()) {
        (Some(sku), Some(wanted)) => sku == wanted,
        _ => {
            let start: String = line.name.trim().chars().take(200).collect();
            element.name.trim() == line.name.trim()
                || (line.name.chars().count() > 200 && element.name.starts_with(&start))
        }
    }
}

#[cfg(test)]
mod tests;
