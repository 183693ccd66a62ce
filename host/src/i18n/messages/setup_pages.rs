//! What the setup says in the browser.

use crate::i18n::words::Words;

pub(crate) const TITLE: Words = Words::new("Setup", "Подключение", "Қосу");
pub(crate) const BACK: Words = Words::new("Back", "Назад", "Артқа");
pub(crate) const NEXT: Words = Words::new("Continue", "Продолжить", "Жалғастыру");
pub(crate) const KASPI_TOKEN: Words = Words::new("Token of the shop", "Токен магазина", "Дүкен токені");
pub(crate) const KASPI_HINT: Words = Words::new(
    "In the merchant cabinet of Kaspi: Settings, API token. It is tried at once.",
    "В кабинете продавца Kaspi: Настройки, Токен API. Мы сразу его проверим.",
    "Kaspi сатушы кабинетінде: Баптаулар, API токені. Оны бірден тексереміз.",
);
pub(crate) const KEPT: Words = Words::new(
    "One is set already. Leave this empty to keep it.",
    "Уже задан. Оставьте поле пустым, чтобы не менять.",
    "Қазір берілген. Өзгертпеу үшін өрісті бос қалдырыңыз.",
);
pub(crate) const KASPI_WORKS: Words = Words::new(
    "Kaspi answers. Orders of the last day:",
    "Kaspi отвечает. Заказов за последние сутки:",
    "Kaspi жауап береді. Соңғы тәуліктегі тапсырыстар:",
);
pub(crate) const ACCOUNT: Words =
    Words::new("Address of your account", "Адрес вашего аккаунта", "Аккаунтыңыздың мекенжайы");
pub(crate) const ACCOUNT_HINT: Words = Words::new(
    "Copy it from the browser in which amoCRM is open, for example https://acme.amocrm.ru",
    "Скопируйте его из браузера, где открыта amoCRM, например https://acme.amocrm.ru",
    "Оны amoCRM ашық тұрған браузерден көшіріңіз, мысалы https://acme.amocrm.ru",
);
pub(crate) const NO_ACCOUNT: Words = Words::new(
    "This is no address of amoCRM.",
    "Это не похоже на адрес amoCRM.",
    "Бұл amoCRM мекенжайына ұқсамайды.",
);
pub(crate) const ADDRESS_IS_SET: Words = Words::new(
    "The address is fixed by AMO_BASE_URL:",
    "Адрес закреплён настройкой AMO_BASE_URL:",
    "Мекенжай AMO_BASE_URL баптауымен бекітілген:",
);
pub(crate) const LONG_LIVED: Words =
    Words::new("With a long-lived token", "По долгосрочному токену", "Ұзақ мерзімді токенмен");
pub(crate) const LONG_LIVED_HINT: Words = Words::new(
    "In amoCRM: amoMarket, your integration, Keys and scopes, long-lived token. It is tried at once.",
    "В amoCRM: амоМаркет, ваша интеграция, «Ключи и доступы», долгосрочный токен. Мы сразу его проверим.",
    "amoCRM-де: амоМаркет, интеграцияңыз, «Кілттер мен рұқсаттар», ұзақ мерзімді токен. Оны бірден тексереміз.",
);
pub(crate) const TOKEN: Words = Words::new("Long-lived token", "Долгосрочный токен", "Ұзақ мерзімді токен");
pub(crate) const INTEGRATION: Words =
    Words::new("With your own integration", "Через свою интеграцию", "Өз интеграцияңыз арқылы");
pub(crate) const INTEGRATION_HINT: Words = Words::new(
    "Enter the redirect address below in your integration in amoCRM, then copy its id and secret key here.",
    "Укажите ссылку ниже в своей интеграции в amoCRM, затем скопируйте сюда её ID и секретный ключ.",
    "Төмендегі сілтемені amoCRM-дегі интеграцияңызға енгізіп, оның ID-і мен құпия кілтін осында көшіріңіз.",
);
pub(crate) const REDIRECT_URI: Words =
    Words::new("Redirect address", "Ссылка для перенаправления", "Қайта бағыттау сілтемесі");
pub(crate) const CLIENT_ID: Words = Words::new("Integration id", "ID интеграции", "Интеграция ID-і");
pub(crate) const CLIENT_SECRET: Words = Words::new("Secret key", "Секретный ключ", "Құпия кілт");
pub(crate) const SAVE_INTEGRATION: Words =
    Words::new("Use this integration", "Использовать интеграцию", "Осы интеграцияны қолдану");
pub(crate) const CONNECT: Words = Words::new("Connect in amoCRM", "Подключить в amoCRM", "amoCRM-де қосу");
pub(crate) const CONNECT_HINT: Words = Words::new(
    "amoCRM asks whether this program may work with your account, then brings you back.",
    "amoCRM спросит разрешение на работу с аккаунтом и вернёт вас сюда.",
    "amoCRM аккаунтпен жұмыс істеуге рұқсат сұрап, сізді осында қайтарады.",
);
pub(crate) const CHECK: Words =
    Words::new("I have connected it: check", "Уже подключено: проверить", "Қосылды: тексеру");
pub(crate) const MAKE_FIELDS: Words = Words::new(
    "Add the fields for SKU and price to the list of products, if it lacks them",
    "Добавить в список товаров поля артикула и цены, если их нет",
    "Тауарлар тізіміне артикул мен баға өрістерін қосу, егер олар жоқ болса",
);
pub(crate) const STAGES_HINT: Words = Words::new(
    "This was guessed from the names of your stages. A lead moves when Kaspi changes its order; one that a person has \
     moved stays where it is.",
    "Мы предложили этапы по их названиям. Сделка переходит, когда заказ меняется в Kaspi; перемещённая человеком \
     остаётся на месте.",
    "Кезеңдер атауларына қарап ұсынылды. Kaspi-де тапсырыс өзгергенде мәміле жылжиды; адам жылжытқаны орнында қалады.",
);
pub(crate) const TRIAL_HINT: Words = Words::new(
    "We read the orders of the last day and show what would happen. Nothing is changed in amoCRM.",
    "Мы прочитаем заказы за последние сутки и покажем, что произойдёт. В amoCRM ничего не изменится.",
    "Соңғы тәуліктің тапсырыстарын оқып, не болатынын көрсетеміз. amoCRM-де ештеңе өзгермейді.",
);
pub(crate) const TRY: Words = Words::new("Start the trial run", "Начать пробный запуск", "Сынақты бастау");
pub(crate) const SWITCH_ON: Words = Words::new("Switch on", "Включить", "Қосу");
pub(crate) const NOT_WRITTEN: Words = Words::new(
    "The settings could not be written. Write these lines by hand, then start the program anew.",
    "Записать настройки не удалось. Внесите эти строки вручную и перезапустите программу.",
    "Баптауларды жазу мүмкін болмады. Бұл жолдарды қолмен жазып, бағдарламаны қайта іске қосыңыз.",
);
pub(crate) const REVEAL: Words =
    Words::new("Show the secrets too", "Показать и секреты", "Құпияларды да көрсету");
