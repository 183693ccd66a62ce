//! What a statement leaves to look at.

use crate::contract::types::{Difference, DifferenceKind, RangeStatement};

/// A comparison of orders and leads.
pub trait Comparison {
    /// Differences that somebody has to look at: neither what a person wanted nor orders that get no lead.
    fn open(&self) -> impl Iterator<Item = &Difference>;
}

impl Comparison for RangeStatement {
    fn open(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| match difference.kind {
            DifferenceKind::Missing | DifferenceKind::Doubled | DifferenceKind::Different => true,
            DifferenceKind::Kept | DifferenceKind::NoLead => false,
        })
    }
}
