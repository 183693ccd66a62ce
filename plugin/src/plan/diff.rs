//! What a lead lacks after Kaspi changed its order, and what people keep.
//!
//! Pure, like [`plan`](crate::plan). The lead is compared with what we last wrote: what still is as we left it follows
//! Kaspi, what a person changed stays (docs/ARCHITECTURE.md, "People's edits").

use std::collections::BTreeMap;

use super::input::Policy;
use crate::{
    amocrm::{Lead, LeadChange},
    domain::{ElementId, Facts},
    records::{Parts, Record, Written},
};

/// Stages of lost leads in every pipeline (docs/apis/amocrm.md 3.11).
const LOST: i64 = 143;

/// What a comparison says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// What has to be written; `None`: nothing.
    pub change: Option<LeadChange>,
    /// What differs and stays, because a person changed it.
    pub kept: Parts,
    /// Stage and price as of now, as far as they agree with the order.
    pub baseline: Written,
}

/// The stage that an order's lead belongs into; `None` where `STATUS_MAP` does not name it and the lead stays.
pub(crate) fn mapped_stage(facts: &Facts, policy: &Policy<'_>) -> Option<i64> {
    policy.settings.status_map.lookup(&facts.state, &facts.status, facts.stage.as_deref())
}

/// Whether Kaspi has finished the order, one way or the other (docs/apis/kaspi.md 3.3).
fn is_finished(facts: &Facts) -> bool {
    facts.state == "ARCHIVE" && matches!(facts.status.as_str(), "COMPLETED" | "CANCELLED" | "RETURNED")
}

/// Whether a lead is lost because its order was.
pub(crate) fn loss_reason(status_id: Option<i64>, facts: &Facts, policy: &Policy<'_>) -> Option<i64> {
    let is_lost = status_id == Some(LOST) && !facts.is_completed();
    policy.settings.amo.loss_reason_id.filter(|_| is_lost)
}

/// Compares a lead with its order.
pub(crate) fn compare(record: &Record, lead: &Lead, policy: &Policy<'_>) -> Comparison {
    let facts = record.facts();
    let (stage, is_stage_kept) = stage_change(record, &facts, lead, policy);
    let price = price_change(record, &facts, lead);
    let change = LeadChange {
        lead: lead.id,
        place: stage.map(|stage| (policy.pipeline_id, stage)),
        loss_reason_id: loss_reason(stage, &facts, policy),
        price_kzt: matches!(price, Price::Follow).then_some(facts.total_kzt),
    };
    let wrote = record.wrote.unwrap_or((Some(lead.status_id), lead.price_kzt));
    let is_in_place = mapped_stage(&facts, policy) == Some(lead.status_id);
    Comparison {
        change: (change.place.is_some() || change.price_kzt.is_some()).then_some(change),
        kept: Parts {
            stage: is_stage_kept,
            price: price == Price::Keep,
            lines: are_products_edited(record, lead),
        },
        baseline: (
            if is_in_place { Some(lead.status_id) } else { wrote.0 },
            if lead.price_kzt == facts.total_kzt { lead.price_kzt } else { wrote.1 },
        ),
    }
}

/// What people changed of a lead that follows its order: everything in which it differs.
pub(crate) fn edits(record: &Record, lead: &Lead, policy: &Policy<'_>) -> Parts {
    let facts = record.facts();
    Parts {
        stage: mapped_stage(&facts, policy).is_some_and(|stage| stage != lead.status_id),
        price: lead.price_kzt != facts.total_kzt && !lead.is_price_computed,
        lines: are_products_edited(record, lead),
    }
}

/// Whether some of our products are not as we linked them.
fn are_products_edited(record: &Record, lead: &Lead) -> bool {
    let is_as_linked = |products: &BTreeMap<ElementId, i64>| {
        record.links.iter().all(|(id, pieces)| products.get(&ElementId(*id)) == Some(pieces))
    };
    lead.products.as_ref().is_some_and(|products| !is_as_linked(products))
}

