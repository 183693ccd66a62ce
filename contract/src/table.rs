//! All settings. The names are those of the `.env` of the older PHP tool where it had them, so an old file goes on
//! working.

/// What a value has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Text that goes into a header of a request: no spaces, ASCII only.
    Header,
    /// An absolute `http://` or `https://` address without query.
    Url,
    /// The address of a proxy: `http://host:port`.
    Proxy,
    /// A redirect address, which is kept byte for byte.
    Redirect,
    /// An amoCRM account: `acme`, `acme.kommo.com`.
    Account,
    /// A positive number that amoCRM gave out; empty and `0` mean "not set".
    Id,
    /// Seconds since 1970; empty and `0` mean "not set".
    Moment,
    /// A whole number within bounds, both included.
    Integer {
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// `yes` or `no`, also `true`/`false`, `on`/`off`, `1`/`0`, `да`/`нет`.
    YesNo,
    /// One of some words, in any case.
    OneOf(&'static [&'static str]),
    /// ISO code of a country.
    Country,
    /// The name of a lead with `{code}` and perhaps `{buyer}`.
    LeadName,
    /// Stages by state of the order.
    StatusMap,
    /// The name of a connection.
    Name,
    /// The address of a database.
    Database,
    /// 32 bytes in base64.
    Key,
    /// Several of them, separated by commas.
    Keys,
    /// The path of an address.
    Path,
}

/// Who a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One shop and its account; may differ between connections. The component reads it.
    Connection,
    /// The whole process of our host.
    Process,
    /// The component on hosts that do not name connections themselves; our host does.
    Elsewhere,
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Upper case, as in the environment; the same in lower case in TOML and on Spin.
    pub name: &'static str,
    /// What a value has to look like.
    pub kind: Kind,
    /// Who it belongs to.
    pub scope: Scope,
    /// Never shown and never logged.
    pub secret: bool,
    /// Used where nothing is set.
    pub default: Option<&'static str>,
}

impl Setting {
    const fn new(kind: Kind, scope: Scope) -> Self {
        Self { name: "", kind, scope, secret: false, default: None }
    }

