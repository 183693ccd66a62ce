//! The answers of the component as the JSON that commands, addresses and Node.js print.
//!
//! One file for both sides: the component and the host compile it beside the types that each has generated from
//! `world.wit` (`super::types`). Golden files in `wit/json/` hold it. Texts are rendered here from their ids;
//! where both languages are wanted in one text, as `english / по-русски`.

use kaspi_amocrm_contract::{
    Language,
    calendar::rfc3339,
    message::{both, render},
};
use serde_json::{Map, Value, json};

use super::types::{
    Account, AccountDescription, AccountPart, Activity, Cause, Detail, Difference, DifferenceKind, DoneStep,
    DoneStepKind, Error, Examination, FieldDifference, Finding, KeyRotation, LeadAction, Message, Named,
    Order, OrderStep, OrdersPage, Pipeline, PlannedContact, PlannedOrder, PlannedProduct, Prepared,
    PreparedPart, Problem, ProblemClass, RangeStatement, Report, Requests, RetryResult, SeenAmocrm,
    SeenKaspi, StateCounts, Symptom, SymptomClass, TokenKind, TwoNumbers, TwoTexts,
};

impl Message {
    /// In one language.
    pub fn text(&self, language: Language) -> String {
        render(&self.id, &self.arguments, language)
    }

    /// In English and Russian.
    pub fn both(&self) -> String {
        both(&self.id, &self.arguments)
    }
}

impl Finding {
    /// What is wrong and what to do, in one language, without the setting's name.
    pub fn text(&self, language: Language) -> String {
        format!("{}; {}", self.problem.text(language), self.hint.text(language))
    }
}

impl Problem {
    /// What is wrong and what to do, in one language, without the setting's name.
    pub fn told(&self, language: Language) -> String {
        match &self.hint {
            None => self.message.text(language),
            Some(hint) => format!("{}; {}", self.message.text(language), hint.text(language)),
        }
    }

    /// `NAME: what is wrong; what to do / что не так; что делать`, as far as there is of it.
    pub fn text(&self) -> String {
        let name = self.setting.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        match &self.hint {
            None => name + &self.message.both(),
            Some(_) => format!("{name}{} / {}", self.told(Language::En), self.told(Language::Ru)),
        }
    }
}

impl Error {
    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Config(problems) => texts(problems),
            Self::Busy => "another run holds this connection".to_owned(),
            Self::Upstream(message) | Self::InvalidCall(message) | Self::Internal(message) => message.both(),
        }
    }
}

/// Several problems for people, each in its own line.
pub fn texts(problems: &[Problem]) -> String {
    problems.iter().map(Problem::text).collect::<Vec<_>>().join("\n")
}

/// Enums whose cases have names in JSON.
macro_rules! names {
    ($($type:ident { $($case:ident $name:literal,)* })*) => {$(
        impl $type {
            /// As JSON, addresses and stored values name it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$case => $name,)* }
            }

            /// The case of a name; where several share one, the first of them.
            pub fn from_name(name: &str) -> Option<Self> {
                let names = [$(($name, Self::$case)),*];
                names.into_iter().find(|(other, _)| *other == name).map(|(_, case)| case)
            }
        }
    )*};
}