/// The stage to move to, and whether a person's is kept instead.
fn stage_change(record: &Record, facts: &Facts, lead: &Lead, policy: &Policy<'_>) -> (Option<i64>, bool) {
    let Some(wanted) = mapped_stage(facts, policy) else { return (None, false) };
    if lead.status_id == wanted {
        return (None, false);
    }
    let is_in_pipeline = lead.pipeline_id == policy.pipeline_id;
    let wrote = record.wrote.and_then(|(stage, _)| stage);
    let sent = record.sent.and_then(|(stage, _)| stage);
    // Whose stage we do not know is followed while it is one that the settings name.
    let is_followed = (record.adopted || wrote.is_none()) && policy.names_stage(lead.status_id);
    let is_as_left = [wrote, sent].contains(&Some(lead.status_id)) || is_followed;
    // The order has not moved since we put the lead where it belonged: a person took it away from there.
    let has_moved = wrote != Some(wanted);
    let wins = policy.settings.final_status_wins && is_finished(facts);
    let moves = record.mend.stage || (is_in_pipeline && has_moved && (is_as_left || wins));
    (moves.then_some(wanted), !moves)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Price {
    /// Or amoCRM computes it itself.
    Agrees,
    Follow,
    Keep,
}

fn price_change(record: &Record, facts: &Facts, lead: &Lead) -> Price {
    if lead.price_kzt == facts.total_kzt || lead.is_price_computed {
        return Price::Agrees;
    }
    let is_as_left = [record.wrote, record.sent].iter().flatten().any(|(_, price)| *price == lead.price_kzt);
    // What a lead of others says stays until Kaspi itself changes the total.
    let has_changed =
        !record.adopted || record.since.as_ref().is_some_and(|since| since.total_kzt != facts.total_kzt);
    if record.mend.price || (is_as_left && has_changed) { Price::Follow } else { Price::Keep }
}

/// Products to be linked with their pieces, and those to be taken off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ProductChange {
    /// New, or with other pieces.
    pub link: BTreeMap<ElementId, i64>,
    /// What was linked by us and is no part of the order any more.
    pub unlink: Vec<ElementId>,
}

