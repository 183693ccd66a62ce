//! What the setup says in the terminal.

use crate::i18n::words::Words;

pub(crate) const WELCOME: Words = Words::new(
    "This connects your Kaspi shop with amoCRM. Enter takes what stands in brackets. Nothing is written before the end.",
    "Подключим магазин Kaspi к amoCRM. Enter выбирает то, что в скобках. До конца ничего не записывается.",
    "Kaspi дүкенін amoCRM-ге қосамыз. Enter жақшадағыны таңдайды. Соңына дейін ештеңе жазылмайды.",
);
pub(crate) const KEEP: Words = Words::new("keep the present one", "оставить прежний", "бұрынғысын қалдыру");
pub(crate) const NEEDED: Words = Words::new("This is needed.", "Это обязательно.", "Бұл міндетті.");
pub(crate) const TRYING: Words = Words::new("Trying …", "Проверяем …", "Тексереміз …");
pub(crate) const KASPI: Words = Words::new(
    "The token is in the merchant cabinet of Kaspi: Settings, API token.",
    "Токен находится в кабинете продавца Kaspi: Настройки, Токен API.",
    "Токен Kaspi сатушы кабинетінде: Баптаулар, API токені.",
);
pub(crate) const KASPI_TOKEN: Words = Words::new("Token of the shop", "Токен магазина", "Дүкен токені");
pub(crate) const KASPI_WORKS: Words = Words::new(
    "Kaspi answers. Orders of the last day: {orders}",
    "Kaspi отвечает. Заказов за последние сутки: {orders}",
    "Kaspi жауап береді. Соңғы тәуліктегі тапсырыстар: {orders}",
);
pub(crate) const ACCOUNT: Words = Words::new(
    "Address of your account, as in the browser (for example https://acme.amocrm.ru)",
    "Адрес вашего аккаунта, как в браузере (например, https://acme.amocrm.ru)",
    "Аккаунтыңыздың мекенжайы, браузердегідей (мысалы, https://acme.amocrm.ru)",
);
pub(crate) const NO_ACCOUNT: Words = Words::new(
    "This is no address of amoCRM.",
    "Это не похоже на адрес amoCRM.",
    "Бұл amoCRM мекенжайына ұқсамайды.",
);
pub(crate) const LONG_LIVED: Words = Words::new(
    "long-lived token (simple)",
    "долгосрочный токен (проще всего)",
    "ұзақ мерзімді токен (ең оңайы)",
);
pub(crate) const INTEGRATION: Words = Words::new(
    "own integration with an authorization code",
    "своя интеграция и код авторизации",
    "өз интеграцияңыз және авторизация коды",
);
pub(crate) const LONG_LIVED_HOW: Words = Words::new(
    "In amoCRM open amoMarket, your integration, Keys and scopes, and create a long-lived token.",
    "В amoCRM откройте амоМаркет, свою интеграцию, «Ключи и доступы» и создайте долгосрочный токен.",
    "amoCRM-де амоМаркетті, өз интеграцияңызды, «Кілттер мен рұқсаттар» бөлімін ашып, ұзақ мерзімді токен жасаңыз.",
);
pub(crate) const TOKEN: Words = Words::new("Long-lived token", "Долгосрочный токен", "Ұзақ мерзімді токен");
pub(crate) const INTEGRATION_HOW: Words = Words::new(
    "All of this stands in amoCRM: amoMarket, your integration, Keys and scopes. The code is good for 20 minutes.",
    "Всё это есть в amoCRM: амоМаркет, ваша интеграция, «Ключи и доступы». Код действует 20 минут.",
    "Мұның бәрі amoCRM-де: амоМаркет, интеграцияңыз, «Кілттер мен рұқсаттар». Код 20 минут жарамды.",
);
pub(crate) const CLIENT_ID: Words = Words::new("Integration id", "ID интеграции", "Интеграция ID-і");
pub(crate) const CLIENT_SECRET: Words = Words::new("Secret key", "Секретный ключ", "Құпия кілт");
pub(crate) const REDIRECT_URI: Words =
    Words::new("Redirect address", "Ссылка для перенаправления", "Қайта бағыттау сілтемесі");
pub(crate) const CODE: Words = Words::new(
    "Authorization code (Enter: the account is connected already)",
    "Код авторизации (Enter: аккаунт уже подключён)",
    "Авторизация коды (Enter: аккаунт қосылып қойған)",
);
pub(crate) const AMO_WORKS: Words = Words::new(
    "amoCRM answers. Account: {name}",
    "amoCRM отвечает. Аккаунт: {name}",
    "amoCRM жауап береді. Аккаунт: {name}",
);
pub(crate) const NOTHING_THERE: Words = Words::new("  (there is none)", "  (пусто)", "  (бос)");
pub(crate) const MAKE_IT: Words = Words::new("Make it?", "Создать?", "Жасау керек пе?");
pub(crate) const STAGES_USE: Words = Words::new("use it so", "так и сделать", "осылай қалдыру");
pub(crate) const STAGES_CHANGE: Words =
    Words::new("change it line by line", "изменить построчно", "жол-жолымен өзгерту");
pub(crate) const STAGES_NONE: Words =
    Words::new("never move leads", "не двигать сделки", "мәмілелерді жылжытпау");
pub(crate) const STAYS: Words = Words::new("stays where it is", "остаётся на месте", "орнында қалады");
pub(crate) const REHEARSING: Words = Words::new(
    "Reading the orders of the last day. Nothing is changed in amoCRM.",
    "Читаем заказы за последние сутки. В amoCRM ничего не меняется.",
    "Соңғы тәуліктің тапсырыстарын оқимыз. amoCRM-де ештеңе өзгермейді.",
);
pub(crate) const ORDERS_READ: Words =
    Words::new("Orders read: {orders}", "Прочитано заказов: {orders}", "Оқылған тапсырыстар: {orders}");
pub(crate) const SWITCH_ON: Words = Words::new("Switch it on?", "Включить?", "Қосу керек пе?");
pub(crate) const NOT_WRITTEN: Words =
    Words::new("Nothing was written.", "Ничего не записано.", "Ештеңе жазылмады.");
pub(crate) const WRITTEN: Words = Words::new(
    "Done: the settings are in {file}.",
    "Готово: настройки записаны в {file}.",
    "Дайын: баптаулар {file} файлына жазылды.",
);
pub(crate) const OVERRIDDEN: Words = Words::new(
    "The environment sets these too, and it counts more: {names}",
    "Эти настройки заданы и в окружении, оно важнее: {names}",
    "Бұл баптаулар ортада да берілген, ол маңыздырақ: {names}",
);
pub(crate) const SHOW_LINES: Words = Words::new(
    "Show the lines to write by hand? They hold secrets.",
    "Показать строки, чтобы внести их вручную? В них есть секреты.",
    "Қолмен жазатын жолдарды көрсету керек пе? Оларда құпиялар бар.",
);
pub(crate) const NEXT: Words = Words::new(
    "Start it now: kaspi-amocrm serve (or one run: kaspi-amocrm run new)",
    "Теперь запустите: kaspi-amocrm serve (или один раз: kaspi-amocrm run new)",
    "Енді іске қосыңыз: kaspi-amocrm serve (немесе бір рет: kaspi-amocrm run new)",
);
