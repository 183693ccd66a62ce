//! Both APIs side by side.

use crate::{
    amo::Amo,
    http::{Reply, Request},
    kaspi::Kaspi,
};

/// Kaspi under `/shop/api`, amoCRM under everything else.
#[derive(Debug, Default)]
pub struct World {
    /// The marketplace.
    pub kaspi: Kaspi,
    /// The CRM.
    pub amo: Amo,
}

impl World {
    /// Hands a request to the API that its path belongs to.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Reply {
        if request.path.starts_with("/shop/api") {
            self.kaspi.handle(request, now_ms)
        } else {
            self.amo.handle(request, now_ms)
        }
    }

    /// Brings late effects up to this moment, without a request.
    pub fn settle(&mut self, now_ms: i64) {
        self.amo.settle(now_ms);
    }
}
