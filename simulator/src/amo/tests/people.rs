//! What people do beside the API, as the API shows it.

use super::*;

#[test]
fn merged_leads_become_one() {
    let mut crm = crm();
    let [kettle, cup] = ["K", "C"].map(|sku| crm.amo.add_element(CATALOG_ID, sku, sku));
    let person = crm.amo.add_contact("Иван", &[]);
    let mut item = lead("1001");
    item["_embedded"]["contacts"] = json!([{"id": person, "is_main": true}]);
    crm.send("POST", "leads", json!([item]));
    let loser = crm.amo.leads()[0].id;
    let winner = crm.amo.add_lead("заказ", PIPELINE_ID, STATUS_PACKING_ID, NOW_MS);
    let rows = json!([row(loser, kettle, 1), row(loser, cup, 2), row(winner, kettle, 5)]);
    crm.send("POST", "leads/link", rows);
    crm.send(
        "POST",
        "leads/notes",
        json!([{"entity_id": loser, "note_type": "common", "params": {"text": "a"}}]),
    );

    crm.amo.merge_leads(winner, loser);
    let [lead] = crm.amo.leads() else { panic!("two leads are one: {:?}", crm.amo.leads()) };
    assert_eq!((lead.id, lead.name.as_str(), lead.price), (winner, "заказ", 0));
    assert_eq!((lead.status_id, lead.tags.len(), lead.made_by_api), (STATUS_PACKING_ID, 1, false));
    assert_eq!(lead.contacts, [(person, true)]);
    assert_eq!(lead.fields[&LEAD_ORDER_CODE_FIELD_ID][0].value, "1001");
    let links = crm.amo.links().iter().map(|link| (link.lead_id, link.element_id, link.quantity));
    assert_eq!(links.collect::<Vec<_>>(), [(winner, kettle, 5.0), (winner, cup, 2.0)]);
    assert_eq!(crm.ids(&format!("leads/{winner}/notes"), "notes").len(), 1);

    assert_eq!(crm.get(&format!("leads/{loser}")).0, 204);
    assert_eq!(crm.ids(&format!("leads?filter[id][]={loser}&filter[id][]={winner}"), "leads"), [winner]);
    assert_eq!(crm.get("leads?with=only_deleted").0, 204);
    let (status, body) = crm.send("PATCH", "leads", json!([{"id": loser, "price": 1}]));
    assert_eq!((status, faults(&body)), (400, vec!["0: NotSupportedChoice id".to_owned()]));
    assert_eq!(crm.send("POST", "leads/link", json!([row(loser, cup, 1)])).0, 400);
    let note = json!([{"entity_id": loser, "note_type": "common", "params": {"text": "b"}}]);
    assert_eq!(crm.send("POST", "leads/notes", note).0, 400);
}

#[test]
fn the_winner_of_leads_keeps_its_own_values_and_main_contact() {
    let mut crm = crm();
    let [first, second] = ["Иван", "Пётр"].map(|name| crm.amo.add_contact(name, &[]));
    let with_contact = |code: &str, id: u64| {
        let mut item = lead(code);
        item["_embedded"]["contacts"] = json!([{"id": id, "is_main": true}]);
        item
    };
    crm.send("POST", "leads", json!([with_contact("1", first), with_contact("2", second)]));
    let [winner, loser] = [0, 1].map(|at| crm.amo.leads()[at].id);
    crm.amo.merge_leads(winner, loser);
    let lead = &crm.amo.leads()[0];
    assert_eq!(lead.fields[&LEAD_ORDER_CODE_FIELD_ID][0].value, "1");
    assert_eq!(lead.contacts, [(first, true), (second, false)]);
}

#[test]
fn merged_contacts_become_one() {
    let mut crm = crm();
    let winner = crm.amo.add_contact("Иван", &["+77010000001"]);
    let mut item = contact("+77010000002");
    let address = json!({"field_id": CONTACT_ADDRESS_FIELD_ID, "values": [{"value": "Абая 1"}]});
    item["custom_fields_values"].as_array_mut().expect("an array").push(address);
    crm.send("POST", "contacts", json!([item]));
    let loser = crm.amo.contacts()[1].id;
    let linked = |ids: &[u64]| {
        let contacts: Vec<Value> = ids.iter().map(|id| json!({"id": id, "is_main": *id == loser})).collect();
        json!({"_embedded": {"contacts": contacts}})
    };
    crm.send("POST", "leads", json!([linked(&[loser]), linked(&[winner, loser]), linked(&[])]));

    crm.amo.merge_contacts(winner, loser);
    let [contact] = crm.amo.contacts() else { panic!("two contacts are one: {:?}", crm.amo.contacts()) };
    assert_eq!((contact.id, contact.name.as_str()), (winner, "Иван"));
    assert_eq!(contact.phones(), ["+77010000001", "+77010000002"]);
    assert_eq!(contact.fields[&CONTACT_ADDRESS_FIELD_ID][0].value, "Абая 1");
    let contacts: Vec<_> = crm.amo.leads().iter().map(|lead| lead.contacts.clone()).collect();
    assert_eq!(contacts, [vec![(winner, true)], vec![(winner, true)], vec![]]);

    assert_eq!(crm.get(&format!("contacts/{loser}")).0, 204);
    assert_eq!(crm.ids("contacts", "contacts"), [winner]);
    let id = crm.amo.leads()[2].id;
    let link = json!([{"to_entity_id": loser, "to_entity_type": "contacts"}]);
    assert_eq!(crm.send("POST", &format!("leads/{id}/link"), link).0, 400);
    assert_eq!(crm.send("PATCH", "contacts", json!([{"id": loser, "name": "x"}])).0, 400);
}
