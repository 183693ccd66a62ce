//! Leads and their prices.

use super::*;

#[test]
fn leads_are_created_and_read_back() {
    let mut crm = crm();
    let person = crm.amo.add_contact("Иван", &["8 701 000 00 01"]);
    let mut item = lead("1001");
    item["_embedded"]["contacts"] = json!([{"id": person, "is_main": true}]);
    let (status, body) = crm.send("POST", "leads", json!([item, {"name": "bare"}]));
    assert_eq!(status, 200);
    let rows = &body["_embedded"]["leads"];
    assert_eq!((&rows[0]["request_id"], &rows[1]["request_id"]), (&json!("1001"), &json!("1")));

    let id = rows[0]["id"].as_u64().expect("an id");
    let (_, lead) = crm.get(&format!("leads/{id}?with=contacts,catalog_elements"));
    assert_eq!(lead["price"], 4990);
    assert_eq!((&lead["status_id"], &lead["closed_at"]), (&json!(STATUS_NEW_ID), &json!(null)));
    assert_eq!(lead["custom_fields_values"][0]["values"][0]["value"], "1001");
    assert_eq!(lead["custom_fields_values"][0]["field_type"], "text");
    assert_eq!(lead["_embedded"]["tags"][0]["name"], "Kaspi");
    assert_eq!(lead["_embedded"]["contacts"], json!([{"id": person, "is_main": true}]));
    let (_, bare) = crm.get(&format!("leads/{}", rows[1]["id"]));
    assert_eq!(bare["custom_fields_values"], json!(null));
    assert_eq!((&bare["pipeline_id"], &bare["status_id"]), (&json!(PIPELINE_ID), &json!(STATUS_NEW_ID)));
    assert_eq!(bare["_embedded"].get("contacts"), None, "only on request");
    assert!(crm.amo.leads().iter().all(|lead| lead.made_by_api));
}

#[test]
fn bad_leads_are_refused_with_their_place() {
    let cases = [
        (json!({"price": 4990.5}), "0: InvalidType price"),
        (json!({"price": "4990"}), "0: InvalidType price"),
        (json!({"name": 5}), "0: InvalidType name"),
        (json!({"name": null}), "0: InvalidType name"),
        (json!({"name": "я".repeat(256)}), "0: TooLong name"),
        (json!({"title": "x"}), "0: FieldNotExpected title"),
        (json!({"id": 5}), "0: FieldNotExpected id"),
        (json!({"pipeline_id": 1}), "0: NotSupportedChoice pipeline_id"),
        (json!({"status_id": 1}), "0: NotSupportedChoice status_id"),
        (
            json!({"pipeline_id": OTHER_PIPELINE_ID, "status_id": STATUS_NEW_ID}),
            "0: NotSupportedChoice status_id",
        ),
        (
            json!({"pipeline_id": PIPELINE_ID, "status_id": STATUS_UNSORTED_ID}),
            "0: NotSupportedChoice status_id",
        ),
        (json!({"status_id": STATUS_WON_ID}), "0: NotSupportedChoice status_id"),
        (json!({"responsible_user_id": DISMISSED_ID}), "0: NotSupportedChoice responsible_user_id"),
        (json!({"responsible_user_id": 0}), "0: NotSupportedChoice responsible_user_id"),
        (json!({"responsible_user_id": "502"}), "0: InvalidType responsible_user_id"),
        (
            json!({"custom_fields_values": [{"field_id": PHONE_FIELD_ID, "values": [{"value": "x"}]}]}),
            "0: NotSupportedChoice custom_fields_values.0.field_id",
        ),
        (
            json!({"custom_fields_values": [{"field_id": LEAD_ORDER_CODE_FIELD_ID, "values": [{"value": 5}]}]}),
            "0: InvalidType custom_fields_values.0.values.0.value",
        ),
        (
            json!({"custom_fields_values": [{"field_id": LEAD_SELECT_FIELD_ID, "values": [{"value": "Ялта"}]}]}),
            "0: NotSupportedChoice custom_fields_values.0.values.0.value",
        ),
        (
            json!({"custom_fields_values": [
                {"field_id": LEAD_ORDER_DATE_FIELD_ID, "values": [{"value": NOW_MS}]}]}),
            "0: InvalidType custom_fields_values.0.values.0.value",
        ),
        (
            json!({"custom_fields_values": [{"field_id": LEAD_ORDER_CODE_FIELD_ID, "values": []}]}),
            "0: NotBlank custom_fields_values.0.values",
        ),
        (json!({"_embedded": {"contacts": [{"id": 1}]}}), "0: NotSupportedChoice _embedded.contacts.0.id"),
        (
            json!({"_embedded": {"tags": [{"name": "a", "request_id": "1"}]}}),
            "0: FieldNotExpected _embedded.tags.0.request_id",
        ),
        (json!({"_embedded": {"catalog_elements": []}}), "0: FieldNotExpected _embedded.catalog_elements"),
    ];
    for (item, expected) in cases {
        let mut crm = crm();
        let (status, body) = crm.send("POST", "leads", json!([item, lead("1")]));
        assert_eq!(status, 400, "{item}");
        assert_eq!(faults(&body), [expected], "{item}");
        assert_eq!(crm.amo.leads(), [], "one bad item refuses all: {item}");
    }
    let mut crm = crm();
    let name = "📦".repeat(255);
    assert_eq!(crm.send("POST", "leads", json!([{"name": name}])).0, 200, "255 characters are allowed");
}

