//! The commands of every day, one after the other as a merchant uses them.

mod both_jobs;
mod following;
mod orders;
mod past_days;
mod statement;

use kaspi_amocrm_simulator::{
    World,
    amo::{Lead, account},
    kaspi::{SimLine, SimOrder},
    oracle::{self, Scope, Stages},
    serve::wall_clock_ms,
};
use serde_json::Value;

use crate::rig::{Ended, Rig, assert_clean};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
/// Requests in any second; enough for tests to be quick.
const RPS: usize = 50;
const STAGES: [(&str, u64); 5] = [
    ("NEW", account::STATUS_NEW_ID),
    ("KASPI_DELIVERY", account::STATUS_PACKING_ID),
    ("KASPI_DELIVERY/handed_over", account::STATUS_DELIVERY_ID),
    ("ARCHIVE/COMPLETED", account::STATUS_WON_ID),
    ("ARCHIVE/CANCELLED", account::STATUS_LOST_ID),
];

/// A shop that answers at once, with settings that let doubt end after a second and leads follow their orders.
pub(crate) async fn rig(mut world: World) -> Rig {
    world.kaspi.options.latency_ms = 0;
    world.amo.options.latency_ms = 0;
    world.amo.options.latency_per_item_ms = 0;
    world.amo.options.rps_max = RPS;
    let mut rig = Rig::with_world(world).await;
    let stages = STAGES.map(|(key, stage)| format!("{key}={stage}")).join(",");
    rig.settings.extend([
        ("AMO_RPS", RPS.to_string()),
        ("SETTLE_SECONDS", "1".to_owned()),
        ("STATUS_MAP", stages),
    ]);
    rig
}

/// A shop with these orders, `(number, minutes ago)`, each with two lines.
pub(crate) fn shop(orders: impl IntoIterator<Item = (u64, i64)>) -> World {
    let mut world = World::default();
    for (number, minutes) in orders {
        world.kaspi.add_order(order(number, wall_clock_ms() - minutes * MINUTE_MS));
    }
    world
}

pub(crate) fn order(number: u64, created_ms: i64) -> SimOrder {
    let article = number % 7;
    let price = 1_000 + 10 * i64::try_from(article).unwrap();
    SimOrder::new(&code(number), created_ms).lines(vec![
        SimLine::new(&format!("SKU-{article}"), &format!("Чайник {article}"), 2, price),
        SimLine::new("BAG", "Пакет", 1, 50),
    ])
}

pub(crate) fn code(number: u64) -> String {
    (1_000_000_000 + number).to_string()
}

pub(crate) fn scope() -> Scope {
    let by_key = STAGES.map(|(key, stage)| (key.to_owned(), stage)).into();
    let stages = Some(Stages { by_key, default: Some(account::STATUS_NEW_ID) });
    Scope { rps_max: RPS, stages, ..Scope::at(wall_clock_ms()) }
}

/// The day of Almaty in which a moment falls.
fn day(moment_ms: i64) -> String {
    let days = (moment_ms + 300 * MINUTE_MS).div_euclid(DAY_MS);
    let (mut year, mut left) = (1970, days);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(is_leap(year)) {
        left -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for days in [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

/// The day so many days ago.
fn day_ago(days: i64) -> String {
    day(wall_clock_ms() - days * DAY_MS)
}

impl Rig {
    /// Runs a command. Whatever it says, no person and no secret is named.
    async fn says(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments).await;
        let planted = self.planted();
        assert_clean(&format!("{arguments:?}"), ended.text().as_bytes(), &planted);
        ended
    }

    /// Runs a command that ends with this code.
    async fn ends(&self, code: i32, arguments: &[&str]) -> Ended {
        let ended = self.says(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}\n{}", ended.text());
        ended
    }

    /// A job that ends well.
    async fn job(&self, job: &str) -> Value {
        self.ends(0, &["run", job]).await.report()
    }

    pub(crate) fn violations(&self, scope: &Scope) -> Vec<String> {
        oracle::check(&self.world(), scope)
    }

    /// The leads that name an order, as they are now.
    fn leads(&self, code: &str) -> Vec<Lead> {
        let world = self.world();
        let is_of = |lead: &&Lead| {
            let field = lead.fields.get(&account::LEAD_ORDER_CODE_FIELD_ID);
            field.is_some_and(|values| values[0].value.as_str() == Some(code))
        };
        world.amo.leads().iter().filter(is_of).cloned().collect()
    }

    fn lead_id(&self, code: &str) -> u64 {
        let leads = self.leads(code);
        assert_eq!(leads.len(), 1, "{code}: {leads:?}");
        leads[0].id
    }

    /// What a person does with the lead of an order.
    fn person(&self, code: &str, edit: impl FnOnce(&mut Lead)) {
        let id = self.lead_id(code);
        let mut world = self.world();
        let lead = world.amo.lead_mut(id).unwrap();
        edit(lead);
        lead.updated_at = wall_clock_ms() / 1_000;
    }

    /// What becomes of an order at Kaspi.
    pub(crate) fn kaspi(&self, code: &str, change: impl FnOnce(SimOrder) -> SimOrder) {
        let mut world = self.world();
        let order = world.kaspi.order_mut(code).unwrap();
        *order = change(order.clone());
    }
}

#[test]
fn days_are_those_of_almaty() {
    for (moment_ms, expected) in [
        (0, "1970-01-01"),
        (1_795_546_799_999, "2026-11-24"),
        (1_795_546_800_000, "2026-11-25"),
        (1_709_146_800_000, "2024-02-29"),
        (1_735_671_600_000, "2025-01-01"),
    ] {
        assert_eq!(day(moment_ms), expected);
    }
}
