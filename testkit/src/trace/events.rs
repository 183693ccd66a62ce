//! What Kaspi, its buyers and the people of the account do between two runs.

use kaspi_amocrm_simulator::{
    amo::account,
    kaspi::{SimLine, SimOrder},
};

use super::stage::Stage;
use crate::{
    changes::{LOST_ID, WON_ID},
    orders::MINUTE_MS,
};

impl Stage {
    /// Some orders come and some change.
    pub(super) fn kaspi_goes_on(&mut self) {
        for _ in 0..self.rng.below(4) {
            let age_ms = self.rng.below(300) as i64 * MINUTE_MS / 10;
            self.add_order(self.now_ms() - age_ms);
        }
        if self.chance(100) {
            self.add_order(self.now_ms() - 20 * 24 * 60 * MINUTE_MS);
        }
        for _ in 0..self.rng.below(4) {
            self.one_order_changes();
        }
    }

    fn one_order_changes(&mut self) {
        let code = self.codes[self.rng.below(self.codes.len())].clone();
        let now_ms = self.now_ms();
        let later =
            |state, status| move |order: &mut SimOrder| *order = order.clone().later(now_ms, state, status);
        let what = self.rng.below(12);
        let quantity = 1 + self.rng.below(5) as u32;
        match what {
            0 | 1 => self.change_order(&code, later("ARCHIVE", "COMPLETED")),
            2 => {
                let reasons =
                    ["BUYER_CANCELLATION_HIMSELF", "BUYER_NOT_REACHABLE", "MERCHANT_OUT_OF_STOCK", "ODD"];
                let reason = self.pick(&reasons);
                self.change_order(&code, |order| *order = order.clone().cancelled(now_ms, reason));
            }
            3 => self.change_order(&code, later("ARCHIVE", "KASPI_DELIVERY_RETURN_REQUESTED")),
            4 => self.change_order(&code, later("ARCHIVE", "RETURNED")),
            5 => self.change_order(&code, later("KASPI_DELIVERY", "CANCELLING")),
            6 => self.change_order(&code, |order| *order = order.clone().assembled_from(now_ms)),
            7 => self.change_order(&code, |order| *order = order.clone().handed_over(now_ms)),
            8 => self.change_order(&code, |order| {
                if order.lines.len() > 1 {
                    order.lines.pop();
                }
            }),
            9 => self.change_order(&code, |order| {
                order.lines.push(SimLine::new("SKU-9", "Товар 9", quantity, 700));
            }),
            10 => self.change_order(&code, |order| order.lines[0].quantity = quantity),
            _ => self.change_order(&code, later("DELIVERY", "ACCEPTED_BY_MERCHANT")),
        }
    }

    /// A salesperson does something with a lead, a contact or a product.
    pub(super) fn people_work(&mut self) {
        let what = self.rng.below(14);
        let (first, second) = (self.rng.next_u64(), self.rng.next_u64());
        let stage = self.pick(&[account::STATUS_NEW_ID, account::STATUS_DELIVERY_ID, WON_ID, LOST_ID]);
        let code = self.codes[self.rng.below(self.codes.len())].clone();
        let now_ms = self.now_ms();
        let mut world = self.shops.rig.world.borrow_mut();
        let amo = &mut world.amo;
        let at = |of: usize, number: u64| usize::try_from(number % of.max(1) as u64).expect("an index");
        let lead = amo.leads().get(at(amo.leads().len(), first)).map(|lead| lead.id);
        let other = amo.leads().get(at(amo.leads().len(), second)).map(|lead| lead.id);
        match (what, lead, other) {
            (0..=2, Some(id), _) => {
                let lead = amo.lead_mut(id).expect("it is there");
                lead.status_id = stage;
                lead.closed_at = [WON_ID, LOST_ID].contains(&stage).then_some(now_ms / 1_000);
                lead.updated_at = now_ms / 1_000;
            }
            (3, Some(id), _) => {
                let lead = amo.lead_mut(id).expect("it is there");
                lead.price += 1;
                lead.updated_at = now_ms / 1_000;
            }
            (4, Some(id), _) => {
                let lead = amo.lead_mut(id).expect("it is there");
                lead.name = format!("VIP {}", lead.name);
                lead.updated_at = now_ms / 1_000;
            }
            (5, Some(id), _) => {
                let lead = amo.lead_mut(id).expect("it is there");
                lead.is_deleted = true;
                lead.updated_at = now_ms / 1_000;
            }
            (6, Some(id), _) => amo.remove_lead(id),
            (7, Some(winner), Some(loser)) if winner != loser => amo.merge_leads(winner, loser),
            (8, Some(id), _) => {
                let element = amo.links().iter().find(|link| link.lead_id == id).map(|link| link.element_id);
                element.into_iter().for_each(|element| amo.remove_link(id, element));
            }
            (9, ..) => {
                let ids: Vec<u64> = amo.contacts().iter().map(|contact| contact.id).collect();
                if let [.., winner, loser] = ids.as_slice() {
                    amo.merge_contacts(*winner, *loser);
                }
            }
            (10, ..) => {
                amo.add_lead(&format!("Заказ {code}"), account::PIPELINE_ID, account::STATUS_NEW_ID, now_ms);
            }
            (11, Some(id), _) => {
                let copy = amo.leads().iter().find(|lead| lead.id == id).expect("it is there").clone();
                let twin = amo.add_lead(&copy.name, copy.pipeline_id, copy.status_id, now_ms);
                amo.lead_mut(twin).expect("just made").fields = copy.fields;
            }
            (12, ..) => {
                amo.add_element(account::CATALOG_ID, "Товар 9", "SKU-9");
            }
            _ => {
                amo.add_contact("Новый", &["+7 701 100 00 07"]);
            }
        }
    }
}
