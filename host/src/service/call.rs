//! A call of the component: how long it is waited for, and its answer or its error as ours.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::error::RunError;
use crate::{
    base::shutdown::Stop,
    wasm::{CallError, GuestError},
};

/// Time that requests under way get when the program is asked to end; less than the 10 s after which Docker kills.
pub(super) const CLOSING: Duration = Duration::from_secs(8);

/// Time for a statement, which reads both sides in one call.
pub(super) const STATEMENT_MAX: Duration = Duration::from_secs(600);

/// How a call of the component came back.
pub(super) type Called = Result<Result<String, GuestError>, CallError>;

/// Waits for a call. Once it is time to end, nothing new is sent any more; what is under way may come back and be
/// recorded within `closing`.
pub(super) async fn finished(
    call: impl Future<Output = Called>,
    stop: &Stop,
    closing: Duration,
) -> Result<String, RunError> {
    tokio::select! {
        called = call => answer(called),
        () = async { stop.requested().await; tokio::time::sleep(closing).await } => Err(RunError::Interrupted),
    }
}

/// What the component answers, with its errors as ours.
fn answer(answer: Called) -> Result<String, RunError> {
    match answer {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(GuestError::Config(text))) => Err(RunError::Config(text)),
        Ok(Err(GuestError::Busy)) => Err(RunError::Busy),
        Ok(Err(GuestError::Upstream(text))) => Err(RunError::Upstream(text)),
        Ok(Err(GuestError::Internal(text))) => Err(RunError::Internal(text)),
        Err(error) => Err(RunError::Internal(error.to_string())),
    }
}

/// A statement that takes too long is no bug: it gives way to runs, and somebody may have asked for a year.
pub(super) async fn in_time(call: impl Future<Output = Called>) -> Called {
    match call.await {
        Err(CallError::Deadline(_)) => Ok(Err(GuestError::Upstream(format!(
            "the statement was not complete after {minutes} minutes: name fewer days, or wait until a run that is under way \
             has ended / сверка не закончилась за {minutes} минут: укажите меньше дней или дождитесь конца текущего запуска",
            minutes = STATEMENT_MAX.as_secs() / 60
        )))),
        other => other,
    }
}

/// Reads an answer. The error tells only the place: what is wrong may quote what stands there.
pub(super) fn parsed<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, RunError> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        RunError::Internal(format!("the component's {what} is not valid, line {line}, column {column}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_no_bug() {
        let late = in_time(async { Err(CallError::Deadline(STATEMENT_MAX)) }).await;
        let Ok(Err(GuestError::Upstream(text))) = late else { panic!("{late:?}") };
        assert!(text.contains("after 10 minutes") && text.contains("за 10 минут"), "{text}");
        let trap = in_time(async { Err(CallError::Trap("t".to_owned())) }).await;
        assert!(matches!(trap, Err(CallError::Trap(_))));
    }
}
