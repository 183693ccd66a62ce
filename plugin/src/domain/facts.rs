//! What an order is about, as far as its lead follows it.

use serde::{Deserialize, Serialize};

use super::{
    order::{Line, Order},
    product_key::element_key,
};

/// Characters of a product's name that are kept for notes.
const NAME_CHARS_MAX: usize = 120;

/// An order at one moment, without personal data. Two that are equal need no look at the lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Kaspi's bucket.
    pub state: String,
    /// Kaspi's milestone.
    pub status: String,
    /// Where a parcel of Kaspi's own delivery is.
    pub stage: Option<String>,
    /// Why it was cancelled, in Kaspi's words.
    pub reason: Option<String>,
    /// Total of the goods.
    pub total_kzt: i64,
    /// The lines, by product; `None` where Kaspi has not told them.
    pub lines: Option<Vec<SeenLine>>,
}

/// All lines of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLine {
    /// The product's key, see `element_key`.
    pub key: String,
    /// The product's name.
    pub name: String,
    /// Pieces, of all lines.
    pub quantity: i64,
}

impl Facts {
    /// The facts of an order as it was read.
    pub fn of(order: &Order) -> Self {
        Self {
            state: order.state.clone(),
            status: order.status.clone(),
            stage: order.stage.map(|stage| stage.name().to_owned()),
            reason: order.cancellation_reason.clone(),
            total_kzt: order.total.tenge(),
            lines: order.lines.as_deref().map(by_product),
        }
    }

    /// Whether Kaspi will not change the order any more (docs/apis/kaspi.md 3.6).
    pub fn is_final(&self) -> bool {
        self.state == "ARCHIVE" && matches!(self.status.as_str(), "CANCELLED" | "RETURNED")
    }

    /// Whether the buyer has it: it may still come back, for some weeks.
    pub fn is_completed(&self) -> bool {
        self.status == "COMPLETED"
    }
}

/// Lines with the pieces of equal products summed, in the order of their keys: Kaspi's order of lines means nothing.
fn by_product(lines: &[Line]) -> Vec<SeenLine> {
    let mut seen: Vec<SeenLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let key = element_key(line.sku.as_deref(), &line.name);
        match seen.iter_mut().find(|other| other.key == key) {
            Some(other) => other.quantity += line.quantity,
            None => {
                let name = line.name.chars().take(NAME_CHARS_MAX).collect();
                seen.push(SeenLine { key, name, quantity: line.quantity });
            }
        }
    }
    seen.sort_by_key(|line| line.key.clone());
    seen
}
