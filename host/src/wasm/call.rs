//! One call into the component: how long it may take, and what of its answer is used.

use std::{
    fmt::{self, Debug, Write as _},
    time::Duration,
};

use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use super::{engine, guest::Limit};
use crate::contract::types::{Error, Message, Problem};

/// Characters of each text in an error of the component that are kept.
const ERROR_CHARS_MAX: usize = 1_000;
/// Problems, and places of one text, in an error of the component that are kept.
const ERROR_PARTS_MAX: usize = 100;

/// How a call came back: with an answer of the component, with an error of the component, or without either.
pub type Answer<T> = Result<Result<T, Error>, CallError>;

/// How a call ended without an answer of the component.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Stopped at the deadline around the whole call.
    #[error("the component did not come back within {0:?} and was stopped")]
    Deadline(Duration),
    /// Stopped at a limit of its [`Sandbox`](super::Sandbox).
    #[error("the component was stopped: it reached the limit of {0}")]
    Limit(Limit),
    /// It trapped, or does not fit this host.
    #[error("the component failed: {0}")]
    Trap(String),
}

/// A call that is under way.
pub(super) struct Call {
    pub(super) limit: Duration,
    pub(super) answer_bytes: usize,
    pub(super) panic: MemoryOutputPipe,
}

impl Call {
    /// Waits for it, not for longer than it may take.
    pub(super) async fn ended<T: Debug>(
        self,
        call: impl Future<Output = wasmtime::Result<Result<T, Error>>>,
    ) -> Answer<T> {
        let limit = self.limit;
        // Epochs do not cut a wait inside a host call and a timeout does not stop a busy guest: both are needed.
        match tokio::time::timeout(limit, call).await {
            Err(_) => Err(CallError::Deadline(limit)),
            Ok(Ok(Ok(answer))) if !Room(self.answer_bytes).takes(&answer) => {
                Err(CallError::Limit(Limit::Report))
            }
            Ok(Ok(answer)) => Ok(answer.map_err(shortened)),
            Ok(Err(error)) if error.downcast_ref::<engine::OutOfTime>().is_some() => {
                Err(CallError::Deadline(limit))
            }
            Ok(Err(error)) => Err(match Limit::of(&error) {
                Some(limit) => CallError::Limit(limit),
                None => CallError::Trap(trap_text(&error, &self.panic.contents())),
            }),
        }
    }
}

/// Bytes that are left for an answer. What it needs is counted by writing it out to nobody.
struct Room(usize);

impl Room {
    fn takes(mut self, answer: &impl Debug) -> bool {
        write!(self, "{answer:?}").is_ok()
    }
}

impl fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn shortened(error: Error) -> Error {
    match error {
        Error::Config(mut problems) => {
            problems.truncate(ERROR_PARTS_MAX);
            Error::Config(problems.into_iter().map(shortened_problem).collect())
        }
        Error::Busy => Error::Busy,
        Error::Upstream(message) => Error::Upstream(shortened_message(message)),
        Error::InvalidCall(message) => Error::InvalidCall(shortened_message(message)),
        Error::Internal(message) => Error::Internal(shortened_message(message)),
    }
}

fn shortened_problem(problem: Problem) -> Problem {
    Problem {
        code: problem.code.map(cut),
        class: problem.class,
        setting: problem.setting.map(cut),
        message: shortened_message(problem.message),
        hint: problem.hint.map(shortened_message),
    }
}

fn shortened_message(mut message: Message) -> Message {
    message.arguments.truncate(ERROR_PARTS_MAX);
    let arguments = message.arguments.into_iter().map(|(name, value)| (cut(name), cut(value))).collect();
    Message { id: cut(message.id), arguments }
}

fn cut(text: String) -> String {
    text.chars().take(ERROR_CHARS_MAX).collect()
}

/// The reason of a trap and where the component panicked; never its message, which may hold data of buyers.
fn trap_text(error: &wasmtime::Error, stderr: &[u8]) -> String {
    let stderr = String::from_utf8_lossy(stderr);
    let place = stderr.lines().find_map(|line| line.split_once("panicked at ")).map(|(_, place)| place);
    match (place.and_then(source_place), error.downcast_ref::<wasmtime::Trap>()) {
        (Some(place), _) => format!("panicked at {place}"),
        (None, Some(trap)) => trap.to_string(),
        (None, None) => error.root_cause().to_string(),
    }
}

/// `file:line:column`, or nothing: what stands there is the component's word, and may be anything.
fn source_place(text: &str) -> Option<&str> {
    const CHARS_MAX: usize = 120;
    let place = text.trim_end_matches(':');
    let is_number = |part: Option<&str>| {
        part.is_some_and(|n| (1..=6).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = place.rsplitn(3, ':');
    let is_place = is_number(parts.next()) && is_number(parts.next());
    let file = parts.next().filter(|file| file.ends_with(".rs") && file.len() <= CHARS_MAX)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/\\._-".contains(&b);
    (is_place && file.bytes().all(is_plain)).then_some(place)
}

#[cfg(test)]
mod tests {
    use crate::wasm::call::source_place;

    #[test]
    fn only_a_place_in_the_source_is_told() {
        for (text, place) in [
            ("plugin/src/sync.rs:12:5:", Some("plugin/src/sync.rs:12:5")),
            ("+7 701 123 45 67", None),
            ("Айгерим.rs:1:1:", None),
            ("Bearer abc.rs:1:1:", None),
            ("plugin/src/sync.rs:12345678:5:", None),
            ("", None),
        ] {
            assert_eq!(source_place(text), place, "{text}");
        }
    }
}
