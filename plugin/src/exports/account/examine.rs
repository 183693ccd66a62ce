//! Whether both sides take what the settings name: each finding is what a server answered, or what the settings lack.

use kaspi_amocrm_settings::{Finding, Language, rules, table};
use serde_json::{Value, json};

use crate::{
    amocrm::{AccountCheck, Amo, Extent, Layout, Stop, account_id, another_account, check_account},
    kaspi::{Kaspi, Obstacle, Window},
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::{RunError, options::Options},
    settings::Settings,
};

const DAY_MS: i64 = 86_400_000;
/// Clocks that differ by more are told.
const SKEW_MS_MAX: i64 = 60_000;
/// A token that ends sooner is told, while there is time.
const ENDS_SOON_MS: i64 = 14 * DAY_MS;

/// The span over which amoCRM counts requests.
const REST_MS: u64 = 1_000;

/// What is wrong, in the order in which it was found.
#[derive(Default)]
struct Found(Vec<Value>);

impl Found {
    fn tell(&mut self, class: &str, name: Option<&str>, detail: Value) {
        self.0.push(json!({"class": class, "name": name, "detail": detail}));
    }

    /// What a comparison of settings found, in its own words.
    fn quote(&mut self, class: &str, finding: &Finding) {
        let detail = json!({"text_en": finding.text(Language::En), "text_ru": finding.text(Language::Ru)});
        self.tell(class, Some(&finding.name), detail);
    }

    fn clocks(&mut self, side: &str, skew_ms: Option<i64>) {
        if let Some(skew_ms) = skew_ms.filter(|skew_ms| skew_ms.abs() > SKEW_MS_MAX) {
            self.tell("clock_skew", None, json!({"side": side, "skew_ms": skew_ms}));
        }
    }
}

/// See `examine` in `wit/world.wit`.
///
/// # Errors
/// When the options are wrong, the store fails, or the host is about to end. All else is a finding.
pub async fn examine(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection", "part"])?;
    let (wants_kaspi, wants_amo) = match options.part.as_deref() {
        None => (true, true),
        Some("kaspi") => (true, false),
        Some("amocrm") => (false, true),
        Some(_) => return Err(RunError::Config("options: part: kaspi or amocrm".to_owned())),
    };
    let (mut settings, wrong) = Settings::so_far(ports.config);
    settings.connection = options.connection.unwrap_or(settings.connection);
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let is_set = |name: &str| {
        ports
            .config
            .get(&name.to_ascii_lowercase())
            .is_ok_and(|value| value.is_some_and(|value| !value.trim().is_empty()))
    };
    let mut found = Found::default();
    let of_kaspi = |name: &str| name.starts_with("KASPI_");
    // What is set and wrong. What is missing is told by its own class.
    for finding in wrong.iter().filter(|finding| is_set(&finding.name)) {
        if if of_kaspi(&finding.name) { wants_kaspi } else { wants_amo } {
            found.quote("amo_setting", finding);
        }
    }
    let is_usable = |name: &str| wrong.iter().all(|finding| finding.name != name);
    let mut seen_kaspi = Value::Null;
    if wants_kaspi {
        if !is_set(table::KASPI_API_TOKEN.name) {
            found.tell("kaspi_token_missing", Some(table::KASPI_API_TOKEN.name), json!({}));
        } else if is_usable(table::KASPI_API_TOKEN.name) && is_usable(table::KASPI_API_BASE.name) {
            seen_kaspi = at_kaspi(ports, &settings, &mut found).await?;
        }
    }
    let mut seen_amo = Value::Null;
    if wants_amo {
        let address = [table::AMO_BASE_URL.name, table::AMO_SUBDOMAIN.name];
        let missing: Vec<&Finding> = wrong.iter().filter(|finding| !is_set(&finding.name)).collect();
        let credentials = [
            &table::AMO_LONG_LIVED_TOKEN,
            &table::AMO_CLIENT_ID,
            &table::AMO_CLIENT_SECRET,
            &table::AMO_REDIRECT_URI,
        ];
        let lacks = missing.iter().find(|finding| credentials.iter().any(|part| part.name == finding.name));
        if !address.into_iter().any(is_set) {
            found.tell("amo_not_set", Some(table::AMO_SUBDOMAIN.name), json!({}));
        } else if let Some(lacks) = lacks {
            found.tell("amo_token_missing", Some(&lacks.name), json!({}));
        } else if address.into_iter().all(is_usable) && !settings.amo.base_url.is_empty() {
            // Large, and held by whatever embeds a call.
            seen_amo = Box::pin(at_amocrm(ports, &settings, &mut found)).await?;
        }
    }
    Ok(json!({"findings": found.0, "kaspi": seen_kaspi, "amocrm": seen_amo}).to_string())
}