names! {
    Activity {
        New "new",
        Reconcile "reconcile",
        Backfill "backfill",
    }
    ProblemClass {
        Config "config",
        // Readers of reports know both as settings.
        Token "config",
        UpstreamKaspi "upstream_kaspi",
        UpstreamAmocrm "upstream_amocrm",
        Hint "hint",
        InDoubt "in_doubt",
        LeadRefused "lead_refused",
        ContactRefused "contact_refused",
        ElementRefused "element_refused",
        LinkRefused "link_refused",
        NoteRefused "note_refused",
        ChangeRefused "change_refused",
        OtherShop "other_shop",
        Gone "gone",
        GoneAtKaspi "gone_at_kaspi",
        Poison "poison",
        Malformed "malformed",
        Ledger "ledger",
        LinesMissing "lines_missing",
        KaspiIncomplete "kaspi_incomplete",
        Doubled "doubled",
        PossibleTwin "possible_twin",
        NoLead "no_lead",
        Paused "paused",
        Waiting "waiting",
        TooOld "too_old",
        NotRead "not_read",
        NotAtKaspi "not_at_kaspi",
    }
    LeadAction {
        Create "create",
        Adopt "adopt",
        Complete "complete",
        Change "change",
        Park "park",
        Wait "wait",
        None "none",
    }
    OrderStep {
        Lead "lead",
        Products "products",
        Note "note",
        Changes "changes",
        Done "done",
        NoLead "no_lead",
        Unknown "unknown",
    }
    DoneStepKind {
        Placed "placed",
        Recorded "recorded",
        Lead "lead",
        Products "products",
        Note "note",
        Change "change",
        Followed "followed",
    }
    DifferenceKind {
        Missing "missing",
        Doubled "doubled",
        Different "different",
        Kept "kept",
        NoLead "no_lead",
    }
    TokenKind {
        LongLived "long_lived",
        Pair "pair",
    }
    AccountPart {
        OrderCode "order_code",
        Catalog "catalog",
        Sku "sku",
        Price "price",
    }
    SymptomClass {
        KaspiTokenMissing "kaspi_token_missing",
        KaspiTokenRefused "kaspi_token_refused",
        KaspiBlocked "kaspi_blocked",
        KaspiUserAgent "kaspi_user_agent",
        KaspiLimited "kaspi_limited",
        KaspiUnreadable "kaspi_unreadable",
        KaspiUnreachable "kaspi_unreachable",
        KaspiNoOrders "kaspi_no_orders",
        KaspiPhonesMasked "kaspi_phones_masked",
        ClockSkew "clock_skew",
        AmoSetting "amo_setting",
        AmoHint "amo_hint",
        AmoRights "amo_rights",
        AmoNotSet "amo_not_set",
        AmoTokenMissing "amo_token_missing",
        AmoPairDead "amo_pair_dead",
        AmoTokenEnded "amo_token_ended",
        AmoTokenEndsSoon "amo_token_ends_soon",
        AmoTokenRefused "amo_token_refused",
        AmoRenamed "amo_renamed",
        AmoUnpaid "amo_unpaid",
        AmoLimited "amo_limited",
        AmoNoAccount "amo_no_account",
        AmoForbidden "amo_forbidden",
        AmoBlocked "amo_blocked",
        AmoUnreachable "amo_unreachable",
        AmoNoSku "amo_no_sku",
        AmoNoPrice "amo_no_price",
        AmoNoCatalog "amo_no_catalog",
        AmoNoOrderCodeField "amo_no_order_code_field",
        AmoRequiredFields "amo_required_fields",
    }
}

/// The report of a run.
pub fn report(report: &Report) -> Value {
    let moment = |ms: Option<i64>| ms.map(rfc3339);
    let mut fields = object(json!({
        "job": report.activity.name(), "connection": report.connection,
        "started_at": rfc3339(report.started_at_ms), "took_ms": report.took_ms, "complete": report.complete,
        "more": report.more, "seen": report.seen, "created": report.created, "adopted": report.adopted,
        "updated": report.updated, "skipped": report.skipped, "parked": report.parked,
        "in_doubt": report.in_doubt, "backlog": report.backlog, "requests": requests(report.requests),
        "watermark": moment(report.watermark_ms), "lag_ms": report.lag_ms,
        "problems": list(&report.problems, problem),
    }));
    let plan = report.plan.as_ref().map(|plan| list(plan, planned_order));
    with(&mut fields, "token_age_ms", report.token_age_ms);
    with(&mut fields, "token_left_ms", report.token_left_ms);
    with(&mut fields, "next_from_ms", report.next_from_ms);
    with(&mut fields, "plan", plan);
    Value::Object(fields)
}

/// A problem of a run or of an order.
pub fn problem(problem: &Problem) -> Value {
    json!({
        "code": problem.code.as_deref().unwrap_or_default(), "class": problem.class.name(),
        "message": problem.text(),
    })
}

fn requests(requests: Requests) -> Value {
    json!({"kaspi": requests.kaspi, "amocrm": requests.amocrm})
}

