//! The shop, the account and the settings that a seed begins with.

use kaspi_amocrm_simulator::{
    amo::{AmoOptions, ApiFilter, account},
    fault::{Fault, FaultPlan, Rate},
    kaspi::{KaspiOptions, ListOrder, Mask, SimLine, SimOrder},
    oracle::Stages,
    rng::SplitMix64,
};

use crate::{
    changes::{DAY_MS, STATUS_MAP},
    orders::{MINUTE_MS, NOON_MS},
    shops::Shops,
};

/// The first code of a seed's orders.
const FIRST_CODE: u64 = 1_000_000_000;

/// What a seed plays on.
pub(super) struct Stage {
    pub(super) shops: Shops,
    /// Of shops that share the account; 0: one shop with nobody beside it.
    pub(super) shop_count: usize,
    pub(super) rng: SplitMix64,
    pub(super) codes: Vec<String>,
}

impl Stage {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(1));
        let shop_count = if seed % 3 == 2 { 2 } else { 0 };
        let shops = Shops::new(vec![Vec::new(); shop_count], seed);
        let mut stage = Self { shops, shop_count, rng: rng.clone(), codes: Vec::new() };
        stage.settings(&mut rng);
        stage.options(&mut rng);
        stage.rng = rng;
        stage.people_were_here();
        let count = 4 + stage.rng.below(14);
        for _ in 0..count {
            let age_ms = stage.rng.below(usize::try_from(16 * DAY_MS).expect("days")) as i64;
            stage.add_order(NOON_MS - age_ms);
        }
        stage
    }

    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.per_mille(per_mille)
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.below(of.len())]
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.shops.rig.now_ms()
    }

    fn settings(&mut self, rng: &mut SplitMix64) {
        let mut one_of = |of: &[&str]| of[rng.below(of.len())].to_owned();
        let map: Vec<String> = STATUS_MAP.iter().map(|(key, id)| format!("{key}={id}")).collect();
        let rig = &mut self.shops.rig;
        let mapped = one_of(&["yes", "yes", "yes", "no"]) == "yes";
        if mapped {
            rig.set("status_map", map.join(","));
            rig.set("amo_loss_reason_id", account::LOSS_REASON_CANCELLED_ID);
            let by_key = STATUS_MAP.iter().map(|(key, id)| ((*key).to_owned(), *id)).collect();
            *rig.stages.borrow_mut() = Some(Stages { by_key, default: None });
        }
        rig.set("final_status_wins", one_of(&["yes", "yes", "no"]));
        rig.set("first_lookback_days", one_of(&["14", "14", "3", "1"]));
        rig.set("language_crm", one_of(&["ru", "en", "kk"]));
        rig.set("settle_seconds", one_of(&["300", "300", "60"]));
        rig.set("overlap_seconds", one_of(&["1800", "1800", "0"]));
        rig.set("amo_rps", one_of(&["7", "7", "3"]));
        if one_of(&["yes", "no"]) == "yes" {
            rig.set("amo_contact_address_field_id", account::CONTACT_ADDRESS_FIELD_ID);
            rig.set("amo_lead_delivery_address_field_id", account::LEAD_ADDRESS_FIELD_ID);
            rig.set("amo_lead_order_date_field_id", account::LEAD_ORDER_DATE_FIELD_ID);
        }
        if one_of(&["yes", "yes", "yes", "yes", "no"]) == "no" {
            rig.config.0.remove("amo_lead_order_code_field_id");
        }
        if one_of(&["yes", "yes", "yes", "yes", "yes", "no"]) == "no" {
            rig.config.0.remove("amo_catalog_id");
        }
        if one_of(&["yes", "no", "no"]) == "yes" {
            // 32 zero bytes.
            rig.set("secret_key", format!("{}=", "A".repeat(43)));
        }
        if one_of(&["yes", "no", "no", "no"]) == "yes" {
            rig.with_pair(3 * 3_600);
        }
    }

    fn options(&mut self, rng: &mut SplitMix64) {
        let mut one_in = |many: usize| rng.below(many) == 0;
        let amo = AmoOptions {
            api_filter: if one_in(6) { ApiFilter::Refused } else { ApiFilter::On },
            auto_price: one_in(7),
            items_max: if one_in(9) { 50 } else { 250 },
            search_lag_ms: if one_in(3) { 60_000 } else { 5_000 },
            list_lag_ms: if one_in(10) { 20_000 } else { 0 },
            order_ignored: one_in(25),
            users_for_all: one_in(2),
            refresh_kills_access: one_in(2),
            clock_skew_ms: if one_in(8) { 90_000 } else { 0 },
            ..AmoOptions::default()
        };
        let kaspi = KaspiOptions {
            mask: if one_in(3) { Mask::Archive } else { Mask::Never },
            list_order: if one_in(3) {
                ListOrder::Scrambled
            } else if one_in(2) {
                ListOrder::OldestFirst
            } else {
                ListOrder::NewestFirst
            },
            window_rows_max: if one_in(6) { 4 } else { 10_000 },
            reject_include_entries: one_in(8),
            ignore_include: one_in(8),
            lose_included_line: one_in(8),
            odd_ids: one_in(4),
            clock_skew_ms: if one_in(8) { -60_000 } else { 0 },
            ..KaspiOptions::default()
        };
        self.shops.rig.world.borrow_mut().amo.options = amo;
        self.shops.rig.world.borrow_mut().kaspi.options = kaspi.clone();
        for shop in &self.shops.shops {
            shop.kaspi.borrow_mut().kaspi.options = kaspi.clone();
        }
    }

    /// Faults of both servers from here on.
    pub(super) fn bad_weather(&mut self, seed: u64) {
        let mut rate = |fault| Rate::new(self.rng.below(60) as u32, fault);
        let mut amo = FaultPlan::seeded(seed);
        for fault in [
            Fault::LostAfterCommit,
            Fault::LostBeforeCommit,
            Fault::HangAfterCommit,
            Fault::ErrorAfterCommit(504),
            Fault::gateway(502),
            Fault::CutAfterCommit(60),
            Fault::HtmlAfterCommit,
            Fault::CommitLater { status: 504, after_ms: 40_000 },
            Fault::PartialCommit(1),
            Fault::ShuffledRows,
            Fault::too_many(),
        ] {
            amo.rate(rate(fault));
        }
        amo.rate(Rate::new(10, Fault::bad_request()).method("POST"));
        amo.rate(Rate::new(6, Fault::forbidden()).method("POST"));
        let mut kaspi = FaultPlan::seeded(seed + 1);
        for fault in [
            Fault::gateway(502),
            Fault::LostBeforeCommit,
            Fault::CutAfterCommit(200),
            Fault::PageShift(1),
            Fault::EmptyEntries,
            Fault::WrongTotals(1),
            Fault::too_many_with_header(3),
        ] {
            kaspi.rate(rate(fault));
        }
        self.shops.rig.world.borrow_mut().amo.faults = amo;
        self.shops.rig.world.borrow_mut().kaspi.faults = kaspi.clone();
        for shop in &self.shops.shops {
            shop.kaspi.borrow_mut().kaspi.faults = kaspi.clone();
        }
    }

    /// No faults any more.
    pub(super) fn good_weather(&mut self) {
        let mut world = self.shops.rig.world.borrow_mut();
        world.amo.faults.clear();
        world.kaspi.faults.clear();
        for shop in &self.shops.shops {
            shop.kaspi.borrow_mut().kaspi.faults.clear();
        }
    }

    /// What the account holds before the first run.
    fn people_were_here(&mut self) {
        let count = self.rng.below(4);
        let mut world = self.shops.rig.world.borrow_mut();
        for i in 0..count {
            world.amo.add_contact(&format!("Покупатель {i}"), &[&format!("8 701 100 00 0{i}")]);
            world.amo.add_element(account::CATALOG_ID, &format!("Товар {i}"), &format!("SKU-{i}"));
            let name = format!("Звонок по заказу {}", FIRST_CODE + i as u64);
            world.amo.add_lead(&name, account::PIPELINE_ID, account::STATUS_NEW_ID, NOON_MS);
        }
    }

    /// One more order, that Kaspi shows at once or later.
    pub(super) fn add_order(&mut self, created_ms: i64) {
        let code = (FIRST_CODE + self.codes.len() as u64).to_string();
        let buyer = self.rng.below(9);
        let phone = match self.rng.below(8) {
            0 => String::new(),
            1 => "+0(000)-000-00-00".to_owned(),
            _ => format!("70110000{buyer:02}"),
        };
        let count = 1 + self.rng.below(3);
        let lines = (0..count).map(|line| {
            let product = self.rng.below(8);
            let sku = format!("SKU-{product}");
            let quantity = 1 + self.rng.below(3) as u32;
            let line = SimLine::new(&sku, &format!("Товар {product}"), quantity, 1_500 + line as i64 * 990);
            match self.rng.below(12) {
                0 => SimLine { sku: None, ..line },
                _ => line,
            }
        });
        let mut order = SimOrder::new(&code, created_ms).lines(lines.collect()).buyer(
            "Айгерим",
            &format!("Б{buyer}"),
            &phone,
        );
        if self.chance(150) {
            order = order.visible_from(created_ms + self.rng.below(60) as i64 * 7 * MINUTE_MS);
        }
        order = match self.rng.below(9) {
            0 => order.state("ARCHIVE", "COMPLETED"),
            1 => order.state("NEW", "APPROVED_BY_BANK"),
            2 => order.state("PICKUP", "ACCEPTED_BY_MERCHANT").delivery("DELIVERY_PICKUP", false, None),
            3 => order.state("DELIVERY", "ACCEPTED_BY_MERCHANT"),
            _ => order,
        };
        self.codes.push(code);
        if self.shop_count == 0 {
            return self.shops.rig.world.borrow_mut().kaspi.add_order(order);
        }
        // Some orders are shown by both shops.
        let first = self.rng.below(self.shop_count);
        let is_common = self.chance(120);
        for shop in 0..self.shop_count {
            if shop == first || is_common {
                self.shops.add_order(shop, order.clone());
            }
        }
    }

    /// Changes an order wherever it is shown.
    pub(super) fn change_order(&self, code: &str, change: impl Fn(&mut SimOrder)) {
        let worlds = self.shops.shops.iter().map(|shop| &shop.kaspi).chain([&*self.shops.rig.world]);
        for world in worlds {
            if let Some(order) = world.borrow_mut().kaspi.order_mut(code) {
                change(order);
            }
        }
    }
}
