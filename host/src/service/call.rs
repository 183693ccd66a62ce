//! A call of the component: how long it is waited for, and its answer or its error as ours.

use std::time::Duration;

use super::error::RunError;
use crate::{
    base::shutdown::Stop,
    contract::types::RangeStatement,
    wasm::{Answer, CallError},
};

/// Time that requests under way get when the program is asked to end; less than the 10 s after which Docker kills.
pub(super) const CLOSING: Duration = Duration::from_secs(8);

/// Time for a statement, which reads both sides in one call.
pub(super) const STATEMENT_MAX: Duration = Duration::from_secs(600);

/// Waits for a call. Once it is time to end, nothing new is sent any more; what is under way may come back and be
/// recorded within `closing`.
pub(super) async fn finished<T>(
    call: impl Future<Output = Answer<T>>,
    stop: &Stop,
    closing: Duration,
) -> Result<T, RunError> {
    until_stop(async { call.await.map_err(fault)?.map_err(RunError::from) }, stop, closing).await
}

/// The same for a statement, which may come too late.
pub(super) async fn finished_statement(
    call: impl Future<Output = Answer<RangeStatement>>,
    stop: &Stop,
    closing: Duration,
) -> Result<RangeStatement, RunError> {
    let call = async {
        match call.await {
            Err(CallError::Deadline(limit)) => Err(RunError::Late(limit.as_secs() / 60)),
            other => other.map_err(fault)?.map_err(RunError::from),
        }
    };
    until_stop(call, stop, closing).await
}

async fn until_stop<T>(
    call: impl Future<Output = Result<T, RunError>>,
    stop: &Stop,
    closing: Duration,
) -> Result<T, RunError> {
    tokio::select! {
        answer = call => answer,
        () = async { stop.requested().await; tokio::time::sleep(closing).await } => Err(RunError::Interrupted),
    }
}

fn fault(error: CallError) -> RunError {
    RunError::Fault(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_no_bug() {
        let ended = async |error| {
            let call = async { Err(error) };
            finished_statement(call, &Stop::never(), Duration::ZERO).await.unwrap_err()
        };
        let late = ended(CallError::Deadline(STATEMENT_MAX)).await;
        let text = late.to_string();
        assert!(matches!(late, RunError::Late(10)), "{late:?}");
        assert!(text.contains("after 10 minutes") && text.contains("за 10 минут"), "{text}");
        assert!(matches!(ended(CallError::Trap("t".to_owned())).await, RunError::Fault(_)));
    }
}