fn planned_order(order: &PlannedOrder) -> Value {
    let mut fields = object(json!({
        "code": order.code, "lead": order.lead.name(), "why": order.why.both(), "note": order.note,
    }));
    with(&mut fields, "lead_id", order.lead_id);
    with(&mut fields, "status_id", order.status_id);
    with(&mut fields, "price_kzt", order.price_kzt);
    with(&mut fields, "contact", order.contact.as_ref().map(planned_contact));
    with(&mut fields, "products", some(&order.products).map(|products| list(products, planned_product)));
    Value::Object(fields)
}

fn planned_contact(contact: &PlannedContact) -> Value {
    match contact {
        PlannedContact::Create => json!("create"),
        PlannedContact::Found(id) => json!({"found": id}),
        PlannedContact::None => json!("none"),
    }
}

fn planned_product(product: &PlannedProduct) -> Value {
    json!({
        "sku": product.sku, "name": product.name, "quantity": product.quantity,
        "element_id": product.element_id,
    })
}

/// A page of orders.
pub fn orders(page: &OrdersPage) -> Value {
    json!({"orders": list(&page.orders, order), "next": page.next})
}

/// Where an order stands, and why.
pub fn order(order: &Order) -> Value {
    let mut fields = object(json!({
        "code": order.code, "found": order.found, "step": order.step.name(),
        "cause": order.cause.as_ref().map(cause), "steps": list(&order.history, done_step),
    }));
    if let Some(facts) = &order.facts {
        with(&mut fields, "created_at", Some(rfc3339(facts.created_at_ms)));
        with(&mut fields, "state", Some(&facts.state));
        with(&mut fields, "status", Some(&facts.status));
        fields.insert("stage".to_owned(), json!(facts.stage));
        with(&mut fields, "total_kzt", Some(facts.total_kzt));
    }
    if let Some(lead) = order.lead {
        fields.insert("lead_id".to_owned(), json!(lead.id));
        with(&mut fields, "is_adopted", Some(lead.is_adopted));
    }
    Value::Object(fields)
}

/// Why an order waits.
pub fn cause(cause: &Cause) -> Value {
    json!({
        "class": cause.class.name(), "en": cause.message.text(Language::En),
        "ru": cause.message.text(Language::Ru), "tries": cause.tries,
        "next_try_at": cause.next_try_at_ms.map(rfc3339),
    })
}

fn done_step(step: &DoneStep) -> Value {
    json!({
        "step": step.step.name(), "at": rfc3339(step.at_ms), "en": step.message.text(Language::En),
        "ru": step.message.text(Language::Ru),
    })
}

/// What a wish to try again has come to.
pub fn retried(result: &RetryResult) -> Value {
    json!({
        "retried": result.retried, "in_doubt": result.in_doubt, "done": result.done, "unknown": result.unknown,
    })
}

/// The orders of a range against their leads.
pub fn statement(statement: &RangeStatement) -> Value {
    json!({
        "complete": statement.complete, "orders": statement.orders, "leads": statement.leads,
        "states": list(&statement.states, state_counts),
        "differences": list(&statement.differences, difference),
        "problems": list(&statement.problems, problem), "requests": requests(statement.requests),
    })
}

fn state_counts(counts: &StateCounts) -> Value {
    json!({
        "state": counts.state, "status": counts.status, "orders": counts.orders, "agree": counts.agree,
        "missing": counts.missing, "doubled": counts.doubled, "different": counts.different,
        "kept": counts.kept, "no_lead": counts.no_lead,
    })
}

fn difference(difference: &Difference) -> Value {
    json!({
        "code": difference.code, "state": difference.state, "status": difference.status,
        "kind": difference.kind.name(), "lead_ids": difference.lead_ids,
        "fields": list(&difference.fields, field_difference), "will_mend": difference.will_mend,
        "en": difference.message.text(Language::En), "ru": difference.message.text(Language::Ru),
    })
}

fn field_difference(field: &FieldDifference) -> Value {
    let numbers =
        |name: &str, both: &TwoNumbers| json!({"field": name, "kaspi": both.kaspi, "amocrm": both.amocrm});
    let texts =
        |name: &str, both: &TwoTexts| json!({"field": name, "kaspi": both.kaspi, "amocrm": both.amocrm});
    match field {
        FieldDifference::Price(both) => numbers("price", both),
        FieldDifference::Stage(both) => numbers("stage", both),
        FieldDifference::Lines(both) => texts("lines", both),
    }
}

