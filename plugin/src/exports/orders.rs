//! Where orders stand and why, for people.

use serde_json::{Value, json};

use crate::{
    domain::{Day, Order, OrderCode, rfc3339::rfc3339},
    kaspi::Kaspi,
    ports::{Overlay, Ports, encrypted::SealedStore},
    records::{AccountLedger, Attempt, DEATHS_PARKED, Effect, Loaded, Meta, Record, ShopLedger, tombstones},
    run::{
        RunError,
        options::{Options, required},
        settings::load_settings,
    },
    settings::Settings,
};

/// Orders of one answer, where no number is given.
const LIMIT: usize = 200;

/// Why an order goes no further at this moment.
struct Cause {
    class: String,
    en: String,
    ru: String,
    tries: u32,
    next_try_ms: Option<i64>,
}

impl Cause {
    fn new(class: &str, en: impl Into<String>, ru: impl Into<String>) -> Self {
        Self { class: class.to_owned(), en: en.into(), ru: ru.into(), tries: 0, next_try_ms: None }
    }

    fn until(self, next_try_ms: i64) -> Self {
        Self { next_try_ms: Some(next_try_ms), ..self }
    }

    fn json(&self) -> Value {
        json!({
            "class": self.class, "en": self.en, "ru": self.ru, "tries": self.tries,
            "next_try_at": self.next_try_ms.map(rfc3339),
        })
    }
}

/// Where orders stand, see `orders` in `wit/world.wit`. Writes nothing.
///
/// # Errors
/// When settings are missing or wrong, or the store fails.
pub async fn orders(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection", "codes", "after", "limit"])?;
    let settings = load_settings(ports, options.connection.clone())?;
    let (rows, next) = tell(ports, &settings, options).await?;
    Ok(json!({"orders": rows, "next": next}).to_string())
}

/// Orders that are not settled, the first so many of them.
pub(crate) async fn waiting(
    ports: Ports<'_>,
    settings: &Settings,
    limit: usize,
) -> Result<Vec<Value>, RunError> {
    let options = Options { limit: Some(limit), ..Options::default() };
    Ok(tell(ports, settings, options).await?.0)
}

async fn tell(
    ports: Ports<'_>,
    settings: &Settings,
    options: Options,
) -> Result<(Vec<Value>, Option<String>), RunError> {
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let ports = Ports { store: &store, ..ports };
    let shop = ShopLedger::new(ports.store, &settings.connection);
    let now_ms = ports.clock.now_ms();
    let meta = shop.meta()?.unwrap_or_else(|| Meta::first(now_ms, settings.first_lookback_ms));
    let attempts = match shop.pin()? {
        Some(pin) => AccountLedger::open(ports.store, pin.account_id)?.attempts()?.open,
        None => Default::default(),
    };
    let mut next = None;
    let codes: Vec<OrderCode> = if options.codes.is_empty() {
        let mut waiting = shop.pending(Day::from_number(0))?;
        waiting.sort();
        waiting.retain(|code| options.after.as_deref().is_none_or(|after| code.as_str() > after));
        let limit = options.limit.unwrap_or(LIMIT).clamp(1, LIMIT);
        if waiting.len() > limit {
            waiting.truncate(limit);
            next = waiting.last().map(|code| code.as_str().to_owned());
        }
        waiting
    } else {
        let parse = |code: &String| {
            OrderCode::parse(code)
                .ok_or_else(|| RunError::Config(format!("options: codes: {code:.40} is no order number")))
        };
        options.codes.iter().map(parse).collect::<Result<_, _>>()?
    };
    let (loaded, unreadable) = shop.load(&codes)?;
    let mut rows = Vec::new();
    for Loaded { code, record, .. } in loaded {
        rows.push(match record {
            Some(record) => row(&code, &record, &meta, &attempts, settings, now_ms),
            None => unknown(&code, ports, settings, &meta).await,
        });
    }
    for bad in unreadable {
        let cause = Cause::new(
            "ledger",
            "the record of this order cannot be read; restore a backup",
            "запись об этом заказе не читается; восстановите резервную копию",
        );
        rows.push(
            json!({"code": bad.code, "found": true, "step": "unknown", "cause": cause.json(), "steps": []}),
        );
    }
    Ok((rows, next))
}

