//! How the program ends: the exit code, and what it says to a person.

use std::{fmt, process::ExitCode};

pub use kaspi_amocrm_contract::Text;

/// The exit codes. A contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; also with parked orders, doubt, or more to do.
    Done,
    /// A bug.
    Bug,
    /// Wrong usage.
    Usage,
    /// There are findings.
    Findings,
    /// An upstream is unreachable, refuses or is paused; nothing is lost.
    Upstream,
    /// Another run holds the connection.
    Busy,
    /// Configuration.
    Config,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Upstream => 69,
            Self::Busy => 75,
            Self::Config => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what it was asked for, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened.
    pub error: Text,
    /// What to do.
    pub hint: Text,
}

impl Failure {
    /// A failure that is a bug, or a machine that does not work.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self {
            exit: Exit::Bug,
            error: Text::new(error.to_string(), format!("внутренняя ошибка: {error}")),
            hint: Text::new(
                "run it again with RUST_LOG=debug; if it happens again, report it",
                "повторите с RUST_LOG=debug; если ошибка осталась, сообщите о ней",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.error.en)?;
        if self.error.ru != self.error.en {
            writeln!(f, "       {}", self.error.ru)?;
        }
        writeln!(f, "hint: {}", self.hint.en)?;
        write!(f, "      {}", self.hint.ru)
    }
}