/// One slice of sealing anew.
pub fn key_rotation(rotation: &KeyRotation) -> Value {
    let keys: Map<String, Value> =
        rotation.keys.iter().map(|(id, count)| (id.clone(), json!(count))).collect();
    json!({
        "key": rotation.key, "resealed": rotation.resealed, "left": rotation.left, "keys": keys,
        "next": rotation.next,
    })
}

/// The account as it is set up.
pub fn account_description(description: &AccountDescription) -> Value {
    json!({
        "account": account(&description.account), "findings": list(&description.findings, finding),
        "hints": list(&description.hints, finding), "pipelines": list(&description.pipelines, pipeline),
        "loss_reasons": list(&description.loss_reasons, named), "users": list(&description.users, named),
        "catalogs": list(&description.catalogs, named), "lead_fields": list(&description.lead_fields, named),
        "contact_fields": list(&description.contact_fields, named),
    })
}

/// An account.
pub fn account(account: &Account) -> Value {
    json!({"id": account.id, "name": account.name, "subdomain": account.subdomain})
}

fn named(item: &Named) -> Value {
    let mut fields = object(json!({"id": item.id, "name": item.name}));
    with(&mut fields, "type", item.kind.as_ref());
    Value::Object(fields)
}

fn pipeline(pipeline: &Pipeline) -> Value {
    json!({
        "id": pipeline.id, "name": pipeline.name, "is_main": pipeline.is_main,
        "is_archive": pipeline.is_archive, "stages": list(&pipeline.stages, named),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({"name": finding.setting, "en": finding.text(Language::En), "ru": finding.text(Language::Ru)})
}

/// Whether both sides take what the settings name.
pub fn examination(examination: &Examination) -> Value {
    json!({
        "findings": list(&examination.symptoms, symptom), "kaspi": examination.kaspi.as_ref().map(seen_kaspi),
        "amocrm": examination.amocrm.as_ref().map(seen_amocrm),
    })
}

fn symptom(symptom: &Symptom) -> Value {
    json!({"class": symptom.class.name(), "name": symptom.setting, "detail": details(symptom)})
}

/// What a text about a symptom is made of.
pub fn details(symptom: &Symptom) -> Map<String, Value> {
    let value = |detail: &Detail| match detail {
        Detail::Number(number) => json!(number),
        Detail::Text(text) => json!(text),
        Detail::Texts(texts) => json!(texts),
    };
    let mut details: Map<String, Value> =
        symptom.details.iter().map(|(name, detail)| (name.clone(), value(detail))).collect();
    if let Some(finding) = &symptom.finding {
        with(&mut details, "text_en", Some(finding.text(Language::En)));
        with(&mut details, "text_ru", Some(finding.text(Language::Ru)));
    }
    details
}

fn seen_kaspi(seen: &SeenKaspi) -> Value {
    json!({
        "orders": seen.orders, "phones": seen.phones, "masked_phones": seen.masked_phones,
        "clock_skew_ms": seen.clock_skew_ms,
    })
}

fn seen_amocrm(seen: &SeenAmocrm) -> Value {
    json!({
        "account": account(&seen.account), "token": seen.token.name(), "token_left_ms": seen.token_left_ms,
        "clock_skew_ms": seen.clock_skew_ms,
    })
}

/// What was made in the account.
pub fn prepared(prepared: &Prepared) -> Value {
    json!({"made": list(&prepared.made, prepared_part), "found": list(&prepared.found, prepared_part)})
}

fn prepared_part(part: &PreparedPart) -> Value {
    json!({"what": part.part.name(), "id": part.id, "name": part.name})
}

fn list<T>(items: &[T], one: impl Fn(&T) -> Value) -> Value {
    items.iter().map(one).collect()
}

fn some<T>(items: &[T]) -> Option<&[T]> {
    (!items.is_empty()).then_some(items)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Fields that are only there where they have a value.
fn with(fields: &mut Map<String, Value>, name: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        fields.insert(name.to_owned(), json!(value));
    }
}
