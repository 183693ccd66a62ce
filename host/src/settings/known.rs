//! Every setting there is: name, meaning, default. The contract list of design "Settings"; the names are those of
//! the `.env` of the PHP tool that came before, so an old file goes on working.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An absolute `http://` or `https://` address.
    Url,
    /// A positive number that the other system gave out; empty or `0` means "not set".
    Id,
    /// A whole number within bounds, both included.
    Integer {
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// `yes` or `no`, also `true`/`false` and `1`/`0`.
    YesNo,
}

/// Who a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One shop and its account; may differ between connections.
    Connection,
    /// The whole process.
    Process,
}

/// One setting.
#[derive(Debug)]
pub struct Known {
    /// Upper case, as in the environment.
    pub name: &'static str,
    /// What a value must look like.
    pub kind: Kind,
    /// Who it belongs to.
    pub scope: Scope,
    /// Never shown and never logged.
    pub secret: bool,
    /// Used where nothing is set.
    pub default: Option<&'static str>,
    /// One line for people.
    pub doc: &'static str,
}

const fn text(name: &'static str, doc: &'static str) -> Known {
    Known { name, kind: Kind::Text, scope: Scope::Connection, secret: false, default: None, doc }
}

const fn url(name: &'static str, doc: &'static str) -> Known {
    Known { kind: Kind::Url, ..text(name, doc) }
}

const fn id(name: &'static str, doc: &'static str) -> Known {
    Known { kind: Kind::Id, ..text(name, doc) }
}

const fn integer(name: &'static str, min: i64, max: i64, default: &'static str, doc: &'static str) -> Known {
    Known { kind: Kind::Integer { min, max }, default: Some(default), ..text(name, doc) }
}

const fn secret(known: Known) -> Known {
    Known { secret: true, ..known }
}

const fn process(known: Known) -> Known {
    Known { scope: Scope::Process, ..known }
}

const fn or(known: Known, default: &'static str) -> Known {
    Known { default: Some(default), ..known }
}

/// Where the SQLite file is if `DATABASE_URL` says nothing; relative to the working folder.
pub const DATABASE_URL_DEFAULT: &str = "sqlite://data/kaspi-amocrm.sqlite";

/// All settings, in the order in which they are shown.
pub static KNOWN: &[Known] = &[
    or(url("KASPI_API_BASE", "address of the Kaspi merchant API"), "https://kaspi.kz/shop/api/v2"),
    secret(text("KASPI_API_TOKEN", "merchant token: merchant cabinet, Settings, API token")),
    text("KASPI_MERCHANT_UID", "sent as X-Merchant-Uid where the account needs it"),
    secret(url("KASPI_PROXY_URL", "http:// proxy for requests to Kaspi, optional")),
    text("AMO_SUBDOMAIN", "account name: acme for acme.amocrm.ru; a full host name is taken as it is"),
    url("AMO_BASE_URL", "address of the account; instead of AMO_SUBDOMAIN"),
    or(url("AMO_AUTH_BASE", "address of the authorization page"), "https://www.amocrm.ru"),
    text("AMO_CLIENT_ID", "id of the integration, for OAuth"),
    secret(text("AMO_CLIENT_SECRET", "secret of the integration, for OAuth")),
    text("AMO_REDIRECT_URI", "redirect address of the integration, for OAuth"),
    secret(text("AMO_ACCESS_TOKEN", "access token of the OAuth pair")),
    secret(text("AMO_REFRESH_TOKEN", "refresh token of the OAuth pair")),
    id("AMO_EXPIRES_AT", "when the access token ends, seconds since 1970"),
    secret(text("AMO_LONG_LIVED_TOKEN", "long-lived token; instead of the OAuth pair")),
    id("AMO_PIPELINE_ID", "pipeline of new leads"),
    id("AMO_STATUS_ID", "stage of new leads"),
    id("AMO_RESPONSIBLE_USER_ID", "user responsible for new leads"),
    id("AMO_CATALOG_ID", "list that holds the products"),
    id("AMO_LEAD_ORDER_CODE_FIELD_ID", "lead field for the order code"),
    id("AMO_CONTACT_ADDRESS_FIELD_ID", "contact field for the delivery address"),
    id("AMO_LEAD_DELIVERY_ADDRESS_FIELD_ID", "lead field for the delivery address"),
    id("AMO_LEAD_ORDER_DATE_FIELD_ID", "lead field for the order date"),
    integer("AMO_RPS", 1, 50, "7", "requests a second to the account, shared by all hosts of one database"),
    or(text("DEFAULT_COUNTRY", "country of phone numbers without a country code"), "KZ"),
    or(text("LANGUAGE_CRM", "language of what is written into the CRM: ru or en"), "ru"),
    text("LEAD_NAME_TEMPLATE", "name of new leads; the component's own default where it is not set"),
    text("STATUS_MAP", "Kaspi states to stages: NEW=102,KASPI_DELIVERY=104,ARCHIVE/COMPLETED=142"),
    Known {
        kind: Kind::YesNo,
        default: Some("yes"),
        ..text("FINAL_STATUS_WINS", "a final Kaspi status moves a lead that a person has moved")
    },
    integer("OVERLAP_SECONDS", 0, 86_400, "1800", "how far before the watermark a run begins to read"),
    integer("FIRST_LOOKBACK_DAYS", 0, 90, "14", "age of the oldest order that the first run takes"),
    integer("SETTLE_SECONDS", 1, 86_400, "300", "how long a lost answer is waited for before looking"),
    process(integer("LEASE_SECONDS", 5, 600, "60", "how long a dead run keeps its connection")),
    secret(process(text("CRON_SECRET", "token of /cron; without it /cron refuses everything"))),
    secret(process(text("SECRET_KEY", "32 bytes in base64 that seal what is stored"))),
    process(text("BASE_PATH", "path prefix of our own addresses, such as /kaspi-amocrm")),
    secret(process(or(text("DATABASE_URL", "sqlite://path of the database file"), DATABASE_URL_DEFAULT))),
];

/// The separate database settings of the PHP tool, understood where `DATABASE_URL` is missing.
pub static SEED_DATABASE: &[&str] = &["DB_DRIVER", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASS"];

/// The setting of that name, in any case.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

impl Known {
    /// Whether a value means "not set".
    pub fn is_unset(&self, value: &str) -> bool {
        value.is_empty() || (self.kind == Kind::Id && value == "0")
    }

    /// What is wrong with a value, as a fragment that fits after the name.
    pub fn fault(&self, value: &str) -> Option<String> {
        match self.kind {
            Kind::Text => None,
            Kind::Url => crate::outbound::Origin::parse(value).err().map(|error| error.to_string()),
            Kind::Id => match value.parse::<u64>() {
                Ok(_) => None,
                Err(_) => Some("must be a number".to_owned()),
            },
            Kind::Integer { min, max } => match value.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => None,
                _ => Some(format!("must be a whole number from {min} to {max}")),
            },
            Kind::YesNo => match value.to_ascii_lowercase().as_str() {
                "yes" | "no" | "true" | "false" | "1" | "0" => None,
                _ => Some("must be yes or no".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once_and_every_default_is_valid() {
        for (index, known) in KNOWN.iter().enumerate() {
            assert!(KNOWN[index + 1..].iter().all(|other| other.name != known.name), "{}", known.name);
            assert_eq!(known.name, known.name.to_ascii_uppercase());
            if let Some(default) = known.default {
                assert_eq!(known.fault(default), None, "{}", known.name);
            }
        }
    }
}
