//! What is judged.

use std::collections::BTreeSet;

use super::stages::Stages;
use crate::{amo::account, kaspi::SimOrder};

/// What is judged and by which settings of the sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The pipeline that the sync is set to.
    pub pipeline_id: u64,
    /// The field with the order code, `None` where the sync has none.
    pub order_code_field_id: Option<u64>,
    /// The list of products.
    pub catalog_id: u64,
    /// Orders created before get no lead.
    pub horizon_ms: i64,
    /// Orders visible later are not judged.
    pub now_ms: i64,
    /// Codes that deserve no lead: archived at the first start, refused for good.
    pub excluded: BTreeSet<String>,
    /// Codes that may have a lead or not, complete or not: parked or in doubt. Never two.
    pub unsettled: BTreeSet<String>,
    /// Codes whose leads people edited on purpose: stage, price and rows are theirs.
    pub touched: BTreeSet<String>,
    /// Which stage leads must be in; `None` if the sync does not follow orders, so that neither stages nor notes on
    /// cancellations and returns are judged.
    pub stages: Option<Stages>,
    /// Requests in any second.
    pub rps_max: usize,
}

impl Scope {
    /// The settings of the default account; everything visible by then is judged.
    pub fn at(now_ms: i64) -> Self {
        Self {
            pipeline_id: account::PIPELINE_ID,
            order_code_field_id: Some(account::LEAD_ORDER_CODE_FIELD_ID),
            catalog_id: account::CATALOG_ID,
            horizon_ms: i64::MIN,
            now_ms,
            excluded: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            touched: BTreeSet::new(),
            stages: None,
            rps_max: 7,
        }
    }

    pub(super) fn judges(&self, order: &SimOrder) -> bool {
        order.created_ms >= self.horizon_ms
            && order.created_ms.max(order.visible_from_ms) <= self.now_ms
            && !self.excluded.contains(&order.code)
    }
}
