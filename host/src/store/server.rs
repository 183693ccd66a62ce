//! What databases on a server have in common.

use std::time::Duration;

use sqlx::{Connection, mysql::MySqlDatabaseError};

use super::error::StoreError;

/// Connections of one process to a server.
pub(super) const CONNECTIONS_MAX: u32 = 10;
/// How long a connection may take to be made or to become free.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that nobody needs are closed, well before the server would do it.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a transaction that met another one is begun.
const TRIES_MAX: u32 = 10;

/// The first connection: its errors tell what is wrong with the address or the server.
pub(super) async fn connect<C: Connection>(
    options: &<C as Connection>::Options,
    server: &str,
) -> Result<C, StoreError> {
    let server = server.to_owned();
    match tokio::time::timeout(CONNECT_TIMEOUT, C::connect_with(options)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) if is_refusal(&error) => Err(StoreError::Refused { server }),
        Ok(Err(error)) => Err(StoreError::Unreachable { server, source: Box::new(error) }),
        Err(elapsed) => Err(StoreError::Unreachable { server, source: Box::new(elapsed) }),
    }
}

/// Of the user, the password, or the database.
fn is_refusal(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        // By number: the SQLSTATE of some is that of "too many connections", too.
        Some(error) => matches!(error.number(), 1044 | 1045 | 1049 | 1130 | 1698),
        None => matches!(error.code().as_deref(), Some("28000" | "28P01" | "3D000" | "42501")),
    }
}

/// Transactions that met another one are begun anew: of two that wait for each other the server ends one, and of two
/// that insert the same row the second one fails.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether the next try is to be alone, so that nobody can come in between again.
    pub(super) fn is_alone(&self) -> bool {
        self.0 > 0
    }

    /// Whether it is worth another try.
    pub(super) fn again(&mut self, error: &StoreError) -> bool {
        self.0 += 1;
        self.0 < TRIES_MAX && is_collision(error)
    }
}

fn is_collision(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    let Some(error) = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error) else {
        return false;
    };
    // MariaDB has no SQLSTATE of its own for a lock that was waited for in vain.
    let waited = error.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| error.number() == 1205);
    waited || error.is_unique_violation() || matches!(error.code().as_deref(), Some("40001" | "40P01"))
}
