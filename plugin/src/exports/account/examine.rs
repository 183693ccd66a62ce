//! Whether both sides take what the settings name: each finding is what a server answered, or what the settings lack.

use crate::contract::types::{
    Detail, Examination, SeenAmocrm, SeenKaspi, Side, Symptom, SymptomClass, TokenKind,
};
use crate::ports::NetworkTrouble;
use kaspi_amocrm_contract::{Finding, MessageId, rules, table};

use crate::{
    amocrm::{AccountCheck, Amo, Extent, Layout, Stop, account_id, another_account, check_account},
    kaspi::{Kaspi, Obstacle, Window},
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::ShopLedger,
    run::RunError,
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
struct Found(Vec<Symptom>);

impl Found {
    fn tell<const N: usize>(
        &mut self,
        class: SymptomClass,
        setting: Option<&str>,
        details: [(&str, Detail); N],
    ) {
        self.0.push(Symptom {
            class,
            setting: setting.map(str::to_owned),
            details: details.into_iter().map(|(name, detail)| (name.to_owned(), detail)).collect(),
            finding: None,
        });
    }

    /// What a comparison of settings found, in its own words.
    fn quote(&mut self, class: SymptomClass, finding: &Finding) {
        self.0.push(Symptom {
            class,
            setting: Some(finding.name.clone()),
            details: Vec::new(),
            finding: Some(finding.into()),
        });
    }

    fn clocks(&mut self, side: &str, skew_ms: Option<i64>) {
        if let Some(skew_ms) = skew_ms.filter(|skew_ms| skew_ms.abs() > SKEW_MS_MAX) {
            self.tell(SymptomClass::ClockSkew, None, [("side", text(side)), ("skew_ms", number(skew_ms))]);
        }
    }
}

fn text(text: impl Into<String>) -> Detail {
    Detail::Text(text.into())
}

fn number(number: impl Into<i64>) -> Detail {
    Detail::Number(number.into())
}

/// See `examine` in `wit/world.wit`.
///
/// # Errors
/// When the store fails, or the host is about to end. All else is a symptom.
pub async fn examine(
    ports: Ports<'_>,
    connection: Option<String>,
    side: Option<Side>,
) -> Result<Examination, RunError> {
    let (wants_kaspi, wants_amo) = (side != Some(Side::Amocrm), side != Some(Side::Kaspi));
    let (mut settings, wrong) = Settings::so_far(ports.config);
    settings.connection = connection.unwrap_or(settings.connection);
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
            found.quote(SymptomClass::AmoSetting, finding);
        }
    }
    let is_usable = |name: &str| wrong.iter().all(|finding| finding.name != name);
    let mut seen_kaspi = None;
    if wants_kaspi {
        if !is_set(table::KASPI_API_TOKEN.name) {
            found.tell(SymptomClass::KaspiTokenMissing, Some(table::KASPI_API_TOKEN.name), []);
        } else if is_usable(table::KASPI_API_TOKEN.name) && is_usable(table::KASPI_API_BASE.name) {
            seen_kaspi = at_kaspi(ports, &settings, &mut found).await?;
        }
    }
    let mut seen_amo = None;
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
            found.tell(SymptomClass::AmoNotSet, Some(table::AMO_SUBDOMAIN.name), []);
        } else if let Some(lacks) = lacks {
            found.tell(SymptomClass::AmoTokenMissing, Some(&lacks.name), []);
        } else if address.into_iter().all(is_usable) && !settings.amo.base_url.is_empty() {
            // Large, and held by whatever embeds a call.
            seen_amo = Box::pin(at_amocrm(ports, &settings, &mut found)).await?;
        }
    }
    Ok(Examination { symptoms: found.0, kaspi: seen_kaspi, amocrm: seen_amo })
}