async fn at_kaspi(ports: Ports<'_>, settings: &Settings, found: &mut Found) -> Result<Value, RunError> {
    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let now_ms = ports.clock.now_ms();
    let token = Some(table::KASPI_API_TOKEN.name);
    let base = Some(table::KASPI_API_BASE.name);
    let sample = match kaspi.sample(Window { from_ms: now_ms - DAY_MS, to_ms: now_ms }).await {
        Ok(sample) => sample,
        Err(obstacle) => {
            match obstacle {
                Obstacle::Token(status) => {
                    found.tell("kaspi_token_refused", token, json!({"status": status}))
                }
                Obstacle::Blocked(status) => found.tell("kaspi_blocked", None, json!({"status": status})),
                Obstacle::Gateway(status) => found.tell("kaspi_user_agent", base, json!({"status": status})),
                Obstacle::Limited => found.tell("kaspi_limited", None, json!({})),
                Obstacle::Unreadable(status) => {
                    found.tell("kaspi_unreadable", base, json!({"status": status}))
                }
                Obstacle::Way(crate::ports::HttpError::Ending) => return Err(ending()),
                Obstacle::Way(error) => {
                    found.tell("kaspi_unreachable", base, json!({"why": why(&error.to_string())}))
                }
            }
            return Ok(Value::Null);
        }
    };
    if sample.total_count == 0 {
        found.tell("kaspi_no_orders", None, json!({}));
    }
    if sample.masked_phones > 0 {
        let detail = json!({"masked": sample.masked_phones, "orders": sample.rows});
        found.tell("kaspi_phones_masked", None, detail);
    }
    let skew_ms = sample.server_ms.map(|server_ms| server_ms - ports.clock.now_ms());
    found.clocks("kaspi", skew_ms);
    Ok(json!({
        "orders": sample.total_count, "phones": sample.phones, "masked_phones": sample.masked_phones,
        "clock_skew_ms": skew_ms,
    }))
}

async fn at_amocrm(ports: Ports<'_>, settings: &Settings, found: &mut Found) -> Result<Value, RunError> {
    // After a rest, so that whoever is told to slow down is not told because of a run or a look just before.
    let amo = Amo::new(ports, settings, REST_MS).rehearsing();
    let token = amo.oauth().token_state()?;
    let (kind, name) = match token.is_pair {
        false => ("long_lived", table::AMO_LONG_LIVED_TOKEN.name),
        true => ("pair", table::AMO_ACCESS_TOKEN.name),
    };
    let class = match token.left_ms {
        _ if token.is_missing => Some("amo_token_missing"),
        _ if token.is_dead => Some("amo_pair_dead"),
        Some(left_ms) if left_ms <= 0 => Some("amo_token_ended"),
        _ => None,
    };
    if let Some(class) = class {
        found.tell(class, Some(name), json!({"kind": kind}));
        return Ok(Value::Null);
    }
    // A pair is renewed in time.
    if let Some(left_ms) = token.left_ms.filter(|left_ms| !token.is_pair && *left_ms < ENDS_SOON_MS) {
        found.tell("amo_token_ends_soon", Some(name), json!({"days": left_ms / DAY_MS}));
    }
    // Alone first, so that what is heard is about nothing else.
    let seen = match account_id(&amo).await {
        Ok(Some(_)) => Layout::read(&amo, settings, Extent::Everything).await,
        Ok(None) => Err(Stop::Refused { call: String::new(), status: 404, detail: String::new() }),
        Err(stop) => Err(stop),
    };
    let heard = amo.heard();
    let layout = match seen {
        Ok(layout) => layout,
        Err(Stop::Ending) => return Err(ending()),
        Err(Stop::Store(error)) => return Err(error.into()),
        Err(stop) => {
            found.clocks("amocrm", heard.clock_skew_ms);
            let address = Some(table::AMO_SUBDOMAIN.name);
            match (heard.refusal, heard.moved_to, &stop) {
                (Some(300..=399), Some(to), _) if !host_of(&to).is_empty() => {
                    found.tell("amo_renamed", address, json!({"to": host_of(&to)}))
                }
                (Some(401), ..) => {
                    found.tell("amo_token_refused", Some(name), json!({"status": 401, "kind": kind}))
                }
                (Some(402), ..) => found.tell("amo_unpaid", None, json!({})),
                (Some(429), ..) => found.tell("amo_limited", None, json!({})),
                (_, _, Stop::Refused { status: 404, .. }) => {
                    found.tell("amo_no_account", address, json!({"status": 404}))
                }
                (_, _, Stop::Refused { status: 403, call, .. }) => {
                    found.tell("amo_forbidden", Some(name), json!({"what": call}))
                }
                (Some(403), ..) => found.tell("amo_blocked", None, json!({})),
                _ => found.tell("amo_unreachable", address, json!({"why": why(&stop.to_string())})),
            }
            return Ok(Value::Null);
        }
    };
    if heard.is_throttled {
        found.tell("amo_limited", None, json!({}));
    }
    found.clocks("amocrm", heard.clock_skew_ms);
    if let Some(host) = rules::account_host(&settings.amo.base_url)
        && let Some((subdomain, domain)) = host.split_once('.')
        && !layout.subdomain.is_empty()
        && !layout.subdomain.eq_ignore_ascii_case(subdomain)
    {
        let to = format!("{}.{domain}", layout.subdomain);
        found.tell("amo_renamed", Some(table::AMO_SUBDOMAIN.name), json!({"to": to}));
    }
    let mut check = check_account(&layout, settings);
    let pin = ShopLedger::new(ports.store, &settings.connection).pin()?;
    if let Some(pin) = pin.filter(|pin| pin.account_id != check.account_id) {
        check.findings.push(another_account(&settings.connection, check.account_id, pin.account_id));
    }
    tell_settings(settings, &layout, &check, found);
    Ok(json!({
        "account": layout.describe()["account"], "token": kind, "token_left_ms": token.left_ms,
        "clock_skew_ms": heard.clock_skew_ms,
    }))
}

