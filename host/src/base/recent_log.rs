//! The last lines of the log of this process, for the console.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use crate::base::clock::now_ms;

/// Lines that are kept.
const LINES_MAX: usize = 500;
/// Bytes of a line that are kept.
const LINE_MAX: usize = 1_000;

/// A process has one log.
static LINES: Lines = Lines(Mutex::new(VecDeque::new()));

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// When, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// How bad.
    pub(crate) level: Level,
    /// What.
    pub(crate) text: String,
}

/// Lines, the newest last.
struct Lines(Mutex<VecDeque<Line>>);

impl Lines {
    fn add(&self, line: Line) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn newest_first(&self, most: Level) -> Vec<Line> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().filter(|line| line.level <= most).cloned().collect()
    }
}

/// The last lines up to a level, newest first.
pub(crate) fn lines(most: Level) -> Vec<Line> {
    LINES.newest_first(most)
}

/// Keeps what is logged. What may be logged at all others decide before it.
pub(crate) struct Recent;

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        LINES.add(Line { at_ms: now_ms(), level: *event.metadata().level(), text: text.line() });
    }
}

/// The message, then the fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn line(self) -> String {
        let mut line = self.message + &self.fields;
        if line.len() > LINE_MAX {
            let end = (0..=LINE_MAX).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
            line.truncate(end);
            line.push('…');
        }
        line
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            // Writing into a text cannot fail.
            name => {
                let _ = write!(self.fields, " {name}={value}");
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        // A value that cannot be written is left out.
        let _ = written;
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn line(text: &str, level: Level) -> Line {
        Line { at_ms: 0, level, text: text.to_owned() }
    }

    #[test]
    fn the_newest_lines_of_a_level_are_kept() {
        let lines = Lines(Mutex::default());
        for count in 0..LINES_MAX + 3 {
            lines.add(line(&count.to_string(), if count % 2 == 0 { Level::INFO } else { Level::WARN }));
        }
        let all = lines.newest_first(Level::TRACE);
        assert_eq!((all.len(), all[0].text.as_str(), all[LINES_MAX - 1].text.as_str()), (500, "502", "3"));
        assert_eq!(lines.newest_first(Level::WARN).len(), 250);
        assert!(lines.newest_first(Level::ERROR).is_empty());
    }

    #[test]
    fn a_line_has_message_and_fields() {
        let subscriber = tracing_subscriber::registry().with(Recent);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(connection = "almaty", tries = 3, "cannot {}", "begin");
            tracing::error!("{}", "я".repeat(LINE_MAX));
        });
        let lines = lines(Level::TRACE);
        let ours = lines.iter().find(|line| line.text.starts_with("cannot")).unwrap();
        assert_eq!((ours.level, ours.text.as_str()), (Level::WARN, "cannot begin connection=almaty tries=3"));
        assert!(lines.iter().any(|line| line.text == format!("{}…", "я".repeat(LINE_MAX / 2))));
    }
}
