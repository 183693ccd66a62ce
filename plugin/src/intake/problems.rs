//! What the report says of trouble with Kaspi.

use crate::{kaspi::KaspiError, report::Report};

pub(crate) fn tell_incomplete(report: &mut Report) {
    report.problem(
        "kaspi_incomplete",
        "Kaspi's pages do not add up; the same days are read again by the next run",
    );
}

pub(crate) fn tell(error: KaspiError, report: &mut Report) {
    match error {
        KaspiError::Token(_) => {
            report.problem(
                "config",
                format!("KASPI_API_TOKEN: {error}; take the token from Kaspi's cabinet, Settings"),
            );
        }
        KaspiError::Ending => {}
        KaspiError::Refused { .. } | KaspiError::Unreachable(_) => {
            report.problem("upstream_kaspi", format!("Kaspi: {error}"));
        }
    }
}

/// Says that a record is damaged: it is left as it is.
pub(crate) fn tell_unreadable(code: &str, report: &mut Report) {
    report.order_problem(code, "ledger", "the record of this order cannot be read; restore a backup");
}