fn row(
    code: &OrderCode,
    record: &Record,
    meta: &Meta,
    attempts: &std::collections::BTreeMap<String, Attempt>,
    settings: &Settings,
    now_ms: i64,
) -> Value {
    let facts = record.facts();
    let step = record.step();
    let cause = cause(code, record, step, meta, attempts, settings, now_ms);
    json!({
        "code": code.as_str(), "found": true, "created_at": rfc3339(record.created_ms),
        "state": facts.state, "status": facts.status, "stage": facts.stage, "total_kzt": facts.total_kzt,
        "lead_id": record.lead, "is_adopted": record.adopted, "step": step,
        "cause": cause.map(|cause| cause.json()), "steps": steps(record),
    })
}

fn cause(
    code: &OrderCode,
    record: &Record,
    step: &str,
    meta: &Meta,
    attempts: &std::collections::BTreeMap<String, Attempt>,
    settings: &Settings,
    now_ms: i64,
) -> Option<Cause> {
    if let Some(why) = &record.tombstone {
        return Some(Cause::new("no_lead", why.clone(), no_lead_in_russian(why)));
    }
    if step == "done" {
        return None;
    }
    if let Some(trouble) = &record.trouble {
        let ru = trouble_in_russian(&trouble.class);
        let mut cause = Cause::new(&trouble.class, trouble.message.clone(), ru).until(trouble.next_try_ms);
        cause.tries = trouble.tries;
        return Some(cause);
    }
    let of_order = |key: &String| match Effect::parse(key) {
        Some(Effect::Lead(of) | Effect::Note(of, _)) => of == *code,
        _ => false,
    };
    let attempt = attempts.iter().find(|(key, _)| of_order(key)).map(|(_, attempt)| attempt);
    let settles_ms = attempt.map(|attempt| attempt.deadline_ms + settings.settle_ms);
    if let Some(until_ms) = settles_ms.or(Some(record.unsure_until_ms).filter(|until_ms| *until_ms > now_ms))
    {
        return Some(
            Cause::new(
                "in_doubt",
                "amoCRM's answer was lost; nothing is sent again before it is known what became of it",
                "ответ amoCRM потерян; ничего не отправляется повторно, пока не ясно, выполнен ли запрос",
            )
            .until(until_ms.max(now_ms)),
        );
    }
    if record.deaths >= DEATHS_PARKED {
        return Some(Cause::new(
            "poison",
            format!("{} runs died while working on this order", record.deaths),
            trouble_in_russian("poison"),
        ));
    }
    if now_ms < meta.paused_until_ms {
        let cause = Cause::new("paused", "amoCRM wants a pause", "amoCRM просит паузу");
        return Some(cause.until(meta.paused_until_ms));
    }
    Some(Cause::new(
        "waiting",
        "the next run goes on with it; if it does not, look at the problems of the last run",
        "следующий запуск продолжит; если нет, смотрите проблемы последнего запуска",
    ))
}

/// What has been done, in order of time.
fn steps(record: &Record) -> Vec<Value> {
    let times = &record.times;
    let lead = record.lead.unwrap_or_default();
    let lead_en = if record.adopted {
        format!("lead {lead} was found and taken over")
    } else {
        format!("lead {lead} was made")
    };
    let lead_ru = if record.adopted {
        format!("найдена и принята сделка {lead}")
    } else {
        format!("создана сделка {lead}")
    };
    let mut steps = vec![
        ("placed", record.created_ms, "placed at Kaspi".to_owned(), "оформлен в Kaspi".to_owned()),
        ("recorded", record.first_seen_ms, "read from Kaspi".to_owned(), "прочитан из Kaspi".to_owned()),
        ("lead", times.lead_ms, lead_en, lead_ru),
        ("products", times.links_ms, "products were linked".to_owned(), "привязаны товары".to_owned()),
        (
            "note",
            times.note_ms,
            format!("note {} was written", record.revision),
            format!("записано примечание {}", record.revision),
        ),
        (
            "change",
            times.seen_ms,
            "last change seen at Kaspi".to_owned(),
            "последнее изменение в Kaspi".to_owned(),
        ),
        ("followed", times.followed_ms, "the lead followed".to_owned(), "сделка обновлена".to_owned()),
    ];
    steps.retain(|(_, at_ms, ..)| *at_ms > 0);
    steps.sort_by_key(|(_, at_ms, ..)| *at_ms);
    let step = |(step, at_ms, en, ru)| json!({"step": step, "at": rfc3339(at_ms), "en": en, "ru": ru});
    steps.into_iter().map(step).collect()
}