#[test]
fn leads_are_changed() {
    let mut crm = crm();
    crm.send("POST", "leads", json!([lead("1")]));
    let id = crm.amo.leads()[0].id;
    let won = json!([{"id": id, "pipeline_id": PIPELINE_ID, "status_id": STATUS_WON_ID, "price": 7}]);
    let (status, body) = crm.send("PATCH", "leads", won);
    assert_eq!((status, &body["_embedded"]["leads"][0]["id"]), (200, &json!(id)));
    assert!(crm.amo.leads()[0].closed_at.is_some());
    assert_eq!(crm.amo.leads()[0].price, 7);
    let back = json!({"status_id": STATUS_PACKING_ID, "tags_to_add": [{"name": "new"}],
        "custom_fields_values": [{"field_id": LEAD_ORDER_CODE_FIELD_ID, "values": null}]});
    assert_eq!(crm.send("PATCH", &format!("leads/{id}"), back).0, 200);
    let lead = &crm.amo.leads()[0];
    assert_eq!((lead.closed_at, lead.status_id, lead.tags.len()), (None, STATUS_PACKING_ID, 2));
    assert!(lead.fields.is_empty());
    let (status, body) = crm.send("PATCH", "leads", json!([{"id": 5, "price": 1}]));
    assert_eq!((status, faults(&body)), (400, vec!["0: NotSupportedChoice id".to_owned()]));
    assert_eq!(crm.send("PATCH", "leads/5", json!({"price": 1})).0, 404);
}

#[test]
fn prices_follow_products_where_the_account_computes_them() {
    let mut crm = Crm::new(AmoOptions { auto_price: true, ..AmoOptions::default() });
    let id = crm.amo.add_lead("x", PIPELINE_ID, STATUS_NEW_ID, NOW_MS);
    let item = json!({"name": "Kettle", "custom_fields_values": [
        {"field_code": "PRICE", "values": [{"value": 100.5}]}]});
    crm.send("POST", "catalogs/4500/elements", json!([item]));
    let element = crm.amo.elements()[0].id;
    crm.send(
        "POST",
        "leads/link",
        json!([{"entity_id": id, "to_entity_id": element,
        "to_entity_type": "catalog_elements", "metadata": {"quantity": 2, "catalog_id": CATALOG_ID}}]),
    );
    assert_eq!(crm.amo.leads()[0].price, 0);
    crm.amo.settle(crm.now_ms + 1000);
    assert_eq!((crm.amo.leads()[0].price, crm.amo.leads()[0].is_price_computed), (201, true));
}

#[test]
fn lost_leads_have_reasons() {
    let mut crm = crm();
    let (_, reasons) = crm.get("leads/loss_reasons");
    assert_eq!(reasons["_embedded"]["loss_reasons"][0]["id"], LOSS_REASON_CANCELLED_ID);
    assert_eq!(reasons["_embedded"]["loss_reasons"][1]["name"], "Другое");

    let lost = |reason: u64| json!({"pipeline_id": PIPELINE_ID, "status_id": STATUS_LOST_ID, "loss_reason_id": reason});
    assert_eq!(
        crm.send("POST", "leads", json!([lost(LOSS_REASON_OTHER_ID), {"loss_reason_id": null}])).0,
        200
    );
    let [id, other] = [0, 1].map(|at| crm.amo.leads()[at].id);
    let (_, lead) = crm.get(&format!("leads/{id}?with=loss_reason"));
    assert_eq!(lead["loss_reason_id"], LOSS_REASON_OTHER_ID);
    assert_eq!(lead["_embedded"]["loss_reason"][0]["name"], "Другое");

    let reason = |crm: &Crm, id: u64| crm.amo.state.lead(id).and_then(|lead| lead.loss_reason_id);
    let address = format!("leads/{id}");
    crm.send("PATCH", &address, json!({"loss_reason_id": LOSS_REASON_CANCELLED_ID}));
    assert_eq!(reason(&crm, id), Some(LOSS_REASON_CANCELLED_ID));
    crm.send("PATCH", &address, json!({"price": 1}));
    assert_eq!(reason(&crm, id), Some(LOSS_REASON_CANCELLED_ID), "it stays");
    crm.send("PATCH", &address, json!({"loss_reason_id": null}));
    assert_eq!(reason(&crm, id), None);
    crm.send("PATCH", &address, lost(LOSS_REASON_OTHER_ID));
    crm.send("PATCH", &address, json!({"status_id": STATUS_NEW_ID}));
    assert_eq!(reason(&crm, id), None, "it is gone when the lead is open again");

    let mut faulty = |method: &str, item: Value| faults(&crm.send(method, "leads", json!([item])).1);
    let refused = ["0: NotSupportedChoice loss_reason_id"];
    assert_eq!(faulty("POST", lost(1)), refused);
    assert_eq!(faulty("POST", json!({"loss_reason_id": LOSS_REASON_OTHER_ID})), refused, "not lost");
    assert_eq!(faulty("PATCH", json!({"id": other, "loss_reason_id": LOSS_REASON_OTHER_ID})), refused);
    assert_eq!(
        faulty("PATCH", json!({"id": other, "loss_reason_id": "1"})),
        ["0: InvalidType loss_reason_id"]
    );
    crm.amo.account_mut().loss_reasons.clear();
    assert_eq!(crm.get("leads/loss_reasons").0, 204);
    assert_eq!(crm.send("POST", "leads/loss_reasons", json!([])).0, 405);
}
