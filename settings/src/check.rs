//! What is wrong with a single value. Values of secrets and of addresses are never repeated, others only when short.

use crate::{
    country::is_country,
    finding::{Finding, shown},
    language::Text,
    lead_name::{LEAD_NAME_CHARS_MAX, lead_name_problem},
    status_map::StatusMap,
    table::{Kind, Setting},
    url::{account_host, is_base_url, is_server_database},
};

/// Longest name of a connection: it is part of the keys of the store.
const NAME_BYTES_MAX: usize = 64;
/// 32 bytes in base64, without padding.
const KEY_CHARS: usize = 43;

/// A problem and what to do about it.
type Fault = (Text, Text);

impl Setting {
    /// Whether a trimmed value means "not set".
    pub fn is_unset(&self, value: &str) -> bool {
        let is_number = matches!(self.kind, Kind::Id | Kind::Moment);
        value.is_empty() || (is_number && value.parse() == Ok(0_i64))
    }

    /// Everything that is wrong with a trimmed value that is [set](Self::is_unset).
    pub fn check(&self, value: &str) -> Vec<Finding> {
        let fault = match self.kind {
            Kind::Text => None,
            Kind::Header => header_fault(value),
            Kind::Url => (!is_base_url(value.trim_end_matches('/'))).then(|| {
                fault(
                    "is no usable address",
                    "не годится как адрес",
                    "write https://host or https://host/path, without a question mark, name or password",
                    "укажите https://хост или https://хост/путь, без вопросительного знака, имени и пароля",
                )
            }),
            Kind::Proxy => {
                let url = value.trim_end_matches('/');
                (!url.starts_with("http://") || !is_base_url(url)).then(|| {
                    fault(
                        "is no usable proxy",
                        "не годится как прокси",
                        "write http://host:port, without name or password; the request inside is encrypted all the \
                         same",
                        "укажите http://хост:порт, без имени и пароля; сам запрос внутри всё равно зашифрован",
                    )
                })
            }
            Kind::Redirect => redirect_fault(value),
            Kind::Account => account_host(value).is_none().then(|| {
                fault(
                    format!("{} is no account of amoCRM", shown(value)),
                    format!("{} не похоже на аккаунт amoCRM", shown(value)),
                    "write acme, acme.amocrm.ru or acme.kommo.com",
                    "укажите acme, acme.amocrm.ru или acme.kommo.com",
                )
            }),
            Kind::Id => not_positive(value).then(|| {
                fault(
                    format!("{} is no id", shown(value)),
                    format!("{} не id", shown(value)),
                    "take the number from amoCRM, or leave it empty",
                    "возьмите число из amoCRM или оставьте пустым",
                )
            }),
            Kind::Moment => not_positive(value).then(|| {
                fault(
                    format!("{} is no time", shown(value)),
                    format!("{} не похоже на время", shown(value)),
                    "write seconds since 1970, or leave it empty",
                    "укажите секунды с 1970 года или оставьте пустым",
                )
            }),
            Kind::Integer { min, max } => integer_fault(value, min, max, self.default),
            Kind::YesNo => yes_or_no(value).is_none().then(|| {
                fault(
                    format!("{} is neither yes nor no", shown(value)),
                    format!("{} не похоже на yes или no", shown(value)),
                    "write yes or no",
                    "укажите yes или no",
                )
            }),
            Kind::OneOf(words) => (!words.contains(&value.to_lowercase().as_str())).then(|| {
                fault(
                    format!("{} is not offered", shown(value)),
                    format!("{} не поддерживается", shown(value)),
                    format!("write {}", words.join(" or ")),
                    format!("укажите {}", words.join(" или ")),
                )
            }),
            Kind::Country => (!is_country(&value.to_ascii_uppercase())).then(|| {
                fault(
                    format!("{} is no country", shown(value)),
                    format!("{} не код страны", shown(value)),
                    "write two letters, for example KZ",
                    "укажите две буквы, например KZ",
                )
            }),
            Kind::LeadName => lead_name_problem(value).map(|problem| {
                let hint = Text::new(
                    format!(
                        "write for example \"Kaspi {{code}}\" or \"{{buyer}}, {{code}}\", up to {LEAD_NAME_CHARS_MAX} \
                         characters"
                    ),
                    format!(
                        "укажите, например, «Kaspi {{code}}» или «{{buyer}}, {{code}}», до {LEAD_NAME_CHARS_MAX} символов"
                    ),
                );
                (problem, hint)
            }),
            Kind::StatusMap => {
                let found = StatusMap::parse(value).err().unwrap_or_default();
                return found.into_iter().map(|(problem, hint)| Finding::new(self.name, problem, hint)).collect();
            }
            Kind::Name => (!is_name(value)).then(|| {
                fault(
                    "is no usable name",
                    "не годится как имя",
                    "use up to 64 Latin letters, digits, - and _",
                    "используйте до 64 латинских букв, цифр, - и _",
                )
            }),
            Kind::Database => (!is_database(value)).then(|| {
                fault(
                    "names no database",
                    "не указывает на базу данных",
                    "write sqlite:///folder/file.sqlite, postgres://user:password@host/name or \
                     mysql://user:password@host/name",
                    "укажите sqlite:///папка/файл.sqlite, postgres://пользователь:пароль@хост/имя или \
                     mysql://пользователь:пароль@хост/имя",
                )
            }),
            Kind::Key => (!is_key(value)).then(|| {
                let (en, ru) = KEY_HINT;
                fault("is no key", "не является ключом", format!("write {en}"), format!("укажите {ru}"))
            }),
            Kind::Keys => (!key_list(value).all(is_key)).then(|| {
                fault(
                    "holds something that is no key",
                    "содержит не только ключи",
                    "write earlier or later values of SECRET_KEY, separated by commas",
                    "укажите прежние или будущие значения SECRET_KEY через запятую",
                )
            }),
            Kind::Path => value.bytes().any(|b| !b.is_ascii_graphic() || b"?#\\{}*:".contains(&b)).then(|| {
                fault(
                    "is no usable path",
                    "не годится как путь",
                    "write it as in the address, for example /kaspi-amocrm",
                    "укажите как в адресе, например /kaspi-amocrm",
                )
            }),
        };
        fault.into_iter().map(|(problem, hint)| Finding::new(self.name, problem, hint)).collect()
    }
}