/// An order without a record: what Kaspi says of it.
pub(super) async fn unknown(code: &OrderCode, ports: Ports<'_>, settings: &Settings, meta: &Meta) -> Value {
    let kaspi = Kaspi::new(ports, &settings.kaspi, &settings.default_country);
    let mut row = json!({"code": code.as_str(), "found": false, "step": "unknown", "steps": []});
    let cause = match kaspi.order(code.as_str()).await {
        Ok(Some(order)) => {
            fill(&mut row, &order);
            if order.created_ms < meta.horizon_ms {
                let day = iso_day(order.created_ms);
                Cause::new(
                    "too_old",
                    format!(
                        "it is older than the first look-back; to bring it in: kaspi-amocrm backfill --from {day} --to {day}"
                    ),
                    format!(
                        "старше первого просмотра; чтобы загрузить: kaspi-amocrm backfill --from {day} --to {day}"
                    ),
                )
            } else {
                Cause::new(
                    "not_read",
                    "Kaspi shows it, and it has not been read yet; the next runs bring it in",
                    "Kaspi его показывает, но он ещё не прочитан; его загрузят следующие запуски",
                )
            }
        }
        Ok(None) => Cause::new(
            "not_at_kaspi",
            "Kaspi does not know this number: check it; an order may show up only once the bank has approved it",
            "Kaspi не знает такого номера: проверьте его; заказ может появиться только после одобрения банка",
        ),
        Err(error) => Cause::new(
            "upstream_kaspi",
            format!("there is no record of it, and Kaspi cannot be asked: {error}"),
            format!("записи о нём нет, а Kaspi не отвечает: {error}"),
        ),
    };
    row["cause"] = cause.json();
    row
}

fn fill(row: &mut Value, order: &Order) {
    row["created_at"] = json!(rfc3339(order.created_ms));
    row["state"] = json!(order.state);
    row["status"] = json!(order.status);
    row["stage"] = json!(order.stage.map(|stage| stage.name()));
    row["total_kzt"] = json!(order.total.tenge());
}

/// `2026-11-24`, as commands want it.
pub(crate) fn iso_day(moment_ms: i64) -> String {
    let (year, month, day) = Day::of(moment_ms).civil();
    format!("{year:04}-{month:02}-{day:02}")
}

pub(crate) fn no_lead_in_russian(why: &str) -> &'static str {
    match why {
        tombstones::TOO_OLD => "старше первого просмотра",
        tombstones::ARCHIVED => "был завершён до первого запуска",
        tombstones::DELETED => "сделку удалили в amoCRM",
        _ => "заказ не получает сделки",
    }
}

fn trouble_in_russian(class: &str) -> &'static str {
    match class {
        "lead_refused" => "amoCRM не принимает сделку",
        "contact_refused" => "amoCRM не принимает контакт",
        "element_refused" => "amoCRM не принимает товар",
        "link_refused" => "amoCRM не даёт привязать товары",
        "note_refused" => "amoCRM не принимает примечание",
        "change_refused" => "amoCRM не даёт изменить сделку",
        "other_shop" => {
            "сделку по этому заказу ведёт другое подключение того же аккаунта amoCRM, а у заказа одна сделка: если оба \
             подключения читают один магазин Kaspi, удалите одно; если подключение переименовали, верните ему прежнее \
             имя; затем kaspi-amocrm retry"
        }
        "gone" => {
            "сделка исчезла из amoCRM и сама не создаётся заново; если нужно: kaspi-amocrm statement --repair --missing"
        }
        "poison" => "запуски прерывались на этом заказе; он отложен, вернуть: kaspi-amocrm retry",
        _ => "заказ отложен",
    }
}

/// Who ordered, while it is needed, see `buyer` in `wit/world.wit`.
///
/// # Errors
/// When settings or options are wrong, or the store fails.
pub async fn buyer(ports: Ports<'_>, options: &str) -> Result<String, RunError> {
    let options = Options::parse(options, &["connection", "code"])?;
    let code = required(options.code, "code")?;
    let settings = load_settings(ports, options.connection)?;
    let code = OrderCode::parse(&code)
        .ok_or_else(|| RunError::Config("options: code: no order number".to_owned()))?;
    let overlay = Overlay::new(ports.store);
    let store = SealedStore::new(&overlay, settings.secret_key.clone())?;
    let shop = ShopLedger::new(&store, &settings.connection);
    let loaded = shop.load(std::slice::from_ref(&code))?.0.pop();
    // Once an order is settled, nobody needs it any more, even where a run died before it was removed.
    let loaded = loaded.filter(|loaded| loaded.record.as_ref().is_some_and(|record| !record.is_settled()));
    let buyer = loaded.and_then(|loaded| loaded.order).map(|order| {
        let phone = order.buyer.phone.as_ref().map(|phone| phone.as_str());
        json!({"name": order.buyer.name, "phone": phone, "address": order.address})
    });
    Ok(json!({"buyer": buyer}).to_string())
}
