//! What each setting is for, in words. Only for people: the component carries none of it.

use crate::table::{self, Setting};

/// Settings that belong together.
#[derive(Debug)]
pub struct Chapter {
    /// Heading, English.
    pub en: &'static str,
    /// Heading, Russian.
    pub ru: &'static str,
    /// Its settings.
    pub entries: &'static [Doc],
}

/// One setting in words.
#[derive(Debug)]
pub struct Doc {
    /// The setting.
    pub setting: &'static Setting,
    /// A value as somebody might write it; empty where that says nothing.
    pub example: &'static str,
    /// What it means, English, one line of Markdown.
    pub en: &'static str,
    /// What it means in short, Russian.
    pub ru: &'static str,
}

const fn doc(setting: &'static Setting, example: &'static str, en: &'static str, ru: &'static str) -> Doc {
    Doc { setting, example, en, ru }
}

/// What a setting means.
pub fn of(setting: &Setting) -> &'static Doc {
    let mut docs = CHAPTERS.iter().flat_map(|chapter| chapter.entries);
    docs.find(|doc| doc.setting.name == setting.name).expect("a test holds that every setting is described")
}

/// Everything, in the order of the reference.
pub static CHAPTERS: &[Chapter] = &[
    Chapter {
        en: "Kaspi",
        ru: "Kaspi",
        entries: &[
            doc(
                &table::KASPI_API_TOKEN,
                "",
                "token of the shop: merchant cabinet, Settings, API token",
                "токен магазина: кабинет продавца, Настройки, Токен API",
            ),
            doc(
                &table::KASPI_API_BASE,
                "http://127.0.0.1:8081/shop/api/v2",
                "address of the API; another one is for tests",
                "адрес API, меняется только для проверок",
            ),
            doc(
                &table::KASPI_MERCHANT_UID,
                "99000001",
                "numeric merchant id, sent as `X-Merchant-Uid`",
                "номер продавца, если он нужен",
            ),
            doc(
                &table::KASPI_PROXY_URL,
                "http://proxy.example:3128",
                "proxy for requests to Kaspi only; `http://`, without name or password",
                "прокси только для запросов к Kaspi",
            ),
        ],
    },
    Chapter {
        en: "amoCRM: the account",
        ru: "amoCRM: аккаунт",
        entries: &[
            doc(
                &table::AMO_SUBDOMAIN,
                "acme.kommo.com",
                "the account: `acme` for `https://acme.amocrm.ru`, or its whole host",
                "аккаунт: acme для https://acme.amocrm.ru",
            ),
            doc(
                &table::AMO_BASE_URL,
                "http://127.0.0.1:8082",
                "full address instead of the subdomain; wins over it",
                "полный адрес вместо поддомена",
            ),
            doc(
                &table::AMO_LONG_LIVED_TOKEN,
                "",
                "long-lived token of your own integration; needs none of the settings of a pair",
                "долгосрочный токен своей интеграции; с ним пара токенов не нужна",
            ),
            doc(
                &table::AMO_ACCESS_TOKEN,
                "",
                "access token of a pair, good for 24 hours",
                "access-токен пары, живёт 24 часа",
            ),
            doc(
                &table::AMO_REFRESH_TOKEN,
                "",
                "refresh token of the pair; renews it once",
                "refresh-токен пары",
            ),
            doc(
                &table::AMO_EXPIRES_AT,
                "1790000000",
                "when the access token ends, seconds since 1970; `0` where it is not known",
                "когда кончается access-токен, секунды с 1970 года",
            ),
            doc(
                &table::AMO_CLIENT_ID,
                "",
                "id of the integration; a pair is renewed only with all three of these",
                "ID интеграции, нужен для обновления пары",
            ),
            doc(&table::AMO_CLIENT_SECRET, "", "secret key of the integration", "секретный ключ интеграции"),
            doc(
                &table::AMO_REDIRECT_URI,
                "https://shop.example/kaspi-amocrm/oauth/callback",
                "redirect address of the integration, exactly as it stands there",
                "адрес перенаправления, точно как в интеграции",
            ),
            doc(
                &table::AMO_AUTH_BASE,
                "",
                "where the authorization page is; another one is for tests",
                "где страница авторизации, меняется только для проверок",
            ),
            doc(
                &table::AMO_RPS,
                "15",
                "requests in any second; more only with a paid package of amoCRM",
                "запросов в секунду; больше 7 только с платным пакетом",
            ),
        ],
    },
    Chapter {
        en: "amoCRM: where things go",
        ru: "amoCRM: что куда",
        entries: &[
            doc(
                &table::AMO_PIPELINE_ID,
                "3300",
                "pipeline of new leads; the main one where it is not set",
                "воронка новых сделок; не задано: главная",
            ),
            doc(
                &table::AMO_STATUS_ID,
                "3302",
                "stage of new leads that `STATUS_MAP` does not name; the first one where it is not set",
                "этап новых сделок; не задано: первый",
            ),
            doc(
                &table::AMO_LOSS_REASON_ID,
                "901",
                "loss reason of leads that go to the stage of lost ones (143) because their order was cancelled or \
                 returned",
                "причина отказа для сделок отменённых заказов",
            ),
            doc(
                &table::AMO_RESPONSIBLE_USER_ID,
                "501",
                "who gets the leads; must be active",
                "ответственный за сделки",
            ),
            doc(
                &table::AMO_CATALOG_ID,
                "4500",
                "list of products; its fields with the codes `SKU` and `PRICE` are filled where they exist; leads get no \
                 products where it is not set",
                "список товаров; не задано: сделки без товаров",
            ),
            doc(
                &table::AMO_LEAD_ORDER_CODE_FIELD_ID,
                "602",
                "text field of the lead for the order code. **Recommended**: it recognises a lead even when a person \
                 renames it",
                "текстовое поле сделки для номера заказа, рекомендуется",
            ),
            doc(
                &table::AMO_CONTACT_ADDRESS_FIELD_ID,
                "613",
                "field of the contact for the delivery address",
                "поле контакта для адреса",
            ),
            doc(
                &table::AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID,
                "603",
                "field of the lead for the delivery address",
                "поле сделки для адреса доставки",
            ),
            doc(
                &table::AMO_LEAD_ORDER_DATE_FIELD_ID,
                "604",
                "date field of the lead for the time of the order",
                "поле сделки с датой заказа",
            ),
            doc(
                &table::LEAD_NAME_TEMPLATE,
                "{buyer}, {code}",
                "name of a lead; `{code}` is required and must stand apart from other text, `{buyer}` is the buyer's name",
                "название сделки; {code} обязателен, {buyer} имя покупателя",
            ),
            doc(
                &table::LANGUAGE_CRM,
                "en",
                "language of notes: `ru`, `kk` or `en`",
                "язык примечаний: ru, kk или en",
            ),
            doc(
                &table::DEFAULT_COUNTRY,
                "UZ",
                "country of phone numbers written without a prefix, two letters",
                "страна телефонов без кода страны",
            ),
        ],
    },
    Chapter {
        en: "Stages of orders",
        ru: "Этапы заказов",
        entries: &[
            doc(
                &table::STATUS_MAP,
                "NEW=102,KASPI_DELIVERY=104,ARCHIVE/COMPLETED=142",
                "stages by state of the order: where a new lead begins and where it moves when Kaspi changes the order; \
                 see below",
                "этапы по состояниям заказа",
            ),
            doc(
                &table::FINAL_STATUS_WINS,
                "no",
                "whether a finished order moves a lead that a person has moved elsewhere in its pipeline",
                "переносит ли завершённый заказ сделку, которую передвинул человек",
            ),
        ],
    },
    Chapter {
        en: "Time",
        ru: "Время",
        entries: &[
            doc(
                &table::OVERLAP_SECONDS,
                "",
                "how far behind its watermark a run begins to read",
                "на сколько секунд назад перечитываются заказы",
            ),
            doc(
                &table::FIRST_LOOKBACK_DAYS,
                "",
                "how far the first run looks back; older orders get a lead only by `backfill`",
                "за сколько дней берёт заказы первый запуск",
            ),
            doc(
                &table::SETTLE_SECONDS,
                "",
                "how long a write whose answer was lost may still take effect; doubt lasts at least that long",
                "сколько ждать исхода запроса, ответ на который потерян",
            ),
            doc(
                &table::LEASE_SECONDS,
                "",
                "how long a dead run keeps its connection",
                "сколько секунд прерванный запуск держит подключение",
            ),
        ],
    },
    Chapter {
        en: "Host",
        ru: "Программа",
        entries: &[
            doc(
                &table::DATABASE_URL,
                "sqlite:///var/lib/kaspi-amocrm/sync.sqlite",
                "the store: a SQLite file, or `postgres://`, `mariadb://`, `mysql://` and the address of a server \
                 (docs/fleet.md). Not shown where it is not a file: it may hold a password",
                "база данных: файл SQLite (по умолчанию) или адрес сервера PostgreSQL или MariaDB",
            ),
            doc(
                &table::DB_DRIVER,
                "mysql",
                "`mysql`, `mariadb`, `pgsql` or `sqlite`: this and the next five are the store in the words of the older \
                 PHP tool, looked at where `DATABASE_URL` is not set",
                "DB_*: то же словами прежней программы на PHP",
            ),
            doc(&table::DB_HOST, "localhost", "its server", "сервер"),
            doc(&table::DB_PORT, "3306", "its port", "порт"),
            doc(&table::DB_NAME, "kaspi_amocrm", "its name; for `sqlite` the file", "имя базы"),
            doc(&table::DB_USER, "kaspi", "its user", "пользователь"),
            doc(&table::DB_PASS, "", "password of that user", "пароль"),
            doc(
                &table::SECRET_KEY,
                "",
                "seals secrets and personal data in the store, 32 bytes in base64 (`openssl rand -base64 32`); required for \
                 a database on a server",
                "ключ шифрования базы: openssl rand -base64 32",
            ),
            doc(
                &table::SECRET_KEY_ALSO,
                "",
                "further keys, separated by commas: they open what was sealed with them and seal nothing; for changing \
                 `SECRET_KEY` without a pause, see docs/operations.md",
                "ещё ключи через запятую, только для чтения: нужны при смене SECRET_KEY",
            ),
            doc(
                &table::CRON_SECRET,
                "",
                "token of `/cron`, `/migrate` and `/metrics`, 16 characters or more; without it they refuse everything",
                "токен адресов /cron, /migrate и /metrics",
            ),
            doc(
                &table::BASE_PATH,
                "/kaspi-amocrm",
                "prefix of the HTTP addresses",
                "начало пути веб-адресов",
            ),
            doc(
                &table::BEHIND_TLS_PROXY,
                "yes",
                "whether a proxy in front of `serve` encrypts what comes from other machines; without it `serve` listens \
                 on addresses of this machine only",
                "перед программой стоит прокси с TLS: иначе она слушает только адреса этой машины",
            ),
            doc(
                &table::TRUSTED_PROXY,
                "loopback",
                "proxies whose `X-Forwarded-For` is believed: addresses, networks (`10.0.0.0/8`) and `loopback`, separated \
                 by commas; wrong passwords are counted for each visitor's network, and without this all visitors of a \
                 proxy are one",
                "прокси, чьему X-Forwarded-For можно верить: адреса, сети и loopback через запятую",
            ),
        ],
    },
    Chapter {
        en: "Other hosts",
        ru: "Другие хосты",
        entries: &[
            doc(
                &table::CONNECTION,
                "shop-2",
                "name of the connection, part of the keys in the store; our host names connections itself",
                "имя подключения; наша программа задаёт его сама",
            ),
            doc(
                &table::JOB,
                "reconcile",
                "the job that a cron trigger or a command line runs: `new` or `reconcile`",
                "задача, которую запускает таймер: new или reconcile",
            ),
            doc(
                &table::SLICE_SECONDS,
                "20",
                "time for one slice of a job that a cron trigger or a command line runs; what is left over is for the \
                 next slice",
                "время на одну порцию работы по таймеру, остальное берёт следующая",
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described_once_and_its_example_is_right() {
        let described: Vec<&str> =
            CHAPTERS.iter().flat_map(|chapter| chapter.entries).map(|doc| doc.setting.name).collect();
        let all: Vec<&str> = table::ALL.iter().map(|setting| setting.name).collect();
        assert_eq!(described, all);
        for doc in CHAPTERS.iter().flat_map(|chapter| chapter.entries) {
            let name = doc.setting.name;
            assert!(!doc.en.is_empty() && !doc.en.contains(['\n', '|']), "{name}");
            assert!(doc.ru.chars().any(|c| ('а'..='я').contains(&c)), "{name}");
            if !doc.example.is_empty() {
                assert_eq!(doc.setting.check(doc.example), [], "{name}");
            }
        }
    }
}
