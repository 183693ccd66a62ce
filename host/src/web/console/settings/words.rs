//! What the page of settings says.

use super::super::words::Words;

pub(super) const CONNECTION: Words = Words::new("Connection", "Подключение", "Қосылым");
pub(super) const KIND: Words = Words::new("Access to amoCRM", "Доступ к amoCRM", "amoCRM-ге қолжетімділік");
pub(super) const LONG_LIVED: Words =
    Words::new("long-lived token", "долгосрочный токен", "ұзақ мерзімді токен");
pub(super) const PAIR: Words = Words::new("own integration", "своя интеграция", "өз интеграция");
pub(super) const NO_TOKEN: Words = Words::new("not connected", "не подключено", "қосылмаған");
pub(super) const AGE: Words =
    Words::new("Renewed, hours ago", "Обновлён, часов назад", "Жаңартылды, сағат бұрын");
pub(super) const LEFT: Words = Words::new("Good for, hours", "Действует ещё, часов", "Әлі жарамды, сағат");
pub(super) const RECONNECT: Words = Words::new("Connect again", "Подключить заново", "Қайта қосу");
pub(super) const SETUP: Words =
    Words::new("Go through the setup again", "Пройти подключение заново", "Қосуды қайта өту");
pub(super) const CHECK: Words = Words::new("Check everything", "Проверить всё", "Бәрін тексеру");
pub(super) const ALL_GOOD: Words = Words::new("All is well.", "Всё в порядке.", "Бәрі дұрыс.");
pub(super) const MAPPING: Words =
    Words::new("Pipeline, fields and stages", "Воронка, поля и этапы", "Воронка, өрістер мен кезеңдер");
pub(super) const MAPPING_LINK: Words = Words::new("Change", "Изменить", "Өзгерту");
pub(super) const IN_FORCE: Words =
    Words::new("Settings in force", "Действующие настройки", "Қолданыстағы баптаулар");
pub(super) const SETTING: Words = Words::new("Setting", "Настройка", "Баптау");
pub(super) const VALUE: Words = Words::new("Value", "Значение", "Мәні");
pub(super) const SOURCE: Words = Words::new("Where it comes from", "Откуда", "Қайдан");
pub(super) const SECRET: Words =
    Words::new("set, not shown", "задано, не показывается", "берілген, көрсетілмейді");
pub(super) const NOT_SET: Words = Words::new("not set", "не задано", "берілмеген");
pub(super) const ENVIRONMENT: Words =
    Words::new("environment of the program", "окружение программы", "бағдарлама ортасы");
pub(super) const DEFAULT: Words = Words::new("default", "по умолчанию", "әдепкі");
pub(super) const PREVIEW: Words =
    Words::new("Show what would change", "Показать, что изменится", "Не өзгеретінін көрсету");
pub(super) const SAVE: Words = Words::new("Save", "Сохранить", "Сақтау");
pub(super) const BACK: Words = Words::new("Back", "Назад", "Артқа");
pub(super) const CHANGES: Words = Words::new("What would change", "Что изменится", "Не өзгереді");
pub(super) const NO_CHANGES: Words =
    Words::new("Nothing would change.", "Ничего не изменится.", "Ештеңе өзгермейді.");
pub(super) const BEFORE: Words = Words::new("Now", "Сейчас", "Қазір");
pub(super) const AFTER: Words = Words::new("Then", "Станет", "Болады");
pub(super) const STATE: Words = Words::new("Order at Kaspi", "Заказ в Kaspi", "Kaspi-дегі тапсырыс");
pub(super) const ORDERS: Words = Words::new(
    "Orders under way that would be treated differently",
    "Заказы в работе, с которыми поступим иначе",
    "Басқаша өңделетін ағымдағы тапсырыстар",
);
pub(super) const NO_ORDERS: Words = Words::new(
    "No order under way is affected.",
    "Заказы в работе не затронуты.",
    "Ағымдағы тапсырыстарға әсер етпейді.",
);
pub(super) const ORDER: Words = Words::new("Order", "Заказ", "Тапсырыс");
pub(super) const NOTHING: Words = Words::new("nothing", "ничего", "ештеңе");
pub(super) const NEW_IS_MADE: Words =
    Words::new("is made when you save", "будет создано при сохранении", "сақтағанда жасалады");
pub(super) const NOT_WRITTEN: Words =
    Words::new("The settings were not written.", "Настройки не записаны.", "Баптаулар жазылмады.");
