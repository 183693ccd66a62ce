//! The world of the demo: a small shop with three days of orders and a CRM that knows some of its buyers.
//!
//! Everything follows from the given time, so that two demos differ in nothing else. All people are invented.

use crate::{
    amo::account::{CATALOG_ID, PIPELINE_ID, STATUS_NEW_ID},
    kaspi::{Address, PHONE_MASK, SimLine, SimOrder},
    rng::SplitMix64,
    world::World,
};

/// Orders that are there from the start.
pub const ORDERS: usize = 40;
/// Buyers of these orders.
pub const BUYERS: usize = 25;
/// Place of the order whose phone is masked.
const MASKED: usize = 17;
/// Place of the order whose lead a person has already typed in.
const TYPED_IN: usize = 23;
const HOUR_MS: i64 = 3_600_000;

/// First and last names as Kaspi shows them: the last one often as one letter.
const NAMES: [(&str, &str); BUYERS] = [
    ("Айгерім", "Қ"),
    ("Нұрлан", "Ә"),
    ("Ерасыл", "Ж"),
    ("Гүлнәр", "Сәрсенбаева"),
    ("Әсел", "Т"),
    ("Бауыржан", "О"),
    ("Динара", "Мұқанова"),
    ("Санжар", "Е"),
    ("Мөлдір", "А"),
    ("Иван", "П"),
    ("Ольга", "Соколова"),
    ("Дмитрий", "К"),
    ("Екатерина", "В"),
    ("Алексей", "Н"),
    ("Марина", "Ли"),
    ("Сергей", "Г"),
    ("Наталья", "Ю"),
    ("Павел", "Цой"),
    ("Anna", "Schmidt"),
    ("Timur", "B"),
    ("Dana", "Iskakova"),
    ("Michael", "O'Brien"),
    ("Aliya", "K"),
    ("Elena", "Fischer"),
    ("Ruslan", "M"),
];

/// Buyers the CRM knows, and how people typed their phones.
const KNOWN: [(usize, &str); 7] = [
    (0, "+7 (700) 000-01-00"),
    (3, "8 700 000 01 03"),
    (9, "87000000109"),
    (12, "7000000112"),
    (15, "+77000000115"),
    (18, "8-700-000-01-18"),
    (21, "+7 700 0000121"),
];

/// Article, name, price in tenge.
const PRODUCTS: [(&str, &str, i64); 10] = [
    ("KT-17", "Чайник электрический 1,7 л", 12_990),
    ("PAN-28", "Сковорода 28 см с крышкой", 18_500),
    ("103455_01", "Қыс көрпесі 200×220", 34_900),
    ("LAMP-E27", "LED lamp E27 10W", 1_290),
    ("TOWEL-70", "Сүлгі мақта 70×140", 4_750),
    ("VAC-2000", "Пылесос 2000 Вт", 79_990),
    ("MOUSE-BT", "Wireless mouse, black", 8_400),
    ("KNIFE-6", "Набор ножей, 6 предметов", 21_300),
    ("CUP-350", "Кружка 350 мл", 2_600),
    ("DESK-120", "Стол письменный 120 см", 64_000),
];

/// Towns and whether a courier comes to the door.
const TOWNS: [(&str, bool); 5] =
    [("Алматы", true), ("Астана", true), ("Шымкент", false), ("Қарағанды", true), ("Ақтөбе", false)];

/// Both APIs with 40 orders of 25 buyers over the last three days.
pub fn demo_world(now_ms: i64) -> World {
    let mut world = World::default();
    let mut rng = SplitMix64::new(2026);
    for place in 0..ORDERS {
        // Every buyer once, then the first ones again.
        let buyer = place % BUYERS;
        let age_ms = 72 * HOUR_MS * (ORDERS - place) as i64 / ORDERS as i64 - HOUR_MS;
        let code = 1_000_100_001 + 37 * place as u64;
        let mut order = order(&code.to_string(), now_ms - age_ms, buyer, place, &mut rng);
        if place == MASKED {
            order.buyer.phone = Some(PHONE_MASK.to_owned());
        }
        if place == TYPED_IN {
            let name = format!("Каспи заказ {code}, самовывоз");
            world.amo.add_lead(&name, PIPELINE_ID, STATUS_NEW_ID, order.created_ms + HOUR_MS / 4);
        }
        world.kaspi.add_order(order);
    }
    for (buyer, phone) in KNOWN {
        let (first_name, last_name) = NAMES[buyer];
        world.amo.add_contact(&format!("{first_name} {last_name}"), &[phone]);
    }
    for (sku, name, _) in &PRODUCTS[..4] {
        world.amo.add_element(CATALOG_ID, name, sku);
    }
    world
}

