//! Finds catalog elements by SKU, or by name where a line has none: own index, then the list, then the search.

use std::collections::BTreeMap;

use crate::{
    amocrm::{Element, PAGE_SIZE, Stop},
    domain::{ElementId, element_key},
    execute::{failure::Failure, session::Session},
    plan::{Known, Product},
};

/// So many single look-ups are worth one page of the list.
const LOOKUPS_PER_PAGE: usize = 4;

/// Says for some products, by key, whether the catalog has them.
pub(crate) async fn find(
    session: &mut Session<'_>,
    products: &BTreeMap<String, Product>,
) -> Result<(), Failure> {
    let Some(catalog) = session.check.catalog.clone() else { return Ok(()) };
    let keys: Vec<String> = products.keys().cloned().collect();
    let mut found = session.account.elements(&keys)?;
    let known = found.len();
    let mut missing: BTreeMap<&String, &Product> =
        products.iter().filter(|(key, _)| !found.contains_key(*key)).collect();

    let pages_max = missing.len().div_ceil(LOOKUPS_PER_PAGE);
    for page in 1..=pages_max {
        let (elements, count) = session.amo.elements(catalog.id, page).await?;
        match_all(&elements, products, &mut found);
        if count < PAGE_SIZE {
            missing.clear();
            break;
        }
    }
    for (_, product) in missing.into_iter().filter(|(key, _)| !found.contains_key(*key)).collect::<Vec<_>>() {
        let elements = search(session, catalog.id, product).await?;
        match_all(&elements, products, &mut found);
    }
    if found.len() > known {
        let pairs = found.iter().map(|(key, id)| session.account.element_pair(key, *id)).collect();
        session.account.write(&pairs)?;
    }
    for key in keys {
        let answer = found.get(&key).map_or(Known::Absent, |id| Known::There(*id));
        session.crm.elements.insert(key, answer);
    }
    Ok(())
}

async fn search(session: &Session<'_>, catalog_id: i64, product: &Product) -> Result<Vec<Element>, Stop> {
    session.amo.search_elements(catalog_id, product.sku.as_deref().unwrap_or(&product.name)).await
}

fn match_all(
    elements: &[Element],
    wanted: &BTreeMap<String, Product>,
    found: &mut BTreeMap<String, ElementId>,
) {
    for element in elements {
        for key in keys_of(element) {
            if wanted.contains_key(&key) {
                let lowest = found.entry(key).or_insert(element.id);
                *lowest = (*lowest).min(element.id);
            }
        }
    }
}

/// The keys under which a line may ask for an element: its SKU, or its name where it has none.
pub(crate) fn keys_of(element: &Element) -> Vec<String> {
    match &element.sku {
        Some(sku) => vec![element_key(Some(sku), &element.name)],
        None => vec![element_key(None, element.name.trim())],
    }
}
