//! Orders of the last day.

use kaspi_amocrm_simulator::{
    World,
    kaspi::{SimLine, SimOrder},
};

/// 24 November 2026, 12:00 in Almaty.
pub const NOON_MS: i64 = 1_795_503_600_000;
pub const MINUTE_MS: i64 = 60_000;

/// Some orders of as many buyers, two products each, over the last day.
pub fn orders(count: usize) -> Vec<SimOrder> {
    (0..count)
        .map(|i| {
            let age_ms = (count - i) as i64 * MINUTE_MS;
            SimOrder::new(&format!("{}", 1_000_000_000 + i), NOON_MS - age_ms)
                .buyer("Айгерим", &format!("Б{i}"), &format!("701{:07}", 1_000_000 + i))
                .lines(vec![
                    SimLine::new(
                        &format!("SKU-{}", i % 7),
                        &format!("Товар {}", i % 7),
                        1 + (i % 3) as u32,
                        1_500,
                    ),
                    SimLine::new(&format!("SKU-{}", 7 + i % 5), &format!("Товар {}", 7 + i % 5), 1, 2_990),
                ])
        })
        .collect()
}

pub fn world(orders: Vec<SimOrder>) -> World {
    let mut world = World::default();
    orders.into_iter().for_each(|order| world.kaspi.add_order(order));
    world
}
