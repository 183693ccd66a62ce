use serde_json::json;

use super::account::*;
use super::*;

mod faults;

const NOW_MS: i64 = 1_790_000_000_000;

/// A quiet account whose clock goes on by a second with each request, so that the limit never shows.
struct Crm {
    amo: Amo,
    now_ms: i64,
}

impl Crm {
    fn new(options: AmoOptions) -> Self {
        Self { amo: Amo::new(options), now_ms: NOW_MS }
    }

    fn reply(&mut self, request: Request) -> Reply {
        self.now_ms += 1000;
        let request = request.with_header("Authorization", "Bearer amo-test-token");
        self.amo.handle(&request, self.now_ms)
    }

    fn send(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::json(method, &format!("{BASE_PATH}/{path}"), &body);
        let response = self.reply(request).response;
        (response.status, response.body_json().unwrap_or_default())
    }

    fn get(&mut self, address: &str) -> (u16, Value) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let query = query.replace('[', "%5B").replace(']', "%5D");
        let response = self.reply(Request::get(&format!("{BASE_PATH}/{path}"), &query)).response;
        (response.status, response.body_json().unwrap_or_default())
    }

    fn ids(&mut self, address: &str, name: &str) -> Vec<u64> {
        let (_, body) = self.get(address);
        let rows = body["_embedded"][name].as_array().cloned().unwrap_or_default();
        rows.iter().filter_map(|row| row["id"].as_u64()).collect()
    }
}

fn crm() -> Crm {
    Crm::new(AmoOptions::default())
}

fn lead(code: &str) -> Value {
    json!({
        "name": format!("Kaspi {code}"), "price": 4990, "pipeline_id": PIPELINE_ID, "status_id": STATUS_NEW_ID,
        "responsible_user_id": MANAGER_ID,
        "custom_fields_values": [{"field_id": LEAD_ORDER_CODE_FIELD_ID, "values": [{"value": code}]}],
        "_embedded": {"tags": [{"name": "Kaspi"}]}, "request_id": code,
    })
}

fn contact(phone: &str) -> Value {
    json!({
        "first_name": "Айгүл", "last_name": "С",
        "custom_fields_values": [
            {"field_code": "PHONE", "values": [{"value": phone, "enum_code": "MOB"}]},
        ],
    })
}

