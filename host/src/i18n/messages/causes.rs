//! Words for what the component tells in codes: why an order waits, what comes next, and what state it is in. A code of a
//! newer component is shown as it is.

use kaspi_amocrm_contract::Language;

use crate::{contract::types::DoneStepKind, i18n::words::Words};

/// Why an order waits, and what helps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explained {
    /// What has happened.
    pub(crate) what: Words,
    /// What to do.
    pub(crate) remedy: Words,
}

const CHECK_AND_RETRY: Words = Words::new(
    "Look at the required fields and limits in amoCRM, put them right, then retry.",
    "Проверьте обязательные поля и ограничения в amoCRM, исправьте их и повторите.",
    "amoCRM-дегі міндетті өрістер мен шектеулерді тексеріп, түзетіңіз де, қайталаңыз.",
);
const BY_ITSELF: Words = Words::new(
    "Nothing has to be done: it goes on by itself.",
    "Делать ничего не нужно: работа продолжится сама.",
    "Ештеңе істеу қажет емес: жұмыс өздігінен жалғасады.",
);

const EXPLAINED: [(&str, Explained); 20] = [
    (
        "lead_refused",
        refused(
            "amoCRM does not accept the lead.",
            "amoCRM не принимает сделку.",
            "amoCRM мәмілені қабылдамайды.",
        ),
    ),
    (
        "contact_refused",
        refused(
            "amoCRM does not accept the contact.",
            "amoCRM не принимает контакт.",
            "amoCRM контактіні қабылдамайды.",
        ),
    ),
    (
        "element_refused",
        refused(
            "amoCRM does not accept a product.",
            "amoCRM не принимает товар.",
            "amoCRM тауарды қабылдамайды.",
        ),
    ),
    (
        "link_refused",
        refused(
            "amoCRM does not let products be linked to the lead.",
            "amoCRM не даёт привязать товары к сделке.",
            "amoCRM тауарларды мәмілеге байланыстыруға рұқсат бермейді.",
        ),
    ),
    (
        "note_refused",
        refused(
            "amoCRM does not accept the note.",
            "amoCRM не принимает примечание.",
            "amoCRM ескертпені қабылдамайды.",
        ),
    ),
    (
        "change_refused",
        refused(
            "amoCRM does not let the lead be changed.",
            "amoCRM не даёт изменить сделку.",
            "amoCRM мәмілені өзгертуге рұқсат бермейді.",
        ),
    ),
    (
        "other_shop",
        explained(
            Words::new(
                "Another connection of the same amoCRM account works on this order.",
                "Этот заказ ведёт другое подключение того же аккаунта amoCRM.",
                "Бұл тапсырысты сол amoCRM аккаунтының басқа қосылымы жүргізеді.",
            ),
            Words::new(
                "If both connections read one Kaspi shop, remove one of them. If a connection was renamed, give it its old name back. Then retry.",
                "Если оба подключения читают один магазин Kaspi, удалите одно из них. Если подключение переименовали, верните прежнее имя. Затем повторите.",
                "Екі қосылым да бір Kaspi дүкенін оқыса, біреуін өшіріңіз. Қосылымның аты өзгерсе, бұрынғысын қайтарыңыз. Содан кейін қайталаңыз.",
            ),
        ),
    ),
    (
        "gone",
        explained(
            Words::new(
                "The lead is no longer in amoCRM. It is not made again by itself.",
                "Сделки больше нет в amoCRM. Сама она заново не создаётся.",
                "Мәміле amoCRM-де енді жоқ. Ол өздігінен қайта жасалмайды.",
            ),
            Words::new(
                "If you need it, open the statement of that day and let missing leads be made again.",
                "Если она нужна, откройте сверку за этот день и создайте недостающие сделки заново.",
                "Қажет болса, сол күннің салыстыруын ашып, жетіспейтін мәмілелерді қайта жасаңыз.",
            ),
        ),
    ),
    (
        "poison",
        explained(
            Words::new(
                "The work on this order broke off several times, so it was put aside.",
                "Работа над этим заказом несколько раз прерывалась, и он отложен.",
                "Бұл тапсырыспен жұмыс бірнеше рет үзілді, сондықтан ол кейінге қалдырылды.",
            ),
            Words::new(
                "Retry. If it comes back, write to us.",
                "Повторите. Если не поможет, напишите нам.",
                "Қайталаңыз. Көмектеспесе, бізге жазыңыз.",
            ),
        ),
    ),
    (
        "in_doubt",
        explained(
            Words::new(
                "The answer of amoCRM was lost. Nothing is sent twice until it is clear what became of the request.",
                "Ответ amoCRM потерялся. Пока не ясно, выполнен ли запрос, он не повторяется: так не появится дублей.",
                "amoCRM жауабы жоғалды. Сұраныстың орындалғаны белгілі болмайынша, ол қайталанбайды: көшірмелер пайда болмайды.",
            ),
            BY_ITSELF,
        ),
    ),
    (
        "paused",
        explained(
            Words::new(
                "amoCRM has asked for a pause.",
                "amoCRM попросила сделать паузу.",
                "amoCRM үзіліс жасауды сұрады.",
            ),
            BY_ITSELF,
        ),
    ),
    (
        "waiting",
        explained(
            Words::new(
                "The next run goes on with it.",
                "Работу продолжит следующий запуск.",
                "Жұмысты келесі іске қосу жалғастырады.",
            ),
            BY_ITSELF,
        ),
    ),
    (
        "no_lead",
        explained(
            Words::new(
                "This order gets no lead.",
                "Для этого заказа сделка не создаётся.",
                "Бұл тапсырысқа мәміле жасалмайды.",
            ),
            Words::new(
                "It was over or too old before the first run, or its lead was deleted.",
                "До первого запуска он уже завершился или был слишком старым, либо его сделку удалили.",
                "Ол алғашқы іске қосуға дейін аяқталған не тым ескі болған, немесе мәмілесі өшірілген.",
            ),
        ),
    ),
    (
        "too_old",
        explained(
            Words::new(
                "It is older than what is brought in by itself.",
                "Он старше, чем заказы, которые загружаются сами.",
                "Ол өздігінен жүктелетін тапсырыстардан ескі.",
            ),
            Words::new(
                "Bring older orders in with the command kaspi-amocrm backfill.",
                "Старые заказы загружает команда kaspi-amocrm backfill.",
                "Ескі тапсырыстарды kaspi-amocrm backfill пәрмені жүктейді.",
            ),
        ),
    ),
    (
        "not_read",
        explained(
            Words::new(
                "Kaspi shows it; it has not been read yet.",
                "В Kaspi он есть, но ещё не прочитан.",
                "Ол Kaspi-де бар, бірақ әлі оқылмаған.",
            ),
            BY_ITSELF,
        ),
    ),
    (
        "not_at_kaspi",
        explained(
            Words::new(
                "Kaspi does not know this number.",
                "В Kaspi нет заказа с таким номером.",
                "Kaspi-де мұндай нөмірлі тапсырыс жоқ.",
            ),
            Words::new(
                "Check the number. An order may show up only once the bank has approved it.",
                "Проверьте номер. Заказ может появиться только после одобрения банка.",
                "Нөмірді тексеріңіз. Тапсырыс банк мақұлдағаннан кейін ғана көрінуі мүмкін.",
            ),
        ),
    ),
    (
        "upstream_kaspi",
        explained(
            Words::new("Kaspi does not answer.", "Kaspi не отвечает.", "Kaspi жауап бермейді."),
            BY_ITSELF,
        ),
    ),
    (
        "upstream_amocrm",
        explained(
            Words::new("amoCRM does not answer.", "amoCRM не отвечает.", "amoCRM жауап бермейді."),
            BY_ITSELF,
        ),
    ),
    (
        "config",
        explained(
            Words::new(
                "A setting is missing or wrong.",
                "Не хватает настройки, или она неверна.",
                "Баптау жетіспейді немесе қате.",
            ),
            Words::new(
                "Open the settings and put it right.",
                "Откройте настройки и исправьте её.",
                "Баптауларды ашып, түзетіңіз.",
            ),
        ),
    ),
    ("parked", refused("The order was put aside.", "Заказ отложен.", "Тапсырыс кейінге қалдырылды.")),
];

