//! What the page of settings says.

use crate::i18n::words::Words;

pub(crate) const CONNECTION: Words = Words::new("Connection", "Подключение", "Қосылым");
pub(crate) const KIND: Words = Words::new("Access to amoCRM", "Доступ к amoCRM", "amoCRM-ге қолжетімділік");
pub(crate) const LONG_LIVED: Words =
    Words::new("long-lived token", "долгосрочный токен", "ұзақ мерзімді токен");
pub(crate) const PAIR: Words = Words::new("own integration", "своя интеграция", "өз интеграция");
pub(crate) const NO_TOKEN: Words = Words::new("not connected", "не подключено", "қосылмаған");
pub(crate) const AGE: Words =
    Words::new("Renewed, hours ago", "Обновлён, часов назад", "Жаңартылды, сағат бұрын");
pub(crate) const LEFT: Words = Words::new("Good for, hours", "Действует ещё, часов", "Әлі жарамды, сағат");
pub(crate) const RECONNECT: Words = Words::new("Connect again", "Подключить заново", "Қайта қосу");
pub(crate) const SETUP: Words =
    Words::new("Go through the setup again", "Пройти подключение заново", "Қосуды қайта өту");
pub(crate) const CHECK: Words = Words::new("Check everything", "Проверить всё", "Бәрін тексеру");
pub(crate) const ALL_GOOD: Words = Words::new("All is well.", "Всё в порядке.", "Бәрі дұрыс.");
pub(crate) const MAPPING: Words =
    Words::new("Pipeline, fields and stages", "Воронка, поля и этапы", "Воронка, өрістер мен кезеңдер");
pub(crate) const MAPPING_LINK: Words = Words::new("Change", "Изменить", "Өзгерту");
pub(crate) const IN_FORCE: Words =
    Words::new("Settings in force", "Действующие настройки", "Қолданыстағы баптаулар");
pub(crate) const SETTING: Words = Words::new("Setting", "Настройка", "Баптау");
pub(crate) const VALUE: Words = Words::new("Value", "Значение", "Мәні");
pub(crate) const SOURCE: Words = Words::new("Where it comes from", "Откуда", "Қайдан");
pub(crate) const SECRET: Words =
    Words::new("set, not shown", "задано, не показывается", "берілген, көрсетілмейді");
pub(crate) const NOT_SET: Words = Words::new("not set", "не задано", "берілмеген");
pub(crate) const ENVIRONMENT: Words =
    Words::new("environment of the program", "окружение программы", "бағдарлама ортасы");
pub(crate) const DEFAULT: Words = Words::new("default", "по умолчанию", "әдепкі");
pub(crate) const PREVIEW: Words =
    Words::new("Show what would change", "Показать, что изменится", "Не өзгеретінін көрсету");
pub(crate) const SAVE: Words = Words::new("Save", "Сохранить", "Сақтау");
pub(crate) const BACK: Words = Words::new("Back", "Назад", "Артқа");
pub(crate) const CHANGES: Words = Words::new("What would change", "Что изменится", "Не өзгереді");
pub(crate) const NO_CHANGES: Words =
    Words::new("Nothing would change.", "Ничего не изменится.", "Ештеңе өзгермейді.");
pub(crate) const BEFORE: Words = Words::new("Now", "Сейчас", "Қазір");
pub(crate) const AFTER: Words = Words::new("Then", "Станет", "Болады");
pub(crate) const STATE: Words = Words::new("Order at Kaspi", "Заказ в Kaspi", "Kaspi-дегі тапсырыс");
pub(crate) const ORDERS: Words = Words::new(
    "Orders under way that would be treated differently",
    "Заказы в работе, с которыми поступим иначе",
    "Басқаша өңделетін ағымдағы тапсырыстар",
);
pub(crate) const NO_ORDERS: Words = Words::new(
    "No order under way is affected.",
    "Заказы в работе не затронуты.",
    "Ағымдағы тапсырыстарға әсер етпейді.",
);
pub(crate) const ORDER: Words = Words::new("Order", "Заказ", "Тапсырыс");
pub(crate) const NOTHING: Words = Words::new("nothing", "ничего", "ештеңе");
pub(crate) const NEW_IS_MADE: Words =
    Words::new("is made when you save", "будет создано при сохранении", "сақтағанда жасалады");
pub(crate) const NOT_WRITTEN: Words =
    Words::new("The settings were not written.", "Настройки не записаны.", "Баптаулар жазылмады.");
