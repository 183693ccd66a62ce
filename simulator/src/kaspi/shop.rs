//! The shop and its orders.

use std::collections::BTreeMap;

use super::{
    options::{KaspiOptions, Mask, PHONE_MASK},
    order::SimOrder,
};
use crate::{codec, fault::FaultPlan, http::LoggedRequest, limiter::Limiter};

/// One shop.
#[derive(Debug, Default)]
pub struct Kaspi {
    /// Switches; may be changed between requests.
    pub options: KaspiOptions,
    /// What goes wrong on purpose.
    pub faults: FaultPlan,
    pub(super) orders: Vec<SimOrder>,
    pub(super) log: Vec<LoggedRequest>,
    pub(super) limiter: Limiter,
    /// By how many rows the pages of a window have moved since its first page was read.
    pub(super) shifts: BTreeMap<String, usize>,
}

impl Kaspi {
    /// A shop without orders.
    pub fn new(options: KaspiOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Adds an order. A code that exists already is replaced.
    pub fn add_order(&mut self, order: SimOrder) {
        match self.order_mut(&order.code) {
            Some(present) => *present = order,
            None => self.orders.push(order),
        }
    }

    /// All orders, also those that are not visible yet.
    pub fn orders(&self) -> &[SimOrder] {
        &self.orders
    }

    /// One order, to change it.
    pub fn order_mut(&mut self, code: &str) -> Option<&mut SimOrder> {
        self.orders.iter_mut().find(|order| order.code == code)
    }

    /// Every request that arrived, in order.
    pub fn requests(&self) -> &[LoggedRequest] {
        &self.log
    }

    pub(super) fn visible(&self, now_ms: i64) -> impl Iterator<Item = &SimOrder> {
        self.orders.iter().filter(move |order| order.visible_from_ms <= now_ms && order.created_ms <= now_ms)
    }

    pub(super) fn masks(&self, order: &SimOrder, now_ms: i64) -> bool {
        match self.options.mask {
            Mask::Never => false,
            Mask::Archive => order.at(now_ms).0 == "ARCHIVE",
            Mask::Always => true,
        }
    }

    /// The phone of an order as this API shows it now.
    pub fn shown_phone(&self, order: &SimOrder, now_ms: i64) -> Option<String> {
        match &order.buyer.phone {
            Some(_) if self.masks(order, now_ms) => Some(PHONE_MASK.to_owned()),
            phone => phone.clone(),
        }
    }

    pub(super) fn id(&self, order: &SimOrder) -> String {
        if self.options.odd_ids {
            codec::base64(&format!("o:{}", order.code))
        } else {
            codec::base64(&order.code)
        }
    }
}
