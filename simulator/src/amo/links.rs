//! What leads are linked with: products and contacts (docs/apis/amocrm.md 3.7).

use serde_json::{Value, json};

use super::{
    answer,
    call::Call,
    check::{self, Object},
    list::{Query, Spec},
    state::{Link, State},
};
use crate::http::Response;

enum Target {
    Element(Link),
    Contact { lead_id: u64, contact_id: u64, is_main: bool },
}

/// Checks one row. `lead_id` is that of the address, `None` for the form over many leads.
fn parse(state: &State, object: &Object<'_>, lead_id: Option<u64>, unlinks: bool) -> Option<Target> {
    let mut keys = vec!["to_entity_id", "to_entity_type", "metadata"];
    if lead_id.is_none() {
        keys.extend(["entity_id", "entity_type"]);
        object.require("entity_id");
    }
    object.only(&keys);
    object.require("to_entity_id");
    object.require("to_entity_type");
    let lead_id = lead_id.or_else(|| object.id("entity_id"))?;
    if state.lead(lead_id).is_none_or(|lead| lead.is_deleted) {
        object.not_a_choice("entity_id");
    }
    let to_id = object.id("to_entity_id")?;
    let metadata = object.object("metadata");
    if let Some(metadata) = &metadata {
        metadata.only(&["catalog_id", "quantity", "price_id", "is_main", "updated_by"]);
        let user = metadata.id_or_null("updated_by");
        if user.is_some_and(|id| id != 0 && !state.account.is_active_user(id)) {
            metadata.not_a_choice("updated_by");
        }
    }
    match object.text("to_entity_type", 64)? {
        "catalog_elements" => {
            let Some(metadata) = metadata else {
                object.fault("FieldMissing", "metadata.catalog_id", "This field is missing.");
                return None;
            };
            metadata.require("catalog_id");
            let catalog_id = metadata.id("catalog_id")?;
            if !state.account.catalogs.iter().any(|catalog| catalog.id == catalog_id) {
                metadata.not_a_choice("catalog_id");
            }
            let element = state.element(to_id).filter(|element| !element.is_deleted);
            if element.is_none_or(|element| element.catalog_id != catalog_id) {
                object.not_a_choice("to_entity_id");
            }
            let price_id = metadata.id_or_null("price_id");
            let owner = super::account::Owner::Catalog(catalog_id);
            if price_id.is_some_and(|id| state.account.field(owner, id).is_none_or(|f| f.kind != "price")) {
                metadata.not_a_choice("price_id");
            }
            let quantity = if unlinks { Some(1.0) } else { metadata.quantity("quantity") };
            Some(Target::Element(Link {
                lead_id,
                element_id: to_id,
                catalog_id,
                quantity: quantity.unwrap_or(1.0),
                price_id,
                made_by_api: true,
            }))
        }
        "contacts" => {
            if state.contact(to_id).is_none_or(|contact| contact.is_deleted) {
                object.not_a_choice("to_entity_id");
            }
            let is_main = metadata.and_then(|metadata| metadata.bool("is_main")).unwrap_or(false);
            Some(Target::Contact { lead_id, contact_id: to_id, is_main })
        }
        "companies" => {
            // There are none.
            object.not_a_choice("to_entity_id");
            None
        }
        _ => {
            object.not_a_choice("to_entity_type");
            None
        }
    }
}

fn checked(
    state: &State,
    call: &Call<'_>,
    lead_id: Option<u64>,
    unlinks: bool,
) -> Result<Vec<Target>, Response> {
    Query::parse(call.request, Spec::default())?;
    if lead_id.is_some_and(|id| state.lead(id).is_none()) {
        return Err(answer::not_found());
    }
    let items =
        check::batch(call.request, call.options.items_max, |object| parse(state, object, lead_id, unlinks))?;
    Ok(items.into_iter().map(|item| item.value).collect())
}

