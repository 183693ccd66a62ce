//! What the settings of a connection mean in its account, by name.

use kaspi_amocrm_settings::StatusMap;

use crate::{
    run::{AccountDescription, Item, Pipeline},
    settings::Connection,
};

/// Lines for people, where nothing was found.
pub(super) fn confirmation(connection: &Connection, account: &AccountDescription) -> Vec<String> {
    let id = |name: &str| connection.get(name).and_then(|value| value.parse::<i64>().ok());
    let Item { id: account_id, name, subdomain } = &account.account;
    let mut lines =
        vec![format!("[{}] account {account_id} \"{name}\" ({subdomain}): in order", connection.name())];
    let mut say = |what: &str, named: String| lines.push(format!("  {what}: {named}"));
    if let Some(pipeline) = pipeline(id("AMO_PIPELINE_ID"), &account.pipelines) {
        let own = if id("AMO_PIPELINE_ID").is_some() { "" } else { ", the main one" };
        say("AMO_PIPELINE_ID", format!("{} \"{}\"{own}", pipeline.id, pipeline.name));
        let stage = match id("AMO_STATUS_ID") {
            Some(id) => named(id, &pipeline.stages),
            None => pipeline
                .stages
                .first()
                .map_or_else(String::new, |stage| format!("{}, the first one", quoted(stage))),
        };
        say("AMO_STATUS_ID", stage);
        let map =
            connection.get("STATUS_MAP").and_then(|text| StatusMap::parse(text).ok()).unwrap_or_default();
        for (key, id) in map.iter() {
            say(&format!("STATUS_MAP {key}"), named(id, &pipeline.stages));
        }
    }
    for (name, items) in [
        ("AMO_RESPONSIBLE_USER_ID", &account.users),
        ("AMO_CATALOG_ID", &account.catalogs),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", &account.lead_fields),
        ("AMO_CONTACT_ADDRESS_FIELD_ID", &account.contact_fields),
        ("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", &account.lead_fields),
        ("AMO_LEAD_ORDER_DATE_FIELD_ID", &account.lead_fields),
    ] {
        say(name, id(name).map_or_else(|| "not set".to_owned(), |id| named(id, items)));
    }
    lines
}

fn pipeline(wanted: Option<i64>, pipelines: &[Pipeline]) -> Option<&Pipeline> {
    match wanted {
        Some(id) => pipelines.iter().find(|pipeline| pipeline.id == id),
        None => pipelines.iter().find(|pipeline| pipeline.is_main).or(pipelines.first()),
    }
}

fn named(id: i64, items: &[Item]) -> String {
    items.iter().find(|item| item.id == id).map_or_else(|| id.to_string(), quoted)
}

fn quoted(item: &Item) -> String {
    format!("{} \"{}\"", item.id, item.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{DEFAULT_CONNECTION, Settings};

    #[test]
    fn settings_are_told_by_the_names_of_the_account() {
        let item = |id: i64, name: &str| Item { id, name: name.to_owned(), subdomain: "acme".to_owned() };
        let account = AccountDescription {
            account: item(7, "Acme"),
            pipelines: vec![Pipeline {
                id: 100,
                name: "Kaspi".to_owned(),
                is_main: true,
                stages: vec![item(102, "Новый"), item(142, "Успех")],
            }],
            users: vec![item(1, "Сотрудник")],
            lead_fields: vec![item(20, "Номер")],
            ..AccountDescription::default()
        };
        let connection = Settings::from_pairs([
            ("KASPI_API_TOKEN", "k"),
            ("AMO_SUBDOMAIN", "acme"),
            ("AMO_LONG_LIVED_TOKEN", "t"),
            ("AMO_LEAD_ORDER_CODE_FIELD_ID", "20"),
            ("STATUS_MAP", "ARCHIVE/COMPLETED=142"),
        ])
        .connection(DEFAULT_CONNECTION)
        .unwrap();
        let lines = confirmation(&connection, &account);
        for line in [
            "[default] account 7 \"Acme\" (acme): in order",
            "  AMO_PIPELINE_ID: 100 \"Kaspi\", the main one",
            "  AMO_STATUS_ID: 102 \"Новый\", the first one",
            "  STATUS_MAP ARCHIVE/COMPLETED: 142 \"Успех\"",
            "  AMO_RESPONSIBLE_USER_ID: not set",
            "  AMO_LEAD_ORDER_CODE_FIELD_ID: 20 \"Номер\"",
        ] {
            assert!(lines.iter().any(|shown| shown == line), "lacks {line}: {lines:#?}");
        }
    }
}
