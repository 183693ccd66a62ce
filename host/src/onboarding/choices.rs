//! What is chosen from the account, by name, and what is proposed.

use kaspi_amocrm_contract::{Setting, table};

use crate::{
    config::Settings,
    contract::types::{AccountDescription, AccountPart, Named, Pipeline},
    i18n::words::Words,
};

/// Field types that take text, see `docs/apis/amocrm.md` 3.2.
const TEXT_KINDS: [&str; 4] = ["text", "textarea", "streetaddress", "url"];
const DATE_KINDS: [&str; 2] = ["date", "date_time"];

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Where the chosen id goes.
    pub(crate) setting: &'static Setting,
    /// What is asked.
    pub(crate) question: Words,
    /// What it is good for.
    pub(crate) hint: Words,
    /// What there is.
    pub(crate) options: Vec<Named>,
    /// What it means to choose none; `None` where one has to be chosen.
    pub(crate) none: Option<Words>,
    /// What the program can make in the account instead, and how it is called.
    pub(crate) make: Option<(AccountPart, Words)>,
    /// What is chosen unless somebody chooses otherwise.
    pub(crate) proposed: Proposed,
}

/// A proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proposed {
    /// This one.
    Id(i64),
    /// None of them.
    Nothing,
    /// A new one.
    Make,
}

impl Choice {
    /// The value of the proposal in forms and settings: an id, nothing, or `make`.
    pub(crate) fn proposed_value(&self) -> String {
        match self.proposed {
            Proposed::Id(id) => id.to_string(),
            Proposed::Nothing => String::new(),
            Proposed::Make => MAKE.to_owned(),
        }
    }

    /// Whether somebody can have chosen this: an id that there is, nothing where that is allowed, or [`MAKE`].
    pub(crate) fn takes(&self, value: &str) -> bool {
        match value {
            "" => self.none.is_some(),
            MAKE => self.make.is_some(),
            id => self.options.iter().any(|option| option.id.to_string() == id),
        }
    }
}

/// Stands for something new where an id is expected.
pub(crate) const MAKE: &str = "make";

/// The pipeline: the one of the settings, else one that is named after Kaspi, else the main one.
pub(crate) fn pipeline(account: &AccountDescription, settings: &Settings, connection: &str) -> Choice {
    let in_use = || account.pipelines.iter().filter(|pipeline| !pipeline.is_archive);
    let is_kaspi = |pipeline: &&Pipeline| named_like(&pipeline.name, &["kaspi", "каспи"]);
    let best =
        in_use().find(is_kaspi).or_else(|| in_use().find(|pipeline| pipeline.is_main)).or(in_use().next());
    let options: Vec<Named> =
        in_use().map(|pipeline| Named { id: pipeline.id, name: pipeline.name.clone(), kind: None }).collect();
    Choice {
        setting: &table::AMO_PIPELINE_ID,
        question: Words::new(
            "In which pipeline shall new leads appear?",
            "В какой воронке создавать сделки?",
            "Мәмілелер қай воронкада жасалсын?",
        ),
        hint: Words::new(
            "Each order of Kaspi becomes one lead there.",
            "Каждый заказ Kaspi станет там одной сделкой.",
            "Kaspi-дің әр тапсырысы сонда бір мәміле болады.",
        ),
        proposed: proposal(settings, connection, &table::AMO_PIPELINE_ID, &options, best.map(|best| best.id)),
        none: None,
        make: None,
        options,
    }
}

/// The pipeline that counts: the one of the settings, else the main one.
pub(crate) fn pipeline_in_force<'a>(
    account: &'a AccountDescription,
    settings: &Settings,
    connection: &str,
) -> Option<&'a Pipeline> {
    let id = set_id(settings, connection, &table::AMO_PIPELINE_ID);
    let main = || account.pipelines.iter().find(|pipeline| pipeline.is_main).or(account.pipelines.first());
    account.pipelines.iter().find(|pipeline| Some(pipeline.id) == id).or_else(main)
}