/// How to come by a key.
pub(crate) const KEY_HINT: (&str, &str) = (
    "32 random bytes in base64: openssl rand -base64 32",
    "32 случайных байта в base64: openssl rand -base64 32",
);

fn fault(
    problem_en: impl Into<String>,
    problem_ru: impl Into<String>,
    hint_en: impl Into<String>,
    hint_ru: impl Into<String>,
) -> Fault {
    (Text::new(problem_en, problem_ru), Text::new(hint_en, hint_ru))
}

/// The meaning of a yes-or-no value.
pub fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "да" => Some(true),
        "no" | "false" | "off" | "0" | "нет" => Some(false),
        _ => None,
    }
}

/// The keys of a list, each without the spaces around it.
pub fn key_list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

fn header_fault(value: &str) -> Option<Fault> {
    (!value.bytes().all(|b| b.is_ascii_graphic())).then(|| {
        fault(
            "holds spaces or characters that no header may hold",
            "содержит пробелы или символы, недопустимые в заголовке",
            "copy it again, without quotes",
            "скопируйте значение заново, без кавычек",
        )
    })
}

fn redirect_fault(value: &str) -> Option<Fault> {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let is_usable = rest.is_some_and(|rest| !rest.is_empty())
        && !value.chars().any(|c| c.is_whitespace() || c.is_control());
    (!is_usable).then(|| {
        fault(
            "is no usable address",
            "не годится как адрес",
            "copy the redirect address from your integration in amoCRM, exactly as it stands there",
            "скопируйте адрес перенаправления из своей интеграции в amoCRM, точно как он там записан",
        )
    })
}

fn integer_fault(value: &str, min: i64, max: i64, default: Option<&str>) -> Option<Fault> {
    if value.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number)) {
        return None;
    }
    let (or_en, or_ru) = match default {
        Some(default) => {
            (format!(", or leave it out for {default}"), format!(" или уберите: будет {default}"))
        }
        None => (", or leave it out".to_owned(), " или уберите".to_owned()),
    };
    Some(fault(
        format!("{} is not possible", shown(value)),
        format!("{} недопустимо", shown(value)),
        format!("write a whole number from {min} to {max}{or_en}"),
        format!("укажите целое число от {min} до {max}{or_ru}"),
    ))
}

fn not_positive(value: &str) -> bool {
    !value.parse::<i64>().is_ok_and(|number| number > 0)
}

fn is_name(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= NAME_BYTES_MAX
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_database(value: &str) -> bool {
    if value.chars().any(char::is_control) {
        return false;
    }
    if let Some(path) = value.strip_prefix("sqlite://").or_else(|| value.strip_prefix("sqlite:")) {
        // What is kept in memory would not outlive the run that needs it.
        return !path.is_empty() && !path.starts_with([':', '?']);
    }
    let Some((_, rest)) = value.split_once("://").filter(|_| is_server_database(value)) else { return false };
    let (authority, name) = rest.split_once('/').unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    !host.is_empty() && !name.is_empty() && !name.starts_with('?')
}

fn is_key(value: &str) -> bool {
    let digits = value.strip_suffix('=').unwrap_or(value).as_bytes();
    // 43 digits are 258 bits: the last two stand for nothing and are zero.
    digits.len() == KEY_CHARS
        && digits.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        && digits.last().is_some_and(|b| b"AEIMQUYcgkosw048".contains(b))
}

#[cfg(test)]
mod tests;
