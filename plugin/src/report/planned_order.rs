//! What a dry run would do about an order.

use crate::contract::types::{self, LeadAction, PlannedOrder};

/// An order of which nothing but its fate is known.
pub(crate) fn planned(code: &str, lead: LeadAction, why: impl Into<types::Message>) -> PlannedOrder {
    PlannedOrder {
        code: code.to_owned(),
        lead,
        why: why.into(),
        lead_id: None,
        status_id: None,
        price_kzt: None,
        contact: None,
        products: Vec::new(),
        note: false,
    }
}