/// What has to be chosen for a connection to work well.
pub(crate) fn needed(account: &AccountDescription, settings: &Settings, connection: &str) -> Vec<Choice> {
    let stages = pipeline_in_force(account, settings, connection).map(|pipeline| pipeline.stages.clone());
    let of = |kinds: &[&str]| -> Vec<Named> {
        account.lead_fields.iter().filter(|field| is_of(field, kinds)).cloned().collect()
    };
    let choice = |setting: &'static Setting, question, hint, options: Vec<Named>, best: Option<i64>| Choice {
        setting,
        question,
        hint,
        proposed: proposal(settings, connection, setting, &options, best),
        options,
        none: Some(Words::new("choose none", "не выбирать", "таңдамау")),
        make: None,
    };
    // Won and lost are no beginning.
    let first_stages: Vec<Named> =
        stages.unwrap_or_default().into_iter().filter(|stage| ![142, 143].contains(&stage.id)).collect();
    let first = first_stages.first().map(|stage| stage.id);
    let products =
        account.catalogs.iter().find(|catalog| is_of(catalog, &["products"])).map(|catalog| catalog.id);
    let text_fields = of(&TEXT_KINDS);
    let order_code = order_code_field(&text_fields);
    let mut catalog = choice(
        &table::AMO_CATALOG_ID,
        Words::new(
            "Which list holds your products?",
            "В каком списке ваши товары?",
            "Тауарларыңыз қай тізімде?",
        ),
        Words::new(
            "Products of an order are linked to its lead from there; missing ones are added.",
            "Оттуда товары заказа прикрепляются к сделке; недостающие добавляются.",
            "Тапсырыс тауарлары мәмілеге содан тіркеледі; жетіспейтіндері қосылады.",
        ),
        account.catalogs.clone(),
        products,
    );
    let mut field = choice(
        &table::AMO_LEAD_ORDER_CODE_FIELD_ID,
        Words::new(
            "Which field of the lead holds the number of the order?",
            "В каком поле сделки хранить номер заказа?",
            "Тапсырыс нөмірі мәміленің қай өрісінде сақталсын?",
        ),
        Words::new(
            "With it a lead is recognised even if somebody renames it.",
            "По нему сделка узнаётся, даже если её переименуют.",
            "Сол арқылы мәміле аты өзгерсе де танылады.",
        ),
        text_fields,
        order_code,
    );
    catalog.make = Some((
        AccountPart::Catalog,
        Words::new("make a new list", "создать новый список", "жаңа тізім жасау"),
    ));
    field.make = Some((
        AccountPart::OrderCode,
        Words::new("make a new field", "создать новое поле", "жаңа өріс жасау"),
    ));
    for choice in [&mut catalog, &mut field] {
        if choice.proposed == Proposed::Nothing {
            choice.proposed = Proposed::Make;
        }
    }
    vec![
        Choice {
            none: None,
            ..choice(
                &table::AMO_STATUS_ID,
                Words::new(
                    "In which stage does a new lead begin?",
                    "С какого этапа начинается новая сделка?",
                    "Жаңа мәміле қай кезеңнен басталады?",
                ),
                Words::new(
                    "Used for orders that no line of the table of stages names.",
                    "Для заказов, которых нет в таблице этапов.",
                    "Кезеңдер кестесінде жоқ тапсырыстар үшін.",
                ),
                first_stages,
                first,
            )
        },
        Choice {
            none: Some(Words::new("nobody in particular", "никто определённый", "нақты ешкім")),
            ..choice(
                &table::AMO_RESPONSIBLE_USER_ID,
                Words::new(
                    "Who is responsible for new leads?",
                    "Кто отвечает за новые сделки?",
                    "Жаңа мәмілелерге кім жауапты?",
                ),
                Words::new(
                    "It can be changed in each lead later.",
                    "Потом можно изменить в каждой сделке.",
                    "Кейін әр мәміледе өзгертуге болады.",
                ),
                account.users.clone(),
                None,
            )
        },
        catalog,
        field,
    ]
}

/// What may be chosen besides; nothing is proposed.
pub(crate) fn optional(account: &AccountDescription, settings: &Settings, connection: &str) -> Vec<Choice> {
    let fields = |all: &[Named], kinds: &[&str]| -> Vec<Named> {
        all.iter().filter(|field| is_of(field, kinds)).cloned().collect()
    };
    let choice = |setting: &'static Setting, question: Words, options: Vec<Named>| Choice {
        setting,
        question,
        hint: Words::new("Not required.", "Необязательно.", "Міндетті емес."),
        proposed: proposal(settings, connection, setting, &options, None),
        options,
        none: Some(Words::new("choose none", "не выбирать", "таңдамау")),
        make: None,
    };
    vec![
        choice(
            &table::AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID,
            Words::new(
                "Address of the delivery, in the lead",
                "Адрес доставки в сделке",
                "Мәміледегі жеткізу мекенжайы",
            ),
            fields(&account.lead_fields, &TEXT_KINDS),
        ),
        choice(
            &table::AMO_CONTACT_ADDRESS_FIELD_ID,
            Words::new(
                "Address of the delivery, in the contact",
                "Адрес доставки в контакте",
                "Контактідегі жеткізу мекенжайы",
            ),
            fields(&account.contact_fields, &TEXT_KINDS),
        ),
        choice(
            &table::AMO_LEAD_ORDER_DATE_FIELD_ID,
            Words::new("Date of the order", "Дата заказа", "Тапсырыс күні"),
            fields(&account.lead_fields, &DATE_KINDS),
        ),
        choice(
            &table::AMO_LOSS_REASON_ID,
            Words::new(
                "Loss reason of cancelled orders",
                "Причина отказа для отменённых заказов",
                "Бас тартылған тапсырыстардың себебі",
            ),
            account.loss_reasons.clone(),
        ),
    ]
}

