//! What the settings of a connection mean in its account, by name.

use kaspi_amocrm_contract::{KNOWN_PAIRS, StatusMap};

use crate::{
    cli::support::table,
    config::Connection,
    contract::types::{Account, AccountDescription, Named, Pipeline},
};

/// Lines for people, where nothing was found.
pub(crate) fn confirmation(connection: &Connection, account: &AccountDescription) -> Vec<String> {
    let id = |name: &str| connection.get(name).and_then(|value| value.parse::<i64>().ok());
    let Account { id: account_id, name, subdomain } = &account.account;
    let mut lines =
        vec![format!("[{}] account {account_id} \"{name}\" ({subdomain}): in order", connection.name())];
    let mut say = |what: &str, named: String| lines.push(format!("  {what}: {named}"));
    if let Some(pipeline) = pipeline(id("AMO_PIPELINE_ID"), &account.pipelines) {
        let own = if id("AMO_PIPELINE_ID").is_some() { "" } else { ", the main one" };
        say("AMO_PIPELINE_ID", format!("{} \"{}\"{own}", pipeline.id, pipeline.name));
        let first = pipeline.stages.first();
        let (stage, own) = match id("AMO_STATUS_ID") {
            Some(id) => (by_name(id, &pipeline.stages), ""),
            None => (first.map(quoted).unwrap_or_default(), ", the first one"),
        };
        say("AMO_STATUS_ID", format!("{stage}{own}"));
        let map =
            connection.get("STATUS_MAP").and_then(|text| StatusMap::parse(text).ok()).unwrap_or_default();
        lines.push("  what happens to a lead, by state of its order at Kaspi:".to_owned());
        lines.push(
            "  что происходит со сделкой по состоянию заказа в Kaspi (stays where it is: сделка остаётся на месте; a new \
             lead begins in: этап новой сделки):"
                .to_owned(),
        );
        lines.extend(moves(&map, &stage, &pipeline.stages).iter().map(|line| format!("    {line}")));
    }
    let mut say = |what: &str, named: String| lines.push(format!("  {what}: {named}"));
    for (name, items) in [
        ("AMO_RESPONSIBLE_USER_ID", &account.users),
        ("AMO_CATALOG_ID", &account.catalogs),
        ("AMO_LEAD_ORDER_CODE_FIELD_ID", &account.lead_fields),
        ("AMO_CONTACT_ADDRESS_FIELD_ID", &account.contact_fields),
        ("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", &account.lead_fields),
        ("AMO_LEAD_ORDER_DATE_FIELD_ID", &account.lead_fields),
        ("AMO_LOSS_REASON_ID", &account.loss_reasons),
    ] {
        // A component that tells no reasons knows nothing of the setting.
        if name == "AMO_LOSS_REASON_ID" && items.is_empty() {
            continue;
        }
        say(name, id(name).map_or_else(|| "not set".to_owned(), |id| by_name(id, items)));
    }
    lines
}

/// Every pair that orders are known to have, and where it leads. A pair that `STATUS_MAP` does not name never moves a
/// lead that is there.
fn moves(map: &StatusMap, first: &str, stages: &[Named]) -> Vec<String> {
    let line = |(state, status, stage): (&str, &str, Option<&str>)| {
        let pair = format!("{state}/{}", stage.unwrap_or(status));
        let happens = match map.matching(state, status, stage) {
            Some((key, id)) => format!("{} (STATUS_MAP {key})", by_name(id, stages)),
            None => format!("stays where it is; a new lead begins in {first} (not in STATUS_MAP)"),
        };
        [pair, format!("→ {happens}")]
    };
    let rows = KNOWN_PAIRS.map(line);
    // Without header and rule.
    table::lines(["", ""], &rows).split_off(2)
}

fn pipeline(wanted: Option<i64>, pipelines: &[Pipeline]) -> Option<&Pipeline> {
    match wanted {
        Some(id) => pipelines.iter().find(|pipeline| pipeline.id == id),
        None => pipelines.iter().find(|pipeline| pipeline.is_main).or(pipelines.first()),
    }
}

fn by_name(id: i64, items: &[Named]) -> String {
    items.iter().find(|item| item.id == id).map_or_else(|| id.to_string(), quoted)
}

fn quoted(item: &Named) -> String {
    format!("{} \"{}\"", item.id, item.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{DEFAULT_CONNECTION, Settings},
        contract::samples::{description, named},
    };

    #[test]
    fn settings_are_told_by_the_names_of_the_account() {
        let item = |id: i64, name: &str| named(id, name, None);
        let account = AccountDescription {
            account: Account { id: 7, name: "Acme".to_owned(), subdomain: "acme".to_owned() },
            pipelines: vec![Pipeline {
                id: 100,
                name: "Kaspi".to_owned(),
                is_main: true,
                is_archive: false,
                stages: vec![item(102, "Новый"), item(104, "Доставка"), item(142, "Успех")],
            }],
            users: vec![item(1, "Сотрудник")],
            lead_fields: vec![item(20, "Номер")],
            loss_reasons: vec![item(9, "Отказ")],
            ..description()
        };
        let connection = Settings::from_pairs([
            ("KASPI_API_TOKEN", "k"),
            ("AMO_SUBDOMAIN", "acme"),
            ("AMO_LONG_LIVED_TOKEN", "t"),
            ("AMO_LEAD_ORDER_CODE_FIELD_ID", "20"),
            ("STATUS_MAP", "ARCHIVE/COMPLETED=142,KASPI_DELIVERY=104"),
        ])
        .connection(DEFAULT_CONNECTION)
        .unwrap();
        let lines = confirmation(&connection, &account);
        for line in [
            "[default] account 7 \"Acme\" (acme): in order",
            "  AMO_PIPELINE_ID: 100 \"Kaspi\", the main one",
            "  AMO_STATUS_ID: 102 \"Новый\", the first one",
            "  AMO_LOSS_REASON_ID: not set",
            "  AMO_RESPONSIBLE_USER_ID: not set",
            "  AMO_LEAD_ORDER_CODE_FIELD_ID: 20 \"Номер\"",
        ] {
            assert!(lines.iter().any(|shown| shown == line), "lacks {line}: {lines:#?}");
        }
        let pairs = [
            ("KASPI_DELIVERY/packed", "104 \"Доставка\" (STATUS_MAP KASPI_DELIVERY)"),
            (
                "KASPI_DELIVERY/KASPI_DELIVERY_RETURN_REQUESTED",
                "104 \"Доставка\" (STATUS_MAP KASPI_DELIVERY)",
            ),
            ("ARCHIVE/COMPLETED", "142 \"Успех\" (STATUS_MAP ARCHIVE/COMPLETED)"),
            (
                "ARCHIVE/CANCELLED",
                "stays where it is; a new lead begins in 102 \"Новый\" (not in STATUS_MAP)",
            ),
        ];
        for (pair, happens) in pairs {
            let line = format!("    {pair:<46}  → {happens}");
            assert!(lines.contains(&line), "lacks {line}: {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| line.contains('→')).count(), KNOWN_PAIRS.len());
        let older = AccountDescription { loss_reasons: Vec::new(), ..account };
        assert!(!confirmation(&connection, &older).iter().any(|line| line.contains("AMO_LOSS_REASON_ID")));
    }
}