const fn explained(what: Words, remedy: Words) -> Explained {
    Explained { what, remedy }
}

const fn refused(en: &'static str, ru: &'static str, kk: &'static str) -> Explained {
    Explained { what: Words::new(en, ru, kk), remedy: CHECK_AND_RETRY }
}

/// What a class means; what nobody has words for was put aside.
pub(crate) fn explain(class: &str) -> Explained {
    let found = EXPLAINED.iter().find(|(name, _)| *name == class);
    found.or(EXPLAINED.last()).map_or(
        refused("The order was put aside.", "Заказ отложен.", "Тапсырыс кейінге қалдырылды."),
        |(_, explained)| *explained,
    )
}

/// What comes next for an order.
pub(crate) fn step(step: &str) -> Option<Words> {
    Some(match step {
        "lead" => Words::new("Next: the lead", "Дальше: сделка", "Келесі: мәміле"),
        "products" => Words::new("Next: the products", "Дальше: товары", "Келесі: тауарлар"),
        "note" => Words::new("Next: the note", "Дальше: примечание", "Келесі: ескертпе"),
        "changes" => {
            Words::new("Next: changes from Kaspi", "Дальше: изменения из Kaspi", "Келесі: Kaspi өзгерістері")
        }
        "done" => Words::new("Done", "Готово", "Дайын"),
        "no_lead" => Words::new("Gets no lead", "Без сделки", "Мәмілесіз"),
        "unknown" => Words::new("Not known", "Неизвестен", "Белгісіз"),
        _ => return None,
    })
}

