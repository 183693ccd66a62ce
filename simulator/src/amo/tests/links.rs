//! Products, contacts and notes: what leads are linked with.

use super::*;

#[test]
fn contacts_are_not_unique_and_keep_phones_as_typed() {
    let mut crm = crm();
    let twice = json!([contact("+77010000001"), contact("+77010000001")]);
    assert_eq!(crm.send("POST", "contacts", twice).0, 200);
    assert_eq!(crm.amo.contacts().len(), 2);
    assert_eq!(crm.amo.contacts()[0].name, "Айгүл С");
    let id = crm.amo.contacts()[0].id;
    let (_, body) = crm.get(&format!("contacts/{id}?with=leads"));
    assert_eq!(body["custom_fields_values"][0]["values"][0]["value"], "+77010000001");
    assert_eq!(body["custom_fields_values"][0]["values"][0]["enum_code"], "MOB");
    assert_eq!(body["_embedded"]["leads"], json!([]));
    let bad = json!([{"custom_fields_values": [
        {"field_code": "PHONE", "values": [{"value": "+7", "enum_code": "CAR"}]}]}]);
    let (_, body) = crm.send("POST", "contacts", bad);
    assert_eq!(faults(&body), ["0: NotSupportedChoice custom_fields_values.0.values.0.enum_code"]);
    assert_eq!(crm.send("PATCH", "contacts", json!([{"id": id, "last_name": "Сапар"}])).0, 200);
    assert_eq!(crm.amo.contacts()[0].name, "Айгүл Сапар");
}

#[test]
fn elements_and_links() {
    let mut crm = crm();
    let item = json!({"name": "Kettle", "request_id": "KT-17", "custom_fields_values": [
        {"field_code": "SKU", "values": [{"value": "KT-17"}]},
        {"field_code": "PRICE", "values": [{"value": 4990}]}]});
    let (_, body) = crm.send("POST", "catalogs/4500/elements", json!([item]));
    let row = &body["_embedded"]["elements"][0];
    assert_eq!((&row["request_id"], &row["catalog_id"]), (&json!("KT-17"), &json!(CATALOG_ID)));
    assert_eq!(row["custom_fields_values"][1]["values"][0]["value"], "4990", "prices are read as text");
    let element = row["id"].as_u64().expect("an id");
    assert_eq!(crm.amo.elements()[0].sku(), Some("KT-17"));
    let plain = json!([{"name": "x", "custom_fields_values": [
        {"field_code": "SKU", "values": [{"value": "1"}]}]}]);
    let (_, body) = crm.send("POST", "catalogs/4600/elements", plain);
    assert_eq!(faults(&body), ["0: NotSupportedChoice custom_fields_values.0.field_code"]);
    let (_, body) = crm.send("POST", "catalogs/4500/elements", json!([{"request_id": "a"}]));
    assert_eq!(faults(&body), ["a: FieldMissing name"]);
    let filtered = "catalogs/4500/elements?filter[custom_fields_values][621][]=none&limit=250";
    assert_eq!(crm.ids(filtered, "elements"), [element], "silently ignored");
    assert_eq!(crm.ids(&format!("catalogs/4500/elements?id[]={element}"), "elements"), [element]);

    crm.send("POST", "leads", json!([lead("1")]));
    let id = crm.amo.leads()[0].id;
    let link = |quantity: Value| {
        json!([{"entity_id": id, "to_entity_id": element,
        "to_entity_type": "catalog_elements", "metadata": {"quantity": quantity, "catalog_id": CATALOG_ID}}])
    };
    let (status, body) = crm.send("POST", "leads/link", link(json!(2)));
    assert_eq!((status, &body["_total_items"]), (200, &json!(1)));
    assert_eq!(body["_embedded"]["links"][0]["metadata"]["quantity"].to_string(), "2.0");
    crm.send("POST", "leads/link", link(json!(3)));
    assert_eq!(crm.amo.links().len(), 1, "an upsert");
    assert_eq!(crm.amo.links()[0].quantity, 3.0);
    let (_, body) = crm.get(&format!("leads/links?filter[entity_id][]={id}"));
    assert_eq!(body["_embedded"]["links"][0]["to_entity_id"], element);

    for (metadata, expected) in [
        (json!({"quantity": "2", "catalog_id": CATALOG_ID}), "0: InvalidType metadata.quantity"),
        (json!({"quantity": 0, "catalog_id": CATALOG_ID}), "0: InvalidValue metadata.quantity"),
        (json!({"quantity": 1}), "0: FieldMissing metadata.catalog_id"),
        (json!({"quantity": 1, "catalog_id": 7}), "0: NotSupportedChoice metadata.catalog_id"),
        (
            json!({"quantity": 1, "catalog_id": CATALOG_ID, "price_id": SKU_FIELD_ID}),
            "0: NotSupportedChoice metadata.price_id",
        ),
    ] {
        let row = json!([{"entity_id": id, "to_entity_id": element, "to_entity_type": "catalog_elements",
            "metadata": metadata}]);
        let (status, body) = crm.send("POST", "leads/link", row);
        assert_eq!(status, 400);
        assert!(faults(&body).contains(&expected.to_owned()), "{:?} for {metadata}", faults(&body));
    }
    let gone = json!([{"entity_id": id, "to_entity_id": element, "to_entity_type": "catalog_elements",
        "metadata": {"catalog_id": CATALOG_ID}}]);
    assert_eq!(crm.send("POST", "leads/unlink", gone).0, 204);
    assert_eq!(crm.amo.links(), []);
}

