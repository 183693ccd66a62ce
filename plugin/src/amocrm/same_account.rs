//! The leads of a connection stay in one account.

use kaspi_amocrm_contract::{Finding, Message, MessageId, table};

/// The leads of a connection stay in one account.
pub(crate) fn another_account(connection: &str, now: i64, before: i64) -> Finding {
    Finding::new(
        table::AMO_SUBDOMAIN.name,
        Message::new(
            MessageId::AccountChanged,
            [("now", &now), ("connection", &connection), ("before", &before)],
        ),
        MessageId::UseAnotherConnection,
    )
}
