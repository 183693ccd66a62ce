//! An order as the sync sees it, free of the names of either API.

use super::{ids::OrderCode, money::Money, phone::Phone};

/// One order of one shop.
#[derive(Clone, PartialEq)]
pub struct Order {
    /// Kaspi's opaque id.
    pub id: String,
    /// The number that people see; one lead per code.
    pub code: OrderCode,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Kaspi's bucket (docs/apis/kaspi.md 3.1). An open set.
    pub state: String,
    /// Kaspi's milestone (docs/apis/kaspi.md 3.2). An open set.
    pub status: String,
    /// Where a parcel of Kaspi's own delivery is.
    pub stage: Option<Stage>,
    /// Why it was cancelled, in Kaspi's words for machines. An open set.
    pub cancellation_reason: Option<String>,
    /// Total of the goods; delivery is not in it.
    pub total: Money,
    /// What the buyer pays for delivery.
    pub delivery_cost: Option<Money>,
    /// Kaspi's name of the way of delivery.
    pub delivery_mode: Option<String>,
    /// Whether Kaspi's own logistics carries it.
    pub is_kaspi_delivery: bool,
    /// Address in one line.
    pub address: Option<String>,
    /// Promise to the buyer, milliseconds since 1970.
    pub planned_delivery_ms: Option<i64>,
    /// Who bought.
    pub buyer: Buyer,
    /// `None` while Kaspi has not told them; an order can really have none.
    pub lines: Option<Vec<Line>>,
}

/// Sub-stages of Kaspi's own delivery that `status` does not tell (docs/apis/kaspi.md 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for goods that are not in stock yet.
    PreOrder,
    /// To be packed.
    Packing,
    /// Packed, waits for the courier.
    Packed,
    /// The courier has it.
    HandedOver,
}

impl Stage {
    /// The name in `STATUS_MAP` and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreOrder => "pre_order",
            Self::Packing => "packing",
            Self::Packed => "packed",
            Self::HandedOver => "handed_over",
        }
    }
}

/// A buyer: personal data, so no `Debug`.
#[derive(Clone, PartialEq, Default)]
pub struct Buyer {
    /// First and last name as far as Kaspi tells them.
    pub name: Option<String>,
    /// `None` where it is masked, invalid or missing.
    pub phone: Option<Phone>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The merchant's article, `offer.code`.
    pub sku: Option<String>,
    /// The product's name.
    pub name: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of a piece (of a kilogram for goods by weight).
    pub unit_price: Option<Money>,
    /// Price of the line; never recomputed (docs/apis/kaspi.md 5).
    pub total: Money,
}