#[test]
fn contacts_are_linked_with_is_main_and_read_with_main_contact() {
    let mut crm = crm();
    let person = crm.amo.add_contact("Иван", &[]);
    let id = crm.amo.add_lead("x", PIPELINE_ID, STATUS_NEW_ID, NOW_MS);
    let row = json!([{"to_entity_id": person, "to_entity_type": "contacts", "metadata": {"is_main": true}}]);
    assert_eq!(crm.send("POST", &format!("leads/{id}/link"), row).0, 200);
    let (_, body) = crm.get(&format!("leads/{id}/links"));
    assert_eq!(body["_embedded"]["links"][0]["metadata"], json!({"main_contact": true}));
}

#[test]
fn notes_are_written_and_listed() {
    let mut crm = crm();
    let id = crm.amo.add_lead("x", PIPELINE_ID, STATUS_NEW_ID, NOW_MS);
    let notes = json!([
        {"entity_id": id, "note_type": "common", "params": {"text": " a "}, "request_id": "n"},
        {"entity_id": id, "note_type": "service_message", "params": {"text": "b", "service": "Kaspi"}},
    ]);
    let (status, body) = crm.send("POST", "leads/notes", notes);
    assert_eq!((status, &body["_embedded"]["notes"][0]["request_id"]), (200, &json!("n")));
    let (_, list) = crm.get(&format!("leads/notes?filter[entity_id][]={id}&order[id]=desc&limit=250"));
    assert_eq!(list["_embedded"]["notes"][1]["params"], json!({"text": "a"}));
    assert_eq!(crm.ids(&format!("leads/{id}/notes?filter[note_type][]=common"), "notes").len(), 1);
    for (note, expected) in [
        (json!({"note_type": "common", "params": {"text": "a"}}), "0: FieldMissing entity_id"),
        (
            json!({"entity_id": 5, "note_type": "common", "params": {"text": "a"}}),
            "0: NotSupportedChoice entity_id",
        ),
        (
            json!({"entity_id": id, "note_type": "chat", "params": {"text": "a"}}),
            "0: NotSupportedChoice note_type",
        ),
        (
            json!({"entity_id": id, "note_type": "common", "params": {"text": 5}}),
            "0: InvalidType params.text",
        ),
        (json!({"entity_id": id, "note_type": "common", "text": "a"}), "0: FieldNotExpected text"),
        (
            json!({"entity_id": id, "note_type": "common", "params": {"text": "x".repeat(20_001)}}),
            "0: TooLong params.text",
        ),
    ] {
        let (_, body) = crm.send("POST", "leads/notes", json!([note]));
        assert!(faults(&body).contains(&expected.to_owned()), "{:?} and not {expected}", faults(&body));
    }
}

/// What a list of many leads shows in one answer, and what a request over many leads takes away.
#[test]
fn links_and_notes_of_many_leads() {
    let mut crm = crm();
    let [first, second, third] =
        ["1", "2", "3"].map(|name| crm.amo.add_lead(name, PIPELINE_ID, STATUS_NEW_ID, NOW_MS));
    let [kettle, cup] = ["K", "C"].map(|sku| crm.amo.add_element(CATALOG_ID, sku, sku));
    let person = crm.amo.add_contact("Иван", &[]);
    let contact = json!({"entity_id": third, "to_entity_id": person, "to_entity_type": "contacts"});
    crm.send(
        "POST",
        "leads/link",
        json!([row(first, kettle, 2), row(first, cup, 1), row(second, cup, 1), contact]),
    );

    let (_, body) = crm.get("leads?with=catalog_elements,contacts&order[id]=asc");
    let leads = &body["_embedded"]["leads"];
    let elements = |at: usize| {
        let rows = leads[at]["_embedded"]["catalog_elements"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| (row["id"].as_u64(), row["metadata"]["quantity"].as_f64())).collect::<Vec<_>>()
    };
    assert_eq!(elements(0), [(Some(kettle), Some(2.0)), (Some(cup), Some(1.0))]);
    assert_eq!((elements(1).len(), elements(2).len()), (1, 0));
    assert_eq!(leads[2]["_embedded"]["contacts"][0]["id"], person);

    let gone = |lead: u64, element: u64| {
        json!({"entity_id": lead, "to_entity_id": element, "to_entity_type": "catalog_elements",
            "metadata": {"catalog_id": CATALOG_ID}})
    };
    let rows = json!([gone(first, kettle), gone(second, cup), contact]);
    assert_eq!(crm.send("POST", "leads/unlink", rows).0, 204);
    let left: Vec<_> = crm.amo.links().iter().map(|link| (link.lead_id, link.element_id)).collect();
    assert_eq!(left, [(first, cup)]);
    assert!(crm.amo.leads().iter().all(|lead| lead.contacts.is_empty()));
    let (status, body) = crm.send("POST", "leads/unlink", json!([gone(first, cup), gone(5, cup)]));
    assert_eq!((status, faults(&body)), (400, vec!["1: NotSupportedChoice entity_id".to_owned()]));
    assert_eq!(crm.amo.links().len(), 1, "one bad row refuses all");

    let note = |id: u64| json!({"entity_id": id, "note_type": "common", "params": {"text": "a"}});
    crm.send("POST", "leads/notes", json!([note(first), note(second), note(third), note(first)]));
    let address = format!("leads/notes?filter[entity_id][]={first}&filter[entity_id][]={third}&limit=250");
    let (_, body) = crm.get(&address);
    let notes = body["_embedded"]["notes"].as_array().expect("notes");
    let of: Vec<u64> = notes.iter().filter_map(|note| note["entity_id"].as_u64()).collect();
    assert_eq!(of, [first, third, first]);
}
