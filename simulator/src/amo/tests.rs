use serde_json::json;

use super::account::*;
use super::*;

mod faults;
mod leads;
mod links;
mod people;

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

fn row(lead: u64, element: u64, quantity: u32) -> Value {
    json!({"entity_id": lead, "to_entity_id": element, "to_entity_type": "catalog_elements",
        "metadata": {"quantity": quantity, "catalog_id": CATALOG_ID}})
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
