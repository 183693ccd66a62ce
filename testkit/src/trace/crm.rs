//! The CRM as lines: everything but the texts of notes.

use kaspi_amocrm_simulator::amo::{Amo, FieldValues};

/// One line for each entity, in the order of their ids.
pub(super) fn lines(amo: &Amo) -> Vec<String> {
    let tags = |ids: &[u64]| -> Vec<String> {
        ids.iter().map(|id| amo.tag_name(*id).unwrap_or_default().to_owned()).collect()
    };
    let leads = amo.leads().iter().map(|lead| {
        format!(
            "lead {} {:?} {} {} {} {:?} {} {} {} {} {:?} {} {} {} {:?} {:?} {} {}",
            lead.id,
            lead.name,
            lead.price,
            lead.pipeline_id,
            lead.status_id,
            lead.loss_reason_id,
            lead.responsible_user_id,
            lead.created_by,
            lead.created_at,
            lead.updated_at,
            lead.closed_at,
            lead.is_deleted,
            lead.is_price_computed,
            fields(&lead.fields),
            tags(&lead.tags),
            lead.contacts,
            lead.made_at_ms,
            lead.made_by_api,
        )
    });
    let contacts = amo.contacts().iter().map(|contact| {
        format!(
            "contact {} {:?} {:?} {:?} {} {} {} {} {} {} {:?} {} {}",
            contact.id,
            contact.name,
            contact.first_name,
            contact.last_name,
            contact.responsible_user_id,
            contact.created_by,
            contact.created_at,
            contact.updated_at,
            contact.is_deleted,
            fields(&contact.fields),
            tags(&contact.tags),
            contact.made_at_ms,
            contact.made_by_api,
        )
    });
    let elements = amo.elements().iter().map(|element| {
        format!(
            "element {} {} {:?} {} {} {} {} {} {}",
            element.id,
            element.catalog_id,
            element.name,
            element.created_at,
            element.updated_at,
            element.is_deleted,
            fields(&element.fields),
            element.made_at_ms,
            element.made_by_api,
        )
    });
    let links = amo.links().iter().map(|link| {
        format!(
            "link {} {} {} {} {:?} {}",
            link.lead_id, link.element_id, link.catalog_id, link.quantity, link.price_id, link.made_by_api
        )
    });
    let notes = amo.notes().iter().map(|note| {
        format!(
            "note {} {} {:?} {:?} {} {} {} {} {} {}",
            note.id,
            note.lead_id,
            note.kind,
            note.service,
            note.created_by,
            note.responsible_user_id,
            note.created_at,
            note.updated_at,
            note.made_at_ms,
            note.made_by_api,
        )
    });
    leads.chain(contacts).chain(elements).chain(links).chain(notes).collect()
}

fn fields(values: &FieldValues) -> String {
    let one = |(id, values): (&u64, &Vec<_>)| {
        let values: Vec<String> = values
            .iter()
            .map(|value: &kaspi_amocrm_simulator::amo::FieldValue| {
                format!("{}/{:?}/{:?}", value.value, value.enum_id, value.enum_code)
            })
            .collect();
        format!("{id}={}", values.join("+"))
    };
    values.iter().map(one).collect::<Vec<_>>().join(",")
}
