//! What the report says of trouble with Kaspi.

use crate::contract::types::{ProblemClass, Report};
use crate::kaspi::KaspiError;
use kaspi_amocrm_contract::{Finding, MessageId};

pub(crate) fn tell_incomplete(report: &mut Report) {
    report.problem(ProblemClass::KaspiIncomplete, MessageId::KaspiPagesIncomplete);
}

pub(crate) fn tell(error: KaspiError, report: &mut Report) {
    match error {
        KaspiError::Token(_) => {
            let finding = Finding::new("KASPI_API_TOKEN", error.message(), MessageId::TakeKaspiToken);
            report.finding(ProblemClass::Config, &finding);
        }
        KaspiError::Ending => {}
        KaspiError::Refused { .. } | KaspiError::Unreachable(_) => {
            report.problem(ProblemClass::UpstreamKaspi, error.told());
        }
    }
}

/// Says that a record is damaged: it is left as it is.
pub(crate) fn tell_unreadable(code: &str, report: &mut Report) {
    report.order_problem(code, ProblemClass::Ledger, MessageId::RecordUnreadable);
}
