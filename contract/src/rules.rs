//! Rules that need more than one value, or more than a glance at one. Both sides follow the same ones: what our host
//! lets through, the component takes as well.

pub use crate::url::{account_host, is_server_database};
use crate::{
    check::key_list,
    finding::Finding,
    message::{Message, MessageId},
    table::*,
};

/// A secret that is shorter can be guessed.
const SECRET_CHARS_MIN: usize = 16;

/// What a connection lacks. A setting that is set and wrong has a finding of its own, so it counts as set here.
pub fn missing(is_set: &dyn Fn(&Setting) -> bool) -> Vec<Finding> {
    let mut missing = Vec::new();
    if !is_set(&KASPI_API_TOKEN) {
        let hint = MessageId::CreateKaspiToken;
        missing.push(Finding::missing(KASPI_API_TOKEN.name, hint));
    }
    if !is_set(&AMO_SUBDOMAIN) && !is_set(&AMO_BASE_URL) {
        let hint = MessageId::WriteSubdomain;
        missing.push(Finding::missing(AMO_SUBDOMAIN.name, hint));
    }
    missing.extend(missing_credentials(is_set));
    missing
}

/// Any token is enough; so is a whole integration, because its pair of tokens may be in the store already.
fn missing_credentials(is_set: &dyn Fn(&Setting) -> bool) -> Vec<Finding> {
    let integration = [&AMO_CLIENT_ID, &AMO_CLIENT_SECRET, &AMO_REDIRECT_URI];
    let has_integration = integration.iter().all(|part| is_set(part));
    if is_set(&AMO_LONG_LIVED_TOKEN) || is_set(&AMO_ACCESS_TOKEN) || has_integration {
        return Vec::new();
    }
    if is_set(&AMO_REFRESH_TOKEN) || integration.iter().any(|part| is_set(part)) {
        let hint = MessageId::TakeIntegrationKeys;
        let lacking = integration.iter().filter(|part| !is_set(part));
        return lacking.map(|part| Finding::missing(part.name, hint)).collect();
    }
    let hint = MessageId::CreateLongLivedToken;
    vec![Finding::missing(AMO_LONG_LIVED_TOKEN.name, hint)]
}

/// What works now and will not for long: a pair of tokens that nothing can renew.
pub fn soon_over(is_set: &dyn Fn(&Setting) -> bool) -> Option<Finding> {
    let integration = [&AMO_CLIENT_ID, &AMO_CLIENT_SECRET, &AMO_REDIRECT_URI];
    let lacking: Vec<&str> = integration.iter().filter(|part| !is_set(part)).map(|part| part.name).collect();
    if is_set(&AMO_LONG_LIVED_TOKEN) || !is_set(&AMO_ACCESS_TOKEN) || lacking.is_empty() {
        return None;
    }
    let lacking = lacking.join(", ");
    let problem = Message::new(MessageId::PairEndsSoon, [("lacking", &lacking)]);
    let hint = MessageId::SetThemToo;
    Some(Finding::new(AMO_ACCESS_TOKEN.name, problem, hint))
}

/// The address of the account without a slash at the end: of `AMO_BASE_URL`, else made from `AMO_SUBDOMAIN`.
pub fn account_address(base_url: Option<&str>, subdomain: Option<&str>) -> Option<String> {
    if let Some(url) = base_url {
        return Some(url.trim_end_matches('/').to_owned());
    }
    account_host(subdomain?).map(|host| format!("https://{host}"))
}

/// In a database of a server, secrets and personal data are sealed.
pub fn missing_key(database_url: &str, has_key: bool) -> Option<Finding> {
    if has_key || !is_server_database(database_url) {
        return None;
    }
    let hint = MessageId::ServerNeedsKey;
    Some(Finding::missing(SECRET_KEY.name, hint))
}

/// A key that would both seal and only open: somebody meant another one.
pub fn repeated_key(key: Option<&str>, also: Option<&str>) -> Option<Finding> {
    let bare = |key: &str| key.trim().trim_end_matches('=').to_owned();
    let key = bare(key?);
    if !key_list(also?).any(|other| bare(other) == key) {
        return None;
    }
    let problem = MessageId::KeyRepeated;
    let hint = MessageId::WriteEarlierKey;
    Some(Finding::new(SECRET_KEY_ALSO.name, problem, hint))
}

/// What the settings of the older tool lack to name a database. `is_set` by setting.
pub fn missing_database_part(is_set: &dyn Fn(&Setting) -> bool) -> Option<Finding> {
    let names_server = is_set(&DB_HOST) || is_set(&DB_USER) || is_set(&DB_PASS);
    if is_set(&DATABASE_URL) || is_set(&DB_NAME) || !names_server {
        return None;
    }
    let hint = MessageId::WriteDatabaseName;
    Some(Finding::missing(DB_NAME.name, hint))
}

