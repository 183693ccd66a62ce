//! Makes in the account what a person asked for: fields, and a list of products. What is there is not made again.

use crate::contract::types::{AccountPart, Caller, Prepared, PreparedPart, Problem, ProblemClass};
use kaspi_amocrm_contract::SettingsError;
use kaspi_amocrm_contract::{Finding, Message, MessageId};

use crate::{
    amocrm::{Amo, Part, Stop, Write, account_id},
    ports::{
        Ports,
        document::{encode, read},
        encrypted::SealedStore,
    },
    run::{RunError, lease::Guard},
    settings::Settings,
};

/// The span over which amoCRM counts requests, so that what a run sent just before does not count.
const REST_MS: u64 = 1_000;
/// How long others that work with the account are waited for.
const LOCK_WAIT_MS: u64 = 20_000;
/// After a lost answer it is looked so often whether it took effect.
const LOOK_AGAIN_MS: [u64; 3] = [1_000, 4_000, 10_000];

/// See `prepare-account` in `wit/world.wit`. What belongs to Kaspi need not be set.
///
/// # Errors
/// When settings are missing or wrong, the account cannot be read, or it refuses to make something.
pub async fn prepare_account(
    ports: Ports<'_>,
    caller: Caller,
    parts: &[AccountPart],
) -> Result<Prepared, RunError> {
    let (mut settings, mut wrong) = Settings::so_far(ports.config);
    wrong.retain(|finding| !finding.name.starts_with("KASPI_"));
    SettingsError::none_of(wrong)?;
    settings.connection = caller.connection.unwrap_or(settings.connection);
    let wanted = settings.amo.catalog_id;
    let catalog = || wanted.ok_or_else(|| RunError::config(MessageId::CatalogNotSet));
    let part = |part: &AccountPart| {
        Ok::<_, RunError>(match part {
            AccountPart::OrderCode => Part::OrderCode,
            AccountPart::Catalog => Part::Catalog { wanted },
            AccountPart::Sku => Part::Sku { catalog_id: catalog()? },
            AccountPart::Price => Part::Price { catalog_id: catalog()? },
        })
    };
    let parts: Vec<Part> = parts.iter().map(part).collect::<Result<_, _>>()?;
    let guard = Guard::begin(ports, &settings.connection, caller.lease).await?;
    let ports = guard.ports();
    let store = SealedStore::new(ports.store, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let amo = Amo::new(ports, &settings, REST_MS);
    let account_id = account_id(&amo).await.map_err(told)?;
    let account_id = account_id.ok_or_else(|| RunError::config(MessageId::AccountNotFound))?;
    if amo.lock().take(account_id, LOCK_WAIT_MS).await?.is_none() {
        return Err(RunError::Busy);
    }
    let work = Work { ports, settings: &settings, amo: &amo, account_id };
    let done = work.all(parts).await;
    amo.lock().release()?;
    done
}

struct Work<'w> {
    ports: Ports<'w>,
    settings: &'w Settings,
    amo: &'w Amo<'w>,
    account_id: i64,
}

impl Work<'_> {
    async fn all(&self, parts: Vec<Part>) -> Result<Prepared, RunError> {
        let mut prepared = Prepared { made: Vec::new(), found: Vec::new() };
        let mut waiting: std::collections::VecDeque<Part> = parts.into();
        while let Some(part) = waiting.pop_front() {
            let (is_made, (id, name)) = self.see_to(part).await?;
            if matches!(part, Part::Catalog { .. }) {
                // Without them it is no list of products.
                waiting.extend([Part::Sku { catalog_id: id }, Part::Price { catalog_id: id }]);
            }
            let list = if is_made { &mut prepared.made } else { &mut prepared.found };
            list.push(PreparedPart { part: part.kind(), id, name });
        }
        Ok(prepared)
    }

    /// Finds a part, or makes it: answers whether it was made, and its id and name.
    async fn see_to(&self, part: Part) -> Result<(bool, (i64, String)), RunError> {
        let key = self.attempt_key(part);
        let until_ms: Option<i64> = read(self.ports.store, &key)?;
        if let Some(found) = self.amo.find_part(part).await.map_err(told)? {
            if until_ms.is_some() {
                self.ports.store.delete_many(&[key])?;
            }
            return Ok((false, found));
        }
        if until_ms.is_some_and(|until_ms| self.ports.clock.now_ms() < until_ms) {
            return Err(unknown(part, MessageId::EarlierAnswerLost.into()));
        }
        // Durable before it is sent: whoever dies here leaves a doubt, not a second list.
        let until_ms = self.ports.clock.now_ms() + self.settings.settle_ms;
        self.ports.store.set_many(&[(key.clone(), encode(&until_ms))])?;
        let outcome = match self.amo.make_part(part).await {
            Ok(outcome) => outcome,
            Err(stop) => {
                self.ports.store.delete_many(&[key])?;
                return Err(told(stop));
            }
        };
        let reason = match outcome {
            Write::Done(document) => match Amo::made_part(&document, part) {
                Some(made) => {
                    self.ports.store.delete_many(&[key])?;
                    return Ok((true, made));
                }
                None => MessageId::AnswerNamesNothing.into(),
            },
            Write::Rejected(rejection) => {
                self.ports.store.delete_many(&[key])?;
                let reason =
                    rejection.items.into_values().next().map_or(rejection.detail, |refusal| refusal.reason);
                return Err(not_made(part, &reason));
            }
            Write::NotApplied(reason) => {
                self.ports.store.delete_many(&[key])?;
                return Err(not_made(part, &reason));
            }
            Write::Unknown(reason) => Message::verbatim(reason),
        };
        for wait_ms in LOOK_AGAIN_MS {
            self.ports.clock.sleep(wait_ms).await;
            if let Some(made) = self.amo.find_part(part).await.map_err(told)? {
                self.ports.store.delete_many(&[key])?;
                return Ok((true, made));
            }
        }
        Err(unknown(part, reason))
    }

    /// Where it is kept that a part may just have been made, and until when that may still show.
    fn attempt_key(&self, part: Part) -> String {
        let of = match part {
            Part::Sku { catalog_id } | Part::Price { catalog_id } => catalog_id,
            Part::OrderCode | Part::Catalog { .. } => 0,
        };
        format!("amo/{}/making/{}/{of}", self.account_id, part.word())
    }
}

fn told(stop: Stop) -> RunError {
    match stop {
        Stop::Refused { status: 403, .. } => {
            let (problem, hint) = (MessageId::OnlyAdministrator, MessageId::UseAdministratorToken);
            let finding = Finding::new("AMO_LONG_LIVED_TOKEN", problem, hint);
            RunError::Config(vec![Problem::of_setting(ProblemClass::Config, &finding)])
        }
        other => other.into(),
    }
}

fn not_made(part: Part, reason: &str) -> RunError {
    let message = Message::new(MessageId::PartNotMade, [("part", &part.word()), ("reason", &reason)]);
    RunError::Upstream(message.into())
}

fn unknown(part: Part, reason: Message) -> RunError {
    let message = Message::new(MessageId::PartInDoubt, [("part", &part.word())]).nest("reason", reason);
    RunError::Upstream(message.into())
}