/// Compares the products of an order with those that we linked. Others are people's. Where a lost answer may still
/// have taken effect, or a person wants it mended, all of ours are written again.
pub(crate) fn compare_products(
    record: &Record,
    lead: &Lead,
    wanted: &BTreeMap<ElementId, i64>,
) -> ProductChange {
    let ours: BTreeMap<ElementId, i64> = record.links.iter().map(|(id, n)| (ElementId(*id), *n)).collect();
    let is_told = |id: &ElementId, pieces: i64| match &lead.products {
        Some(products) => products.get(id) == Some(&pieces),
        None => false,
    };
    let is_sure = !record.mend.lines && record.unsure_until_ms == 0;
    let is_done = |id: &ElementId, pieces: i64| {
        if is_sure { ours.get(id) == Some(&pieces) } else { is_told(id, pieces) }
    };
    let is_off = |id: &ElementId| {
        !is_sure && lead.products.as_ref().is_some_and(|products| !products.contains_key(id))
    };
    ProductChange {
        link: wanted.iter().filter(|(id, n)| !is_done(id, **n)).map(|(id, n)| (*id, *n)).collect(),
        unlink: ours.keys().filter(|id| !wanted.contains_key(id) && !is_off(id)).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Buyer, LeadId, Money, Order, OrderCode, element_key},
        ports::Config,
        settings::Settings,
    };

    const PIPELINE_ID: i64 = 7;
    const NEW: i64 = 101;
    const DELIVERY: i64 = 104;
    const CALLED: i64 = 105;
    const WON: i64 = 142;

    struct Pairs(BTreeMap<&'static str, &'static str>);

    impl Config for Pairs {
        fn get(&self, name: &str) -> Result<Option<String>, String> {
            Ok(self.0.get(name).map(|value| (*value).to_owned()))
        }
    }

    fn with_policy<T>(final_status_wins: &'static str, ask: impl FnOnce(&Policy<'_>) -> T) -> T {
        let settings = Settings::load(&Pairs(BTreeMap::from([
            ("kaspi_api_token", "k"),
            ("amo_subdomain", "acme"),
            ("amo_long_lived_token", "t"),
            ("amo_status_id", "101"),
            ("amo_loss_reason_id", "9"),
            ("status_map", "KASPI_DELIVERY=104,ARCHIVE/COMPLETED=142,ARCHIVE/CANCELLED=143"),
            ("final_status_wins", final_status_wins),
        ])))
        .expect("settings");
        ask(&Policy {
            settings: &settings,
            now_ms: 0,
            pipeline_id: PIPELINE_ID,
            first_stage_id: Some(NEW),
            catalog: None,
            phone_key: &|_| String::new(),
            element_key: &element_key,
        })
    }

    /// An order of 1000 tenge whose lead was put into the first stage.
    fn record(state: &str, status: &str) -> Record {
        let order = Order {
            id: "x".into(),
            code: OrderCode::parse("1000000001").expect("a code"),
            created_ms: 1_000_000,
            state: state.into(),
            status: status.into(),
            stage: None,
            cancellation_reason: None,
            total: Money::from_whole(1_000),
            delivery_cost: None,
            delivery_mode: None,
            is_kaspi_delivery: false,
            address: None,
            planned_delivery_ms: None,
            buyer: Buyer::default(),
            lines: Some(vec![]),
        };
        let mut record = Record::new(&order, 0, None);
        record.lead = Some(5);
        record.wrote = Some((Some(NEW), 1_000));
        record.links = vec![(1, 2), (2, 3)];
        record.since = Some(Facts { state: "NEW".into(), ..record.facts() });
        record
    }

    fn lead() -> Lead {
        Lead {
            id: LeadId(5),
            name: "Kaspi 1000000001".into(),
            pipeline_id: PIPELINE_ID,
            status_id: NEW,
            price_kzt: 1_000,
            is_price_computed: false,
            created_s: 0,
            is_deleted: false,
            is_tagged: true,
            code: None,
            products: Some(BTreeMap::from([(ElementId(1), 2), (ElementId(2), 3)])),
            contacts: Vec::new(),
        }
    }

    type Edit = fn(&mut Record, &mut Lead);

    #[test]
    fn a_stage_follows_until_a_person_takes_the_lead_elsewhere() {
        let cases: [(&str, &str, Edit, Option<i64>, bool); 12] = [
            ("as we left it", "KASPI_DELIVERY/A", |_, _| {}, Some(DELIVERY), false),
            ("there already", "KASPI_DELIVERY/A", |_, lead| lead.status_id = DELIVERY, None, false),
            ("a state that the map does not name", "PICKUP/A", |_, _| {}, None, false),
            ("a person's stage", "KASPI_DELIVERY/A", |_, lead| lead.status_id = CALLED, None, true),
            (
                "a person's stage, finished",
                "ARCHIVE/COMPLETED",
                |_, lead| lead.status_id = CALLED,
                Some(WON),
                false,
            ),
            (
                "a person's pipeline, finished",
                "ARCHIVE/COMPLETED",
                |_, lead| (lead.pipeline_id, lead.status_id) = (8, CALLED),
                None,
                true,
            ),
            (
                "taken back from where it belongs",
                "ARCHIVE/COMPLETED",
                |record, lead| {
                    record.wrote = Some((Some(WON), 1_000));
                    lead.status_id = CALLED;
                },
                None,
                true,
            ),
            (
                "what was sent when the answer was lost",
                "ARCHIVE/COMPLETED",
                |record, lead| {
                    record.sent = Some((Some(DELIVERY), 1_000));
                    lead.status_id = DELIVERY;
                },
                Some(WON),
                false,
            ),
            (
                "adopted, in a stage of the settings",
                "ARCHIVE/COMPLETED",
                |record, lead| {
                    record.adopted = true;
                    record.wrote = Some((Some(CALLED), 0));
                    lead.status_id = DELIVERY;
                },
                Some(WON),
                false,
            ),
            (
                "adopted, in a stage of its own",
                "KASPI_DELIVERY/A",
                |record, lead| {
                    record.adopted = true;
                    record.wrote = None;
                    lead.status_id = CALLED;
                },
                None,
                true,
            ),
            (
                "asked for by a person",
                "KASPI_DELIVERY/A",
                |record, lead| {
                    record.mend.stage = true;
                    lead.status_id = CALLED;
                },
                Some(DELIVERY),
                false,
            ),
            ("an unknown state", "SOMETHING/NEW", |_, lead| lead.status_id = CALLED, None, false),
        ];
        for (name, state, edit, moved_to, is_kept) in cases {
            let (state, status) = state.split_once('/').expect("a pair");
            let (mut record, mut lead) = (record(state, status), lead());
            edit(&mut record, &mut lead);
            let comparison = with_policy("yes", |policy| compare(&record, &lead, policy));
            let place = comparison.change.and_then(|change| change.place).map(|(_, stage)| stage);
            assert_eq!((place, comparison.kept.stage), (moved_to, is_kept), "{name}");
        }
        let mut moved = lead();
        moved.status_id = CALLED;
        let kept = with_policy("no", |policy| compare(&record("ARCHIVE", "COMPLETED"), &moved, policy));
        assert_eq!((kept.change, kept.kept.stage), (None, true), "no final status wins");
    }

    #[test]
    fn a_lead_is_lost_for_a_reason_only_where_its_order_was() {
        for (status, reason) in [("CANCELLED", Some(9)), ("COMPLETED", None)] {
            let change =
                with_policy("yes", |policy| compare(&record("ARCHIVE", status), &lead(), policy).change);
            assert_eq!(change.expect("a change").loss_reason_id, reason, "{status}");
        }
    }

    #[test]
    fn a_price_follows_while_it_is_what_we_wrote() {
        let cases: [(&str, Edit, Option<i64>, bool); 6] = [
            ("as we left it", |record, _| record.total_kzt = 800, Some(800), false),
            ("the same", |_, _| {}, None, false),
            ("a person's", |record, lead| (record.total_kzt, lead.price_kzt) = (800, 1), None, true),
            (
                "computed",
                |record, lead| {
                    record.total_kzt = 800;
                    lead.is_price_computed = true;
                },
                None,
                false,
            ),
            (
                "adopted, the total has not changed",
                |record, lead| {
                    record.adopted = true;
                    record.wrote = Some((None, 0));
                    lead.price_kzt = 0;
                },
                None,
                true,
            ),
            (
                "adopted, the total has changed",
                |record, lead| {
                    record.adopted = true;
                    record.wrote = Some((None, 0));
                    record.total_kzt = 800;
                    lead.price_kzt = 0;
                },
                Some(800),
                false,
            ),
        ];
        for (name, edit, price, is_kept) in cases {
            let (mut record, mut lead) = (record("NEW", "A"), lead());
            edit(&mut record, &mut lead);
            let comparison = with_policy("yes", |policy| compare(&record, &lead, policy));
            let changed = comparison.change.and_then(|change| change.price_kzt);
            assert_eq!((changed, comparison.kept.price), (price, is_kept), "{name}");
        }
    }

    #[test]
    fn only_products_that_kaspi_changed_are_written() {
        let wanted = BTreeMap::from([(ElementId(1), 2), (ElementId(3), 1)]);
        let (mut record, mut lead) = (record("NEW", "A"), lead());
        // A person changed one of ours and added another one.
        lead.products = Some(BTreeMap::from([(ElementId(1), 9), (ElementId(2), 3), (ElementId(4), 1)]));
        let change = compare_products(&record, &lead, &wanted);
        assert_eq!(change.link, BTreeMap::from([(ElementId(3), 1)]));
        assert_eq!(change.unlink, [ElementId(2)]);
        // After a lost answer nothing is believed but the lead itself.
        record.unsure_until_ms = 1;
        let change = compare_products(&record, &lead, &wanted);
        assert_eq!(change.link, BTreeMap::from([(ElementId(1), 2), (ElementId(3), 1)]));
        assert_eq!(change.unlink, [ElementId(2)]);
        lead.products = Some(wanted.clone());
        assert_eq!(compare_products(&record, &lead, &wanted), ProductChange::default());
    }
}
