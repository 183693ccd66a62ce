//! The leads of a connection stay in one account.

use kaspi_amocrm_settings::{Finding, Text, table};

/// The leads of a connection stay in one account.
pub(crate) fn another_account(connection: &str, now: i64, before: i64) -> Finding {
    Finding::new(
        table::AMO_SUBDOMAIN.name,
        Text::new(
            format!(
                "leads to account {now}, but the leads of connection {connection} are in account {before}"
            ),
            format!("ведёт в аккаунт {now}, а сделки подключения {connection} находятся в аккаунте {before}"),
        ),
        Text::new(
            "use another connection name for another account",
            "для другого аккаунта используйте другое имя подключения",
        ),
    )
}