/// Something that was done for an order.
pub(crate) fn done(step: DoneStepKind) -> Words {
    match step {
        DoneStepKind::Placed => Words::new("Placed at Kaspi", "Оформлен в Kaspi", "Kaspi-де рәсімделді"),
        DoneStepKind::Recorded => Words::new("Read from Kaspi", "Прочитан из Kaspi", "Kaspi-ден оқылды"),
        DoneStepKind::Lead => {
            Words::new("The lead is in amoCRM", "Сделка появилась в amoCRM", "Мәміле amoCRM-де пайда болды")
        }
        DoneStepKind::Products => {
            Words::new("Products were linked", "Товары привязаны", "Тауарлар байланыстырылды")
        }
        DoneStepKind::Note => Words::new("The note was written", "Примечание записано", "Ескертпе жазылды"),
        DoneStepKind::Change => Words::new("Changed at Kaspi", "Изменился в Kaspi", "Kaspi-де өзгерді"),
        DoneStepKind::Followed => {
            Words::new("The lead was brought up to date", "Сделка обновлена", "Мәміле жаңартылды")
        }
    }
}

/// State and status of an order at Kaspi.
pub(crate) fn at_kaspi(language: Language, state: &str, status: &str) -> String {
    let say = |name| kaspi_name(name).map(|words| words.get(language));
    match (say(state), say(status)) {
        // What is over says how it ended.
        (_, Some(status)) if state == "ARCHIVE" => status.to_owned(),
        (Some(state), Some(status)) => format!("{state}, {status}"),
        (None, Some(status)) => status.to_owned(),
        (Some(state), None) => state.to_owned(),
        (None, None) => {
            [state, status].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
        }
    }
}

fn kaspi_name(name: &str) -> Option<Words> {
    Some(match name {
        "NEW" => Words::new("new", "новый", "жаңа"),
        "SIGN_REQUIRED" => Words::new("to be signed", "ждёт подписания", "қол қоюды күтуде"),
        "PICKUP" => Words::new("pick-up", "самовывоз", "өзі алып кету"),
        "DELIVERY" => Words::new("delivery by the shop", "доставка магазина", "дүкен жеткізеді"),
        "KASPI_DELIVERY" => Words::new("Kaspi delivery", "доставка Kaspi", "Kaspi жеткізеді"),
        "ARCHIVE" => Words::new("archived", "в архиве", "мұрағатта"),
        "APPROVED_BY_BANK" => Words::new("approved by the bank", "одобрен банком", "банк мақұлдады"),
        "ACCEPTED_BY_MERCHANT" => Words::new("accepted by the shop", "принят магазином", "дүкен қабылдады"),
        "COMPLETED" => Words::new("completed", "завершён", "аяқталды"),
        "CANCELLED" => Words::new("cancelled", "отменён", "бас тартылды"),
        "CANCELLING" => Words::new("being cancelled", "отменяется", "бас тартылуда"),
        "KASPI_DELIVERY_RETURN_REQUESTED" => {
            Words::new("return requested", "запрошен возврат", "қайтару сұралды")
        }
        "RETURNED" => Words::new("returned", "возвращён", "қайтарылды"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_explained_in_each_language() {
        for class in EXPLAINED.map(|(class, _)| class) {
            for language in Language::ALL {
                let Explained { what, remedy } = explain(class);
                assert!(what.get(language).ends_with('.') && remedy.get(language).ends_with('.'), "{class}");
            }
        }
        assert_eq!(explain("of a newer component").what.get(Language::En), "The order was put aside.");
    }

    #[test]
    fn a_state_that_nobody_knows_is_told_as_it_is() {
        for (state, status, expected) in [
            ("ARCHIVE", "COMPLETED", "завершён"),
            ("NEW", "", "новый"),
            ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", "доставка Kaspi, принят магазином"),
            ("OTHER", "CANCELLED", "отменён"),
            ("NEW", "SOMETHING", "новый"),
            ("BRAND", "SOMETHING", "BRAND, SOMETHING"),
            ("", "", ""),
        ] {
            assert_eq!(at_kaspi(Language::Ru, state, status), expected);
        }
    }
}