/// A token that everybody could guess.
pub fn weak_secret(setting: &Setting, value: &str) -> Option<Finding> {
    let lower = value.to_lowercase();
    let placeholders = ["change", "your", "example", "secret", "password", "token", "xxx", "123456"];
    let is_placeholder = placeholders.iter().any(|word| lower.starts_with(word));
    if value.chars().count() >= SECRET_CHARS_MIN && !is_placeholder {
        return None;
    }
    let problem = Message::new(MessageId::SecretWeak, [("min", &SECRET_CHARS_MIN)]);
    let hint = MessageId::WriteSecret;
    Some(Finding::new(setting.name, problem, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(set: &[&Setting]) -> Vec<String> {
        missing(&|setting| set.contains(&setting)).into_iter().map(|finding| finding.name).collect()
    }

    #[test]
    fn a_connection_needs_a_shop_an_account_and_a_way_in() {
        assert_eq!(names(&[]), ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN"]);
        let both = [&KASPI_API_TOKEN, &AMO_BASE_URL];
        let with = |more: &[&'static Setting]| names(&[&both[..], more].concat());
        for enough in [
            &[&AMO_LONG_LIVED_TOKEN][..],
            &[&AMO_ACCESS_TOKEN],
            &[&AMO_CLIENT_ID, &AMO_CLIENT_SECRET, &AMO_REDIRECT_URI],
        ] {
            assert_eq!(with(enough), [""; 0], "{enough:?}");
        }
        assert_eq!(with(&[&AMO_CLIENT_ID]), ["AMO_CLIENT_SECRET", "AMO_REDIRECT_URI"]);
        assert_eq!(with(&[&AMO_REFRESH_TOKEN]), ["AMO_CLIENT_ID", "AMO_CLIENT_SECRET", "AMO_REDIRECT_URI"]);
    }

    #[test]
    fn a_pair_that_nothing_renews_is_told() {
        let told = |set: &[&Setting]| soon_over(&|setting| set.contains(&setting)).is_some();
        assert!(told(&[&AMO_ACCESS_TOKEN]) && told(&[&AMO_ACCESS_TOKEN, &AMO_CLIENT_ID]));
        assert!(!told(&[]) && !told(&[&AMO_ACCESS_TOKEN, &AMO_LONG_LIVED_TOKEN]));
        assert!(!told(&[&AMO_ACCESS_TOKEN, &AMO_CLIENT_ID, &AMO_CLIENT_SECRET, &AMO_REDIRECT_URI]));
    }

    #[test]
    fn guessable_secrets_are_told_apart() {
        for weak in ["cron", "change_me_to_something_long", "YOUR_CRON_SECRET_HERE", "xxxxxxxxxxxxxxxxxxxxx"]
        {
            let finding = weak_secret(&CRON_SECRET, weak).expect("a weak one");
            assert!(!finding.to_string().contains(weak), "{finding}");
        }
        assert_eq!(weak_secret(&CRON_SECRET, "5f2d7c0a91e84b63"), None);
    }

    #[test]
    fn a_database_server_needs_a_key_and_a_name() {
        assert!(
            missing_key("mysql://u@h/n", false).is_some() && missing_key("postgres://h/n", false).is_some()
        );
        assert!(missing_key("sqlite://x", false).is_none() && missing_key("mysql://u@h/n", true).is_none());
        let told = |set: &[&Setting]| missing_database_part(&|setting| set.contains(&setting)).is_some();
        assert!(told(&[&DB_HOST]) && !told(&[&DB_HOST, &DB_NAME]) && !told(&[&DB_HOST, &DATABASE_URL]));
        assert!(!told(&[&DB_DRIVER, &DB_PORT]));
    }

    #[test]
    fn the_key_that_seals_is_no_further_key() {
        let key = |digit: &str| digit.repeat(42) + "A";
        let told = |also: &str| repeated_key(Some(&key("a")), Some(also)).is_some();
        assert!(told(&key("a")) && told(&format!("{}, {}=", key("b"), key("a"))), "with or without padding");
        assert!(!told(&key("b")) && !told(&format!("{},{}", key("b"), key("c"))));
        assert!(
            repeated_key(None, Some(&key("a"))).is_none() && repeated_key(Some(&key("a")), None).is_none()
        );
        let text = repeated_key(Some(&key("a")), Some(&key("a"))).expect("a finding").to_string();
        assert!(!text.contains(&key("a")), "{text}");
    }
}
