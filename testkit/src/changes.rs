//! Orders that change, and people who do.

use std::collections::BTreeMap;

use crate::{
    orders::{NOON_MS, world},
    rig::Rig,
};
use kaspi_amocrm_simulator::{
    amo::{Lead, account},
    kaspi::{SimLine, SimOrder},
    oracle::Stages,
};
use serde_json::Value;

pub const DAY_MS: i64 = 86_400_000;
pub const WON_ID: u64 = 142;
pub const LOST_ID: u64 = 143;

/// The stages of these tests: packing, delivery, won, lost.
pub const STATUS_MAP: [(&str, u64); 6] = [
    ("NEW", account::STATUS_NEW_ID),
    ("KASPI_DELIVERY", account::STATUS_PACKING_ID),
    ("KASPI_DELIVERY/handed_over", account::STATUS_DELIVERY_ID),
    ("ARCHIVE/COMPLETED", WON_ID),
    ("ARCHIVE/CANCELLED", LOST_ID),
    ("ARCHIVE/RETURNED", LOST_ID),
];

pub fn rig(orders: Vec<SimOrder>) -> Rig {
    let mut rig = Rig::new(world(orders));
    let map: Vec<String> = STATUS_MAP.iter().map(|(key, id)| format!("{key}={id}")).collect();
    rig.set("status_map", map.join(",")).set("amo_loss_reason_id", account::LOSS_REASON_CANCELLED_ID);
    let by_key: BTreeMap<String, u64> = STATUS_MAP.iter().map(|(key, id)| ((*key).to_owned(), *id)).collect();
    *rig.stages.borrow_mut() = Some(Stages { by_key, default: None });
    rig
}

/// Orders of the last twelve days, newest last, three products each.
pub fn orders(count: usize) -> Vec<SimOrder> {
    (0..count)
        .map(|i| {
            let age_ms = (count - i) as i64 * 12 * DAY_MS / count as i64;
            let lines = (0..3).map(|line| {
                let product = (i * 2 + line * 5) % 17;
                SimLine::new(&format!("SKU-{product}"), &format!("Товар {product}"), 2 + line as u32, 1_500)
            });
            SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - age_ms)
                .buyer("Айгерим", &format!("Б{i}"), &format!("701{:07}", 1_000_000 + i))
                .lines(lines.collect())
        })
        .collect()
}

pub fn code(i: usize) -> String {
    format!("{}", 1_000_000_000 + i)
}

impl Rig {
    pub fn change(&self, i: usize, change: impl FnOnce(&mut SimOrder)) {
        change(self.world.borrow_mut().kaspi.order_mut(&code(i)).expect("an order"));
    }

    pub fn complete(&self, i: usize) {
        let now_ms = self.now_ms();
        self.change(i, |order| *order = order.clone().later(now_ms, "ARCHIVE", "COMPLETED"));
    }

    pub fn cancel(&self, i: usize, reason: &str) {
        let now_ms = self.now_ms();
        self.change(i, |order| *order = order.clone().cancelled(now_ms, reason));
    }

    pub fn lead_id(&self, i: usize) -> u64 {
        let world = self.world.borrow();
        let field = account::LEAD_ORDER_CODE_FIELD_ID;
        let is_of = |lead: &&Lead| {
            lead.fields.get(&field).is_some_and(|values| values[0].value.as_str() == Some(&code(i)))
        };
        world.amo.leads().iter().find(is_of).expect("a lead").id
    }

    pub fn lead<T>(&self, i: usize, see: impl FnOnce(&Lead) -> T) -> T {
        let id = self.lead_id(i);
        see(self.world.borrow().amo.leads().iter().find(|lead| lead.id == id).expect("a lead"))
    }

    pub fn edit(&self, i: usize, edit: impl FnOnce(&mut Lead)) {
        let id = self.lead_id(i);
        self.touched.borrow_mut().insert(code(i));
        edit(self.world.borrow_mut().amo.lead_mut(id).expect("a lead"));
    }

    pub fn notes(&self, i: usize) -> Vec<String> {
        let id = self.lead_id(i);
        let world = self.world.borrow();
        world.amo.notes().iter().filter(|note| note.lead_id == id).map(|note| note.text.clone()).collect()
    }

    /// Takes one product off a lead, behind everybody's back.
    pub fn unlink_first(&self, i: usize) {
        let id = self.lead_id(i);
        let mut world = self.world.borrow_mut();
        let link = world.amo.links().iter().find(|link| link.lead_id == id).cloned().expect("a product");
        world.amo.remove_link(id, link.element_id);
    }

    /// Reconciles every ten minutes, with the minute's job between.
    pub fn reconcile_for(&self, rounds: usize) -> Value {
        let mut last = Value::Null;
        for _ in 0..rounds {
            self.run_for(10);
            last = self.reconcile().expect("a report");
        }
        last
    }
}