    const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

const fn connection(kind: Kind) -> Setting {
    Setting::new(kind, Scope::Connection)
}

const fn process(kind: Kind) -> Setting {
    Setting::new(kind, Scope::Process)
}

const fn elsewhere(kind: Kind) -> Setting {
    Setting::new(kind, Scope::Elsewhere)
}

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

/// Gives each setting the name of its constant, and lists them all.
macro_rules! settings {
    ($($name:ident = $setting:expr;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            pub static $name: Setting = $setting.named(stringify!($name));
        )*

        /// All settings, in the order in which they are shown and in which findings are told.
        pub static ALL: &[&Setting] = &[$(&$name),*];
    };
}

settings! {
    KASPI_API_TOKEN = connection(Kind::Header).secret();
    KASPI_API_BASE = connection(Kind::Url).or("https://kaspi.kz/shop/api/v2");
    KASPI_MERCHANT_UID = connection(Kind::Header);
    KASPI_PROXY_URL = connection(Kind::Proxy).secret();

    AMO_SUBDOMAIN = connection(Kind::Account);
    AMO_BASE_URL = connection(Kind::Url);
    AMO_LONG_LIVED_TOKEN = connection(Kind::Header).secret();
    AMO_ACCESS_TOKEN = connection(Kind::Header).secret();
    AMO_REFRESH_TOKEN = connection(Kind::Header).secret();
    AMO_EXPIRES_AT = connection(Kind::Moment);
    AMO_CLIENT_ID = connection(Kind::Header);
    AMO_CLIENT_SECRET = connection(Kind::Header).secret();
    AMO_REDIRECT_URI = connection(Kind::Redirect);
    AMO_AUTH_BASE = connection(Kind::Url).or("https://www.amocrm.ru");
    AMO_RPS = connection(integer(1, 50)).or("7");

    AMO_PIPELINE_ID = connection(Kind::Id);
    AMO_STATUS_ID = connection(Kind::Id);
    AMO_LOSS_REASON_ID = connection(Kind::Id);
    AMO_RESPONSIBLE_USER_ID = connection(Kind::Id);
    AMO_CATALOG_ID = connection(Kind::Id);
    AMO_LEAD_ORDER_CODE_FIELD_ID = connection(Kind::Id);
    AMO_CONTACT_ADDRESS_FIELD_ID = connection(Kind::Id);
    AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID = connection(Kind::Id);
    AMO_LEAD_ORDER_DATE_FIELD_ID = connection(Kind::Id);
    LEAD_NAME_TEMPLATE = connection(Kind::LeadName).or("Kaspi {code}");
    LANGUAGE_CRM = connection(Kind::OneOf(&["ru", "kk", "en"])).or("ru");
    DEFAULT_COUNTRY = connection(Kind::Country).or("KZ");

    STATUS_MAP = connection(Kind::StatusMap);
    FINAL_STATUS_WINS = connection(Kind::YesNo).or("yes");

    OVERLAP_SECONDS = connection(integer(0, 86_400)).or("1800");
    FIRST_LOOKBACK_DAYS = connection(integer(0, 90)).or("14");
    SETTLE_SECONDS = connection(integer(1, 86_400)).or("300");

    LEASE_SECONDS = process(integer(5, 600)).or("60");
    DATABASE_URL = process(Kind::Database).secret().or("sqlite://data/kaspi-amocrm.sqlite");
    DB_DRIVER = process(Kind::OneOf(&["mysql", "mariadb", "pgsql", "postgres", "postgresql", "sqlite"]));
    DB_HOST = process(Kind::Text);
    DB_PORT = process(integer(1, 65_535));
    DB_NAME = process(Kind::Text);
    DB_USER = process(Kind::Text);
    DB_PASS = process(Kind::Text).secret();
    SECRET_KEY = process(Kind::Key).secret();
    SECRET_KEY_ALSO = process(Kind::Keys).secret();
    CRON_SECRET = process(Kind::Text).secret();
    BASE_PATH = process(Kind::Path);
    BEHIND_TLS_PROXY = process(Kind::YesNo).or("no");
    TRUSTED_PROXY = process(Kind::Text);

    CONNECTION = elsewhere(Kind::Name).or("default");
    JOB = elsewhere(Kind::OneOf(&["new", "reconcile"])).or("new");
    SLICE_SECONDS = elsewhere(integer(1, 300)).or("30");
}

/// The setting of that name, in any case.
pub fn find(name: &str) -> Option<&'static Setting> {
    ALL.iter().copied().find(|setting| setting.name.eq_ignore_ascii_case(name))
}

/// Where a setting stands in [`ALL`].
pub fn position(name: &str) -> Option<usize> {
    ALL.iter().position(|setting| setting.name == name)
}

/// The setting that somebody probably meant with an unknown name.
pub fn nearest(name: &str) -> Option<&'static Setting> {
    /// More changes than this are another word.
    const CHANGES_MAX: usize = 3;
    let name = name.to_ascii_uppercase();
    let nearest = ALL.iter().copied().min_by_key(|setting| distance(&name, setting.name))?;
    (distance(&name, nearest.name) <= CHANGES_MAX).then_some(nearest)
}

/// How many letters have to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_every_default_is_valid() {
        for (index, setting) in ALL.iter().enumerate() {
            assert_eq!(position(setting.name), Some(index), "{}", setting.name);
            assert_eq!(setting.name, setting.name.to_ascii_uppercase());
            if let Some(default) = setting.default {
                assert_eq!(setting.check(default), [], "{}", setting.name);
            }
        }
    }

    #[test]
    fn a_mistyped_name_finds_its_setting() {
        for (typed, meant) in [
            ("AMO_PIPELINE", Some("AMO_PIPELINE_ID")),
            ("amo_catalogue_id", Some("AMO_CATALOG_ID")),
            ("KASPI_TOKEN", None),
            ("CRON_SECERT", Some("CRON_SECRET")),
            ("MAIL_HOST", None),
        ] {
            assert_eq!(nearest(typed).map(|setting| setting.name), meant, "{typed}");
        }
    }
}
