//! The rest between two runs.

use crate::{amocrm::Amo, ports::Ports, records::Meta, settings::Settings};
/// Between the last request of a run and the first of the next, so that runs share the limit without sharing tickets.
pub(crate) const REST_MS: i64 = 1_000;

/// A client for one call. The server may have got the last run's last request just now.
pub(crate) fn amocrm_client<'a>(ports: Ports<'a>, settings: &'a Settings, meta: &Meta) -> Amo<'a> {
    let rest_ms = (meta.ended_ms + REST_MS - ports.clock.now_ms()).clamp(0, REST_MS);
    Amo::new(ports, settings, rest_ms.unsigned_abs())
}
