//! What a command prints: data to stdout, messages for people to stderr.

use std::io::{self, Write as _};

use crate::{
    base::failure::{Exit, Failure, Text},
    service::{Outcome, RunError, Slices as _},
};

/// Prints one line of data.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{line}").map_err(Failure::internal)
}

/// Says one line to the person in front of it.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stderr().lock(), "{line}").map_err(Failure::internal)
}

/// Prints the report of a run that began, also when it failed later, and says why it did.
pub(crate) fn print_outcome(outcome: Outcome) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    if let Some(report) = &outcome.report {
        print(&report.to_line())?;
        exit = report.exit();
    }
    match outcome.error {
        // It did what it could before it was asked to end, and says `more` in its report.
        Some(RunError::Interrupted) if outcome.report.is_some() => Ok(exit),
        Some(error) => Ok(report_failure(&error.into())),
        None => Ok(exit),
    }
}

/// Why a command did not begin. Unlike a job it is not noted for the run that holds the connection.
pub(crate) fn held(error: RunError) -> Failure {
    let mut failure = Failure::from(error);
    if failure.exit == Exit::Busy {
        failure.hint = Text::new(
            "nothing was changed; try again when the other run has ended",
            "ничего не изменено; повторите, когда другой запуск закончится",
        );
    }
    failure
}

pub(crate) fn report_failure(failure: &Failure) -> Exit {
    // Nobody is there to hear that stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{failure}");
    failure.exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_found_its_connection_held_is_not_noted() {
        let failure = held(RunError::Busy);
        assert_eq!(failure.exit.code(), 75);
        assert!(!failure.hint.en.contains("noted"), "{failure}");
        assert_eq!(held(RunError::Interrupted), RunError::Interrupted.into());
    }
}