/// `POST /leads/link` and `POST /leads/{id}/link`: the same row again only replaces its quantity.
pub(crate) fn link(state: &mut State, call: &Call<'_>, lead_id: Option<u64>) -> Response {
    let targets = match checked(state, call, lead_id, false) {
        Ok(targets) => targets,
        Err(refusal) => return refusal,
    };
    let mut rows = Vec::with_capacity(targets.len());
    for target in targets {
        let lead = match target {
            Target::Element(link) => {
                rows.push(render_element(&link));
                let lead_id = link.lead_id;
                state.link(link);
                state.lead_mut(lead_id)
            }
            Target::Contact { lead_id, contact_id, is_main } => {
                rows.push(render_contact(lead_id, contact_id, is_main));
                let mut lead = state.lead_mut(lead_id);
                if let Some(lead) = &mut lead {
                    lead.contacts.retain(|(id, _)| *id != contact_id);
                    lead.contacts.push((contact_id, is_main));
                }
                lead
            }
        };
        if let Some(lead) = lead {
            lead.updated_at = call.now_s();
        }
    }
    envelope(call, &rows)
}

/// `POST /leads/unlink` and `POST /leads/{id}/unlink`.
pub(crate) fn unlink(state: &mut State, call: &Call<'_>, lead_id: Option<u64>) -> Response {
    let targets = match checked(state, call, lead_id, true) {
        Ok(targets) => targets,
        Err(refusal) => return refusal,
    };
    for target in targets {
        match target {
            Target::Element(gone) => state.links.retain(|link| !link.is_of_row(&gone)),
            Target::Contact { lead_id, contact_id, .. } => {
                if let Some(lead) = state.lead_mut(lead_id) {
                    lead.contacts.retain(|(id, _)| *id != contact_id);
                }
            }
        }
    }
    answer::no_content()
}

/// `GET /leads/links`, where the leads must be named, and `GET /leads/{id}/links`.
pub(crate) fn list(state: &State, call: &Call<'_>, lead_id: Option<u64>) -> Response {
    let spec = Spec {
        ids: if lead_id.is_none() { &["entity_id"] } else { &[] },
        scalars: &["to_entity_id", "to_entity_type", "to_catalog_id"],
        ..Spec::default()
    };
    let query = match Query::parse(call.request, spec) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    if query.scalars.contains_key("to_entity_id") != query.scalars.contains_key("to_entity_type") {
        return answer::bad_request("to_entity_id and to_entity_type go together");
    }
    let leads: Vec<u64> = match (lead_id, query.ids("entity_id")) {
        (Some(id), _) => vec![id],
        (None, Some(ids)) => ids.to_vec(),
        (None, None) => return answer::bad_request("filter[entity_id] is mandatory"),
    };
    let is = |key: &str, value: String| query.scalars.get(key).is_none_or(|wanted| *wanted == value);
    let mut rows = Vec::new();
    for lead in leads.iter().filter_map(|id| state.lead(*id)) {
        let wants_contacts =
            is("to_entity_type", "contacts".into()) && !query.scalars.contains_key("to_catalog_id");
        for (contact, is_main) in lead.contacts.iter().filter(|_| wants_contacts) {
            if is("to_entity_id", contact.to_string()) {
                rows.push(render_contact(lead.id, *contact, *is_main));
            }
        }
        let elements = state.links.iter().filter(|link| {
            link.lead_id == lead.id
                && is("to_entity_type", "catalog_elements".into())
                && is("to_entity_id", link.element_id.to_string())
                && is("to_catalog_id", link.catalog_id.to_string())
        });
        rows.extend(elements.map(render_element));
    }
    if rows.is_empty() { answer::no_content() } else { envelope(call, &rows) }
}

fn envelope(call: &Call<'_>, rows: &[Value]) -> Response {
    answer::hal(&json!({
        "_total_items": rows.len(), "_links": call.link("leads/links"), "_embedded": {"links": rows},
    }))
}

fn render_element(link: &Link) -> Value {
    let mut metadata = json!({"quantity": link.quantity, "catalog_id": link.catalog_id});
    if let Some(price_id) = link.price_id {
        metadata["price_id"] = json!(price_id);
    }
    json!({
        "entity_id": link.lead_id, "entity_type": "leads", "to_entity_id": link.element_id,
        "to_entity_type": "catalog_elements", "metadata": metadata,
    })
}

/// Contacts are written with `is_main` and read with `main_contact`.
fn render_contact(lead_id: u64, contact_id: u64, is_main: bool) -> Value {
    json!({
        "entity_id": lead_id, "entity_type": "leads", "to_entity_id": contact_id,
        "to_entity_type": "contacts", "metadata": {"main_contact": is_main},
    })
}