/// `code path` of each fault of each item.
fn faults(body: &Value) -> Vec<String> {
    let items = body["validation-errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items
        .iter()
        .flat_map(|item| {
            let id = text(&item["request_id"]);
            let errors = item["errors"].as_array().cloned().unwrap_or_default();
            errors.into_iter().map(move |e| format!("{id}: {} {}", text(&e["code"]), text(&e["path"])))
        })
        .collect()
}

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
fn bodies_must_be_arrays_of_at_most_250() {
    for (body, expected) in [
        (json!({"name": "x"}), 400),
        (json!([]), 400),
        (json!([5]), 400),
        (Value::Array(vec![json!({}); 250]), 200),
        (Value::Array(vec![json!({}); 251]), 400),
    ] {
        assert_eq!(crm().send("POST", "leads", body.clone()).0, expected, "{}", body.to_string().len());
    }
}

#[test]
fn tokens_paths_methods_and_parameters_are_checked() {
    let mut crm = crm();
    let bare = Request::get("/api/v4/leads", "");
    assert_eq!(crm.amo.handle(&bare, NOW_MS).response.status, 401);
    let basic = bare.with_header("Authorization", "Basic amo-test-token");
    assert_eq!(crm.amo.handle(&basic, NOW_MS).response.status, 401);
    for (address, status) in [
        ("account?with=is_api_filter_enabled,version", 200),
        ("account?with=secrets", 400),
        ("leads/pipelines", 200),
        ("users?limit=250&page=1", 200),
        ("catalogs", 200),
        ("leads/custom_fields?limit=250", 200),
        ("contacts/custom_fields", 200),
        ("catalogs/4500/custom_fields", 200),
        ("catalogs/9/custom_fields", 404),
        ("catalogs/4600/custom_fields", 204),
        ("leads?limit=251", 400),
        ("leads?limit=0", 400),
        ("leads?page=0", 400),
        ("leads?order[price]=asc", 400),
        ("leads?order[id]=up", 400),
        ("leads?filter[tags_id]=5", 400),
        ("leads?filter[id][]=x", 400),
        ("leads?sort=id", 400),
        ("leads", 204),
        ("leads/5", 204),
        ("contacts/5", 204),
        ("contacts?order[created_at]=asc", 400),
        ("catalogs/4500/elements", 204),
        ("catalogs/4500/elements?order[id]=desc", 400),
        ("leads/links", 400),
        ("leads/links?filter[entity_id][]=5", 204),
        ("leads/notes?filter[entity_id][]=5&filter[note_type][]=common", 204),
        ("events", 404),
        ("leads/complex", 404),
    ] {
        assert_eq!(crm.get(address).0, status, "{address}");
    }
    for (method, path, status) in
        [("DELETE", "leads/5", 405), ("DELETE", "contacts", 405), ("PUT", "leads", 405), ("DELETE", "x", 404)]
    {
        assert_eq!(crm.send(method, path, json!([])).0, status, "{method} {path}");
    }
}

#[test]
fn the_layout_shows_what_settings_are_checked_against() {
    let mut crm = crm();
    let (_, pipelines) = crm.get("leads/pipelines");
    let statuses = &pipelines["_embedded"]["pipelines"][0]["_embedded"]["statuses"];
    let ids: Vec<u64> =
        statuses.as_array().expect("stages").iter().filter_map(|stage| stage["id"].as_u64()).collect();
    assert!(ids.contains(&STATUS_WON_ID) && ids.contains(&STATUS_LOST_ID) && ids.contains(&STATUS_NEW_ID));
    assert_eq!(statuses[0]["type"], 1);
    let (_, users) = crm.get("users");
    assert_eq!(users["_embedded"]["users"][2]["rights"]["is_active"], false);
    let (_, fields) = crm.get("catalogs/4500/custom_fields");
    assert_eq!(fields["_embedded"]["custom_fields"][0]["code"], "SKU");
    assert_eq!(fields["_total_items"], 3);
    let (_, account) = crm.get("account?with=is_api_filter_enabled");
    assert_eq!(
        (&account["current_user_id"], &account["is_api_filter_enabled"]),
        (&json!(ADMIN_ID), &json!(true))
    );
}

#[test]
fn lists_are_paged_ordered_and_filtered() {
    let mut crm = crm();
    let items: Vec<Value> = (0..5).map(|at| lead(&at.to_string())).collect();
    crm.send("POST", "leads", Value::Array(items));
    let all = crm.ids("leads?order[id]=asc", "leads");
    let down = crm.ids("leads?order[id]=desc&limit=2", "leads");
    assert_eq!(down, [all[4], all[3]]);
    let (_, page) = crm.get("leads?order[id]=desc&limit=2&page=2");
    assert_eq!(page["_page"], 2);
    let next = page["_links"]["next"]["href"].as_str().expect("a further page");
    assert!(next.contains("page=3") && next.contains("limit=2"), "{next}");
    let (_, last) = crm.get("leads?order[id]=desc&limit=2&page=3");
    assert_eq!(last["_links"].get("next"), None);
    assert_eq!(crm.get("leads?limit=2&page=4").0, 204);

    let wanted = format!("leads?filter[id][]={}&filter[id][1]={}", all[0], all[3]);
    assert_eq!(crm.ids(&wanted, "leads"), [all[0], all[3]]);
    assert_eq!(crm.ids("leads?filter[pipeline_id][]=3400", "leads"), Vec::<u64>::new());
    let from = crm.amo.leads()[0].updated_at;
    assert_eq!(crm.ids(&format!("leads?filter[updated_at][from]={from}"), "leads").len(), 5);
    assert_eq!(crm.ids(&format!("leads?filter[updated_at][from]={}", from + 1), "leads").len(), 0);
    let stage = "leads?filter[statuses][0][pipeline_id]=3300&filter[statuses][0][status_id]=3302";
    assert_eq!(crm.ids(stage, "leads").len(), 5);

    crm.amo.lead_mut(all[1]).expect("created above").is_deleted = true;
    assert_eq!(crm.ids("leads", "leads").len(), 4);
    assert_eq!(crm.ids("leads?with=only_deleted", "leads"), [all[1]]);
    assert_eq!(crm.get(&format!("leads/{}", all[1])).1["is_deleted"], true);
    crm.amo.remove_lead(all[0]);
    assert_eq!(crm.get(&format!("leads/{}", all[0])).0, 204);

    crm.amo.options.order_ignored = true;
    assert_eq!(crm.ids("leads?order[id]=desc", "leads"), [all[2], all[3], all[4]]);
    crm.amo.options.list_lag_ms = 1_000_000;
    assert_eq!(crm.get("leads?order[id]=desc").0, 204);
    assert_eq!(crm.get(&format!("leads/{}", all[2])).0, 200, "by id it is there at once");
}

#[test]
fn search_lags_and_knows_parts_and_digits() {
    let mut crm = crm();
    let typed = crm.amo.add_contact("Иван", &["8 (701) 123-45-67"]);
    let other = crm.amo.add_contact("Тест 7011234567", &["+77770000000"]);
    assert_eq!(crm.ids("contacts?query=7011234567", "contacts"), [typed, other], "strangers come too");
    assert_eq!(crm.ids("contacts?query=%D0%B8%D0%B2%D0%B0%D0%BD", "contacts"), [typed]);
    assert_eq!(crm.ids("contacts?query=", "contacts"), [typed, other]);
    assert_eq!(crm.ids("contacts?query=701+123", "contacts"), Vec::<u64>::new());

    crm.send("POST", "contacts", json!([contact("+77015550000")]));
    assert_eq!(crm.ids("contacts?query=7015550000", "contacts").len(), 0, "the index lags");
    assert_eq!(crm.ids("contacts?order[id]=desc", "contacts").len(), 3, "the list does not");
    crm.now_ms += 5000;
    assert_eq!(crm.ids("contacts?query=7015550000", "contacts").len(), 1);
}

#[test]
fn field_filters_follow_the_option() {
    let address = format!("leads?filter[custom_fields_values][{LEAD_ORDER_CODE_FIELD_ID}][]=1");
    let mut crm = crm();
    crm.send("POST", "leads", json!([lead("1"), lead("2")]));
    assert_eq!(crm.get(&address).0, 204, "the index lags");
    crm.now_ms += 5000;
    assert_eq!(crm.ids(&address, "leads").len(), 1);
    crm.amo.options.api_filter = ApiFilter::Ignored;
    assert_eq!(crm.ids(&address, "leads").len(), 2);
    crm.amo.options.api_filter = ApiFilter::Refused;
    let (status, body) = crm.get(&address);
    assert_eq!((status, &body["detail"]), (400, &json!("Invalid filter for current account")));
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