fn order_code_field(fields: &[Named]) -> Option<i64> {
    let short = || fields.iter().filter(|field| is_of(field, &["text"]));
    let named = |words: &[&str]| short().find(|field| named_like(&field.name, words));
    named(&["kaspi", "каспи"])
        .or_else(|| named(&["номер заказа", "код заказа", "№ заказа", "тапсырыс", "order"]))
        .map(|field| field.id)
}

/// Whether something is of one of these kinds.
fn is_of(item: &Named, kinds: &[&str]) -> bool {
    item.kind.as_deref().is_some_and(|kind| kinds.contains(&kind))
}

fn named_like(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    words.iter().any(|word| name.contains(word))
}

fn set_id(settings: &Settings, connection: &str, setting: &'static Setting) -> Option<i64> {
    settings.value(connection, setting)?.0.parse().ok()
}

/// The one of the settings if it still exists, else the best one.
fn proposal(
    settings: &Settings,
    connection: &str,
    setting: &'static Setting,
    options: &[Named],
    best: Option<i64>,
) -> Proposed {
    let present = set_id(settings, connection, setting);
    let exists = |id: &i64| options.iter().any(|option| option.id == *id);
    present.filter(exists).or(best).map_or(Proposed::Nothing, Proposed::Id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::{description, named};

    fn item(id: i64, name: &str, kind: &str) -> Named {
        named(id, name, Some(kind).filter(|kind| !kind.is_empty()))
    }

    fn account() -> AccountDescription {
        let pipeline = |id, name: &str, is_main, stages| Pipeline {
            id,
            name: name.to_owned(),
            is_main,
            is_archive: false,
            stages,
        };
        AccountDescription {
            pipelines: vec![
                pipeline(1, "Продажи", true, vec![item(10, "Новый", ""), item(142, "Успешно", "")]),
                pipeline(2, "Опт", false, vec![item(20, "Первый", "")]),
            ],
            users: vec![item(5, "Айгүл", "")],
            catalogs: vec![item(40, "Склады", "regular"), item(41, "Товары", "products")],
            lead_fields: vec![item(60, "Сумма", "numeric"), item(61, "Номер заказа", "text")],
            ..description()
        }
    }

    fn proposed(account: &AccountDescription, pairs: &[(&str, &str)]) -> Vec<Proposed> {
        let settings = Settings::from_pairs(pairs.iter().copied());
        let pipeline = pipeline(account, &settings, "default");
        let rest = needed(account, &settings, "default");
        std::iter::once(pipeline).chain(rest).map(|choice| choice.proposed).collect()
    }

    #[test]
    fn the_usual_is_proposed() {
        use Proposed::{Id, Make, Nothing};
        let mut account = account();
        assert_eq!(proposed(&account, &[]), [Id(1), Id(10), Nothing, Id(41), Id(61)]);
        account.pipelines[1].name = "KASPI.KZ".to_owned();
        account.catalogs.pop();
        account.lead_fields.pop();
        assert_eq!(proposed(&account, &[]), [Id(2), Id(10), Nothing, Make, Make]);
    }

    #[test]
    fn what_is_set_stays_while_it_exists() {
        use Proposed::Id;
        let set = [
            ("AMO_PIPELINE_ID", "2"),
            ("AMO_STATUS_ID", "77"),
            ("AMO_RESPONSIBLE_USER_ID", "5"),
            ("AMO_CATALOG_ID", "40"),
        ];
        assert_eq!(proposed(&account(), &set), [Id(2), Id(20), Id(5), Id(40), Id(61)]);
    }

    #[test]
    fn only_what_was_offered_is_taken() {
        let settings = Settings::from_pairs([("", ""); 0]);
        let account = account();
        let [stage, user, catalog, field] = &needed(&account, &settings, "default")[..] else { panic!() };
        assert!(stage.takes("10") && !stage.takes("142") && !stage.takes("") && !stage.takes(MAKE));
        assert!(user.takes("5") && user.takes("") && !user.takes("6"));
        assert!(catalog.takes("41") && catalog.takes(MAKE));
        assert!(field.takes("61") && !field.takes("60"), "a number is no text");
        assert_eq!(catalog.proposed_value(), "41");
    }
}