/// The order that comes in while the demo goes on, by its number from 0.
pub fn next_demo_order(seq: u64, now_ms: i64) -> SimOrder {
    let mut rng = SplitMix64::new(seq);
    let place = usize::try_from(seq % 1000).expect("below a thousand");
    let code = 1_000_200_001 + 37 * seq;
    order(&code.to_string(), now_ms, rng.below(BUYERS), place, &mut rng)
}

fn order(code: &str, created_ms: i64, buyer: usize, place: usize, rng: &mut SplitMix64) -> SimOrder {
    let (first_name, last_name) = NAMES[buyer];
    let mut order =
        SimOrder::new(code, created_ms).buyer(first_name, last_name, &format!("70000001{buyer:02}"));
    let count = 1 + rng.below(3);
    let first = rng.below(PRODUCTS.len());
    order.lines = (0..count)
        .map(|offset| {
            let (sku, name, price) = PRODUCTS[(first + offset * 3) % PRODUCTS.len()];
            let quantity = if price < 10_000 { 1 + rng.below(4) } else { 1 };
            SimLine::new(sku, name, u32::try_from(quantity).expect("at most 4"), price)
        })
        .collect();
    let (town, to_door) = TOWNS[rng.below(TOWNS.len())];
    order.address = Some(Address {
        town: town.into(),
        street: to_door.then(|| "көшесі Абай".to_owned()),
        house: to_door.then(|| (1 + rng.below(120)).to_string()),
        apartment: None,
    });
    match place % 8 {
        0 => order = order.state("NEW", "APPROVED_BY_BANK"),
        1 | 2 => {}
        3 => order.assembled = Some(true),
        4 => {
            order.assembled = Some(true);
            order.handed_over_ms = Some(created_ms + 2 * HOUR_MS);
        }
        5 => {
            let address = order.address.clone();
            order =
                order.state("DELIVERY", "ACCEPTED_BY_MERCHANT").delivery("DELIVERY_LOCAL", false, address);
            order.delivery_cost_kzt = 1000;
        }
        6 => {
            order = order.state("PICKUP", "ACCEPTED_BY_MERCHANT").delivery("DELIVERY_PICKUP", false, None);
            order.planned_delivery_ms = None;
        }
        _ => {
            order = order.state("SIGN_REQUIRED", "ACCEPTED_BY_MERCHANT");
            order.payment_mode = "PAY_WITH_CREDIT".into();
            order.credit_term = Some(12);
            order.signature_required = true;
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    #[test]
    fn the_demo_is_what_the_readme_promises() {
        let world = demo_world(NOW_MS);
        let orders = world.kaspi.orders();
        assert_eq!(orders.len(), ORDERS);
        let names: BTreeSet<_> = orders.iter().map(|order| order.buyer.first_name.as_deref()).collect();
        assert_eq!(names.len(), BUYERS);
        let masked = orders.iter().filter(|order| order.buyer.phone.as_deref() == Some(PHONE_MASK));
        assert_eq!(masked.count(), 1);
        let states: BTreeSet<_> = orders.iter().map(|order| order.state.as_str()).collect();
        assert!(states.len() >= 5, "{states:?}");
        for order in orders {
            assert!((NOW_MS - 72 * HOUR_MS..NOW_MS).contains(&order.created_ms), "{}", order.code);
            assert!(order.total() > 0.0, "{}", order.code);
        }
        assert_eq!(world.amo.contacts().len(), KNOWN.len());
        assert_eq!(world.amo.leads().len(), 1);
        assert_eq!(world.amo.elements().len(), 4);
    }

    #[test]
    fn the_typed_in_lead_names_its_order_and_came_after_it() {
        let world = demo_world(NOW_MS);
        let lead = &world.amo.leads()[0];
        let order = &world.kaspi.orders()[TYPED_IN];
        assert!(lead.name.contains(&order.code));
        assert!(lead.created_at * 1000 >= order.created_ms);
        assert!(lead.created_at * 1000 < NOW_MS);
    }

    #[test]
    fn further_orders_have_codes_of_their_own() {
        let world = demo_world(NOW_MS);
        let mut codes: BTreeSet<String> =
            world.kaspi.orders().iter().map(|order| order.code.clone()).collect();
        for seq in 0..500 {
            let order = next_demo_order(seq, NOW_MS);
            assert_eq!(order, next_demo_order(seq, NOW_MS));
            assert!(codes.insert(order.code), "number {seq}");
        }
    }
}
