//! What a dry run would do about an order.

use serde::Serialize;

use crate::domain::OrderCode;

/// What a dry run would do about one order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct PlannedOrder {
    /// The order's number.
    pub code: String,
    /// What happens to its lead.
    pub lead: Action,
    /// Why.
    pub why: String,
    /// The lead, where there is one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<i64>,
    /// Stage of a new lead; `None` is the first one of the pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_id: Option<i64>,
    /// Price of a new lead, in tenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_kzt: Option<i64>,
    /// Its contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<PlannedContact>,
    /// Products that would be linked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<PlannedProduct>,
    /// Whether a summary note would be written.
    pub note: bool,
}

/// What happens to the lead of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Made.
    Create,
    /// There already, recognised and completed.
    Adopt,
    /// Ours already, completed.
    Complete,
    /// Brought to what Kaspi says now.
    Change,
    /// Set aside with a problem.
    Park,
    /// Left for a later run.
    #[default]
    Wait,
    /// The order gets none.
    None,
}

/// The contact of a planned lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlannedContact {
    /// Made, once per phone.
    Create,
    /// Found by its phone.
    Found(i64),
    /// The order has no usable phone.
    None,
}

/// A product of a planned lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedProduct {
    /// The merchant's article.
    pub sku: Option<String>,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: i64,
    /// The element of the catalog; `None` where it would be made.
    pub element_id: Option<i64>,
}

/// An order that gets no lead, with the reason.
pub(crate) fn without_lead(code: &OrderCode, why: &str) -> PlannedOrder {
    PlannedOrder {
        code: code.as_str().to_owned(),
        lead: Action::None,
        why: why.to_owned(),
        ..PlannedOrder::default()
    }
}