async fn at_kaspi(
    ports: Ports<'_>,
    settings: &Settings,
    found: &mut Found,
) -> Result<Option<SeenKaspi>, RunError> {
    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let now_ms = ports.clock.now_ms();
    let token = Some(table::KASPI_API_TOKEN.name);
    let base = Some(table::KASPI_API_BASE.name);
    let sample = match kaspi.sample(Window { from_ms: now_ms - DAY_MS, to_ms: now_ms }).await {
        Ok(sample) => sample,
        Err(obstacle) => {
            match obstacle {
                Obstacle::Token(status) => {
                    found.tell(SymptomClass::KaspiTokenRefused, token, [("status", number(status))])
                }
                Obstacle::Blocked(status) => {
                    found.tell(SymptomClass::KaspiBlocked, None, [("status", number(status))])
                }
                Obstacle::Gateway(status) => {
                    found.tell(SymptomClass::KaspiUserAgent, base, [("status", number(status))])
                }
                Obstacle::Limited => found.tell(SymptomClass::KaspiLimited, None, []),
                Obstacle::Unreadable(status) => {
                    found.tell(SymptomClass::KaspiUnreadable, base, [("status", number(status))])
                }
                Obstacle::Way(crate::ports::HttpError::Ending) => return Err(ending()),
                Obstacle::Way(error) => {
                    found.tell(SymptomClass::KaspiUnreachable, base, [("why", text(error.trouble().name()))])
                }
            }
            return Ok(None);
        }
    };
    if sample.total_count == 0 {
        found.tell(SymptomClass::KaspiNoOrders, None, []);
    }
    if sample.masked_phones > 0 {
        let detail = [("masked", count(sample.masked_phones)), ("orders", count(sample.rows))];
        found.tell(SymptomClass::KaspiPhonesMasked, None, detail);
    }
    let skew_ms = sample.server_ms.map(|server_ms| server_ms - ports.clock.now_ms());
    found.clocks("kaspi", skew_ms);
    Ok(Some(SeenKaspi {
        orders: sample.total_count,
        phones: sample.phones,
        masked_phones: sample.masked_phones,
        clock_skew_ms: skew_ms,
    }))
}

async fn at_amocrm(
    ports: Ports<'_>,
    settings: &Settings,
    found: &mut Found,
) -> Result<Option<SeenAmocrm>, RunError> {
    // After a rest, so that whoever is told to slow down is not told because of a run or a look just before.
    let amo = Amo::new(ports, settings, REST_MS).rehearsing();
    let token = amo.oauth().token_state()?;
    let (kind, name) = match token.is_pair {
        false => (TokenKind::LongLived, table::AMO_LONG_LIVED_TOKEN.name),
        true => (TokenKind::Pair, table::AMO_ACCESS_TOKEN.name),
    };
    let class = match token.left_ms {
        _ if token.is_missing => Some(SymptomClass::AmoTokenMissing),
        _ if token.is_dead => Some(SymptomClass::AmoPairDead),
        Some(left_ms) if left_ms <= 0 => Some(SymptomClass::AmoTokenEnded),
        _ => None,
    };
    if let Some(class) = class {
        found.tell(class, Some(name), [("kind", text(kind.name()))]);
        return Ok(None);
    }
    // A pair is renewed in time.
    if let Some(left_ms) = token.left_ms.filter(|left_ms| !token.is_pair && *left_ms < ENDS_SOON_MS) {
        found.tell(SymptomClass::AmoTokenEndsSoon, Some(name), [("days", number(left_ms / DAY_MS))]);
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
                    found.tell(SymptomClass::AmoRenamed, address, [("to", text(host_of(&to)))])
                }
                (Some(401), ..) => found.tell(
                    SymptomClass::AmoTokenRefused,
                    Some(name),
                    [("status", number(401)), ("kind", text(kind.name()))],
                ),
                (Some(402), ..) => found.tell(SymptomClass::AmoUnpaid, None, []),
                (Some(429), ..) => found.tell(SymptomClass::AmoLimited, None, []),
                (_, _, Stop::Refused { status: 404, .. }) => {
                    found.tell(SymptomClass::AmoNoAccount, address, [("status", number(404))])
                }
                (_, _, Stop::Refused { status: 403, call, .. }) => {
                    found.tell(SymptomClass::AmoForbidden, Some(name), [("what", text(call))])
                }
                (Some(403), ..) => found.tell(SymptomClass::AmoBlocked, None, []),
                _ => found.tell(
                    SymptomClass::AmoUnreachable,
                    address,
                    [("why", text(heard.trouble.unwrap_or(NetworkTrouble::Other).name()))],
                ),
            }
            return Ok(None);
        }
    };
    if heard.is_throttled {
        found.tell(SymptomClass::AmoLimited, None, []);
    }
    found.clocks("amocrm", heard.clock_skew_ms);
    if let Some(host) = rules::account_host(&settings.amo.base_url)
        && let Some((subdomain, domain)) = host.split_once('.')
        && !layout.subdomain.is_empty()
        && !layout.subdomain.eq_ignore_ascii_case(subdomain)
    {
        let to = format!("{}.{domain}", layout.subdomain);
        found.tell(SymptomClass::AmoRenamed, Some(table::AMO_SUBDOMAIN.name), [("to", text(to))]);
    }
    let mut check = check_account(&layout, settings);
    let pin = ShopLedger::new(ports.store, &settings.connection).pin()?;
    if let Some(pin) = pin.filter(|pin| pin.account_id != check.account_id) {
        check.findings.push(another_account(&settings.connection, check.account_id, pin.account_id));
    }
    tell_settings(settings, &layout, &check, found);
    Ok(Some(SeenAmocrm {
        account: layout.account(),
        token: kind,
        token_left_ms: token.left_ms,
        clock_skew_ms: heard.clock_skew_ms,
    }))
}