/// What the account says to the settings, and what it lacks.
fn tell_settings(settings: &Settings, layout: &Layout, check: &AccountCheck, found: &mut Found) {
    let of_token = |finding: &Finding| {
        [table::AMO_LONG_LIVED_TOKEN.name, table::AMO_ACCESS_TOKEN.name].contains(&finding.name.as_str())
    };
    for finding in &check.findings {
        // The only thing that the account says against a token that it takes.
        found.quote(if of_token(finding) { "amo_rights" } else { "amo_setting" }, finding);
    }
    // What a list lacks has classes of its own.
    for finding in check.hints.iter().filter(|finding| finding.name != table::AMO_CATALOG_ID.name) {
        found.quote("amo_hint", finding);
    }
    let catalog_name = Some(table::AMO_CATALOG_ID.name);
    match (&check.catalog, settings.amo.catalog_id) {
        (Some(catalog), _) => {
            for (is_there, class) in [(catalog.has_sku, "amo_no_sku"), (catalog.has_price, "amo_no_price")] {
                if !is_there {
                    found.tell(class, catalog_name, json!({"catalog": catalog.id}));
                }
            }
        }
        (None, None) => found.tell("amo_no_catalog", catalog_name, json!({})),
        (None, Some(_)) => {}
    }
    let code_field = &table::AMO_LEAD_ORDER_CODE_FIELD_ID;
    if settings.amo.lead_order_code_field_id.is_none() {
        found.tell("amo_no_order_code_field", Some(code_field.name), json!({}));
    }
    let filled = [
        settings.amo.lead_order_code_field_id,
        settings.amo.lead_delivery_address_field_id,
        settings.amo.lead_order_date_field_id,
    ];
    let required = layout.required_fields(check.pipeline_id, &filled);
    if !required.is_empty() {
        let detail = json!({"pipeline": layout.pipeline_name(check.pipeline_id), "fields": required});
        found.tell("amo_required_fields", Some(table::AMO_PIPELINE_ID.name), detail);
    }
}

fn ending() -> RunError {
    RunError::Upstream("this host is ending".to_owned())
}

/// What kept a request from its answer, by the words of the host.
fn why(trouble: &str) -> &'static str {
    let has = |word: &str| trouble.contains(word);
    if has("DNS") || has("destination-not-found") {
        "dns"
    } else if has("connection-refused") {
        "refused"
    } else if has("TLS") {
        "tls"
    } else if has("timeout") || has("no complete answer within") {
        "timeout"
    } else {
        "other"
    }
}

/// The host of an address; nothing else of it is repeated.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', '@']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_hosts_are_told_apart() {
        for (trouble, wanted) in [
            ("not sent: DNS-error", "dns"),
            ("not sent: connection-refused", "refused"),
            ("not sent: TLS-certificate-error", "tls"),
            ("no answer: connection-timeout", "timeout"),
            ("no answer: no complete answer within 20000 ms", "timeout"),
            ("status 502", "other"),
        ] {
            assert_eq!(why(trouble), wanted, "{trouble}");
        }
    }

    #[test]
    fn only_the_host_of_an_address_is_repeated() {
        assert_eq!(host_of("https://new.amocrm.ru/api/v4/account?secret=1"), "new.amocrm.ru");
        assert_eq!(host_of("/login"), "");
    }
}
