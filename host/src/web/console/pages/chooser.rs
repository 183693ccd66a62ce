//! Forms that choose by name: ids of the account, and stages for states of orders.

use std::collections::BTreeMap;

use kaspi_amocrm_contract::{Language, StatusMap, table};
use maud::{Markup, html};

use crate::{
    config::{Changes, Settings},
    contract::types::{AccountDescription, AccountPart, Named},
    diagnostics::finding::Finding,
    i18n::words::Words,
    onboarding::{
        choices::{Choice, MAKE},
        dry_run::{Rehearsal, fate},
        stages,
    },
    web::console::frame::visitor::Visitor,
};

/// What a form sent, by name of the field.
pub(crate) type Fields = BTreeMap<String, String>;

const STAYS: Words = Words::new("stays where it is", "остаётся на месте", "орнында қалады");
const STATE: Words = Words::new("Order at Kaspi", "Заказ в Kaspi", "Kaspi-дегі тапсырыс");
const STAGE: Words = Words::new("Stage in amoCRM", "Этап в amoCRM", "amoCRM-дегі кезең");
const ORDERS_READ: Words = Words::new("Orders read", "Прочитано заказов", "Оқылған тапсырыстар");
const ORDER: Words = Words::new("Order", "Заказ", "Тапсырыс");
const PRICE: Words = Words::new("Total", "Сумма", "Сома");
const OUTCOME: Words = Words::new("What happens", "Что произойдёт", "Не болады");
const PROBLEMS: Words = Words::new("Problems", "Проблемы", "Мәселелер");
/// Prefix of the fields of the table of stages.
const STAGE_FIELD: &str = "stage:";

/// The hidden field that proves where a form comes from.
pub(crate) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="form_token" value=(visitor.form_token); }
}

/// One choice as a list with names.
pub(crate) fn select(visitor: &Visitor, choice: &Choice, chosen: Option<&str>) -> Markup {
    let name = choice.setting.name;
    let proposed = choice.proposed_value();
    let chosen = chosen.unwrap_or(&proposed);
    let hint = format!("{name}-hint");
    html! {
        div.field {
            label for=(name) { (visitor.say(&choice.question)) }
            select id=(name) name=(name) aria-describedby=(hint) {
                @if let Some(none) = &choice.none {
                    option value="" selected[chosen.is_empty()] { (visitor.say(none)) }
                }
                @for option in &choice.options {
                    @let id = option.id.to_string();
                    option value=(id) selected[id == chosen] { (option.name) }
                }
                @if let Some((_, make)) = &choice.make {
                    option value=(MAKE) selected[chosen == MAKE] { (visitor.say(make)) }
                }
            }
            p.hint id=(hint) { (visitor.say(&choice.hint)) }
        }
    }
}

/// What was chosen, as changes of the settings; what was not offered counts as not chosen.
pub(crate) fn chosen(choices: &[Choice], fields: &Fields) -> Changes {
    let one = |choice: &Choice| {
        let value = fields.get(choice.setting.name).filter(|value| choice.takes(value))?;
        Some((choice.setting.name, value.clone()))
    };
    choices.iter().filter_map(one).collect()
}

/// What has to be made in the account before the changes can be written.
pub(crate) fn to_make(choices: &[Choice], changes: &mut Changes) -> Vec<AccountPart> {
    let mut wanted = Vec::new();
    for choice in choices {
        if let Some(value) = changes.get_mut(choice.setting.name).filter(|value| *value == MAKE) {
            value.clear();
            wanted.extend(choice.make.as_ref().map(|(what, _)| *what));
        }
    }
    wanted
}

/// The stages of a connection as its map has them; those that are proposed where it has none, or one of another
/// pipeline.
pub(crate) fn stages_in_force(settings: &Settings, connection: &str, of: &[Named]) -> Vec<Option<i64>> {
    let present = present_map(settings, connection);
    let set = stages::of_map(&StatusMap::parse(&present).unwrap_or_default());
    let known = |id: &i64| of.iter().any(|stage| stage.id == *id);
    let is_useful = set.iter().flatten().next().is_some() && set.iter().flatten().all(known);
    if is_useful { set } else { stages::proposed(of) }
}

/// `STATUS_MAP` as it is set.
pub(crate) fn present_map(settings: &Settings, connection: &str) -> String {
    settings.value(connection, &table::STATUS_MAP).map(|(text, _)| text).unwrap_or_default()
}

/// States of orders with a list of stages each.
pub(crate) fn stage_table(visitor: &Visitor, of: &[Named], set: &[Option<i64>]) -> Markup {
    html! {
        table.list {
            thead { tr { th scope="col" { (visitor.say(&STATE)) } th scope="col" { (visitor.say(&STAGE)) } } }
            tbody {
                @for (row, id) in stages::rows().iter().zip(set) {
                    @let field = format!("{STAGE_FIELD}{}", row.key);
                    tr {
                        th scope="row" { label for=(field) { (visitor.say(&row.title)) } }
                        td {
                            select id=(field) name=(field) {
                                option value="" selected[id.is_none()] { (visitor.say(&STAYS)) }
                                @for stage in of {
                                    option value=(stage.id) selected[Some(stage.id) == *id] { (stage.name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The stages that a form chose; those that the pipeline does not have count as none.
pub(crate) fn stages_of(fields: &Fields, of: &[Named]) -> Vec<Option<i64>> {
    let known = |id: &i64| of.iter().any(|stage| stage.id == *id);
    let one =
        |row: &stages::Row| fields.get(&format!("{STAGE_FIELD}{}", row.key))?.parse().ok().filter(known);
    stages::rows().iter().map(one).collect()
}

/// The name of a stage.
pub(crate) fn stage_name(visitor: &Visitor, account: &AccountDescription, id: Option<i64>) -> String {
    let mut all = account.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    match id {
        None => visitor.say(&STAYS).to_owned(),
        Some(id) => {
            all.find(|stage| stage.id == id).map_or_else(|| id.to_string(), |stage| stage.name.clone())
        }
    }
}

/// What is wrong, and what to do.
pub(crate) fn findings(language: Language, findings: &[Finding]) -> Markup {
    html! {
        @for finding in findings {
            div.error role="alert" {
                p { strong { (finding.cause(language)) } }
                p { (finding.remedy(language)) }
            }
        }
    }
}

/// What a dry run found.
pub(crate) fn rehearsal(visitor: &Visitor, account: &AccountDescription, found: &Rehearsal) -> Markup {
    html! {
        div.card {
            p { (visitor.say(&ORDERS_READ)) ": " span.number { (found.seen) } }
            ul {
                @for (action, count) in &found.counts {
                    li { (visitor.say(&fate(*action))) ": " span.number { (count) } }
                }
            }
        }
        @if !found.examples.is_empty() {
            table.list {
                thead { tr {
                    th scope="col" { (visitor.say(&ORDER)) }
                    th scope="col" { (visitor.say(&PRICE)) }
                    th scope="col" { (visitor.say(&OUTCOME)) }
                    th scope="col" { (visitor.say(&STAGE)) }
                } }
                tbody {
                    @for order in &found.examples {
                        tr {
                            th scope="row" { (order.code) }
                            td.number { @if let Some(price) = order.price_kzt { (price) " ₸" } }
                            td { (visitor.say(&fate(order.lead))) }
                            td { @if order.status_id.is_some() { (stage_name(visitor, account, order.status_id)) } }
                        }
                    }
                }
            }
        }
        @if !found.problems.is_empty() {
            h2 { (visitor.say(&PROBLEMS)) }
            ul { @for (code, text) in &found.problems { li { (code) " " (text) } } }
        }
    }
}