/// What the account says to the settings, and what it lacks.
fn tell_settings(settings: &Settings, layout: &Layout, check: &AccountCheck, found: &mut Found) {
    let of_token = |finding: &Finding| {
        [table::AMO_LONG_LIVED_TOKEN.name, table::AMO_ACCESS_TOKEN.name].contains(&finding.name.as_str())
    };
    for finding in &check.findings {
        // The only thing that the account says against a token that it takes.
        found.quote(
            if of_token(finding) { SymptomClass::AmoRights } else { SymptomClass::AmoSetting },
            finding,
        );
    }
    // What a list lacks has classes of its own.
    for finding in check.hints.iter().filter(|finding| finding.name != table::AMO_CATALOG_ID.name) {
        found.quote(SymptomClass::AmoHint, finding);
    }
    let catalog_name = Some(table::AMO_CATALOG_ID.name);
    match (&check.catalog, settings.amo.catalog_id) {
        (Some(catalog), _) => {
            for (is_there, class) in
                [(catalog.has_sku, SymptomClass::AmoNoSku), (catalog.has_price, SymptomClass::AmoNoPrice)]
            {
                if !is_there {
                    found.tell(class, catalog_name, [("catalog", number(catalog.id))]);
                }
            }
        }
        (None, None) => found.tell(SymptomClass::AmoNoCatalog, catalog_name, []),
        (None, Some(_)) => {}
    }
    let code_field = &table::AMO_LEAD_ORDER_CODE_FIELD_ID;
    if settings.amo.lead_order_code_field_id.is_none() {
        found.tell(SymptomClass::AmoNoOrderCodeField, Some(code_field.name), []);
    }
    let filled = [
        settings.amo.lead_order_code_field_id,
        settings.amo.lead_delivery_address_field_id,
        settings.amo.lead_order_date_field_id,
    ];
    let required = layout.required_fields(check.pipeline_id, &filled);
    if !required.is_empty() {
        let detail = [
            ("pipeline", text(layout.pipeline_name(check.pipeline_id))),
            ("fields", Detail::Texts(required)),
        ];
        found.tell(SymptomClass::AmoRequiredFields, Some(table::AMO_PIPELINE_ID.name), detail);
    }
}

fn ending() -> RunError {
    RunError::Upstream(MessageId::HostEnding.into())
}

fn count(count: u64) -> Detail {
    Detail::Number(i64::try_from(count).unwrap_or(i64::MAX))
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
    fn only_the_host_of_an_address_is_repeated() {
        assert_eq!(host_of("https://new.amocrm.ru/api/v4/account?secret=1"), "new.amocrm.ru");
        assert_eq!(host_of("/login"), "");
    }
}
